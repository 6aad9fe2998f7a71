package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report"
)

func text(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b))
	return b.String()
}

// line returns the cells of the only line in which a pattern is.
func cells(t *testing.T, text, pattern string) []string {
	t.Helper()
	found := regexp.MustCompile("(?m)^.*"+pattern+".*$").FindAllString(text, -1)
	require.Len(t, found, 1, "%s in\n%s", pattern, text)
	return strings.Fields(found[0])
}

func TestTheJSONIsAnArrayWithWhatProgramsLookFor(t *testing.T) {
	r := &report.Report{Results: []bench.Result{
		timed(made("chain", "stages=3", "millstream", 10, 30, 20), 800, 2000),
		made("chain", "stages=3", "stock", 5, 6, 7),
	}}
	var results []map[string]any
	require.NoError(t, json.Unmarshal([]byte(text(t, r.WriteJSON)), &results))
	require.Len(t, results, 2)
	for _, name := range []string{
		"suite", "contender", "messages", "stages", "throughput", "p50_us", "p99_us", "lost", "doubled", "rounds",
	} {
		assert.Contains(t, results[0], name)
	}
	assert.EqualValues(t, 20, results[0]["throughput"])
	assert.EqualValues(t, 800, results[0]["p50_us"])
	assert.Nil(t, results[1]["p50_us"], "no latency was measured")
}

func TestNoResultsAreAnEmptyArray(t *testing.T) {
	r := &report.Report{}
	assert.JSONEq(t, "[]", text(t, r.WriteJSON))
	assert.Contains(t, text(t, r.WriteTable), "Nothing was measured.")
	assert.Contains(t, text(t, r.WriteMarkdown), "Nothing was measured.")
	assert.NoError(t, r.WriteDir(t.TempDir()))
}

func TestTheTableComparesRoundsThatRanTogether(t *testing.T) {
	// The machine was slow in the second round: each time it is still twice as fast.
	r := &report.Report{Results: []bench.Result{
		made("chain", "stages=3", "millstream", 20_000, 2000, 24_000),
		made("chain", "stages=3", "stock", 10_000, 1000, 12_000),
	}}
	table := text(t, r.WriteTable)
	assert.Equal(t, []string{"millstream", "3,000", "20,000", "2,000", "–", "24,000", "2.00", "0", "0"},
		cells(t, table, "millstream"))
	assert.NotContains(t, table, "MESSAGES WERE LOST")
	assert.True(t, r.Exact())
}

func TestWhatIsLostWhereNothingMayBeIsSaidLoudly(t *testing.T) {
	for name, spoil := range map[string]func(*bench.Result){
		"12 lost":                 func(r *bench.Result) { r.Lost, r.Received = 12, r.Received-12 },
		"3 doubled":               func(r *bench.Result) { r.Doubled = 3 },
		"2 spoilt":                func(r *bench.Result) { r.Spoilt = 2 },
		"in the warm-up 100 sent": func(r *bench.Result) { r.WarmUp = &bench.Account{Sent: 100, Received: 99, Lost: 1} },
	} {
		t.Run(name, func(t *testing.T) {
			r := &report.Report{Results: []bench.Result{made("chain", "stages=3", "stock", 10)}}
			spoil(&r.Results[0])
			for _, page := range []string{text(t, r.WriteTable), text(t, r.WriteMarkdown)} {
				assert.Contains(t, page, "MESSAGES WERE LOST, DOUBLED OR SPOILT WHERE NONE MAY BE")
				assert.Contains(t, page, name)
			}
			assert.False(t, r.Exact())

			r.Results[0].Lossy = true
			assert.True(t, r.Exact(), "where losing is measured it is no fault")
			assert.NotContains(t, text(t, r.WriteTable), "NONE MAY BE")
		})
	}
}

func TestALossyCaseShowsWhatBecameOfItsMessages(t *testing.T) {
	table := text(t, sample().WriteTable)
	assert.Equal(t, []string{"pubsub", "3,000", "2,786", "214", "7.1", "%", "0", "0", "9"},
		cells(t, table, `pubsub .* 214 `))
	assert.Contains(t, table, "pause (ms)")
	page := text(t, sample().WriteMarkdown)
	assert.Contains(t, page, "| pubsub | 3,000 | 2,786 | 214 | 7.1 % | 0 | 0 | 9 (7 – 12) |")
	_, lossy, _ := strings.Cut(page, "### listener-restarts")
	assert.NotContains(t, lossy, "| ratio |", "speed is not the point")
}

