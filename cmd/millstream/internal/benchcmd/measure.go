package benchcmd

import (
	"context"
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/noise"
	"github.com/millstream-go/millstream/cmd/millstream/internal/redact"
)

// measured is what there is to report.
type measured struct {
	results []bench.Result
	// finished is how many cases were measured.
	finished int
	// failed are the names of the cases that could not be measured.
	failed []string
	// partial is set when not all cases had their turn.
	partial bool
	noise   noise.Report
}

// session measures cases one after another.
type session struct {
	cases    []bench.Case
	settings bench.Settings
	progress progress
	// alive returns an error when it is no use to go on with the next case.
	alive func(context.Context) error

	done int // steps
	measured
}

// run measures until all is done, ctx ends or Redis is gone. A case that fails does not
// take the others with it.
func (s *session) run(ctx context.Context) {
	probe := noise.New()
	probe.Sample(ctx)
	for i := range s.cases {
		if ctx.Err() != nil || s.gone(ctx) {
			s.partial = true
			break
		}
		s.measure(ctx, &s.cases[i])
		probe.Sample(ctx)
	}
	s.noise = probe.Report()
}

func (s *session) measure(ctx context.Context, c *bench.Case) {
	settings := s.settings
	settings.Progress = func(step bench.Step) { s.progress.begin(step, s.done+step.Done) }
	results, err := bench.Measure(ctx, c, settings)
	s.results = append(s.results, results...)
	s.done += settings.Steps(c)
	switch {
	case err == nil:
		s.finished++
	case ctx.Err() != nil:
		s.partial = true
	default:
		s.failed = append(s.failed, caseName(c))
		s.progress.say(redact.Text(fmt.Sprintf("CANNOT MEASURE: %v", err)))
	}
}

// gone reports whether it is no use to go on, which is asked after failures only: what
// nobody would miss is not to disturb the measurements.
func (s *session) gone(ctx context.Context) bool {
	if len(s.failed) == 0 {
		return false
	}
	err := s.alive(ctx)
	if err != nil && ctx.Err() == nil {
		s.progress.say(redact.Text(fmt.Sprintf("THE REDIS IS GONE: %v", err)))
	}
	return err != nil
}
