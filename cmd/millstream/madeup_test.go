package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
)

// measure is what a made-up contender does.
type measure = func(context.Context, int) (bench.Round, error)

// madeUp returns a suite with one case, in which all contenders do the same.
func madeUp(name string, do measure) suites.Suite {
	return suites.Suite{
		Name: name, Question: "What does " + name + " cost?",
		Cases: func(c *suites.Config) []bench.Case {
			made := bench.Case{Suite: name, Name: "size=1", Title: "made up", Messages: max(10, c.Messages)}
			for _, contender := range []string{suites.Millstream, suites.Stock} {
				if len(c.Transports) == 0 || slices.Contains(c.Transports, contender) {
					made.Contenders = append(made.Contenders, bench.Contender{Name: contender, Measure: do})
				}
			}
			if len(made.Contenders) == 0 {
				return nil
			}
			return []bench.Case{made}
		},
	}
}

// well handles every message.
func well(_ context.Context, messages int) (bench.Round, error) {
	return bench.Round{Elapsed: time.Millisecond, Account: bench.Account{Sent: messages, Received: messages}}, nil
}

// losing loses one, but in the warm-up.
func losing(ctx context.Context, messages int) (bench.Round, error) {
	if messages == 1 {
		return well(ctx, messages)
	}
	return bench.Round{Elapsed: time.Millisecond, Account: bench.Account{Sent: messages, Received: messages - 1, Lost: 1}}, nil
}

// failing cannot run.
func failing(context.Context, int) (bench.Round, error) {
	return bench.Round{}, errors.New("broken: redis://user:secret@localhost")
}

// waiting ends with its context.
func waiting(ctx context.Context, _ int) (bench.Round, error) {
	<-ctx.Done()
	return bench.Round{}, ctx.Err()
}

// untouched fails the test when anything is measured.
func untouched(t *testing.T) measure {
	return func(ctx context.Context, messages int) (bench.Round, error) {
		t.Error("something was measured")
		return well(ctx, messages)
	}
}

// ran is what became of a command.
type ran struct {
	code           int
	stdout, stderr string
}

// command runs the command with the arguments and the suites.
func command(ctx context.Context, args []string, all ...suites.Suite) ran {
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, all, &stdout, &stderr)
	return ran{code, stdout.String(), stderr.String()}
}

// millstream is the same with a line whose arguments have spaces between them.
func millstream(ctx context.Context, line string, all ...suites.Suite) ran {
	return command(ctx, strings.Fields(line), all...)
}

// results reads the JSON array, which must be all that is on standard output.
func (r ran) results(t *testing.T) []bench.Result {
	t.Helper()
	var results []bench.Result
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &results), r.stdout)
	require.NotNil(t, results, "null is no array")
	return results
}

func TestMain(m *testing.M) {
	actAsCommand()
	redis.SetLogger(silent{})
	goleak.VerifyTestMain(m)
}
