package middleware_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// delivery is a message with a handoff, as a transport delivers it to a group of the
// topic "in".
func delivery(t *testing.T, group, id string, stopping <-chan struct{}) (*message.Message, *handoff.Handoff) {
	t.Helper()
	ctx := handoff.NewContext(t.Context(), handoff.Delivery{Topic: "in", Group: group, ID: "1-1", Attempt: 1, Stopping: stopping}, nil)
	t.Cleanup(ctx.End)
	return message.NewMessageWithContext(ctx, id, message.Payload(id)), &ctx.Handoff
}

// withoutHandoff is the same of a transport that has none.
func withoutHandoff(t *testing.T, stopping <-chan struct{}) *message.Message {
	t.Helper()
	return message.NewMessageWithContext(handoff.WithStopping(t.Context(), stopping), "1", nil)
}

// requireAside checks that the error, and what was staged, puts the message aside
// without counting the attempt, and returns for how long.
func requireAside(t *testing.T, h *handoff.Handoff, err error) time.Duration {
	t.Helper()
	aside, ok := handoff.AsideOf(err)
	require.True(t, ok, "%v", err)
	staged := h.Settle()
	require.True(t, staged.Park)
	require.Equal(t, aside, staged.Aside)
	require.True(t, aside.Uncounted, "the message was not worked on")
	require.Zero(t, aside.Failures)
	return aside.For
}

func byUUID(msg *message.Message) string { return msg.UUID }

func constant(key string) func(*message.Message) string {
	return func(*message.Message) string { return key }
}

// scripted is a limiter that answers what it was told to, and then 0.
type scripted struct {
	mu      sync.Mutex
	answers []any
	keys    []string
	asked   []time.Time
}

func (s *scripted) Take(_ context.Context, key string) (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.asked = append(s.keys, key), append(s.asked, time.Now())
	if len(s.answers) == 0 {
		return 0, nil
	}
	answer := s.answers[0]
	s.answers = s.answers[1:]
	if err, ok := answer.(error); ok {
		return 0, err
	}
	return answer.(time.Duration), nil
}

func TestWithoutAKeyMessagesAreHeldInTheirPlace(t *testing.T) {
	t.Parallel()
	for name, hasHandoff := range map[string]bool{"with a handoff": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler := middleware.RateLimit{Limiter: perProcess(t, 1.0/3600, 2)}.Middleware(echo)
				start := time.Now()
				for i := range 5 {
					msg := withoutHandoff(t, nil)
					if hasHandoff {
						msg, _ = delivery(t, "g", "1", nil)
					}
					_, err := handler(msg)
					require.NoError(t, err)
					require.InDelta(t, time.Duration(max(0, i-1))*time.Hour, time.Since(start), float64(time.Second))
				}
			})
		})
	}
}

// Many that wait do not all ask for each token.
func TestThoseWhoWaitInOneHandlerStandInLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := &counting{Limiter: perProcess(t, 10, 1)}
		handler := middleware.RateLimit{Limiter: limiter}.Middleware(echo)
		start := time.Now()
		handleAll(handler, 64, func() *message.Message {
			msg, _ := delivery(t, "g", "1", nil)
			return msg
		}, func(_ *message.Message, err error) { require.NoError(t, err) })
		require.InDelta(t, 6300*time.Millisecond, time.Since(start), float64(100*time.Millisecond))
		require.LessOrEqual(t, limiter.asked(), 4*64)
	})
}

// handleAll has a handler handle that many messages at once, and then looks at what
// became of them.
func handleAll(handler message.HandlerFunc, n int, made func() *message.Message, look func(*message.Message, error)) {
	var lanes sync.WaitGroup
	messages, errs := make([]*message.Message, n), make([]error, n)
	for i := range n {
		messages[i] = made()
		lanes.Go(func() { _, errs[i] = handler(messages[i]) })
	}
	lanes.Wait()
	for i := range n {
		look(messages[i], errs[i])
	}
}

type counting struct {
	middleware.Limiter

	mu sync.Mutex
	n  int
}

func (c *counting) Take(ctx context.Context, key string) (time.Duration, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Limiter.Take(ctx, key)
}

