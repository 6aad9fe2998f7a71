package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/millstream-go/millstream/examples/payments/internal/fleet"
	"github.com/millstream-go/millstream/internal/pause"
	"github.com/millstream-go/millstream/internal/redistest"
)

// Targets are what is to fail.
type Targets struct {
	Processors []*fleet.Member
	Bank, API  *fleet.Member
	Redis      *redistest.Server // nil if it is to live
	// Frozen is how long a processor stands still: so long that others take over what it
	// was at.
	Frozen time.Duration
}

// Toll is how often something was done.
type Toll struct{ Processors, Frozen, Bank, API, Redis int }

// The times between two faults, and that Redis is away.
const (
	leastPause = 150 * time.Millisecond
	mostPause  = 450 * time.Millisecond
	redisAway  = 300 * time.Millisecond
)

// havoc is one run of faults.
type havoc struct {
	Targets
	toll   Toll
	frozen sync.WaitGroup
}

// Havoc makes things fail until ctx ends, and leaves everything running. It fails if Redis
// does not come back.
func Havoc(ctx context.Context, targets Targets) (Toll, error) {
	h := &havoc{Targets: targets}
	defer h.frozen.Wait()
	for {
		for _, fault := range h.deck() {
			if !pause.For(ctx, nil, leastPause+rand.N(mostPause-leastPause)) {
				return h.toll, nil
			}
			if err := fault(ctx); err != nil {
				return h.toll, err
			}
		}
	}
}

// deck returns faults in random order, so that each comes up.
func (h *havoc) deck() []func(context.Context) error {
	deck := []func(context.Context) error{h.killBank, h.freeze, h.killAPI}
	for range 5 {
		deck = append(deck, h.killProcessor)
	}
	if h.Redis != nil {
		deck = append(deck, h.killRedis)
	}
	rand.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

func (h *havoc) any() *fleet.Member {
	return h.Processors[rand.IntN(len(h.Processors))]
}

func (h *havoc) killProcessor(context.Context) error {
	if h.any().Kill() {
		h.toll.Processors++
	}
	return nil
}

func (h *havoc) killBank(context.Context) error {
	if h.Bank.Kill() {
		h.toll.Bank++
	}
	return nil
}

func (h *havoc) killAPI(context.Context) error {
	if h.API.Kill() {
		h.toll.API++
	}
	return nil
}

// freeze stops a processor while all else goes on.
func (h *havoc) freeze(ctx context.Context) error {
	stopped := h.any()
	stopped.Freeze()
	h.toll.Frozen++
	h.frozen.Go(func() {
		defer stopped.Thaw()
		pause.For(ctx, nil, h.Frozen)
	})
	return nil
}

func (h *havoc) killRedis(ctx context.Context) error {
	h.Redis.Crash()
	h.toll.Redis++
	pause.For(ctx, nil, redisAway)
	if err := h.Redis.Revive(); err != nil {
		return errors.Join(errors.New("redis does not come back"), err)
	}
	return nil
}

// Print writes what was done, and that so many processors died by themselves.
func (t Toll) Print(w io.Writer, suicides int) {
	fmt.Fprintf(w, "kill -9: processors %d times at random, and %d times just after the bank had charged; the bank %d times, the api %d times, Redis %d times\n",
		t.Processors, suicides, t.Bank, t.API, t.Redis)
	fmt.Fprintf(w, "frozen until others had taken over, and thawed: processors %d times\n", t.Frozen)
}
