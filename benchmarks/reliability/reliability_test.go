package reliability_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/reliability"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// What the README and the page say is what is seen now, on this machine. When it
// fails, either something went another way than it should, or `make reliability`
// has to be run again.
func TestTheReadmeAndThePageSayWhatIsSeen(t *testing.T) {
	report, err := reliability.Run(t.Context(), reliability.Config{
		Faults: reliability.Faults(), Watch: 2 * time.Second, Parallel: 8, Progress: t.Logf,
	})
	require.NoError(t, err)
	table, err := reliability.TableIn(read(t, "../../README.md"))
	require.NoError(t, err)
	said, seen := strings.Split(table, "\n"), strings.Split(report.Table(), "\n")
	require.Len(t, said, len(seen), "the README has another number of faults")
	for i := range seen {
		assert.Equal(t, said[i], seen[i], "line %d of the README's table", i+1)
	}
	assert.Empty(t, report.Differences(read(t, "../../docs/reliability.md")))

	for _, row := range report.Rows {
		account := row.Seen[reliability.Millstream].Account
		if account == nil {
			continue
		}
		// These are what an operator did.
		if name := row.Fault.Name; name != "expelled" {
			assert.Zero(t, account.Lost, "Millstream loses: %s", row.Fault.Title)
		}
		if name := row.Fault.Name; name != "destroyed" {
			assert.Zero(t, account.Doubled, "Millstream doubles: %s", row.Fault.Title)
		}
	}
}
