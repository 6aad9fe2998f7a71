package streams

import (
	"encoding/binary"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// The standard marshaller writes metadata as a MessagePack map of strings, through
// reflection and on a deep stack: for a message with a trace context that took as long
// as all else that is done with it. What follows writes and reads the same, and leaves
// what it does not know to the marshaller.

// isStandard reports whether a marshaller is watermill-redisstream's own.
func isStandard(m Marshaller) bool {
	_, ok := m.(redisstream.DefaultMarshallerUnmarshaller)
	return ok
}

// MessagePack's first bytes: of short maps and strings with their length in them, and
// of longer ones with it behind.
const (
	fixMap, maxFixMap = 0x80, 1<<4 - 1
	fixStr, maxFixStr = 0xa0, 1<<5 - 1
	str8, str16       = 0xd9, 0xda
)

// packMetadata packs metadata and a trace context beside them. It is not ok for what is
// too large for the short forms.
func packMetadata(metadata message.Metadata, carried *handoff.Carried) (packed []byte, ok bool) {
	const typical = 96 // a trace context alone
	n, carries := len(metadata), *carried != (handoff.Carried{})
	packed = append(make([]byte, 0, typical*(n+1)), fixMap)
	for key, value := range metadata {
		if len(key) > 1<<16-1 || len(value) > 1<<16-1 {
			return nil, false
		}
		if carries && carried.Field(key) != nil {
			n-- // what is carried is in its place, or nothing: it belongs together
			continue
		}
		packed = packString(packString(packed, key), value)
	}
	for _, key := range handoff.CarriedKeys {
		if value := *carried.Field(key); value != "" {
			if len(value) > 1<<16-1 {
				return nil, false
			}
			n++
			packed = packString(packString(packed, key), value)
		}
	}
	if n > maxFixMap {
		return nil, false
	}
	packed[0] |= byte(n)
	return packed, true
}

// carry puts what is carried into metadata, where they are packed otherwise.
func carry(msg *message.Message, carried *handoff.Carried) {
	if *carried == (handoff.Carried{}) {
		return
	}
	if msg.Metadata == nil {
		msg.Metadata = message.Metadata{}
	}
	carried.Restore(msg.Metadata)
}

func packString(b []byte, s string) []byte {
	switch n := len(s); {
	case n <= maxFixStr:
		b = append(b, fixStr|byte(n))
	case n < 1<<8:
		b = append(b, str8, byte(n))
	default:
		b = binary.BigEndian.AppendUint16(append(b, str16), uint16(n))
	}
	return append(b, s...)
}

// unpackMetadata is not ok for what is not in the short forms, or is not right. With a
// carried the trace context goes there.
func unpackMetadata(packed string, into message.Metadata, carried *handoff.Carried) (ok bool) {
	if packed == "" || packed[0]&^maxFixMap != fixMap {
		return false
	}
	n, rest := int(packed[0]&maxFixMap), packed[1:]
	for range n {
		var key, value string
		if key, rest, ok = unpackString(rest); !ok {
			return false
		}
		if value, rest, ok = unpackString(rest); !ok {
			return false
		}
		if carried != nil {
			if field := carried.Field(key); field != nil {
				*field = value
				continue
			}
		}
		into[key] = value
	}
	return rest == ""
}

func unpackString(b string) (s, rest string, ok bool) {
	if b == "" {
		return "", "", false
	}
	head, n := 1, int(b[0])
	switch {
	case b[0]&^maxFixStr == fixStr:
		n &= maxFixStr
	case b[0] == str8 && len(b) > 1:
		head, n = 2, int(b[1])
	case b[0] == str16 && len(b) > 2:
		head, n = 3, int(b[1])<<8|int(b[2])
	default:
		return "", "", false
	}
	if len(b)-head < n {
		return "", "", false
	}
	return b[head : head+n], b[head+n:], true
}

// onlyTrace begins the metadata of most messages of a program that is traced: one entry,
// its name, and a value of that length.
const (
	lenTrace  = 55
	onlyTrace = "\x81\xabtraceparent\xd9\x37"
)

// unmarshalStandard makes a message of an entry as the standard marshaller would; not
// ok for one that it is to be asked about.
func unmarshalStandard(values map[string]any, carried *handoff.Carried) (msg *message.Message, ok bool) {
	id, isID := values[redisstream.UUIDHeaderKey].(string)
	payload, hasPayload := values["payload"].(string)
	metadata, hasMetadata := values["metadata"].(string)
	if !isID || !hasPayload || !hasMetadata {
		return nil, false
	}
	msg = message.NewMessage(id, message.Payload(payload))
	switch {
	case metadata == "":
	case carried != nil && len(metadata) == len(onlyTrace)+lenTrace && metadata[:len(onlyTrace)] == onlyTrace:
		carried.Traceparent, carried.Packed = metadata[len(onlyTrace):], metadata
	case !unpackMetadata(metadata, msg.Metadata, carried):
		if carried != nil {
			*carried = handoff.Carried{}
		}
		return nil, false
	case carried != nil && len(msg.Metadata) == 0:
		carried.Packed = metadata
	}
	return msg, true
}
