package handoff_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
)

func output(name string) handoff.Output { return handoff.Output{Topic: name} }

func topics(e handoff.Effects) []string {
	names := []string{}
	for _, o := range e.Outputs {
		names = append(names, o.Topic)
	}
	return names
}

func TestRollbackDropsWhatWasStagedSince(t *testing.T) {
	t.Parallel()
	ctx := handoff.NewContext(t.Context(), handoff.Delivery{}, nil)
	defer ctx.End()
	h := &ctx.Handoff
	require.NoError(t, h.Publish(output("kept")))
	require.NoError(t, h.Mark(handoff.Mark{Key: "kept"}))
	start := h.Savepoint()
	for range 2 { // as often as there are attempts
		require.NoError(t, h.Publish(output("dropped"), output("dropped, too")))
		require.NoError(t, h.Mark(handoff.Mark{Key: "dropped"}))
		h.Rollback(start)
	}
	require.NoError(t, h.Publish(output("last")))
	e := h.Settle()
	require.Equal(t, []string{"kept", "last"}, topics(e))
	require.Equal(t, []handoff.Mark{{Key: "kept"}}, e.Marks)
}

// Parking drops all that was staged; when that is undone, it is there again.
func TestRollbackUndoesAParking(t *testing.T) {
	t.Parallel()
	ctx := handoff.NewContext(t.Context(), handoff.Delivery{}, nil)
	defer ctx.End()
	h := &ctx.Handoff
	require.NoError(t, h.Publish(output("kept")))
	start := h.Savepoint()
	require.NoError(t, h.PutAside(handoff.Aside{For: time.Minute}))
	h.Rollback(start)
	e := h.Settle()
	require.False(t, e.Park)
	require.Equal(t, []string{"kept"}, topics(e))
}

func TestSavepointsNest(t *testing.T) {
	t.Parallel()
	ctx := handoff.NewContext(t.Context(), handoff.Delivery{}, nil)
	defer ctx.End()
	h := &ctx.Handoff
	outer := h.Savepoint()
	require.NoError(t, h.Publish(output("a")))
	inner := h.Savepoint()
	require.NoError(t, h.Publish(output("b")))
	h.Rollback(inner)
	require.NoError(t, h.Publish(output("c")))
	again := h.Savepoint()
	require.NoError(t, h.PutAside(handoff.Aside{For: time.Minute}))
	h.Rollback(again)
	h.Rollback(outer)
	require.NoError(t, h.Publish(output("d")))
	require.Equal(t, []string{"d"}, topics(h.Settle()))
}

func TestNothingIsStagedOnASettledDelivery(t *testing.T) {
	t.Parallel()
	ctx := handoff.NewContext(t.Context(), handoff.Delivery{}, nil)
	defer ctx.End()
	h := &ctx.Handoff
	start := h.Savepoint()
	h.Settle()
	h.Rollback(start)
	require.ErrorIs(t, h.Publish(output("late")), handoff.ErrSettled)
	require.ErrorIs(t, h.Mark(handoff.Mark{}), handoff.ErrSettled)
	require.ErrorIs(t, h.PutAside(handoff.Aside{}), handoff.ErrSettled)
	require.ErrorIs(t, h.MarkDuplicate(), handoff.ErrSettled)
	require.Empty(t, h.Settle())
}

func TestAContextCarriesOneHandoff(t *testing.T) {
	t.Parallel()
	require.Nil(t, handoff.FromContext(context.Background()))
	ctx := handoff.NewContext(context.Background(), handoff.Delivery{ID: "1-1"}, nil)
	defer ctx.End()
	h := &ctx.Handoff
	require.Same(t, h, handoff.FromContext(context.WithoutCancel(ctx)))
}

func TestVerdictsAreSeenThroughWrapping(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for kind, err := range map[string]error{
		handoff.KindPermanent: handoff.Permanent(cause),
		handoff.KindMalformed: handoff.Malformed(cause),
		handoff.KindExhausted: handoff.Exhausted(cause, 3),
	} {
		err = fmt.Errorf("stage: %w", err)
		got, ok := handoff.PoisonKind(err)
		require.True(t, ok)
		require.Equal(t, kind, got)
		require.ErrorIs(t, err, cause)
		require.True(t, handoff.IsVerdict(err))
	}
	aside, ok := handoff.AsideOf(fmt.Errorf("stage: %w", handoff.RetryAfter(time.Hour)))
	require.True(t, ok)
	require.Equal(t, handoff.Aside{For: time.Hour}, aside)
	aside, _ = handoff.AsideOf(handoff.RetryAfter(-time.Hour))
	require.Zero(t, aside)
	why := handoff.PutAside(handoff.Aside{For: time.Second, History: handoff.History{Failures: 2}}, cause)
	require.ErrorIs(t, why, cause)
	require.EqualError(t, why, "millstream: message put aside for 1s: cause")
	require.Equal(t, 3, handoff.Attempts(fmt.Errorf("stage: %w", handoff.Exhausted(cause, 3))))
	require.Zero(t, handoff.Attempts(cause))
	require.True(t, handoff.IsVerdict(handoff.RetryAfter(0)))
	require.True(t, handoff.IsVerdict(fmt.Errorf("stage: %w", handoff.ErrSkip)))
	require.False(t, handoff.IsVerdict(cause))
	require.NoError(t, handoff.Permanent(nil))
	require.NoError(t, handoff.Malformed(nil))
	require.NoError(t, handoff.Exhausted(nil, 3))
}

func TestAPoisoningDescribesItself(t *testing.T) {
	t.Parallel()
	metadata := map[string]string{"tenant": "a"}
	handoff.Poisoning{
		Reason: "no stock", Kind: handoff.KindPermanent, Handler: "charge", Topic: "placed", Subscriber: "s",
		Attempts: 3, FailedAt: time.Date(2024, 5, 1, 12, 0, 0, 0, time.FixedZone("", 3600)),
	}.Describe(metadata)
	require.Equal(t, map[string]string{
		"tenant":                 "a",
		"reason_poisoned":        "no stock",
		"topic_poisoned":         "placed",
		"handler_poisoned":       "charge",
		"subscriber_poisoned":    "s",
		"millstream_poison_kind": "permanent",
		"millstream_attempts":    "3",
		"millstream_failed_at":   "2024-05-01T11:00:00Z",
	}, metadata)
}
