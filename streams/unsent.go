package streams

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

// explain returns err, for which a message could not be added, with what to do
// about it.
func (p *Publisher) explain(ctx context.Context, topic string, msg commit.Message, err error) error {
	if errors.Is(err, ErrTopicFull) {
		return err
	}
	if ctx.Err() != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%s did not answer in time: %w", p.domain.server(), err)
		}
		return err
	}
	explained := p.domain.explain(ctx, err, wanted{topic, "stream"})
	if msg.Key == "" || !commit.Refused(err) || redis.HasErrorPrefix(err, "WRONGTYPE") || errors.Is(explained, ErrPermission) {
		return explained
	}
	// A script on Redis 7.0 does not say which permission lacks.
	needs := publisherNeeds(topic, commit.PublishedKey(topic, msg.Key))
	if lacking := p.domain.checkAccess(ctx, needs); errors.Is(lacking, ErrPermission) {
		return lacking
	}
	return explained
}
