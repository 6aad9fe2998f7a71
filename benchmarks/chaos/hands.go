package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/pipeline"
)

// hands are the handlers of a worker.
type hands struct {
	// runs gets a line for each run of a handler.
	runs      io.Writer
	publisher *pipeline.Publisher[Item]
	// busy is set once a handler has run.
	busy atomic.Bool
}

var (
	errNever = errors.New("this can never be done")
	errMood  = errors.New("not in the mood")
)

func (h *hands) check(ctx context.Context, item Item) (Item, error) {
	return h.one(ctx, check, item, moody)
}

func (h *hands) split(ctx context.Context, item Item) ([]Item, error) {
	return h.run(ctx, split, item, moody)
}

// finish gives up after few attempts, so what is to be done must not fail.
func (h *hands) finish(ctx context.Context, item Item) (Item, error) {
	return h.one(ctx, finish, item, patient)
}

func (h *hands) ledger(ctx context.Context, item Item) (Item, error) {
	return h.one(ctx, ledger, item, orderly)
}

// archive publishes by itself what it got, as a part of its handoff.
func (h *hands) archive(ctx context.Context, item Item) error {
	made, err := h.one(ctx, archive, item, steady)
	if err == nil {
		err = h.publisher.Publish(ctx, made)
	}
	if err == nil {
		// What is staged already must not survive a failure.
		err = h.mood(ctx, archive, item, moody)
	}
	return err
}

// one runs a step that makes one item of one.
func (h *hands) one(ctx context.Context, s step, item Item, temper temper) (Item, error) {
	made, err := h.run(ctx, s, item, temper)
	if err != nil {
		return Item{}, err
	}
	return made[0], nil
}

// run does what a step is to do with an item.
func (h *hands) run(ctx context.Context, s step, item Item, temper temper) ([]Item, error) {
	h.busy.Store(true)
	h.note(ctx, s, item, "run")
	if err := labour(ctx, temper); err != nil {
		return nil, err
	}
	if err := h.mood(ctx, s, item, temper); err != nil {
		return nil, err
	}
	switch f := s.becomes(item.ID); f.poison {
	case "":
		made := make([]Item, len(f.outputs))
		for i, id := range f.outputs {
			made[i].ID = id
		}
		return made, nil
	case pipeline.KindExhausted:
		if pipeline.Attempt(ctx) < finishAttempts {
			h.note(ctx, s, item, failed)
		}
		return nil, errNever
	default:
		return nil, pipeline.Permanent(errNever)
	}
}

// failed notes a run that failed on purpose and will be repeated for that.
const failed = "failed"

// note writes a line about a run, in one piece, so that it is there whole
// whatever becomes of the process.
func (h *hands) note(ctx context.Context, s step, item Item, what string) {
	line := fmt.Appendf(nil, "%s %s %s entry=%s attempt=%d at=%s\n", s.name, what, item.ID,
		pipeline.EntryID(ctx), pipeline.Attempt(ctx), time.Now().Format("15:04:05.000"))
	_, _ = h.runs.Write(line) // at worst a figure is too low
}

// temper is how a handler behaves.
type temper struct {
	// moods are how many of a thousand runs fail on purpose.
	moods int
	// most is how long it usually works at most, and long what it takes at times.
	most, long time.Duration
}

var (
	moody   = temper{moods: 25, most: 4 * time.Millisecond}
	steady  = temper{most: 20 * time.Millisecond}
	patient = temper{most: 40 * time.Millisecond, long: 3 * IdleTime / 2}
	// What fails in order holds up all behind it.
	orderly = temper{moods: 3, most: 1 * time.Millisecond}
)

// labour takes its time.
func labour(ctx context.Context, t temper) error {
	d := time.Duration(rand.Int64N(int64(t.most)))
	if t.long > 0 && rand.IntN(1000) == 0 {
		d = t.long
	}
	sleep(ctx, d)
	return ctx.Err()
}

// mood fails now and then.
func (h *hands) mood(ctx context.Context, s step, item Item, t temper) error {
	if rand.IntN(1000) >= t.moods {
		return nil
	}
	h.note(ctx, s, item, failed)
	switch rand.IntN(10) {
	case 0:
		panic(errMood)
	case 1, 2, 3, 4:
		return errMood
	default:
		return pipeline.RetryAfter(time.Duration(rand.Int64N(int64(400 * time.Millisecond))))
	}
}