func (c *counting) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func TestWhoSharesTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key   func(*message.Message) string
		other string
		want  []string
	}{
		"a handler's messages, by default":       {other: "a", want: []string{"a@in", "a@in"}},
		"not another handler, by default":        {other: "b", want: []string{"a@in", "b@in"}},
		"another handler, if the Key is equal":   {key: constant("bank"), other: "b", want: []string{"bank", "bank"}},
		"not messages with an empty key, at all": {key: constant(""), other: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limiter := &scripted{}
			limit := middleware.RateLimit{Limiter: limiter, Key: c.key}
			for i, group := range []string{"a", c.other} {
				msg, _ := delivery(t, group, strconv.Itoa(i), nil)
				_, err := limit.Middleware(echo)(msg)
				require.NoError(t, err)
			}
			require.Equal(t, c.want, limiter.keys)
		})
	}
}

func TestAMessageOfAUsedUpKey(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		holdUpTo time.Duration
		waits    []any
		held     time.Duration
		aside    time.Duration
	}{
		"passes if there is a token":                  {},
		"is held for a short time":                    {waits: []any{60 * ms}, held: 60 * ms},
		"is held again if another was faster":         {waits: []any{60 * ms, 40 * ms}, held: 100 * ms},
		"is put aside if that takes too long":         {waits: []any{60 * ms, 50 * ms}, held: 60 * ms, aside: 50 * ms},
		"is put aside if it would take long":          {waits: []any{time.Minute}, aside: time.Minute},
		"is held for as long as told":                 {holdUpTo: time.Hour, waits: []any{time.Hour}, held: time.Hour},
		"is put aside at once if it is not to wait":   {holdUpTo: -1, waits: []any{ms}, aside: ms},
		"passes if the limiter's wait makes no sense": {waits: []any{-time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var told []time.Duration
				limit := middleware.RateLimit{
					Limiter: &scripted{answers: c.waits}, Key: byUUID, HoldUpTo: c.holdUpTo,
					OnLimited: func(_ *message.Message, wait time.Duration) { told = append(told, wait) },
				}
				msg, h := delivery(t, "g", "1", nil)
				start := time.Now()
				made, err := limit.Middleware(echo)(msg)
				require.Equal(t, c.held, time.Since(start))
				if c.held+c.aside > 0 {
					require.Equal(t, []time.Duration{c.waits[0].(time.Duration)}, told, "once for a delivery")
				}
				if c.aside == 0 {
					require.NoError(t, err)
					require.Len(t, made, 1)
					return
				}
				require.Empty(t, made)
				d := requireAside(t, h, err)
				require.GreaterOrEqual(t, d, c.aside)
				require.LessOrEqual(t, d, c.aside*3/2+1)
			})
		})
	}
}

func TestAMessageOfAUsedUpKeyIsHeldIfItCannotBePutAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := middleware.RateLimit{Limiter: &scripted{answers: []any{time.Hour, time.Minute}}, Key: byUUID}.Middleware(echo)(withoutHandoff(t, nil))
		require.NoError(t, err)
		require.Equal(t, time.Hour+time.Minute, time.Since(start))
	})
}

// A backlog of one key, in two processes: each message is delivered a few times until
// it is its turn, and no token is left unused for long.
func TestMessagesOfAKeyThatArePutAsideComeBackOneAfterTheOther(t *testing.T) {
	t.Parallel()
	const messages, perSecond = 400, 10
	synctest.Test(t, func(t *testing.T) {
		limiter := perProcess(t, perSecond, 1) // stands for one that both share
		deliveries := counting{Limiter: limiter}
		var done sync.WaitGroup
		var failures atomic.Int64
		limit := middleware.RateLimit{Limiter: &deliveries, Key: constant("bank"), HoldUpTo: -1}
		processes := []message.HandlerFunc{limit.Middleware(echo), limit.Middleware(echo)}
		start := time.Now()
		for i := range messages {
			done.Go(func() {
				for again := 0; ; again++ {
					msg, _ := delivery(t, "g", "1", nil)
					_, err := processes[(i+again)%2](msg)
					aside, limited := handoff.AsideOf(err)
					if !limited {
						if err != nil {
							failures.Add(1)
						}
						return
					}
					time.Sleep(aside.For)
				}
			})
		}
		done.Wait()
		require.Zero(t, failures.Load())
		require.GreaterOrEqual(t, time.Since(start), (messages-1)*time.Second/perSecond)
		require.LessOrEqual(t, time.Since(start), 3*messages*time.Second/perSecond)
		require.LessOrEqual(t, deliveries.asked(), 12*messages)
	})
}

