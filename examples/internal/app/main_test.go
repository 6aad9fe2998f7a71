package app_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/internal/app"
)

func TestMain(m *testing.M) {
	// An idle connection of the default client outlives its server by a moment.
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) { http.DefaultClient.CloseIdleConnections() }))
}

func TestWhatWentWrongIsSaidOnceAndInTheExitCode(t *testing.T) {
	for said, test := range map[string]struct {
		err  error
		code int
	}{
		"":                        {nil, 0},
		"tool: broken\n":          {errors.New("broken"), app.ExitFailed},
		"tool: interrupted; on\n": {fmt.Errorf("%w; on", app.ErrInterrupted), app.ExitInterrupted},
		"tool: -n must be positive\nsee -h for how to use it\n": {app.Usage("-n must be positive"), app.ExitUsage},
	} {
		var stderr bytes.Buffer
		code := app.Run("tool", func(context.Context, []string, app.IO) error { return test.err }, nil, app.IO{Stderr: &stderr})
		assert.Equal(t, test.code, code)
		assert.Equal(t, said, stderr.String())
	}
}

func TestArgumentsAreHeldAgainstTheFlags(t *testing.T) {
	for said, args := range map[string][]string{
		"":                               {"-n", "2"},
		`unexpected argument "file"`:     {"-n", "2", "file"},
		"flag provided but not defined":  {"-m"},
		"invalid value \"two\" for flag": {"-n", "two"},
		"help requested":                 {"-h"},
	} {
		flags := flag.NewFlagSet("tool", flag.ContinueOnError)
		flags.Int("n", 1, "do it so `often`")
		var help bytes.Buffer
		err := app.Parse(flags, "usage: tool [-n N]\n\n", args, &help)
		if said == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, said)
		if errors.Is(err, flag.ErrHelp) {
			assert.Contains(t, help.String(), "usage: tool [-n N]\n\n  -n often")
		} else {
			assert.Empty(t, help.String())
		}
	}
}
