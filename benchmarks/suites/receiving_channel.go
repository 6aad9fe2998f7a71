package suites

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/pause"
)

// moment is how long to wait, so that failing again and again does not take the machine.
const moment = 10 * time.Millisecond

// channelReceiver handles what comes through a channel, one message after the other,
// on a connection of its own.
func channelReceiver() receiver {
	return receiver{name: PubSubRaw, open: func(ctx context.Context, s *site, r reception) (func() error, error) {
		return listen(ctx, s.connect(), r.topic, r.handle)
	}}
}

// listen returns when Redis has confirmed the subscription. A connection that breaks is
// replaced by go-redis; what was sent meanwhile is lost.
func listen(ctx context.Context, client *redis.Client, topic string, handle func([]byte)) (stop func() error, err error) {
	subscription := client.Subscribe(ctx, topic)
	if _, err := subscription.Receive(ctx); err != nil {
		return nil, errors.Join(err, subscription.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			msg, err := subscription.ReceiveMessage(ctx)
			if err != nil {
				pause.For(ctx, nil, moment)
				continue
			}
			handle([]byte(msg.Payload))
		}
	}()
	return func() error {
		cancel()
		err := subscription.Close() // a read that waits does not end before
		<-ended
		return err
	}, nil
}
