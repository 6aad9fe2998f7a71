package app_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
)

func TestAResetDeletesWhatHasThePrefixAndNothingElse(t *testing.T) {
	var notice bytes.Buffer
	client, stop, err := app.Connect(t.Context(), "", &notice)
	require.NoError(t, err)
	defer stop()
	assert.Equal(t, app.Embedded+"\n", notice.String())
	const prefix = `a*b?c[d]e\f{g}:`
	ours, others := []string{prefix, prefix + "key"}, []string{`aXbYcde\f{g}:key`, "key"}
	for _, key := range append(ours, others...) {
		require.NoError(t, client.Set(t.Context(), key, "value", 0).Err())
	}
	require.NoError(t, app.Reset(t.Context(), client, prefix))
	assert.ElementsMatch(t, others, client.Keys(t.Context(), "*").Val())
}

func TestAPasswordInAURLIsNeverSaid(t *testing.T) {
	for _, url := range []string{
		"redis://ada:s3cr3t@local host", "http://ada:s3cr3t@localhost", "redis://ada:s3cr3t@localhost:6379/zero",
		"redis://ada:s3cr3t@127.0.0.1:1",
	} {
		_, _, err := app.Connect(t.Context(), url, nil)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}

func TestAProgramThatCannotBeginLeavesNothingBehind(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	client, end, err := app.Begin(t.Context(), "tool", "", t.Output())
	require.NoError(t, err)
	require.NoError(t, client.Ping(t.Context()).Err())
	end()
	require.Error(t, client.Ping(t.Context()).Err())
	_, _, err = app.Begin(t.Context(), "tool", "redis://127.0.0.1:1", t.Output())
	require.ErrorContains(t, err, "no Redis at 127.0.0.1:1")
}
