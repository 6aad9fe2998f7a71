package chain

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// channelEnds are the ends of a chain on Redis Pub/Sub.
type channelEnds struct{ ends }

// subscribeTimeout is how long Redis may take to confirm a subscription.
const subscribeTimeout = 5 * time.Second

func (e *channelEnds) Ready(ctx context.Context) error {
	topics := make([]string, e.chain.Stages)
	for i := range topics {
		topics[i] = e.chain.Topic(i)
	}
	err := poll(ctx, readyPoll, func() (bool, error) {
		subscribers, err := e.client.PubSubNumSub(ctx, topics...).Result()
		for _, topic := range topics {
			if subscribers[topic] == 0 {
				return false, err
			}
		}
		return true, err
	})
	if err != nil {
		return fmt.Errorf("wait for the subscriptions of the stages: %w", err)
	}
	return nil
}

func (e *channelEnds) Feed(ctx context.Context, payloads ...string) error {
	return e.publish(ctx, e.chain.Topic(0), payloads...)
}

func (e *channelEnds) say(ctx context.Context, payload string) error {
	return e.publish(ctx, e.chain.Topic(e.chain.Stages), payload)
}

func (e *channelEnds) publish(ctx context.Context, topic string, payloads ...string) error {
	err := e.feed(ctx, func(to redis.Cmdable) error {
		_, err := to.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, p := range payloads {
				pipe.Publish(ctx, topic, p)
			}
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("publish %d messages: %w", len(payloads), err)
	}
	return nil
}

func (e *channelEnds) Tail(ctx context.Context) (Tail, error) {
	subscription := e.client.Subscribe(ctx, e.chain.Topic(e.chain.Stages))
	// The first that comes is the confirmation.
	if _, err := subscription.ReceiveTimeout(ctx, subscribeTimeout); err != nil {
		_ = subscription.Close()
		return nil, fmt.Errorf("subscribe to what comes out: %w", err)
	}
	return func(each func(string, time.Time)) error {
		defer subscription.Close()
		// A read does not end with its context, but fails at its deadline.
		defer context.AfterFunc(ctx, func() { _ = subscription.Close() })()
		call := context.WithoutCancel(ctx)
		for {
			message, err := subscription.ReceiveMessage(call)
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil && e.chain.Lossy:
				rest(ctx) // the next call connects anew
				continue
			case err != nil:
				return fmt.Errorf("listen to what comes out: %w", err)
			}
			each(message.Payload, time.Now())
		}
	}, nil
}
