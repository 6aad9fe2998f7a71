package deploy_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// The time ranges that Grafana puts into a query, as values that nobody would write.
const (
	rateInterval = 17 * time.Second
	timeRange    = 23 * time.Minute
)

// filled returns a query as Grafana sends it.
func filled(query string) string {
	return strings.NewReplacer(
		"$__rate_interval", rateInterval.String(), "$__range", "23m", "$job", "(orders|mail)", "$stage", ".*", "$topic", ".*",
	).Replace(query)
}

func parsed(t *testing.T, query string) parser.Expr {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(filled(query))
	if err != nil || strings.Contains(filled(query), "$") {
		t.Fatalf("%s: %v", query, err)
	}
	return expr
}

// kinds returns the kind of each metric that docs/metrics.md lists, by what Prometheus
// calls it. The root module's tests hold that page against the code.
func kinds(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `[a-z_.]+`<br>`([a-z_]+)` \\| ([a-z]+) \\|").FindAllStringSubmatch(string(page), -1) {
		name, kind := row[1], row[2]
		known[name] = kind
		if kind == "histogram" {
			delete(known, name)
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[name+suffix] = "histogram"
			}
		}
	}
	if len(known) == 0 {
		t.Fatal("docs/metrics.md lists no metric")
	}
	return known
}

// selection is a metric in a query, and what is around it, the outermost first.
type selection struct {
	*parser.VectorSelector
	around []parser.Node
}

func selections(t *testing.T, query string) (found []selection) {
	t.Helper()
	parser.Inspect(parsed(t, query), func(node parser.Node, path []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			found = append(found, selection{s, slices.Clone(path)})
		}
		return nil
	})
	return found
}

// aggregation returns the innermost aggregation around the metric.
func (s selection) aggregation() *parser.AggregateExpr {
	for _, node := range slices.Backward(s.around) {
		if aggregation, ok := node.(*parser.AggregateExpr); ok {
			return aggregation
		}
	}
	return nil
}

// span returns the time that the metric is taken over: 0 if it is taken as it is.
func (s selection) span() time.Duration {
	if over, ok := s.around[len(s.around)-1].(*parser.MatrixSelector); ok {
		return over.Range
	}
	return s.OriginalOffset
}

func eachQuery(t *testing.T, do func(t *testing.T, query target)) {
	for _, p := range millstream(t).graphs() {
		for _, query := range p.Targets {
			t.Run(p.Title+" "+query.RefID, func(t *testing.T) { do(t, query) })
		}
	}
}

func TestTheDashboardShowsEveryMetricThereIsAndNoOther(t *testing.T) {
	known, shown := kinds(t), make(map[string]bool)
	eachQuery(t, func(t *testing.T, query target) {
		for _, s := range selections(t, query.Expr) {
			if known[s.Name] == "" {
				t.Errorf("there is no metric %q", s.Name)
			}
			shown[s.Name] = true
		}
	})
	for name, kind := range known {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if kind == "histogram" && (shown[base+"_bucket"] || shown[base+"_sum"]) {
			continue
		}
		if !shown[name] {
			t.Errorf("%s is not shown", name)
		}
	}
}

// A gauge is what Redis says, to every process: their sum has no meaning. What counts
// up is shown as a rate, over a time in which there are samples enough.
func TestQueriesOfTheDashboardFitTheKindOfTheirMetric(t *testing.T) {
	known := kinds(t)
	eachQuery(t, func(t *testing.T, query target) {
		for _, s := range selections(t, query.Expr) {
			aggregation := s.aggregation()
			if aggregation == nil {
				t.Fatalf("%s of each process is shown for itself", s.Name)
			}
			switch kind := known[s.Name]; kind {
			case "gauge":
				if aggregation.Op != parser.MAX {
					t.Errorf("%s of several processes is put together by %s", s.Name, aggregation.Op)
				}
			case "counter", "histogram":
				if span := s.span(); span != rateInterval && span != timeRange {
					t.Errorf("%s is taken over %v", s.Name, span)
				}
			}
			if strings.HasSuffix(s.Name, "_bucket") && !slices.Contains(aggregation.Grouping, "le") {
				t.Errorf("the buckets of %s are put together", s.Name)
			}
		}
	})
}

func TestLegendsOfTheDashboardNameLabelsThatAreLeft(t *testing.T) {
	eachQuery(t, func(t *testing.T, query target) {
		left := make(map[string]bool)
		for _, s := range selections(t, query.Expr) {
			for _, node := range s.around {
				if aggregation, ok := node.(*parser.AggregateExpr); ok {
					for _, label := range aggregation.Grouping {
						left[label] = true
					}
					break // inner ones lose what the outermost does not keep
				}
			}
		}
		delete(left, "le") // histogram_quantile takes it
		for _, name := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(query.LegendFormat, -1) {
			if !left[name[1]] {
				t.Errorf("%s is not left by %s", name[1], query.Expr)
			}
			delete(left, name[1])
		}
		for name := range left {
			t.Errorf("the legend %q does not tell apart what differs in %s", query.LegendFormat, name)
		}
	})
}

var labelValues = regexp.MustCompile(`^label_values\((.+), \w+\)$`)

func TestVariablesOfTheDashboardAreValuesOfALabel(t *testing.T) {
	for _, v := range millstream(t).Templating.List {
		if v.Type != "query" {
			continue
		}
		var query struct {
			Query string `json:"query"`
		}
		if err := json.Unmarshal(v.Query, &query); err != nil || query.Query != v.Definition {
			t.Errorf("%s asks %s and shows %q (%v)", v.Name, v.Query, v.Definition, err)
		}
		parts := labelValues.FindStringSubmatch(v.Definition)
		if parts == nil {
			t.Fatalf("%s asks %s", v.Name, v.Definition)
		}
		if _, ok := parsed(t, parts[1]).(*parser.VectorSelector); !ok {
			t.Errorf("%s selects no series: %s", v.Name, parts[1])
		}
	}
}
