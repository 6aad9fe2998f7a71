package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

type datasources struct {
	APIVersion  int `yaml:"apiVersion"`
	Datasources []struct {
		Name      string         `yaml:"name"`
		UID       string         `yaml:"uid"`
		Type      string         `yaml:"type"`
		Access    string         `yaml:"access"`
		URL       string         `yaml:"url"`
		IsDefault bool           `yaml:"isDefault"`
		JSONData  map[string]any `yaml:"jsonData"`
	} `yaml:"datasources"`
}

func provisioned(t *testing.T) datasources {
	t.Helper()
	var sources datasources
	read(t, "grafana/provisioning/datasources/datasources.yaml", &sources)
	return sources
}

func TestGrafanaFindsPrometheusAndJaeger(t *testing.T) {
	service := stack(t).Services["grafana"]
	if at := mounted(t, service, "grafana/provisioning/datasources"); at != "/etc/grafana/provisioning/datasources" {
		t.Errorf("the data sources are at %q, where grafana does not look", at)
	}
	urls := make(map[string]string)
	var defaults []string
	sources := provisioned(t)
	for _, source := range sources.Datasources {
		urls[source.Type] = source.URL
		if source.IsDefault {
			defaults = append(defaults, source.Type)
		}
	}
	for kind, url := range map[string]string{"prometheus": "http://prometheus:9090", "jaeger": "http://jaeger:16686"} {
		if urls[kind] != url {
			t.Errorf("%s is at %q, want %s", kind, urls[kind], url)
		}
	}
	if sources.APIVersion != 1 || !slices.Equal(defaults, []string{"prometheus"}) {
		t.Errorf("version %d, default data sources %v", sources.APIVersion, defaults)
	}
}

// With another interval rate() sees too few samples, or smooths too much.
func TestGrafanaKnowsHowOftenPrometheusScrapes(t *testing.T) {
	for _, source := range provisioned(t).Datasources {
		if want := prometheus(t).Global.ScrapeInterval; source.Type == "prometheus" && source.JSONData["timeInterval"] != want {
			t.Errorf("timeInterval is %v, Prometheus scrapes every %s", source.JSONData["timeInterval"], want)
		}
	}
}

func TestGrafanaFindsTheDashboards(t *testing.T) {
	service := stack(t).Services["grafana"]
	if at := mounted(t, service, "grafana/provisioning/dashboards"); at != "/etc/grafana/provisioning/dashboards" {
		t.Errorf("the provider is at %q, where grafana does not look", at)
	}
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name           string            `yaml:"name"`
			Type           string            `yaml:"type"`
			AllowUIUpdates bool              `yaml:"allowUiUpdates"`
			Options        map[string]string `yaml:"options"`
		} `yaml:"providers"`
	}
	read(t, "grafana/provisioning/dashboards/dashboards.yaml", &file)
	if file.APIVersion != 1 || len(file.Providers) != 1 || file.Providers[0].Type != "file" {
		t.Fatalf("the provider is %+v", file)
	}
	if at := mounted(t, service, "grafana/dashboards"); file.Providers[0].Options["path"] != at {
		t.Errorf("the provider looks in %q, the dashboards are at %q", file.Providers[0].Options["path"], at)
	}
}

func TestTheDashboardsAskDataSourcesThatExist(t *testing.T) {
	known := map[string]string{"-- Grafana --": "grafana"}
	for _, source := range provisioned(t).Datasources {
		known[source.UID] = source.Type
	}
	files, err := filepath.Glob("grafana/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no dashboard (%v)", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var dashboard map[string]any
		if err := json.Unmarshal(data, &dashboard); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, field := range []string{"uid", "title"} {
			if text, _ := dashboard[field].(string); text == "" {
				t.Errorf("%s has no %s", file, field)
			}
		}
		chosen := chosenIn(t, data)
		for _, source := range sourcesOf(dashboard) {
			uid, _ := source["uid"].(string)
			if at, ok := chosen[uid]; ok {
				uid = at
			}
			if kind, ok := known[uid]; !ok || kind != source["type"] {
				t.Errorf("%s asks the data source %v, which is not provisioned", file, source)
			}
		}
	}
}

// chosenIn returns which data sources the variables of a dashboard stand for until
// somebody chooses another.
func chosenIn(t *testing.T, data []byte) map[string]string {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	chosen := make(map[string]string)
	for _, v := range d.Templating.List {
		if value, ok := v.Current.Value.(string); ok && v.Type == "datasource" {
			chosen["${"+v.Name+"}"] = value
		}
	}
	return chosen
}

// sourcesOf returns every "datasource" in a part of a dashboard, however deep.
func sourcesOf(part any) []map[string]any {
	var found []map[string]any
	switch part := part.(type) {
	case []any:
		for _, element := range part {
			found = append(found, sourcesOf(element)...)
		}
	case map[string]any:
		for key, value := range part {
			if source, ok := value.(map[string]any); ok && key == "datasource" {
				found = append(found, source)
				continue
			}
			found = append(found, sourcesOf(value)...)
		}
	}
	return found
}
