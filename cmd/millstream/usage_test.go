package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

func TestWrongCommandLinesMeasureNothing(t *testing.T) {
	for line, want := range map[string]string{
		"bnech":                              "did you mean bench?",
		"bench nonsense":                     `there is no suite "nonsense", only publish, chain`,
		"bench redis://user:secret@host":     "--redis URL",
		"bench -redis=redis://u:secret@host": "unknown shorthand flag",
		"bench --no-such-flag":               "unknown flag: --no-such-flag",
		"bench --rounds 0":                   "rounds: 0 is too small",
		"bench --rounds many":                `"many"`,
		"bench --messages 0":                 "messages: 0 is too small",
		"bench --messages -1":                "messages: -1 is too small",
		"bench --size 3":                     "size: 3 is too small, 24 is the least",
		"bench --rate 0 --stages 1,0":        "rate: 0 is too small",
		"bench --stages one":                 `"one"`,
		"bench --concurrency -2":             "concurrency: -2 is too small",
		"bench --transports carrier-pigeon":  `there is no contender "carrier-pigeon", only ceiling`,
		"bench --transports=":                "transports: none is named",
		"bench publish --transports article": "has work for article",
		"bench compare one.json":             "takes two files",
		"bench compare --format html a b":    `there is no format "html", only text, benchstat`,
		"bench list chain":                   "takes no arguments",
	} {
		t.Run(line, func(t *testing.T) {
			got := millstream(t.Context(), line, madeUp("publish", untouched(t)), madeUp("chain", untouched(t)))
			assert.Equal(t, exit.Usage, got.code)
			assert.Contains(t, got.stderr, want)
			assert.Contains(t, got.stderr, "--help")
			assert.NotContains(t, got.stderr, "secret")
			assert.Empty(t, got.stdout)
		})
	}
}

func TestAllThatIsWrongIsSaidTogether(t *testing.T) {
	got := millstream(t.Context(), "bench --rounds 0 --size 3 --transports nobody", madeUp("chain", untouched(t)))
	for _, want := range []string{"rounds", "size", "nobody"} {
		assert.Contains(t, got.stderr, want)
	}
}

func TestHelpNamesTheSuitesAndTheirQuestions(t *testing.T) {
	for _, line := range []string{"bench --help", "help bench", "bench list"} {
		got := millstream(t.Context(), line, madeUp("publish", untouched(t)), madeUp("chain", untouched(t)))
		assert.Equal(t, exit.OK, got.code, line)
		assert.Regexp(t, `(?s)  publish   What does publish cost\?\n  chain     What does chain cost\?`, got.stdout)
	}
	assert.Contains(t, millstream(t.Context(), "").stdout, "bench")
}

func TestOutThatCannotBeWrittenIsFoundBeforeMeasuring(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, flag := range []string{"--out", "--cpuprofile", "--memprofile"} {
		got := millstream(t.Context(), "bench "+flag+" "+file+"/below", madeUp("chain", untouched(t)))
		assert.Equal(t, exit.Failed, got.code, flag)
		assert.Contains(t, got.stderr, file)
	}
}

func TestShellCompletion(t *testing.T) {
	all := "__complete bench "
	got := millstream(t.Context(), all+"publish --quick c", madeUp("publish", untouched(t)), madeUp("chain", untouched(t)))
	assert.Contains(t, got.stdout, "chain\tWhat does chain cost?")
	assert.NotContains(t, got.stdout, "publish", "it is named already")
	got = millstream(t.Context(), all+"--transports stock,")
	assert.Contains(t, got.stdout, "stock,millstream\n")
	assert.Contains(t, got.stdout, "stock,streams\n")
	assert.NotContains(t, got.stdout, "stock,stock")
	got = millstream(t.Context(), all+"compare --format b")
	assert.Contains(t, got.stdout, "benchstat\n")
}
