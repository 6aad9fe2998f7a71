package steady

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// callers is how many messages are sent at once at most, each with a call of its own as
// from the requests that a service answers. Those whose turn comes while all callers
// wait for Redis are sent late, but none is left out.
const callers = 64

// sender keeps to a schedule.
type sender struct {
	flow Flow
	ends chain.Ends

	began, ended time.Time
	// halfway is closed when half of the messages are sent.
	halfway chan struct{}
	// sent tells of which messages the call succeeded, lags how late they were sent.
	sent []bool
	lags []time.Duration
}

func newSender(f Flow, ends chain.Ends) *sender {
	return &sender{
		flow: f, ends: ends, halfway: make(chan struct{}),
		sent: make([]bool, f.Messages), lags: make([]time.Duration, f.Messages),
	}
}

// due returns when message i is to be sent.
func (s *sender) due(i int) time.Time {
	return s.began.Add(time.Duration(i) * time.Second / time.Duration(s.flow.Rate))
}

// run returns when all messages are sent, or have failed, or ctx has ended.
func (s *sender) run(ctx context.Context) error {
	c, err := newClock()
	if err != nil {
		return err
	}
	defer c.close()
	s.began = time.Now()
	due := make(chan int, s.flow.Messages) // room for all: the schedule waits for nobody
	var calls sync.WaitGroup
	for range min(callers, s.flow.Messages) {
		calls.Go(func() {
			for i := range due {
				s.send(ctx, i)
			}
		})
	}
	for i := range s.flow.Messages {
		if err = c.until(ctx, s.due(i)); err != nil {
			break
		}
		if i == s.flow.Messages/2 {
			close(s.halfway)
		}
		due <- i
	}
	close(due)
	calls.Wait()
	s.ended = time.Now()
	return err
}

func (s *sender) send(ctx context.Context, i int) {
	at := s.due(i)
	s.lags[i] = time.Since(at)
	s.sent[i] = s.ends.Feed(ctx, s.flow.Payload(i, at)) == nil
}

// lag returns the 99th percentile.
func (s *sender) lag() time.Duration {
	if len(s.lags) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(s.lags))[len(s.lags)*99/100]
}
