package pubsub_test

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

// envelopes is a live side that listens to patterns and sends metadata.
var envelopes = pubsub.Config{
	Publisher:  pubsub.PublisherConfig{Envelope: true, RequireReceivers: true},
	Subscriber: pubsub.SubscriberConfig{Patterns: true},
}

// tenant is metadata of the user's, with bytes that are no text.
const tenant = "ada\x00\xff"

// newEvent returns a message with metadata of all kinds.
func newEvent() *message.Message {
	msg := message.NewMessage(watermill.NewUUID(), []byte(`{ "b":1, "a":2 }`)) // not as Go would write it
	msg.Metadata.Set("tenant", tenant)
	wm.SetCorrelationID("c-1", msg)
	return msg
}

// With only bridges on the way a message comes out as it went in, and says where it
// came in. Its id is made of the one it had: the same each time.
func TestBridgesKeepPayloadMetadataAndTheIdentityOfAMessage(t *testing.T) {
	t.Parallel()
	c, p := client(t), newBridge()
	live := newLive(t, c, envelopes)
	from := newAnnouncing(live)
	pattern, channel := p.Name()+".in.*", p.Name()+".in.a"
	events := pipeline.Ingest[map[string]int](p, "events", from, pattern)
	pipeline.Broadcast(events, "tell", live, func(map[string]int) string { return told(p.Name()) })
	heard, _ := subscribe(t, c, told(p.Name()), pubsub.SubscriberConfig{})
	run(t, p, newDurable(t, c))
	from.await(t)

	publisher := newPublisher(t, c, envelopes.Publisher)
	first, second := newEvent(), newEvent()
	require.NoError(t, publisher.Publish(channel, first, second, first))
	var got []*message.Message
	for range 3 {
		msg := receive(t, heard)
		msg.Ack()
		require.Equal(t, string(first.Payload), string(msg.Payload))
		require.Equal(t, message.Metadata{"tenant": tenant, wm.CorrelationIDMetadataKey: "c-1"}, msg.Metadata,
			"and nothing of the channel that it was received on")
		got = append(got, msg)
	}
	require.Equal(t, got[0].UUID, got[2].UUID, "the same message, taken over twice")
	require.NotEqual(t, got[0].UUID, got[1].UUID)
	require.NotEqual(t, first.UUID, got[0].UUID, "it is a message of the flow")
	flow := kept(t, c, events.Topics()[0])
	require.Equal(t, flow[0].UUID, flow[2].UUID)
}

// A stage sees all of it, and what it makes is a message of its own: with the
// correlation id, and with what middleware carries over.
func TestAStageBetweenBridgesSeesWhereAMessageCameFrom(t *testing.T) {
	t.Parallel()
	for name, carried := range map[string]message.Metadata{
		"without middleware": {wm.CorrelationIDMetadataKey: "c-1"},
		"with middleware":    {wm.CorrelationIDMetadataKey: "c-1", "tenant": tenant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p := client(t), newBridge()
			live := newLive(t, c, envelopes)
			from := newAnnouncing(live)
			pattern, channel := p.Name()+".in.*", p.Name()+".in.a"
			seen := make(chan *message.Message, 2)
			var options []pipeline.StageOption
			if _, ok := carried["tenant"]; ok {
				options = append(options, pipeline.Use(carryTenant))
			}
			events := pipeline.Ingest[map[string]int](p, "events", from, pattern)
			sums := pipeline.Stage(events, "sum", func(ctx context.Context, m map[string]int) (int, error) {
				seen <- pipeline.MessageFrom(ctx).Copy()
				return m["a"] + m["b"], nil
			}, options...)
			pipeline.Broadcast(sums, "tell", live, func(int) string { return told(p.Name()) })
			heard, _ := subscribe(t, c, told(p.Name()), pubsub.SubscriberConfig{})
			run(t, p, newDurable(t, c))
			from.await(t)

			event, publisher := newEvent(), newPublisher(t, c, envelopes.Publisher)
			require.NoError(t, publisher.Publish(channel, event, event))
			first := receive(t, heard)
			first.Ack()
			second := receive(t, heard)
			second.Ack()
			require.Equal(t, "3", string(first.Payload))
			require.Equal(t, carried, first.Metadata)
			require.Equal(t, first.UUID, second.UUID, "the same event, the same id")
			for range 2 {
				msg := <-seen
				require.Equal(t, message.Metadata{
					"tenant": tenant, wm.CorrelationIDMetadataKey: "c-1",
					pubsub.KeyChannel: channel, pubsub.KeyPattern: pattern,
				}, msg.Metadata)
			}
		})
	}
}

// carryTenant is middleware of a stage's that passes metadata on.
func carryTenant(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		made, err := next(msg)
		for _, out := range made {
			out.Metadata.Set("tenant", msg.Metadata.Get("tenant"))
		}
		return made, err
	}
}
