package streams

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// asStock reads an entry with watermill-redisstream alone.
func asStock(t *testing.T, fields []any) *message.Message {
	t.Helper()
	entry := map[string]any{}
	for i := 0; i < len(fields); i += 2 {
		entry[fields[i].(string)] = fmt.Sprintf("%s", fields[i+1])
	}
	msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry)
	require.NoError(t, err)
	return msg
}

// asEntry returns what watermill-redisstream alone writes.
func asEntry(t *testing.T, msg *message.Message) map[string]any {
	t.Helper()
	fields, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal("", msg)
	require.NoError(t, err)
	entry := map[string]any{}
	for name, value := range fields {
		entry[name] = fmt.Sprintf("%s", value)
	}
	return entry
}

func TestMetadataOfAnySizeAreWrittenAndReadAsWatermillRedisstreamDoes(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, 31, 32, 255, 256, 1<<16 - 1, 1 << 16} {
		for _, entries := range []int{0, 1, 2, 15, 16, 17} {
			msg := message.NewMessage("id", []byte("payload"))
			for i := range entries {
				msg.Metadata[fmt.Sprintf("%d%s", i, strings.Repeat("k", length))] = strings.Repeat("\xff", length)
			}
			fields, err := values(redisstream.DefaultMarshallerUnmarshaller{}, "topic", msg)
			require.NoError(t, err)
			require.Equal(t, msg.Metadata, asStock(t, fields).Metadata, "%d entries of %d bytes", entries, length)
			got, ok := unmarshalStandard(asEntry(t, msg), nil)
			if entries <= 15 && length < 1<<16-1 {
				require.True(t, ok)
				require.True(t, msg.Equals(got))
			}
		}
	}
}

// What is odd in any way is left to the library, which has its own mind about it.
func TestOddMetadataAreLeftToWatermillRedisstream(t *testing.T) {
	t.Parallel()
	for _, packed := range []string{
		"\x81", "\x81\xa1", "\x81\xa1k", "\x81\xa1k\xa2v", "\x81\xa1k\xa1v?", "\x81\xd9", "\x81\xda\x00", "\x81\xc0\xa1v", "\x81\xa1k\xc0", "\x81\xa1k\x01",
		"\xc0", "\xde\x00\x01\xa1k\xa1v", "\x81\xc4\x01k\xa1v", "\x00", "text",
	} {
		_, ok := unmarshalStandard(map[string]any{redisstream.UUIDHeaderKey: "id", "payload": "", "metadata": packed}, nil)
		require.False(t, ok, "%q", packed)
	}
	for _, entry := range []map[string]any{
		{}, {redisstream.UUIDHeaderKey: "id"}, {"payload": "", "metadata": ""}, {redisstream.UUIDHeaderKey: "id", "payload": ""},
	} {
		_, ok := unmarshalStandard(entry, nil)
		require.False(t, ok, "%v", entry)
	}
}

func FuzzUnpackMetadata(f *testing.F) {
	f.Add("\x81\xa1k\xa1v")
	f.Add("\x82\xa1k\xa1v\xa1k\xd9\x01w")
	f.Fuzz(func(t *testing.T, packed string) {
		entry := map[string]any{redisstream.UUIDHeaderKey: "id", "payload": "", "metadata": packed}
		got, ok := unmarshalStandard(entry, nil)
		if !ok {
			return
		}
		want, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry)
		if err != nil || !want.Equals(got) {
			t.Fatalf("read as %v, but the library reads %v, %v", got, want, err)
		}
	})
}

func TestATraceContextIsKeptApartAndPutBackAsItWas(t *testing.T) {
	t.Parallel()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	for name, metadata := range map[string]message.Metadata{
		"alone":      {"traceparent": parent},
		"of W3C":     {"traceparent": parent, "tracestate": "a=b", "baggage": "tenant=a"},
		"odd":        {"traceparent": "another"},
		"with other": {"traceparent": parent, "tenant": "a"},
		"other":      {"tenant": "a"},
		"long":       {"baggage": strings.Repeat("x", 1<<16)},
	} {
		msg := message.NewMessage("id", []byte("payload"))
		msg.Metadata = maps.Clone(metadata)
		var apart handoff.Carried
		got, err := decode(redisstream.DefaultMarshallerUnmarshaller{}, commit.Entry{Values: asEntry(t, msg)}, &apart)
		require.NoError(t, err, name)
		if name != "long" { // which is left to the library
			require.Empty(t, got.Metadata["traceparent"]+got.Metadata["tracestate"]+got.Metadata["baggage"], name)
		}
		got.SetContext(holder{Context: t.Context(), carried: &apart})
		for _, m := range []Marshaller{redisstream.DefaultMarshallerUnmarshaller{}, custom{}} {
			fields, err := values(m, "topic", got)
			require.NoError(t, err)
			require.Equal(t, metadata, asStock(t, fields).Metadata, name)
		}
	}
}

// holder is a context that carries.
type holder struct {
	context.Context

	carried *handoff.Carried
}

func (h holder) Carried() *handoff.Carried { return h.carried }

// custom is a marshaller that this package knows nothing of.
type custom struct {
	redisstream.DefaultMarshallerUnmarshaller
}

// Baggage of one trace is not to go along with another.
func TestWhatIsCarriedBelongsTogether(t *testing.T) {
	t.Parallel()
	msg := message.NewMessage("id", nil)
	msg.Metadata = message.Metadata{"baggage": "of=another", "tracestate": "of=another", "tenant": "a"}
	msg.SetContext(holder{Context: t.Context(), carried: &handoff.Carried{Traceparent: "this"}})
	for _, m := range []Marshaller{redisstream.DefaultMarshallerUnmarshaller{}, custom{}} {
		fields, err := values(m, "topic", msg)
		require.NoError(t, err)
		require.Equal(t, message.Metadata{"traceparent": "this", "tenant": "a"}, asStock(t, fields).Metadata)
	}
}

// One that embeds ours may give messages other contexts.
func TestOnlyOurOwnPublisherCarries(t *testing.T) {
	t.Parallel()
	c := redis.NewClient(&redis.Options{})
	defer c.Close()
	p, err := NewPublisher(c, PublisherConfig{})
	require.NoError(t, err)
	require.True(t, handoff.Carries(p))
	require.False(t, handoff.Carries(struct{ *Publisher }{p}))
	require.False(t, handoff.Carries(&struct{ *Publisher }{p}))
}
