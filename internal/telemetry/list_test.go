package telemetry_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/telemetry"
)

func TestTheDocumentationHasEveryMetricOfTheList(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	var rows []string
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `m") {
			require.Len(t, cells, 5, line)
			rows = append(rows, strings.Join(cells[:4], " | "))
			require.Greater(t, len(cells[4]), 5, "what to do is not said: %s", line)
		}
	}
	for i, m := range telemetry.Metrics {
		require.Less(t, i, len(rows), "%s is not in the documentation", m.Name)
		require.Equal(t, fmt.Sprintf("| `%s`<br>`%s` | %s | `%s` | %s", m.Name, m.PrometheusName(), m.Kind, m.Unit, m.Description), rows[i])
	}
	require.Len(t, rows, len(telemetry.Metrics), "the documentation has metrics that there are not")
}

func TestEveryMetricOfTheListIsWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range telemetry.Metrics {
		require.Regexp(t, `^(messaging|millstream)(\.[a-z]+(_[a-z]+)*)+$`, m.Name)
		require.Regexp(t, `^(s|\{[a-z]+\})$`, m.Unit, m.Name)
		require.Regexp(t, `^[A-Z].*\.$`, m.Description, m.Name)
		require.Equal(t, m.Kind == telemetry.Histogram, m.Buckets != nil, m.Name)
		require.False(t, seen[m.PrometheusName()], "%s is there twice", m.PrometheusName())
		seen[m.PrometheusName()] = true
	}
}
