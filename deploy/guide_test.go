package deploy_test

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// alerts returns the rules that the guide shows.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open("../docs/guide/snippets/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         time.Duration     `yaml:"for"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if found[rule.Alert] != "" || rule.Annotations["summary"] == "" {
				t.Errorf("alert %q is there twice, or says nothing", rule.Alert)
			}
			found[rule.Alert] = rule.Expr
		}
	}
	if len(found) == 0 {
		t.Fatal("there is no alert")
	}
	return found
}

// As with the dashboard: a gauge is what Redis says to every process, a counter counts up.
func TestAlertsOfTheGuideFitTheKindOfTheirMetric(t *testing.T) {
	known := kinds(t)
	for name, expr := range alerts(t) {
		t.Run(name, func(t *testing.T) {
			for _, s := range selections(t, expr) {
				aggregation := s.aggregation()
				switch known[s.Name] {
				case "gauge":
					if aggregation != nil && aggregation.Op != parser.MAX {
						t.Errorf("%s of several processes is put together by %s", s.Name, aggregation.Op)
					}
				case "counter":
					if aggregation == nil || aggregation.Op != parser.SUM {
						t.Errorf("%s of each process is looked at for itself", s.Name)
					}
				default:
					t.Errorf("%q is no gauge and no counter of docs/metrics.md", s.Name)
				}
			}
		})
	}
}

func TestTheGuideExplainsItsAlerts(t *testing.T) {
	page, err := os.ReadFile("../docs/guide/10-monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	known := alerts(t)
	for _, named := range regexp.MustCompile(`\*([A-Z][a-z]+[A-Z]\w+)\*`).FindAllStringSubmatch(string(page), -1) {
		if known[named[1]] == "" {
			t.Errorf("there is no alert %s", named[1])
		}
		delete(known, named[1])
	}
	for name := range known {
		t.Errorf("%s is not explained", name)
	}
}
