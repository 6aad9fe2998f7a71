package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestWrongLinesAreRejectedAndAllOthersPublished(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	in := lines(0, 2) + "nonsense\n\n" + `{"id":"x","severity":"urgent","summary":"?"}` + "\n" + lines(2, 1)
	process := p.start(t, strings.NewReader(in), "produce", "-acks", "-host", "web-1", "-service", "checkout")
	assert.Equal(t, app.ExitFailed, process.Wait(t))
	assert.Equal(t, "a-0 critical\na-1 warning\na-2 info\n", process.Stdout())
	assert.Equal(t, `line 3: not JSON: invalid character 'o' in literal null (expecting 'u'), at byte 2
line 5: severity is "urgent": want critical, warning or info
3 alerts are in Redis: 1 critical, 1 warning, 1 info
alerts: 2 lines were rejected and not published: mend them and send them again
`, process.Stderr())
	assert.EqualValues(t, 3, p.server.Client(t).XLen(t.Context(), "{alerts}:raised").Val())
}

func TestAFileThatIsSentAgainIsPublishedOnce(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	name := file(t, lines(0, 600))
	for range 2 {
		process := p.start(t, nil, "produce", "-in", name, "-host", "web-1", "-service", "checkout")
		require.Equal(t, 0, process.Wait(t), process.Stderr())
		assert.Contains(t, process.Stderr(), "600 alerts are in Redis: 200 critical, 200 warning, 200 info")
	}
	assert.EqualValues(t, 600, p.server.Client(t).XLen(t.Context(), "{alerts}:raised").Val())
}

func TestAlertsAreMadeUpUntilThereAreEnoughOrCtrlC(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	process := p.start(t, nil, "produce", "-rate", "1000", "-count", "50", "-acks")
	require.Equal(t, 0, process.Wait(t), process.Stderr())
	assert.Equal(t, 50, strings.Count(process.Stdout(), "\n"))

	process = p.start(t, nil, "produce", "-rate", "1000", "-acks")
	process.Await(t, `critical`)
	process.Interrupt()
	assert.Equal(t, 0, process.Wait(t), process.Stderr())
	said := 50 + strings.Count(process.Stdout(), "\n")
	assert.EqualValues(t, said, p.server.Client(t).XLen(t.Context(), "{alerts}:raised").Val())
}

func TestCtrlCDoesNotWaitForTheRestOfAnInput(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	in, out, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	defer out.Close()
	process := p.start(t, in, "produce", "-acks", "-host", "web-1", "-service", "checkout")
	_, err = out.WriteString(lines(0, 1))
	require.NoError(t, err)
	process.Await(t, `a-0 critical`)
	process.Interrupt()
	assert.Equal(t, app.ExitInterrupted, process.Wait(t))
}

func TestAProducerWaitsForRedisAndGoesOn(t *testing.T) {
	t.Parallel()
	p := newPlant(t, redistest.AOF())
	process := p.start(t, nil, "produce", "-rate", "200", "-acks")
	process.Await(t, `critical`)
	p.server.Kill(t)
	process.Await(t, `alerts cannot be published; they wait`)
	p.server.Restart(t)
	process.Await(t, `alerts are published again`)
	process.Interrupt()
	require.Equal(t, 0, process.Wait(t), process.Stderr())
	acked := strings.Count(process.Stdout(), "\n")
	assert.EqualValues(t, acked, p.server.Client(t).XLen(t.Context(), "{alerts}:raised").Val())
}
