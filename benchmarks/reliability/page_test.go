package reliability_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/reliability"
)

// report returns what could have been seen of the first two faults.
func report() *reliability.Report {
	faults := reliability.Faults()
	seen := func(outcome string, runs int) map[string]reliability.Seen {
		return map[string]reliability.Seen{
			reliability.Stock: {Account: &reliability.Account{Published: 3, Delivered: 1, Lost: 2}, Outcome: outcome, Runs: runs, Recovered: -1, Watched: time.Second},
			reliability.Millstream: {
				Account: &reliability.Account{Published: 3, Delivered: 3, Doubled: 1}, DoubledVaries: true,
				Outcome: outcome, Runs: runs, Recovered: time.Second, Measured: "much",
			},
		}
	}
	return &reliability.Report{Server: "Redis 7", Rows: []reliability.Row{
		{Fault: faults[0], Seen: seen("it stands", 1234)},
		{Fault: faults[1], Seen: seen("it falls", 0)},
	}}
}

func TestTheTableShowsWhatIsTheSameEachTime(t *testing.T) {
	table := report().Table()
	assert.Contains(t, table, "| 1 of 3 delivered, 2 lost; it stands | 3 of 3 delivered; it stands |\n")
	assert.NotContains(t, table, "1,234")
	assert.NotContains(t, table, "much")
}

func TestThePageShowsAll(t *testing.T) {
	page := report().Page("a machine")
	for _, want := range []string{
		"a machine, with Redis 7", reliability.Faults()[0].How,
		"| stock | 1 of 3 | 2 | 0 | 0 | 0 | it stands | 1,234 | not within 1.0 s |  |\n",
		"| millstream | 3 of 3 | 0 | varies | 0 | 0 | it stands | 1,234 | 1.00 s | much |\n",
	} {
		assert.Contains(t, page, want)
	}
	assert.Empty(t, report().Differences(page))
}

func TestWhatVariesIsNoDifference(t *testing.T) {
	page := report().Page("a machine")
	page = strings.ReplaceAll(page, "1,234", "4,321")
	page = strings.ReplaceAll(page, "1.00 s", "2.00 s")
	page = strings.ReplaceAll(page, "much", "little")
	assert.Empty(t, report().Differences(page))
}

func TestDifferencesAreFound(t *testing.T) {
	page := report().Page("a machine")
	title := reliability.Faults()[0].Title
	for name, changed := range map[string]string{
		"another count":          strings.Replace(page, "| 1 of 3 |", "| 2 of 3 |", 1),
		"another outcome":        strings.Replace(page, "it falls", "it flies", 1),
		"a fault is missing":     strings.Replace(page, "## "+title, "## Another", 1),
		"a fault is superfluous": page + "\n## Another\n",
	} {
		assert.NotEmpty(t, report().Differences(changed), name)
	}
}

func TestTheTableIsPutInItsPlace(t *testing.T) {
	const readme = "before\n<!-- reliability:begin -->\nold\n<!-- reliability:end -->\nbehind\n"
	changed, err := reliability.WithTable(readme, "new\n")
	require.NoError(t, err)
	require.Equal(t, strings.Replace(readme, "old", "new", 1), changed)
	table, err := reliability.TableIn(changed)
	require.NoError(t, err)
	require.Equal(t, "new\n", table)
	for _, without := range []string{"", "<!-- reliability:begin -->\n", "<!-- reliability:end -->"} {
		_, err := reliability.WithTable(without, "new\n")
		require.Error(t, err, "%q", without)
	}
}
