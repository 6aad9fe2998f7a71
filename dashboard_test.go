package millstream_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// query is what the dashboard asks of Prometheus, and which metrics and labels are in
// it. That it is well formed, and every metric in it has braces, is checked in deploy,
// by Prometheus's own parser.
type query struct {
	text string
	// metrics are selected by the labels.
	metrics map[string][]string
	// shown are the labels that results are told apart by.
	shown []string
}

var (
	texts       = regexp.MustCompile(`"[^"]*"`)
	selections  = regexp.MustCompile(`(\w*)\{([^}]*)\}`)
	groupings   = regexp.MustCompile(`by \(([^)]*)\)`)
	labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	words       = regexp.MustCompile(`\w+`)
)

func parseQuery(text string) query {
	q := query{text: text, metrics: make(map[string][]string)}
	text = texts.ReplaceAllString(text, "")
	if parts := labelValues.FindStringSubmatch(text); parts != nil {
		q.shown = append(q.shown, parts[2])
	}
	for _, s := range selections.FindAllStringSubmatch(text, -1) {
		q.metrics[s[1]] = append(q.metrics[s[1]], words.FindAllString(s[2], -1)...)
	}
	for _, by := range groupings.FindAllStringSubmatch(text, -1) {
		q.shown = append(q.shown, words.FindAllString(by[1], -1)...)
	}
	return q
}

// dashboardQueries returns the queries of all panels and variables of the dashboard.
func dashboardQueries(t *testing.T) (queries []query) {
	t.Helper()
	data, err := os.ReadFile("deploy/grafana/dashboards/millstream.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Templating struct {
			List []struct {
				Type, Definition string
			}
		}
		Panels []struct {
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, v := range dashboard.Templating.List {
		if v.Type == "query" {
			queries = append(queries, parseQuery(v.Definition))
		}
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			queries = append(queries, parseQuery(target.Expr))
		}
	}
	if len(queries) < 50 {
		t.Fatalf("the dashboard has %d queries", len(queries))
	}
	return queries
}

// ofScraping are labels that Prometheus adds to what a program exports.
const ofScraping = "job"

// Nothing that a program does not export would ever be seen on the dashboard.
func TestTheDashboardAsksForMetricsAndLabelsThatAreExported(t *testing.T) {
	queries := dashboardQueries(t)
	registry, call := runTroubledPipeline(t)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		call()
		all := collect(t, registry)
		missing := append(all.lacks(), all.misses(queries)...)
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(strings.Join(missing, "\n"))
		}
	}
}

// exported are the labels of each metric in Prometheus, and by "" those of all.
type exported map[string]map[string]bool

// lacks says which metrics of the list are not there.
func (e exported) lacks() (missing []string) {
	for _, m := range telemetry.Metrics {
		name := m.PrometheusName()
		if m.Kind == telemetry.Histogram {
			name += "_bucket"
		}
		if e[name] == nil {
			missing = append(missing, name+" of the list is not exported")
		}
	}
	return missing
}

// misses says what queries ask for that is not there.
func (e exported) misses(queries []query) (missing []string) {
	for _, q := range queries {
		for name, selectedBy := range q.metrics {
			if e[name] == nil {
				missing = append(missing, fmt.Sprintf("%q is not exported: %s", name, q.text))
				continue
			}
			for _, label := range append(selectedBy, q.shown...) {
				if !e[name][label] && label != ofScraping {
					missing = append(missing, fmt.Sprintf("%q is exported without the label %q: %s", name, label, q.text))
				}
			}
		}
	}
	return missing
}
