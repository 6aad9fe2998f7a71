package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Watermill returns a transport made of any Watermill publisher and subscribers.
// subscriber is called once for each stage and topic with the name of the stage's
// consumer group, and returns one that reads as that group; one that gives each
// subscription every message, as GoChannel does, may be returned again and again.
// The transport closes neither: whoever made them does, when runs have ended.
//
// The guarantee is theirs: outputs are published, then the input is acknowledged,
// so a crash between the two repeats the outputs, with the same message ids. A
// message that failed or is to be retried later is held for as long, in its place
// among those that a stage works on at once, and then rejected: the subscriber
// delivers it again in its own way. Attempts are counted in this process only, and
// Ordered and WaitIdle are not supported.
func Watermill(publisher message.Publisher, subscriber func(group string) (message.Subscriber, error)) Transport {
	return &adapter{publisher: publisher, subscriber: subscriber}
}

type adapter struct {
	publisher  message.Publisher
	subscriber func(group string) (message.Subscriber, error)
}

func (a *adapter) Publisher() (message.Publisher, error) {
	if a.publisher == nil {
		return nil, errors.New("the Watermill publisher is nil")
	}
	return kept{a.publisher}, nil
}

// kept is a publisher that its owner closes.
type kept struct{ message.Publisher }

func (kept) Close() error { return nil }

func (a *adapter) Subscriber(s Subscription) (message.Subscriber, error) {
	if a.subscriber == nil {
		return nil, errors.New("the function that makes Watermill subscribers is nil")
	}
	if s.Ordered {
		return nil, fmt.Errorf("stage %s is Ordered, which this transport cannot keep over processes: %w", s.Group, errors.ErrUnsupported)
	}
	inner, err := a.subscriber(s.Group)
	if err != nil {
		return nil, err
	}
	if inner == nil {
		return nil, fmt.Errorf("there is no Watermill subscriber for group %s", s.Group)
	}
	return &drainer{
		inner: inner, timeout: s.DrainTimeout, slots: make(chan struct{}, s.Concurrency),
		closing: make(chan struct{}), expired: make(chan struct{}),
	}, nil
}

// drainer gives a subscriber a Close that lets handlers finish: nothing more is
// passed on, those that are with a handler are waited for, and only then does the
// subscription end.
type drainer struct {
	inner   message.Subscriber
	timeout time.Duration
	slots   chan struct{}
	closed  atomic.Bool
	pumps   sync.WaitGroup
	// closing is closed when nothing more is passed on, expired when handlers
	// are no longer waited for.
	closing, expired chan struct{}
	// acked is when the last message was acknowledged, in Unix nanoseconds.
	acked atomic.Int64
}

func (d *drainer) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	ctx, cancel := context.WithCancel(ctx)
	in, err := d.inner.Subscribe(ctx, topic)
	if err != nil {
		cancel()
		return nil, err
	}
	out := make(chan *message.Message)
	d.pumps.Go(func() {
		defer close(out)
		defer cancel()
		var working sync.WaitGroup
		d.pump(in, out, &working)
		working.Wait()
		late := d.linger(in)
		cancel()
		// What arrives late is for the next run.
		if late != nil {
			late.Nack()
		}
		for msg := range in {
			msg.Nack()
		}
	})
	return out, nil
}

// ackGrace is how long a subscriber gets to tell its broker of the last
// acknowledgement: it hears of it at the same moment as the pump, and gives up
// when its context ends.
const ackGrace = 200 * time.Millisecond

// linger gives the subscriber time for the last acknowledgement. It returns the
// message that came in the meantime, if one did.
func (d *drainer) linger(in <-chan *message.Message) *message.Message {
	last := d.acked.Load()
	if last == 0 {
		return nil
	}
	timer := time.NewTimer(time.Until(time.Unix(0, last).Add(ackGrace)))
	defer timer.Stop()
	var late *message.Message
	for {
		select {
		case <-timer.C:
			return late
		case msg, ok := <-in:
			if !ok {
				return late
			}
			late, in = msg, nil
		}
	}
}

// pump passes messages on, as many at once as there are slots.
func (d *drainer) pump(in <-chan *message.Message, out chan<- *message.Message, working *sync.WaitGroup) {
	for {
		select {
		case d.slots <- struct{}{}:
		case <-d.closing:
			return
		}
		select {
		case msg, ok := <-in:
			if !ok {
				<-d.slots
				return
			}
			working.Go(func() {
				defer func() { <-d.slots }()
				select {
				case <-msg.Acked():
					d.acked.Store(time.Now().UnixNano())
				case <-msg.Nacked():
				case <-d.expired:
				}
			})
			out <- msg
		case <-d.closing:
			<-d.slots
			return
		}
	}
}

// Close returns when all messages that were passed on are settled, or when the
// drain timeout is over; then the contexts of the others have ended.
func (d *drainer) Close() error {
	if d.closed.CompareAndSwap(false, true) {
		close(d.closing)
		timer := time.AfterFunc(d.timeout, func() { close(d.expired) })
		defer timer.Stop()
	}
	d.pumps.Wait()
	return nil
}
