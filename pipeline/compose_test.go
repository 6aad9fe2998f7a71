package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/pipeline"
)

// equal reports what differs from what is wanted.
func equal[T comparable](t testing.TB, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestAStageMakesOneValueOfEach(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	squares := pipeline.Stage(numbers, "square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	texts := pipeline.Stage(squares, "text", func(_ context.Context, n int) (string, error) { return fmt.Sprint("is ", n), nil })
	publish(t, numbers, d, 1, 2, 3)
	runUntilIdle(t, p, d)
	equal(t, "squares", payloads(t, d, squares), "1", "4", "9")
	equal(t, "texts", payloads(t, d, texts), `"is 1"`, `"is 4"`, `"is 9"`)
}

func TestExpandMakesAnyNumberOfValuesInOrder(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	lines := pipeline.Source[string](p, "lines")
	words := pipeline.Expand(lines, "split", func(_ context.Context, line string) ([]string, error) {
		return strings.Fields(line), nil
	})
	var got []string
	pipeline.Sink(words, "collect", func(_ context.Context, word string) error {
		got = append(got, word)
		return nil
	})
	publish(t, lines, d, "one two three", "", "four")
	runUntilIdle(t, p, d)
	equal(t, "words", got, "one", "two", "three", "four")
}

func TestExpandPassesOnThousandsAtOnce(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	counts := pipeline.Source[int](p, "counts")
	numbers := pipeline.Expand(counts, "count", func(_ context.Context, n int) ([]int, error) { return make([]int, n), nil })
	publish(t, counts, d, 5000)
	runUntilIdle(t, p, d)
	if n := len(payloads(t, d, numbers)); n != 5000 {
		t.Errorf("%d messages, want 5000", n)
	}
}

func TestStagesOnOneFlowEachGetEveryMessage(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	doubled := pipeline.Stage(numbers, "double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	negated := pipeline.Stage(numbers, "negate", func(_ context.Context, n int) (int, error) { return -n, nil })
	var sunk []int
	pipeline.Sink(numbers, "sink", func(_ context.Context, n int) error {
		sunk = append(sunk, n)
		return nil
	})
	publish(t, numbers, d, 1, 2, 3)
	runUntilIdle(t, p, d)
	equal(t, "doubled", payloads(t, d, doubled), "2", "4", "6")
	equal(t, "negated", payloads(t, d, negated), "-1", "-2", "-3")
	equal(t, "sunk", sunk, 1, 2, 3)
}

func TestAMergedFlowKeepsTheOrderOfEach(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	left, right := pipeline.Source[string](p, "left"), pipeline.Source[string](p, "right")
	merged := pipeline.Merge(left, right)
	equal(t, "topics", merged.Topics(), left.Topics()[0], right.Topics()[0])
	out := pipeline.Stage(merged, "join", same)
	publish(t, left, d, "l1", "l2", "l3")
	publish(t, right, d, "r1", "r2", "r3")
	runUntilIdle(t, p, d)
	all := payloads(t, d, out)
	of := func(side string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.Contains(s, side) })
	}
	equal(t, "left", of("l"), `"l1"`, `"l2"`, `"l3"`)
	equal(t, "right", of("r"), `"r1"`, `"r2"`, `"r3"`)
}

func TestARouteSendsEachMessageDownOneTypedBranch(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	even, odd := pipeline.NewBranch[int](p, "even"), pipeline.NewBranch[string](p, "odd")
	pipeline.Route(numbers, "parity", func(_ context.Context, n int) (pipeline.Routed, error) {
		switch {
		case n < 0:
			return pipeline.Routed{}, pipeline.Skip
		case n%2 == 0:
			return even.To(n), nil
		default:
			return odd.To(fmt.Sprintf("odd %d", n)), nil
		}
	}, pipeline.Branches(even, odd))
	var texts []string
	pipeline.Sink(odd.Flow(), "texts", func(_ context.Context, s string) error {
		texts = append(texts, s)
		return nil
	})
	publish(t, numbers, d, 1, 2, -3, 4, 5)
	runUntilIdle(t, p, d)
	equal(t, "even", payloads(t, d, even.Flow()), "2", "4")
	equal(t, "odd", texts, "odd 1", "odd 5")
}

func TestARouteWithoutABranchOfItsOwnPoisonsTheMessage(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	own, strange := pipeline.NewBranch[int](p, "own"), pipeline.NewBranch[int](p, "strange")
	pipeline.Route(numbers, "one", func(_ context.Context, n int) (pipeline.Routed, error) {
		if n == 0 {
			return pipeline.Routed{}, nil
		}
		return strange.To(n), nil
	}, pipeline.Branches(own))
	pipeline.Route(numbers, "two", func(context.Context, int) (pipeline.Routed, error) {
		return pipeline.Routed{}, pipeline.Skip
	}, pipeline.Branches(strange))
	publish(t, numbers, d, 0, 1)
	runUntilIdle(t, p, d)
	poison := d.poison(t, p)
	if len(poison) != 2 {
		t.Fatalf("%d messages were poisoned, want 2", len(poison))
	}
	for i, reason := range []string{`route "one" chose no branch`, `route "one" chose "strange", which is not among its branches`} {
		if got := poison[i].Metadata[pipeline.PoisonReason]; !strings.Contains(got, reason) {
			t.Errorf("poisoned because %q, want %q", got, reason)
		}
		if kind := poison[i].Metadata[pipeline.PoisonKind]; kind != pipeline.KindPermanent {
			t.Errorf("kind %q", kind)
		}
	}
	equal(t, "own", payloads(t, d, own.Flow()))
	equal(t, "strange", payloads(t, d, strange.Flow()))
}

func TestALoopRunsUntilTheRouteLetsGo(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	again, done := pipeline.NewBranch[int](p, "again"), pipeline.NewBranch[int](p, "done")
	halved := pipeline.Stage(pipeline.Merge(numbers, again.Flow()), "halve", func(_ context.Context, n int) (int, error) {
		return n / 2, nil
	})
	pipeline.Route(halved, "enough", func(_ context.Context, n int) (pipeline.Routed, error) {
		if n > 1 {
			return again.To(n), nil
		}
		return done.To(n), nil
	}, pipeline.Branches(again, done), pipeline.Loop())
	publish(t, numbers, d, 40, 1, 8)
	runUntilIdle(t, p, d)
	equal(t, "done", sorted(payloads(t, d, done.Flow())), "0", "1", "1")
	equal(t, "again", sorted(payloads(t, d, again.Flow())), "10", "2", "2", "20", "4", "5")
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

func TestASinkThatFailsIsCalledAgain(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	calls := map[int]int{}
	pipeline.Sink(numbers, "sink", func(_ context.Context, n int) error {
		if calls[n]++; calls[n] < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	publish(t, numbers, d, 1, 2)
	runUntilIdle(t, p, d)
	if calls[1] != 3 || calls[2] != 3 {
		t.Errorf("calls: %v, want 3 of each", calls)
	}
}
