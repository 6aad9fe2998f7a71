package deploy_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

type dashboard struct {
	UID           string `json:"uid"`
	SchemaVersion int    `json:"schemaVersion"`
	Timezone      string `json:"timezone"`
	Refresh       string `json:"refresh"`
	Links         []struct {
		URL string `json:"url"`
	} `json:"links"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type variable struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Definition string `json:"definition"`
	// Query is a text, or an object with the text in it.
	Query json.RawMessage `json:"query"`
	// Current has a value, or those that are chosen of several.
	Current struct {
		Value any `json:"value"`
	} `json:"current"`
}

type panel struct {
	ID          int       `json:"id"`
	Type        string    `json:"type"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	GridPos     rectangle `json:"gridPos"`
	Datasource  source    `json:"datasource"`
	Targets     []target  `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type target struct {
	RefID        string `json:"refId"`
	Datasource   source `json:"datasource"`
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
}

// rectangle is where a panel is, on a grid that is 24 wide.
type rectangle struct{ X, Y, W, H int }

func (r rectangle) overlaps(o rectangle) bool {
	return r.X < o.X+o.W && o.X < r.X+r.W && r.Y < o.Y+o.H && o.Y < r.Y+r.H
}

func millstream(t *testing.T) dashboard {
	t.Helper()
	data, err := os.ReadFile("grafana/dashboards/millstream.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// graphs returns the panels that show something.
func (d dashboard) graphs() []panel {
	return slices.DeleteFunc(slices.Clone(d.Panels), func(p panel) bool { return p.Type == "row" })
}

func TestTheDashboardHasAFixedAddressAndRefreshesItself(t *testing.T) {
	d := millstream(t)
	if d.UID != "millstream" || d.Timezone != "browser" || d.Refresh != "5s" || d.SchemaVersion != 42 {
		t.Errorf("uid %q, time zone %q, refresh %q, schema %d", d.UID, d.Timezone, d.Refresh, d.SchemaVersion)
	}
	if d.Refresh != prometheus(t).Global.ScrapeInterval {
		t.Errorf("it refreshes every %s, Prometheus has news every %s", d.Refresh, prometheus(t).Global.ScrapeInterval)
	}
}

func TestTheDashboardLinksToTheTraces(t *testing.T) {
	jaeger := stack(t).Services["jaeger"]
	for _, link := range millstream(t).Links {
		if port, ok := strings.CutPrefix(link.URL, "http://localhost:"); ok && publishes(jaeger, port) {
			return
		}
	}
	t.Error("no link goes to a port of Jaeger")
}

func TestPanelsOfTheDashboardDoNotOverlap(t *testing.T) {
	panels := millstream(t).Panels
	for i, p := range panels {
		at := p.GridPos
		if at.W < 1 || at.H < 1 || at.X < 0 || at.Y < 0 || at.X+at.W > 24 {
			t.Errorf("%q is at %+v", p.Title, at)
		}
		for _, other := range panels[:i] {
			if p.ID == other.ID {
				t.Errorf("%q and %q have the same id", p.Title, other.Title)
			}
			if at.overlaps(other.GridPos) {
				t.Errorf("%q and %q overlap", p.Title, other.Title)
			}
		}
	}
}

func TestEveryPanelSaysWhatItShowsAndWhatToDo(t *testing.T) {
	units := []string{"s", "mps", "ops", "cpm", "short", "none", "percentunit"}
	for _, p := range millstream(t).graphs() {
		if p.ID == 0 || p.Title == "" || len(p.Description) < 40 || !strings.HasSuffix(p.Description, ".") {
			t.Errorf("panel %d, %q, says %q", p.ID, p.Title, p.Description)
		}
		if !slices.Contains(units, p.FieldConfig.Defaults.Unit) {
			t.Errorf("%q has the unit %q", p.Title, p.FieldConfig.Defaults.Unit)
		}
		if len(p.Targets) == 0 {
			t.Errorf("%q asks nothing", p.Title)
		}
		var seen []string
		for _, query := range p.Targets {
			if query.RefID == "" || slices.Contains(seen, query.RefID) || query.LegendFormat == "" || query.LegendFormat == "__auto" {
				t.Errorf("%q has the query %+v", p.Title, query)
			}
			seen = append(seen, query.RefID)
			for _, of := range []source{p.Datasource, query.Datasource} {
				if want := (source{"prometheus", "${datasource}"}); of != want {
					t.Errorf("%q asks %v, want the one chosen above", p.Title, of)
				}
			}
		}
	}
}

func TestTheDashboardIsFilteredByServiceStageAndTopic(t *testing.T) {
	var names []string
	for _, v := range millstream(t).Templating.List {
		names = append(names, v.Name)
	}
	if want := []string{"datasource", "job", "stage", "topic"}; !slices.Equal(names, want) {
		t.Errorf("the variables are %v", names)
	}
	eachQuery(t, func(t *testing.T, query target) {
		for _, s := range selections(t, query.Expr) {
			for label, value := range map[string]string{"job": filled("$job"), "messaging_destination_name": filled("$topic")} {
				if !slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool {
					return m.Name == label && m.Type == labels.MatchRegexp && m.Value == value
				}) {
					t.Errorf("%s is of any %s", s.Name, label)
				}
			}
		}
	})
}
