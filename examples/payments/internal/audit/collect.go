package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/pipeline"
)

// Collect gathers the evidence. It is of one moment only if nothing is at work.
func Collect(ctx context.Context, client redis.UniversalClient, kept *books.Books, bank *bankapi.Client, poisonTopic string) (Evidence, error) {
	contents, booksErr := kept.Read(ctx)
	entries, bankErr := bank.Entries(ctx)
	poisoned, poisonErr := reasons(ctx, client, poisonTopic)
	return Evidence{contents, entries, poisoned}, errors.Join(booksErr, bankErr, poisonErr)
}

// reasons returns why messages were given up.
func reasons(ctx context.Context, client redis.UniversalClient, topic string) ([]string, error) {
	given, err := client.XRange(ctx, topic, "-", "+").Result()
	if err != nil {
		return nil, fmt.Errorf("read the poison topic: %w", err)
	}
	texts := make([]string, len(given))
	for i, entry := range given {
		msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry.Values)
		if err != nil {
			texts[i] = "entry " + entry.ID
			continue
		}
		texts[i] = fmt.Sprintf("%s at %s: %s", msg.UUID, msg.Metadata.Get(pipeline.PoisonHandler), msg.Metadata.Get(pipeline.PoisonReason))
	}
	return texts, nil
}
