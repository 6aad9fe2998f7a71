package bench_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// at returns a contender that passes on that many messages a second, and loses none.
func at(name string, rate int) bench.Contender {
	return bench.Contender{Name: name, Measure: func(_ context.Context, messages int) (bench.Round, error) {
		return bench.Round{
			Elapsed: time.Duration(messages) * time.Second / time.Duration(rate),
			Account: bench.Account{Sent: messages, Received: messages},
		}, nil
	}}
}

// returning returns a contender that always comes to the same.
func returning(name string, round bench.Round, err error) bench.Contender {
	return bench.Contender{Name: name, Measure: func(context.Context, int) (bench.Round, error) { return round, err }}
}

// measure measures contenders with 1,000 messages a round.
func measure(t *testing.T, rounds int, contenders ...bench.Contender) ([]bench.Result, error) {
	t.Helper()
	c := &bench.Case{Suite: "suite", Name: "case", Messages: 1000, Contenders: contenders}
	return bench.Measure(t.Context(), c, bench.Settings{Rounds: rounds})
}

func TestContendersTakeTurnsInAnOrderThatRotates(t *testing.T) {
	var order []string
	contenders := []bench.Contender{at("a", 10), at("b", 10), at("c", 10)}
	for i, c := range contenders {
		contenders[i].Measure = func(ctx context.Context, messages int) (bench.Round, error) {
			order = append(order, c.Name)
			return c.Measure(ctx, messages)
		}
	}
	results, err := measure(t, 3, contenders...)
	require.NoError(t, err)
	assert.Equal(t, strings.Fields("a b c  a b c  b a c  c a b"), order)
	for i, result := range results {
		assert.Equal(t, contenders[i].Name, result.Contender)
		assert.Len(t, result.Throughputs, 3)
	}
}

func TestMessagesAreCutToWhatTheWarmUpManaged(t *testing.T) {
	var asked []int
	slow := at("slow", 50)
	measureSlow := slow.Measure
	slow.Measure = func(ctx context.Context, messages int) (bench.Round, error) {
		asked = append(asked, messages)
		return measureSlow(ctx, messages)
	}
	for name, test := range map[string]struct {
		paced bool
		want  []int
	}{
		"cut":   {false, []int{100, 200, 200}},
		"paced": {true, []int{100, 1000, 1000}},
	} {
		t.Run(name, func(t *testing.T) {
			asked = nil
			c := &bench.Case{Messages: 1000, Paced: test.paced, Contenders: []bench.Contender{slow, at("fast", 1e6)}}
			results, err := bench.Measure(t.Context(), c, bench.Settings{Rounds: 2, Longest: 4 * time.Second})
			require.NoError(t, err)
			assert.Equal(t, test.want, asked)
			assert.Equal(t, 2000, results[1].Messages, "the fast one gets all")
			assert.Equal(t, test.want[1]+test.want[2], results[0].Messages, "the warm-up does not count")
		})
	}
}

func TestCaseMayHaveFewerRounds(t *testing.T) {
	c := &bench.Case{Messages: 10, Rounds: 2, Contenders: []bench.Contender{at("a", 10)}}
	for rounds, want := range map[int]int{0: 2, 1: 1, 5: 2} {
		results, err := bench.Measure(t.Context(), c, bench.Settings{Rounds: rounds})
		require.NoError(t, err)
		assert.Equal(t, want, results[0].Rounds)
	}
}

func TestProgressIsToldOfEachStep(t *testing.T) {
	var steps []string
	c := &bench.Case{Messages: 10, Contenders: []bench.Contender{at("a", 10), at("b", 10)}}
	_, err := bench.Measure(t.Context(), c, bench.Settings{Rounds: 1, Progress: func(s bench.Step) {
		steps = append(steps, fmt.Sprintf("%s %d: %d of %d", s.Contender, s.Round, s.Done, s.Steps))
	}})
	require.NoError(t, err)
	assert.Equal(t, []string{"a 0: 0 of 4", "b 0: 1 of 4", "a 1: 2 of 4", "b 1: 3 of 4"}, steps)
}

func TestAccountThatDoesNotAddUpIsAnError(t *testing.T) {
	wrong := bench.Round{Elapsed: time.Second, Account: bench.Account{Sent: 10, Received: 9}}
	_, err := measure(t, 1, at("right", 10), returning("wrong", wrong, nil))
	assert.ErrorContains(t, err, "wrong: the account does not add up")

	twice := bench.Round{Elapsed: time.Second, Account: bench.Account{Sent: 10, Received: 15, Lost: 5}}
	c := &bench.Case{Messages: 10, Receivers: 2, Contenders: []bench.Contender{returning("twice", twice, nil)}}
	results, err := bench.Measure(t.Context(), c, bench.Settings{Rounds: 1})
	require.NoError(t, err, "two receivers get each message")
	assert.Equal(t, 7.5, results[0].Throughput)
}

func TestContenderThatFailsEndsTheMeasurement(t *testing.T) {
	cause := errors.New("out of order")
	_, err := measure(t, 1, at("a", 10), returning("broken", bench.Round{}, cause))
	assert.ErrorIs(t, err, cause)
	assert.ErrorContains(t, err, "suite suite, case: broken: ")
}

func TestWhatACaseSharesIsOpenedOnceAndClosed(t *testing.T) {
	var events []string
	cause := errors.New("stuck")
	c := &bench.Case{Messages: 1, Contenders: []bench.Contender{at("a", 10)}, Open: func(context.Context) (func() error, error) {
		events = append(events, "open")
		return func() error {
			events = append(events, "close")
			return cause
		}, nil
	}}
	_, err := bench.Measure(t.Context(), c, bench.Settings{})
	assert.ErrorIs(t, err, cause)
	assert.Equal(t, []string{"open", "close"}, events)

	c.Open = func(context.Context) (func() error, error) { return nil, cause }
	_, err = bench.Measure(t.Context(), c, bench.Settings{})
	assert.ErrorIs(t, err, cause)
}

func TestMeasureEndsWhenItsContextDoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	c := &bench.Case{Messages: 10, Contenders: []bench.Contender{{
		Name: "a", Measure: func(ctx context.Context, messages int) (bench.Round, error) {
			if rounds++; rounds == 2 {
				cancel()
			}
			return at("a", 10).Measure(ctx, messages)
		},
	}}}
	_, err := bench.Measure(ctx, c, bench.Settings{Rounds: 100})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 2, rounds)
}

func TestCaseWithNothingToMeasureIsAnError(t *testing.T) {
	_, err := measure(t, 1)
	assert.ErrorContains(t, err, "0 contenders")
}
