package benchcmd

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var chainOf3 = &bench.Case{Suite: "chain", Name: "stages=3", Contenders: []bench.Contender{{Name: "millstream"}, {Name: "stock"}}}

func TestDoingSaysWhoseTurnItIs(t *testing.T) {
	assert.Equal(t, "chain stages=3: stock, warm-up", doing(bench.Step{Case: chainOf3, Contender: "stock", Steps: 8}, 80))
	assert.Equal(t, "chain stages=3: stock, round 2 of 3", doing(bench.Step{Case: chainOf3, Contender: "stock", Round: 2, Steps: 8}, 80))
	assert.Equal(t, "chain st…: stock, warm-up", doing(bench.Step{Case: chainOf3, Contender: "stock", Steps: 8}, 25))
}

func TestALineForEachCaseWhereNothingCanBeDrawn(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, 2, 16)
	p.begin(bench.Step{Case: chainOf3, Contender: "millstream", Steps: 8}, 0)
	p.begin(bench.Step{Case: chainOf3, Contender: "stock", Done: 1, Steps: 8}, 1)
	p.say("said")
	p.end()
	assert.Equal(t, "[1/2] chain stages=3: millstream, stock\nsaid\n", out.String())
}

func TestBarIsGoneAtTheEndAndWhatWasSaidStays(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "terminal")
	require.NoError(t, err)
	defer file.Close()
	b := newBar(file, 8)
	b.begin(bench.Step{Case: chainOf3, Contender: "millstream", Steps: 8}, 0)
	b.begin(bench.Step{Case: chainOf3, Contender: "stock", Done: 4, Round: 2, Steps: 8}, 4)
	b.say("said")
	b.end()
	written, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	assert.Regexp(t, `50% █+░+ .* left  chain stages=3: stock, round 2 of 3`, string(written))
	assert.Contains(t, string(written), "\x1b[2K\rsaid\n")
	assert.Regexp(t, `\x1b\[2K\r$`, string(written))
}

func TestEstimateCountsDownWithinAStep(t *testing.T) {
	begin := time.Now()
	e := estimate{begin: begin, steps: 10}
	e.next(begin, 0)
	_, known := e.remaining(begin)
	assert.False(t, known)
	e.next(begin.Add(4*time.Second), 1)
	e.next(begin.Add(8*time.Second), 2)
	left, known := e.remaining(begin.Add(8 * time.Second))
	assert.True(t, known)
	assert.Equal(t, 32*time.Second, left)
	left, _ = e.remaining(begin.Add(11 * time.Second))
	assert.Equal(t, 29*time.Second, left)
	left, _ = e.remaining(begin.Add(time.Hour))
	assert.Equal(t, time.Second, left, "never none")
}

func TestEstimateIsOfStepsThatRan(t *testing.T) {
	begin := time.Now()
	e := estimate{begin: begin, steps: 10}
	e.next(begin, 0)
	e.next(begin.Add(4*time.Second), 8) // all but the first of a failed case were left out
	left, _ := e.remaining(begin.Add(4 * time.Second))
	assert.Equal(t, 8*time.Second, left)
}

func TestShorten(t *testing.T) {
	assert.Equal(t, "chain", shorten("chain", 5))
	assert.Equal(t, "cha…", shorten("chain", 4))
	assert.Equal(t, "…", shorten("chain", -3))
}
