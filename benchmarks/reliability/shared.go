package reliability

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

func shared() Fault {
	return Fault{
		Name:  "shared",
		Title: "A subscriber is closed whose client others use",
		How:   "A subscriber and a publisher get the same client, the subscriber is closed, the publisher publishes.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			client := s.connect()
			defer client.Close()
			settings := s.settings("first")
			settings.Connect = func() *redis.Client { return client }
			ends, err := s.contender.Open(settings)
			if err != nil {
				return Seen{}, err
			}
			defer ends.Publisher.Close()
			// With nothing to read a subscription of stock's does not end by itself.
			messages, err := ends.Subscriber.Subscribe(ctx, s.in)
			if err != nil {
				return Seen{}, err
			}
			start := time.Now()
			if err := ends.Subscriber.Close(); err != nil {
				return Seen{}, err
			}
			for range messages {
			}
			failed := ends.Publisher.Publish(s.out, message.NewMessage("after", nil))
			seen := Seen{Recovered: time.Since(start), Outcome: "the client goes on working"}
			if failed != nil {
				seen.Recovered = never
				seen.Outcome = "the client is closed, and publishing fails from then on"
			}
			return seen, nil
		},
	}
}