func TestNothingIsWaitedForWhenTheTransportStops(t *testing.T) {
	t.Parallel()
	away := errors.New("Redis is away")
	for name, c := range map[string]struct {
		limit  middleware.RateLimit
		answer any
		most   time.Duration
	}{
		"a token of the handler": {answer: time.Hour, most: time.Hour},
		"a token of a key":       {limit: middleware.RateLimit{Key: byUUID, HoldUpTo: 2 * time.Hour}, answer: time.Hour, most: time.Hour},
		"the limiter":            {answer: away, most: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				limit := c.limit
				limit.Limiter = forever{c.answer}
				handler := limit.Middleware(func(*message.Message) ([]*message.Message, error) {
					t.Error("the handler ran")
					return nil, nil
				})
				stopping := make(chan struct{})
				time.AfterFunc(time.Second/2, func() { close(stopping) })
				start := time.Now()
				// One has its turn, the others wait for theirs.
				handleAll(handler, 3, func() *message.Message {
					msg, _ := delivery(t, "g", "1", stopping)
					return msg
				}, func(msg *message.Message, err error) {
					d := requireAside(t, handoff.FromContext(msg.Context()), err)
					require.Positive(t, d)
					require.LessOrEqual(t, d, c.most)
				})
				require.Equal(t, time.Second/2, time.Since(start))
				// Whoever comes later does not wait at all.
				_, err := handler(withoutHandoff(t, stopping))
				require.ErrorContains(t, err, "not waited for to the end")
				require.False(t, handoff.IsVerdict(err), "it comes again, in the transport's way")
				require.Equal(t, time.Second/2, time.Since(start))
			})
		})
	}
}

// forever gives one answer.
type forever struct{ answer any }

func (f forever) Take(context.Context, string) (time.Duration, error) {
	if err, ok := f.answer.(error); ok {
		return 0, err
	}
	return f.answer.(time.Duration), nil
}

func TestNothingIsWaitedForWhenTheMessagesContextHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := middleware.RateLimit{Limiter: forever{time.Hour}}.Middleware(echo)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errHiccup) })
		_, err := handler(message.NewMessageWithContext(ctx, "1", nil))
		require.ErrorIs(t, err, errHiccup)

		msg, h := delivery(t, "g", "1", nil)
		ctx, cancel = context.WithCancelCause(msg.Context())
		time.AfterFunc(time.Second, func() { cancel(errHiccup) })
		msg.SetContext(ctx)
		_, err = handler(msg)
		require.ErrorIs(t, err, errHiccup)
		requireAside(t, h, err)
	})
}

func TestALimiterThatFailsIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("Redis is away")
		limiter := &scripted{}
		for range 20 {
			limiter.answers = append(limiter.answers, away)
		}
		limiter.answers = append(limiter.answers, time.Minute)
		failed := 0
		msg, _ := delivery(t, "g", "1", nil)
		made, err := middleware.RateLimit{Limiter: limiter, OnError: func(msg *message.Message, err error) {
			require.Equal(t, "1", msg.UUID)
			require.ErrorIs(t, err, away)
			failed++
		}}.Middleware(echo)(msg)
		require.NoError(t, err)
		require.Len(t, made, 1)
		require.Equal(t, 20, failed)
		first, last := limiter.asked[1].Sub(limiter.asked[0]), limiter.asked[20].Sub(limiter.asked[19])
		require.InDelta(t, 50*time.Millisecond, first, float64(25*time.Millisecond))
		require.InDelta(t, 5*time.Second, last, float64(2500*time.Millisecond))
	})
}

func TestEachRunTakesAToken(t *testing.T) {
	t.Parallel()
	limiter := &scripted{}
	calls := 0
	limit := middleware.RateLimit{Limiter: limiter}
	_, err := quick.Middleware(limit.Middleware(failing(2, errHiccup, &calls)))(message.NewMessage("1", nil))
	require.NoError(t, err)
	require.Len(t, limiter.keys, 3)
}

func TestARateLimitWithoutALimiterSaysSo(t *testing.T) {
	t.Parallel()
	_, err := middleware.RateLimit{}.Middleware(echo)(message.NewMessage("1", nil))
	require.ErrorIs(t, err, middleware.ErrNoLimiter)
	require.False(t, handoff.IsVerdict(err), "the message is not what is wrong")
}
