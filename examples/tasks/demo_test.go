package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
)

// tables returns the tables that were printed, each index's line with single blanks.
func tables(stdout string) (lines []string) {
	for line := range strings.Lines(stdout) {
		if fields := strings.Fields(line); len(fields) == 6 && (fields[0] == fromPubSub || fields[0] == fromStreams) {
			lines = append(lines, strings.Join(fields, " "))
		}
	}
	return lines
}

// TestTheDemonstrationShowsWhatIsLostAndThatItIsRepaired runs it on both kinds of Redis.
func TestTheDemonstrationShowsWhatIsLostAndThatItIsRepaired(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	for name, args := range map[string][]string{"embedded": nil, "real": {"-redis", redis.URL()}} {
		t.Run(name, func(t *testing.T) {
			p := run(t, append([]string{"-http", "localhost:0", "-tasks", "60"}, args...)...)
			base := p.Await(t, `goes on serving at (\S+) until`)
			assert.Equal(t, []string{
				"pubsub 60 60 0 0 0", "streams 60 60 0 0 0",
				"pubsub 60 60 12 16 12", "streams 60 60 0 0 0",
				"pubsub 60 60 0 0 0", "streams 60 60 0 0 0",
			}, tables(p.Stdout()))
			w := site{t, base}
			for _, url := range regexp.MustCompile(`curl -s '?`+base+`(\S+?)'?\n`).FindAllStringSubmatch(p.Stdout(), -1) {
				assert.Equal(t, 200, w.call("GET", url[1], "").status, url[1])
			}
			p.Interrupt()
			require.Equal(t, 0, p.Wait(t), p.Stderr())
		})
	}
	keys, err := redis.Client(t).Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	assert.Empty(t, keys, "what belongs to a temporary directory goes with it")
}

func TestTheBooksAreRightWhateverIsKilled(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	p := run(t, "-chaos", "-redis", redis.URL())
	require.Equal(t, 0, p.Wait(t), "%s\n%s", p.Stdout(), p.Stderr())
	assert.Contains(t, p.Stdout(), "The books are right")
	got := tables(p.Stdout())
	require.Len(t, got, 4)
	for _, line := range got[1:] {
		assert.Regexp(t, ` 0 0 0$`, line, "only the index on Pub/Sub, before it was rebuilt, may be wrong")
	}
}

func TestAChaosThatIsInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	p := run(t, "-chaos")
	p.Await(t, "clients create")
	p.Interrupt()
	assert.Equal(t, 130, p.Wait(t))
	assert.Contains(t, p.Stderr(), "tasks: interrupted")
}