func TestThePageHasRatiosOfThroughputAndLatency(t *testing.T) {
	page := text(t, sample().WriteMarkdown)
	_, page, _ = strings.Cut(page, "### rate=1000")
	assert.Contains(t, page, "| millstream / stock | p50 | 0.85 | 0.85 – 0.85 |")
	assert.Contains(t, page, "| millstream / stock | p99 | 0.54 | 0.54 – 0.54 |")
	assert.Contains(t, page, "| millstream / ceiling | throughput | 1.00 |")
}

func TestThePageTellsWhereAndHowToRepeat(t *testing.T) {
	page := text(t, sample().WriteMarkdown)
	assert.Contains(t, page, "| CPU | Imaginary 9000 |")
	assert.Contains(t, page, "| Redis | Redis 7.0.15, started for this |")
	assert.Contains(t, page, `appendonly no, save ""`)
	assert.Contains(t, page, "## How fast do messages get through a chain of stages?")
	assert.Contains(t, page,
		"millstream bench chain latency backlog pubsub-vs-streams --rounds 5 --size 200 --stages 1,3,10 --out DIR")
}

func TestNoiseAndNoticesAreShown(t *testing.T) {
	r := sample()
	r.Notices = []string{"Measured on an imitation."}
	r.Environment.Noise = &report.Noise{Noisy: true, Reasons: []string{"load 3.5 on 2 cores"}}
	for _, page := range []string{text(t, r.WriteTable), text(t, r.WriteMarkdown)} {
		assert.Contains(t, page, "Measured on an imitation.")
		assert.Contains(t, page, "The machine was noisy (load 3.5 on 2 cores)")
	}
}

func TestOneRoundIsSaidToHaveNoSpread(t *testing.T) {
	r := &report.Report{Results: []bench.Result{made("chain", "stages=3", "stock", 10)}}
	assert.Contains(t, text(t, r.WriteTable), "one round: no spread is known")
}

func TestAContenderWithoutRoundsIsShown(t *testing.T) {
	r := &report.Report{Results: []bench.Result{made("chain", "stages=3", "stock"), made("chain", "stages=3", "millstream", 9)}}
	assert.Equal(t, []string{"stock", "0", "0", "0", "–", "0", "–", "0", "0"}, cells(t, text(t, r.WriteTable), " stock +0"))
	assert.NoError(t, r.WriteDir(t.TempDir()))
}

func TestTheDirectoryHasAllThatThePageShows(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "deep")
	r := sample()
	require.NoError(t, r.WriteDir(dir))
	page, err := os.ReadFile(filepath.Join(dir, "report.md"))
	require.NoError(t, err)
	var shown []string
	for _, m := range regexp.MustCompile(`!\[.*\]\((.*)\)`).FindAllStringSubmatch(string(page), -1) {
		shown = append(shown, m[1])
		assert.FileExists(t, filepath.Join(dir, m[1]))
	}
	slices.Sort(shown)
	assert.Equal(t, []string{
		"backlog-growth.svg", "backlog-throughput.svg", "chain-growth.svg", "chain-throughput.svg",
		"latency-latency.svg", "pubsub-vs-streams-lost.svg",
	}, shown)

	again, err := report.Read(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	assert.Equal(t, r, again)
}

func TestFilesStayInTheDirectoryWhateverASuiteIsCalled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "inner")
	r := &report.Report{Results: []bench.Result{made("../../evil", "a", "stock", 10, 11)}}
	require.NoError(t, r.WriteDir(dir))
	assert.FileExists(t, filepath.Join(dir, "-..-evil-throughput.svg"))
	entries, err := os.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

func TestAnErrorSaysWhichFileCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "chain-throughput.svg"), 0o755))
	err := sample().WriteDir(dir)
	assert.ErrorContains(t, err, filepath.Join(dir, "chain-throughput.svg"))
	assert.FileExists(t, filepath.Join(dir, "report.md"), "the others are there")

	var path *os.PathError
	require.ErrorAs(t, sample().WriteDir(filepath.Join(dir, "report.md")), &path)
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAWriterThatFailsIsReported(t *testing.T) {
	r := sample()
	for name, write := range map[string]func(io.Writer) error{
		"table": r.WriteTable, "markdown": r.WriteMarkdown, "json": r.WriteJSON,
		"benchstat": func(w io.Writer) error { return report.WriteBenchstat(w, r) },
		"comparison": func(w io.Writer) error {
			_, err := report.Compare(r, r).WriteTo(w)
			return err
		},
	} {
		assert.ErrorIs(t, write(full{}), errFull, name)
	}
}
