package messaging

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/pipeline"
)

// DeadLetter is an event that a service gave up.
type DeadLetter struct {
	EventID  string `json:"event_id"`
	Service  string `json:"service"`
	Kind     string `json:"kind"`
	Reason   string `json:"reason"`
	Attempts int    `json:"attempts"`
	FailedAt string `json:"failed_at"`
}

// DeadLetters returns the newest events that were given up, up to limit. It fails with
// [application.ErrAway] while Redis does not answer.
func DeadLetters(ctx context.Context, client redis.UniversalClient, services Services, limit int64) ([]DeadLetter, error) {
	entries, err := client.XRevRangeN(ctx, services.Pipeline.PoisonTopic(), "+", "-", limit).Result()
	if err != nil {
		if _, answered := errors.AsType[redis.Error](err); !answered {
			err = fmt.Errorf("%w: %w", application.ErrAway, err)
		}
		return nil, fmt.Errorf("read the dead letters: %w", err)
	}
	letters := make([]DeadLetter, 0, len(entries))
	for _, entry := range entries {
		msg, err := (redisstream.DefaultMarshallerUnmarshaller{}).Unmarshal(entry.Values)
		if err != nil {
			return nil, fmt.Errorf("dead letter %s: %w", entry.ID, err)
		}
		// Where there is none it is 0.
		attempts, _ := strconv.Atoi(msg.Metadata.Get(pipeline.PoisonAttempts))
		letters = append(letters, DeadLetter{
			EventID:  msg.UUID,
			Service:  msg.Metadata.Get(pipeline.PoisonHandler),
			Kind:     msg.Metadata.Get(pipeline.PoisonKind),
			Reason:   msg.Metadata.Get(pipeline.PoisonReason),
			Attempts: attempts,
			FailedAt: msg.Metadata.Get(pipeline.PoisonFailedAt),
		})
	}
	return letters, nil
}
