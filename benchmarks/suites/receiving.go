package suites

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/streams"
)

// reception is what is to be received.
type reception struct {
	// topic is a stream or a channel; group is the consumer group of a stream, which
	// begins at its start.
	topic, group string
	// concurrency is how many messages are handled at once.
	concurrency int
	// handle is given each payload. It is called concurrently if so asked for.
	handle func(payload []byte)
	// fail is told that nothing more will come, and why.
	fail func(error)
}

// receiver is a way to receive messages and, on a stream, to acknowledge them.
type receiver struct {
	name string
	// open begins to receive. stop ends that, and returns when it has ended.
	open func(ctx context.Context, s *site, r reception) (stop func() error, err error)
}

// tallying returns a handler that counts payloads of a size.
func tallying(tally *bench.Tally, size int) func([]byte) {
	return func(p []byte) {
		i, _, ok := parse(p)
		if !ok || len(p) != size {
			tally.Spoilt()
			return
		}
		tally.Came(i)
	}
}

// millstreamReceiver handles messages with one subscriber.
func millstreamReceiver(config streams.SubscriberConfig) receiver {
	return receiver{name: Millstream, open: func(ctx context.Context, s *site, r reception) (func() error, error) {
		config.Concurrency, config.Logger = r.concurrency, quiet
		subscriber, err := streams.NewSubscriber(s.connect(), r.group, config)
		if err != nil {
			return nil, err
		}
		return attend(ctx, subscriber, r, r.concurrency)
	}}
}

// carrierReceiver handles messages with as many subscribers as are to be handled at
// once: one of these, as they come, delivers one message at a time.
func carrierReceiver(c carrier) receiver {
	return receiver{name: c.name, open: func(ctx context.Context, s *site, r reception) (func() error, error) {
		var stops []func() error
		stop := func() error { return atOnce(stops) }
		for range r.concurrency {
			subscriber, err := c.subscriber(s.connect(), r.group)
			if err != nil {
				return nil, errors.Join(err, stop())
			}
			one, err := attend(ctx, subscriber, r, 1)
			if err != nil {
				return nil, errors.Join(err, stop())
			}
			stops = append(stops, one)
		}
		return stop, nil
	}}
}

var errEnded = errors.New("a subscription ended by itself")

// attend subscribes, and handles and acknowledges what comes in so many goroutines.
func attend(ctx context.Context, subscriber message.Subscriber, r reception, handlers int) (stop func() error, err error) {
	// The subscription is ended by Close alone, which waits for it.
	messages, err := subscriber.Subscribe(context.WithoutCancel(ctx), r.topic)
	if err != nil {
		return nil, errors.Join(err, subscriber.Close())
	}
	var stopping atomic.Bool
	var handling sync.WaitGroup
	for range handlers {
		handling.Go(func() {
			for msg := range messages {
				r.handle(msg.Payload)
				msg.Ack()
			}
			if !stopping.Load() {
				r.fail(errEnded)
			}
		})
	}
	return func() error {
		stopping.Store(true)
		err := subscriber.Close()
		handling.Wait()
		return err
	}, nil
}

// atOnce calls functions concurrently and returns all their errors: many that wait for
// something wait together.
func atOnce(functions []func() error) error {
	faults := make([]error, len(functions))
	var calls sync.WaitGroup
	for i, f := range functions {
		calls.Go(func() { faults[i] = f() })
	}
	calls.Wait()
	return errors.Join(faults...)
}
