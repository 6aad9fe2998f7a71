package streams

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout is how long a subscription may take to begin. go-redis would dial
// for minutes where nothing answers, and whoever subscribes wants to know.
const startTimeout = 10 * time.Second

// prepare looks whether the client may do all that a subscription does, makes the
// group unless it exists, and returns where to make it again should it be lost.
func (s *Subscriber) prepare(ctx context.Context, topic string) (start string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.checkAccess(ctx, topic); err != nil {
		return "", err
	}
	// Only what cannot be decoded waits for its poison topic, and not the rest.
	poison := wanted{s.poisonTopic(topic), "stream"}
	if err := s.domain.client.XDel(ctx, poison.key, none).Err(); redis.HasErrorPrefix(err, "WRONGTYPE") {
		s.config.Logger.Warn("nothing can be added to the poison topic", "topic", topic, "group", s.group,
			"poison_topic", poison.key, "error", s.domain.explain(ctx, err, poison))
	}
	if _, err := ensureGroup(ctx, s.domain, topic, s.group, s.config.Start); err != nil {
		return "", err
	}
	return beginning(ctx, s.domain, topic, s.group, s.config.Start)
}

// checkAccess returns an error that names all that a subscription to topic lacks.
func (s *Subscriber) checkAccess(ctx context.Context, topic string) error {
	needs := subscriptionNeeds(topic, s.group, s.poisonTopic(topic), &s.config)
	if err := s.domain.checkAccess(ctx, needs); err != nil {
		return fmt.Errorf("streams: group %s on %s: %w", s.group, topic, err)
	}
	return nil
}
