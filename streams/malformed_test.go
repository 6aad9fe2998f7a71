package streams_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

func TestUndecodableEntriesGoToThePoisonTopic(t *testing.T) {
	t.Parallel()
	const uuid = redisstream.UUIDHeaderKey
	for name, fields := range map[string]map[string]string{
		"no uuid":                  {"payload": "p", "metadata": ""},
		"metadata of another kind": {uuid: "1", "payload": "p", "metadata": "\x01 not msgpack"},
		"metadata cut off":         {uuid: "1", "metadata": "\x81\xa3"},
		"foreign fields":           {"event": "created", "user": "7"},
		"binary":                   {"\x00\xff": "\x00\r\n\xfe", "payload": "\xff\x00"},
		"an empty field":           {"": ""},
		"names like ours":          {"raw:payload": "x", "raw:": "y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			id, err := c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: fields}).Result()
			require.NoError(t, err)
			publish(t, c, topic, "behind")
			messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Pipeline: "orders"})
			behind := receive(t, messages)
			require.Equal(t, "behind", behind.UUID)
			behind.Ack()
			settled(t, c, topic)

			entries, err := c.XRange(t.Context(), topic+":poison", "-", "+").Result()
			require.NoError(t, err)
			require.Len(t, entries, 1)
			raw := map[string]string{}
			for name, value := range entries[0].Values {
				if name, ok := strings.CutPrefix(name, handoff.RawFieldPrefix); ok {
					raw[name] = value.(string)
				}
			}
			require.Equal(t, fields, raw, "the fields are not kept byte for byte")
			poison := decoded(t, c, topic+":poison")[0] // a stock subscriber reads it
			require.Equal(t, fields["payload"], string(poison.Payload))
			require.Equal(t, handoff.KindMalformed, poison.Metadata[handoff.KeyKind])
			require.Equal(t, id, poison.Metadata[handoff.KeyEntryID])
			require.Equal(t, topic, poison.Metadata[handoff.KeyTopic])
			require.Equal(t, "orders", poison.Metadata[handoff.KeyPipeline])
			require.Contains(t, poison.Metadata[handoff.KeyReason], "cannot be decoded")
		})
	}
}

func TestAnUndecodableEntryWithThousandsOfFieldsGoesToThePoisonTopic(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	var fields []any
	for i := range 5000 {
		fields = append(fields, fmt.Sprintf("field %d", i), fmt.Sprintf("value\n%d", i))
	}
	require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: fields}).Err())
	publish(t, c, topic, "behind")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{PoisonTopic: topic + "bin"})
	receive(t, messages).Ack()
	settled(t, c, topic)
	entries, err := c.XRange(t.Context(), topic+"bin", "-", "+").Result()
	require.NoError(t, err)
	require.Len(t, entries, 1)
	all := entries[0].Values[handoff.RawFieldPrefix].(string)
	require.Equal(t, 5000, strings.Count(all, "\n"))
	require.Contains(t, all, `"field 4999" "value\n4999"`)
	decoded(t, c, topic+"bin")
}

// wild is a marshaller that does the worst.
type wild struct{ unmarshal, marshal func() }

func (m wild) Unmarshal(map[string]any) (*message.Message, error) {
	m.unmarshal()
	return nil, nil
}

func (m wild) Marshal(topic string, msg *message.Message) (map[string]any, error) {
	if m.marshal != nil {
		m.marshal()
		return nil, errors.New("no marshalling today")
	}
	return redisstream.DefaultMarshallerUnmarshaller{}.Marshal(topic, msg)
}

func TestAMarshallerThatFailsStopsNothing(t *testing.T) {
	t.Parallel()
	boom := func() { panic("boom") }
	for name, m := range map[string]wild{
		"it panics":                   {unmarshal: boom},
		"it returns nothing":          {unmarshal: func() {}},
		"it panics both ways":         {unmarshal: boom, marshal: boom},
		"it fails the other way, too": {unmarshal: boom, marshal: func() {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			publish(t, c, topic, "1", "2")
			subscribe(t, c, topic, streams.SubscriberConfig{Marshaller: m})
			eventually(t, func() bool { return c.XLen(t.Context(), topic+":poison").Val() == 2 }, "not poisoned")
			settled(t, c, topic)
			for _, poison := range decoded(t, c, topic+":poison") {
				require.Equal(t, handoff.KindMalformed, poison.Metadata[handoff.KeyKind])
			}
		})
	}
}
