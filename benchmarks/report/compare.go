package report

import (
	"fmt"
	"slices"

	"golang.org/x/perf/benchmath"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// Comparison is what has changed from one report to another.
type Comparison struct {
	// Warnings are what makes the two hard to compare.
	Warnings []string
	// Changes have an item for each figure that both reports have.
	Changes []Change
	// Fates are the contenders that lose, double, fail or spoil as they did not before.
	Fates []Fate
	// OnlyBefore and OnlyAfter are what one of the reports lacks, as "suite, case,
	// contender".
	OnlyBefore, OnlyAfter []string
}

// Change is a figure, before and after.
type Change struct {
	Suite, Case, Contender string
	// Metric is "msg/s", of which more is better, or "p50" or "p99", of which less is
	// better: microseconds.
	Metric        string
	Before, After bench.Spread
	// BeforeRounds and AfterRounds are how many rounds there are to judge by.
	BeforeRounds, AfterRounds int
	// Percent is how much more After is. P is how likely rounds that differ as much as
	// these are if nothing has changed (Mann-Whitney's U test).
	Percent, P float64
	// Significant is set if P is below 0.05, TooFew if no difference however large could
	// be with so few rounds.
	Significant, TooFew bool
}

// Better reports whether the change is for the better.
func (c *Change) Better() bool { return (c.Percent > 0) == (c.Metric == throughput) }

// Fate is what became of a contender's messages, before and after.
type Fate struct {
	Suite, Case, Contender string
	Before, After          bench.Account
}

const throughput = "msg/s"

// alpha is how often chance alone may pass for a change.
const alpha = 0.05

// Compare compares what two reports have in common.
func Compare(before, after *Report) *Comparison {
	c := &Comparison{Warnings: differences(before, after)}
	for i := range before.Results {
		was := &before.Results[i]
		is := after.of(was)
		if is == nil {
			c.OnlyBefore = append(c.OnlyBefore, nameOf(was))
			continue
		}
		c.add(was, is)
	}
	for i := range after.Results {
		if is := &after.Results[i]; before.of(is) == nil {
			c.OnlyAfter = append(c.OnlyAfter, nameOf(is))
		}
	}
	return c
}

// of returns the result that is of the same, or nil.
func (r *Report) of(other *bench.Result) *bench.Result {
	for i := range r.Results {
		if result := &r.Results[i]; nameOf(result) == nameOf(other) {
			return result
		}
	}
	return nil
}

func nameOf(r *bench.Result) string {
	return fmt.Sprintf("%s, %s, %s", r.Suite, r.Case, r.Contender)
}

func (c *Comparison) add(was, is *bench.Result) {
	if was.Stages != is.Stages || was.Receivers != is.Receivers {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%s: it had %d stages and %d receivers, and has %d and %d",
			nameOf(was), was.Stages, was.Receivers, is.Stages, is.Receivers))
	}
	for _, m := range []struct {
		name          string
		before, after []float64
	}{
		{throughput, was.Throughputs, is.Throughputs},
		{"p50", was.P50s, is.P50s},
		{"p99", was.P99s, is.P99s},
	} {
		if len(m.before) > 0 && len(m.after) > 0 {
			change := change(m.before, m.after)
			change.Suite, change.Case, change.Contender, change.Metric = was.Suite, was.Case, was.Contender, m.name
			c.Changes = append(c.Changes, change)
		}
	}
	if before, after := accountOf(was), accountOf(is); changedFate(before, after) {
		c.Fates = append(c.Fates, Fate{was.Suite, was.Case, was.Contender, before, after})
	}
}

// changedFate compares what went wrong, not how many messages there were.
func changedFate(a, b bench.Account) bool {
	return a.Lost != b.Lost || a.Doubled != b.Doubled || a.Failed != b.Failed || a.Spoilt != b.Spoilt
}

func change(before, after []float64) Change {
	c := Change{
		Before: bench.SpreadOf(before), After: bench.SpreadOf(after),
		BeforeRounds: len(before), AfterRounds: len(after),
		TooFew: tooFew(len(before), len(after)),
	}
	if c.Before.Median != 0 {
		c.Percent = 100 * (c.After.Median/c.Before.Median - 1)
	}
	thresholds := benchmath.Thresholds{CompareAlpha: alpha}
	// Samples are sorted in place.
	result := benchmath.AssumeNothing.Compare(
		benchmath.NewSample(slices.Clone(before), &thresholds),
		benchmath.NewSample(slices.Clone(after), &thresholds))
	c.P = result.P
	c.Significant = !c.TooFew && c.P < alpha
	return c
}

// tooFew reports whether the test cannot tell any difference: even if each of the n
// values is larger than each of the m, that is 2 of all the orders they may be in.
func tooFew(n, m int) bool {
	orders := 1.0
	for i := 1; i <= m; i++ {
		orders *= float64(n+i) / float64(i)
	}
	return 2/orders >= alpha
}
