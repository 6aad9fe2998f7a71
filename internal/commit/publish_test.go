package commit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
)

func TestPublishOnceAddsAKeyOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	messages := []commit.Message{
		{Key: "1", Values: []any{"n", 1}}, {Key: "2", Values: []any{"n", 2}}, {Key: "1", Values: []any{"n", 3}},
	}
	for range 2 {
		require.NoError(t, commit.PublishOnce(t.Context(), s.client, s.out("a"), time.Minute, messages))
	}
	require.Equal(t, 2, s.length(s.out("a")))
}

func TestAPublishThatFailsLeavesNoMark(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	require.NoError(t, s.client.Set(t.Context(), s.out("broken"), "no stream", 0).Err())
	messages := []commit.Message{{Key: "1", Values: []any{"n", 1}}}
	require.ErrorContains(t, commit.PublishOnce(t.Context(), s.client, s.out("broken"), 0, messages), "WRONGTYPE")
	require.NoError(t, s.client.Del(t.Context(), s.out("broken")).Err())
	require.NoError(t, commit.PublishOnce(t.Context(), s.client, s.out("broken"), 0, messages))
	require.Equal(t, 1, s.length(s.out("broken")))
}
