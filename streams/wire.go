package streams

import (
	"encoding"
	"fmt"
	"slices"
	"strings"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// Marshaller turns messages into the fields of a stream entry and back. It is
// watermill-redisstream's interface, and its DefaultMarshallerUnmarshaller is
// the default everywhere in this package.
type Marshaller = redisstream.MarshallerUnmarshaller

// maxValues is how many field names and values an entry may have: Redis's Lua
// passes a little under 8,000 to a command, and miniredis's less.
const maxValues = 4000

// values returns the fields of msg as alternating names and values, names in
// one order always: Redis stores entries smaller whose names follow those of
// the entry before.
func values(m Marshaller, topic string, msg *message.Message) ([]any, error) {
	if msg == nil {
		return nil, fmt.Errorf("streams: publish to %s: the message is nil", topic)
	}
	carried := handoff.CarriedBy(msg.Context())
	if isStandard(m) && msg.Metadata[redisstream.UUIDHeaderKey] == "" {
		// What it makes of a message, without the map.
		if len(msg.Metadata) == 0 && (carried.Packed != "" || *carried == (handoff.Carried{})) {
			return []any{redisstream.UUIDHeaderKey, msg.UUID, "metadata", carried.Packed, "payload", []byte(msg.Payload)}, nil
		}
		if metadata, ok := packMetadata(msg.Metadata, carried); ok {
			return []any{redisstream.UUIDHeaderKey, msg.UUID, "metadata", metadata, "payload", []byte(msg.Payload)}, nil
		}
	}
	carry(msg, carried)
	fields, err := marshal(m, topic, msg)
	if err != nil {
		return nil, fmt.Errorf("streams: marshal message %s for %s: %w", msg.UUID, topic, err)
	}
	if 2*len(fields) > maxValues {
		return nil, fmt.Errorf("streams: message %s for %s has %d fields, at most %d are possible", msg.UUID, topic, len(fields), maxValues/2)
	}
	var buffer [8]string
	names := buffer[:0]
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]any, 0, 2*len(names))
	for _, name := range names {
		value, err := wireValue(fields[name])
		if err != nil {
			return nil, fmt.Errorf("streams: message %s for %s: field %s: %w", msg.UUID, topic, name, err)
		}
		out = append(out, name, value)
	}
	return out, nil
}

// toOutput returns msg as an output for topic.
func toOutput(m Marshaller, topic string, msg *message.Message) (handoff.Output, error) {
	fields, err := values(m, topic, msg)
	if err != nil {
		return handoff.Output{}, err
	}
	return handoff.Output{Topic: topic, Values: fields, Size: size(fields)}, nil
}

// wireValue returns a field's value as one that go-redis can send. A value that
// it cannot would fail with the whole batch, when the handler is long done.
func wireValue(v any) (any, error) {
	switch v := v.(type) {
	case string, []byte, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return v, nil
	case nil:
		return "", nil
	case message.Payload:
		return []byte(v), nil
	case encoding.BinaryMarshaler:
		return v.MarshalBinary()
	default:
		return nil, fmt.Errorf("a value of type %T cannot be sent: have the marshaller make strings or byte slices", v)
	}
}

// marshal calls the marshaller and turns its panics into errors.
func marshal(m Marshaller, topic string, msg *message.Message) (fields map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			fields, err = nil, fmt.Errorf("panic: %v", r)
		}
	}()
	return m.Marshal(topic, msg)
}

// decode turns an entry into a message. Whatever the entry holds and whatever
// the unmarshaller does with it, the answer is a message or an error. With a carried
// the message's trace context goes there, if it can.
func decode(m Marshaller, entry commit.Entry, carried *handoff.Carried) (msg *message.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			msg, err = nil, fmt.Errorf("unmarshal: panic: %v", r)
		}
	}()
	if isStandard(m) {
		if msg, ok := unmarshalStandard(entry.Values, carried); ok {
			return msg, nil
		}
	}
	msg, err = m.Unmarshal(entry.Values)
	if err == nil && msg == nil {
		err = fmt.Errorf("unmarshal: no message and no error")
	}
	return msg, err
}

// undecoded returns the message for the poison topic of an entry that could not be
// decoded: with the payload where there is one.
func undecoded(entry commit.Entry, p handoff.Poisoning) *message.Message {
	payload, _ := entry.Values["payload"].(string)
	msg := message.NewMessage(watermill.NewUUID(), message.Payload(payload))
	p.Describe(msg.Metadata)
	return msg
}

// poisoned returns the entry for the poison topic of one that could not be decoded:
// its message, which says why, and each field as it was under its own name with a
// prefix.
func poisoned(m Marshaller, topic string, entry commit.Entry, msg *message.Message) (handoff.Output, error) {
	out, err := values(m, topic, msg)
	if err != nil {
		// A marshaller that fails both ways: the entry is kept all the same.
		out, err = values(redisstream.DefaultMarshallerUnmarshaller{}, topic, msg)
	}
	if err != nil {
		return handoff.Output{}, err
	}
	if len(out)+2*len(entry.Values) > maxValues {
		out = append(out, handoff.RawFieldPrefix, joinFields(entry.Values))
		return handoff.Output{Topic: topic, Values: out, Size: size(out)}, nil
	}
	for name, value := range entry.Values {
		out = append(out, handoff.RawFieldPrefix+name, value)
	}
	return handoff.Output{Topic: topic, Values: out, Size: size(out)}, nil
}

// joinFields writes the fields of an entry that has too many of them into one
// value, quoted as Go does.
func joinFields(fields map[string]any) string {
	var b strings.Builder
	for name, value := range fields {
		fmt.Fprintf(&b, "%q %q\n", name, fmt.Sprint(value))
	}
	return b.String()
}
