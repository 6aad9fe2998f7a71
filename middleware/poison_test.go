package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// shelf keeps what is published, or refuses it.
type shelf struct {
	refusal   error
	published map[string][]*message.Message
}

func (s *shelf) Publish(topic string, messages ...*message.Message) error {
	if s.refusal != nil {
		return s.refusal
	}
	if s.published == nil {
		s.published = map[string][]*message.Message{}
	}
	s.published[topic] = append(s.published[topic], messages...)
	return nil
}

func (*shelf) Close() error { return nil }

func newPoisonQueue(t *testing.T, s message.Publisher, config middleware.PoisonConfig) *middleware.PoisonQueue {
	t.Helper()
	poison, err := middleware.NewPoisonQueue(s, "poison", config)
	require.NoError(t, err)
	return poison
}

func TestThePoisonQueueTakesWhatIsFinal(t *testing.T) {
	t.Parallel()
	all := func(error) bool { return true }
	none := func(error) bool { return false }
	for name, c := range map[string]struct {
		err       error
		panics    any
		ended     bool
		qualifies func(error) bool
		kind      string // empty: it is passed on
		reason    string
	}{
		"no error":                                {},
		"no error, with a filter for all":         {qualifies: all},
		"a permanent one":                         {err: fmt.Errorf("charge: %w", middleware.Permanent(errHiccup)), kind: "permanent", reason: "charge: hiccup"},
		"a permanent one, with a filter for none": {err: middleware.Permanent(errHiccup), qualifies: none, kind: "permanent", reason: "hiccup"},
		"one that was tried too often":            {err: handoff.Exhausted(errHiccup, 7), kind: "exhausted", reason: "hiccup"},
		"one of decoding":                         {err: handoff.Malformed(errHiccup), kind: "malformed", reason: "hiccup"},
		"a plain one":                             {err: errHiccup},
		"a plain one that qualifies":              {err: errHiccup, qualifies: func(err error) bool { return errors.Is(err, errHiccup) }, kind: "failed", reason: "hiccup"},
		"a plain one that does not":               {err: errHiccup, qualifies: none},
		"a panic":                                 {panics: "at the disco", kind: "failed", reason: "panic: at the disco"},
		"a panic that does not qualify":           {panics: "at the disco", qualifies: none},
		"a panic that was tried too often":        {err: handoff.Exhausted(middleware.PanicError{V: 7, Stacktrace: "main.go"}, 3), kind: "exhausted", reason: "panic: 7"},
		"a skip":                                  {err: handoff.ErrSkip, qualifies: all},
		"one that comes again":                    {err: middleware.RetryAfter(time.Hour), qualifies: all},
		"of a message whose context has ended":    {err: errHiccup, ended: true, qualifies: all},
		"permanent when the context has ended":    {err: middleware.Permanent(errHiccup), ended: true, kind: "permanent", reason: "hiccup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, told := &shelf{}, 0
				poison := newPoisonQueue(t, s, middleware.PoisonConfig{
					Qualifies: c.qualifies, Handler: "charge",
					OnPoisoned: func(msg *message.Message, kind string, attempts int, err error) {
						told++
						require.Equal(t, c.kind, kind)
						require.Equal(t, "1", msg.UUID)
						require.Equal(t, message.Metadata{"tenant": "a"}, msg.Metadata, "it is as it was read")
						require.Positive(t, attempts)
						require.Error(t, err)
					},
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				msg := message.NewMessageWithContext(ctx, "1", []byte{0, 255, '\n'})
				msg.Metadata.Set("tenant", "a")
				made, err := poison.Middleware(func(msg *message.Message) ([]*message.Message, error) {
					msg.Metadata.Set("tenant", "b")
					msg.Payload = []byte("another")
					if c.ended {
						cancel()
					}
					if c.panics != nil {
						panic(c.panics)
					}
					return message.Messages{msg}, c.err
				})(msg)
				if c.kind == "" {
					require.Empty(t, s.published)
					require.Zero(t, told)
					require.Equal(t, c.err == nil && c.panics == nil, err == nil)
					if c.err != nil {
						require.ErrorIs(t, err, c.err)
					}
					return
				}
				require.NoError(t, err)
				require.Empty(t, made)
				require.Equal(t, 1, told)
				require.Len(t, s.published["poison"], 1)
				got := s.published["poison"][0]
				require.Equal(t, "1", got.UUID)
				require.Equal(t, message.Payload{0, 255, '\n'}, got.Payload)
				require.Equal(t, c.kind, got.Metadata["millstream_poison_kind"])
				require.Equal(t, c.reason, got.Metadata[wm.ReasonForPoisonedKey])
				require.Equal(t, "charge", got.Metadata[wm.PoisonedHandlerKey])
				require.Equal(t, "a", got.Metadata["tenant"])
				require.Equal(t, time.Now().UTC().Format(time.RFC3339), got.Metadata["millstream_failed_at"])
			})
		})
	}
}

func TestAMessageThatCannotBePoisonedIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	poison := newPoisonQueue(t, &shelf{refusal: full}, middleware.PoisonConfig{
		OnPoisoned: func(*message.Message, string, int, error) { t.Error("it was not poisoned") },
	})
	msg := message.NewMessage("1", nil)
	_, err := poison.Middleware(func(*message.Message) ([]*message.Message, error) {
		return nil, middleware.Permanent(errHiccup)
	})(msg)
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, err, errHiccup, "nobody should have to guess what happened first")
	require.ErrorContains(t, err, "poison topic poison")
	require.Empty(t, msg.Metadata, "the next attempt finds it as it was")
}

func TestThePoisonedMessageTellsTheWholeChainOfErrors(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	poison := newPoisonQueue(t, s, middleware.PoisonConfig{})
	run := func(err error) message.Metadata {
		_, got := poison.Middleware(func(*message.Message) ([]*message.Message, error) { return nil, err })(message.NewMessage("1", nil))
		require.NoError(t, got)
		return s.published["poison"][len(s.published["poison"])-1].Metadata
	}
	both := errors.Join(fmt.Errorf("dial bank: %w", errHiccup), errors.New("and its twin"))
	got := run(handoff.Exhausted(fmt.Errorf("given up: %w", middleware.Permanent(both)), 3))
	require.Equal(t, strings.Join([]string{
		"*fmt.wrapError: given up: dial bank: hiccup", "\tand its twin",
		"*errors.joinError: dial bank: hiccup", "\tand its twin",
		"*fmt.wrapError: dial bank: hiccup",
		"*errors.errorString: hiccup",
		"*errors.errorString: and its twin",
	}, "\n"), got["millstream_error_chain"])
	require.Equal(t, "3", got["millstream_attempts"])

	long := run(middleware.Permanent(errors.New(strings.Repeat("ä", 1<<20))))
	require.LessOrEqual(t, len(long["reason_poisoned"]), 4<<10)
	require.LessOrEqual(t, len(long["millstream_error_chain"]), 8<<10)
	require.True(t, strings.HasSuffix(long["reason_poisoned"], "ä…"), "it is cut between two characters, and one sees that")
}

func TestThePoisonedMessageNamesItsTrace(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceID, err := trace.TraceIDFromHex(id)
	require.NoError(t, err)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{1}})
	for name, c := range map[string]struct {
		ctx         context.Context
		traceparent string
		want        string
	}{
		"of the span in its context": {ctx: trace.ContextWithSpanContext(t.Context(), span), want: id},
		"of its metadata":            {ctx: t.Context(), traceparent: "00-" + id + "-00f067aa0ba902b7-01", want: id},
		"none":                       {ctx: t.Context()},
		"none that can be read":      {ctx: t.Context(), traceparent: "garbage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{}
			msg := message.NewMessageWithContext(c.ctx, "1", nil)
			msg.Metadata.Set("traceparent", c.traceparent)
			_, err := newPoisonQueue(t, s, middleware.PoisonConfig{}).Middleware(func(*message.Message) ([]*message.Message, error) {
				return nil, middleware.Permanent(errHiccup)
			})(msg)
			require.NoError(t, err)
			require.Equal(t, c.want, s.published["poison"][0].Metadata["millstream_trace_id"])
		})
	}
}

func TestAPoisonQueueNeedsAPublisherAndATopic(t *testing.T) {
	t.Parallel()
	_, err := middleware.NewPoisonQueue(nil, "poison", middleware.PoisonConfig{})
	require.ErrorContains(t, err, "the publisher is nil")
	_, err = middleware.NewPoisonQueue(&shelf{}, "", middleware.PoisonConfig{})
	require.ErrorContains(t, err, "the topic is empty")
}

// A bug in what is called with a failed message must not bring it back for ever.
func TestAPanicInAHookOfThePoisonQueueDoesNotKeepTheMessage(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]middleware.PoisonConfig{
		"OnPoisoned": {Qualifies: func(error) bool { return true }, OnPoisoned: func(*message.Message, string, int, error) { panic("hook") }},
		"Qualifies":  {Qualifies: func(error) bool { panic("filter") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{}
			_, err := newPoisonQueue(t, s, config).Middleware(func(*message.Message) ([]*message.Message, error) {
				return nil, errHiccup
			})(message.NewMessage("1", nil))
			require.NoError(t, err)
			require.Len(t, s.published["poison"], 1)
		})
	}
}
