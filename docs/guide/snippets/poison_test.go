package snippets_test

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
)

// begin look
// poisoned calls each with the messages that a poison topic has now and the ids of their
// entries, the oldest first. One that is put back and fails again is left for the next time.
func poisoned(ctx context.Context, client redis.UniversalClient, topic string, each func(id string, msg *message.Message) error) error {
	last, err := client.XRevRangeN(ctx, topic, "+", "-", 1).Result()
	if err != nil || len(last) == 0 {
		return err
	}
	for from := "-"; ; {
		entries, err := client.XRangeN(ctx, topic, from, last[0].ID, 100).Result()
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, entry := range entries {
			msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry.Values)
			if err != nil {
				return fmt.Errorf("entry %s: %w", entry.ID, err)
			}
			if err := each(entry.ID, msg); err != nil {
				return err
			}
		}
		from = "(" + entries[len(entries)-1].ID
	}
}

// end look

// begin put-back
// move adds a message to a topic and deletes the entry that it was in the poison topic, in
// one step, unless somebody was quicker.
var move = redis.NewScript(`
	if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
	redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
	return redis.call('XDEL', KEYS[1], ARGV[1])`)

// putBack moves a poisoned message, as it is now, to a topic.
func putBack(ctx context.Context, client redis.UniversalClient, poison, id string, msg *message.Message, to string) error {
	for _, key := range []string{
		pipeline.PoisonReason, pipeline.PoisonTopic, pipeline.PoisonHandler, pipeline.PoisonSubscriber,
		pipeline.PoisonKind, pipeline.PoisonEntryID, pipeline.PoisonAttempts, pipeline.PoisonFailedAt,
		pipeline.PoisonPipeline, pipeline.PoisonErrors, pipeline.PoisonTraceID,
	} {
		delete(msg.Metadata, key)
	}
	fields, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal(to, msg)
	if err != nil {
		return err
	}
	args := []any{id}
	for name, value := range fields {
		args = append(args, name, value)
	}
	return move.Run(ctx, client, []string{poison, to}, args...).Err()
}

// end put-back

func Example_poison() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()

	// begin again
	shop := pipeline.New("mended")
	placed := pipeline.Source[Order](shop, "placed")
	again := pipeline.Source[Order](shop, "charge-again")
	charged := pipeline.Stage(pipeline.Merge(placed, again), "charge", charge)
	// end again
	pipeline.Sink(charged, "send", send)
	check(publish(ctx, transport, placed, Order{"o-1", 2599}, Order{"o-2", 0}))
	check(workOff(ctx, shop, transport))

	// begin mend
	check(poisoned(ctx, client, shop.PoisonTopic(), func(id string, msg *message.Message) error {
		fmt.Println(msg.Metadata.Get(pipeline.PoisonHandler), msg.Metadata.Get(pipeline.PoisonKind), string(msg.Payload))
		fmt.Println(msg.Metadata.Get(pipeline.PoisonReason))
		msg.Payload = []byte(`{"id":"o-2","cents":500}`) // the customer said so
		return putBack(ctx, client, shop.PoisonTopic(), id, msg, again.Topics()[0])
	}))
	check(workOff(ctx, shop, transport))
	fmt.Println("poisoned:", client.XLen(ctx, shop.PoisonTopic()).Val())
	// Output:
	// o-1: paid 2599 cents
	// charge permanent {"id":"o-2","cents":0}
	// the amount is not positive
	// o-2: paid 500 cents
	// poisoned: 0
}
