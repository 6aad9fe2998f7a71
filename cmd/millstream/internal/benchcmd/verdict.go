package benchcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/report"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

// errInexact ends a run in which a contender did not do what the others did.
var errInexact = errors.New("NOT EVERY MESSAGE CAME EXACTLY ONCE, see above")

// verdict returns why the run has failed, if it has. One that was interrupted is told
// by that, whatever else happened.
func (m *measured) verdict(ctx context.Context, r *report.Report) error {
	var faults []error
	if len(m.failed) > 0 {
		faults = append(faults, fmt.Errorf("could not measure %s", strings.Join(m.failed, ", ")))
	}
	if !r.Exact() {
		faults = append(faults, errInexact)
	}
	err := errors.Join(faults...)
	if m.partial {
		return errors.Join(err, interruptedOr(ctx, nil))
	}
	return err
}

// interruptedOr returns err, unless ctx has ended: that is why, then.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return exit.ErrInterrupted
	}
	return err
}
