package pubsub

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever bytes there are in it.
func TestAnEnvelopeGivesBackWhatWasPutIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) })
		uuid := text.Draw(t, "uuid")
		metadata := message.Metadata(rapid.MapOf(text, text).Draw(t, "metadata"))
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		if rapid.Bool().Draw(t, "nested") {
			payload = sealed("inner", nil, payload)
		}
		gotUUID, gotMetadata, gotPayload, ok, err := unseal(sealed(uuid, metadata, payload))
		if err != nil || !ok {
			t.Fatalf("not read: %v", err)
		}
		if gotUUID != uuid || !maps.Equal(gotMetadata, metadata) || !bytes.Equal(gotPayload, payload) {
			t.Fatalf("got %q %q %q", gotUUID, gotMetadata, gotPayload)
		}
	})
}

// An envelope with a bit of its header changed, or cut short, is none.
func TestADamagedEnvelopeIsAPayload(t *testing.T) {
	t.Parallel()
	whole := sealed("id", message.Metadata{"key": "value"}, []byte("payload"))
	header := len(whole) - len("payload")
	for bit := range header * 8 {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		_, _, _, ok, err := unseal(b)
		require.False(t, ok, "bit %d", bit)
		if bit/8 == len(envelopeMagic) {
			require.ErrorIs(t, err, errEnvelopeVersion)
		} else {
			require.NoError(t, err)
		}
	}
	for length := range header {
		_, _, _, ok, err := unseal(whole[:length])
		require.False(t, ok)
		require.NoError(t, err)
	}
}

// sealed is seal for what is not too long.
func sealed(uuid string, metadata message.Metadata, payload []byte) []byte {
	b, err := seal(uuid, metadata, payload)
	if err != nil {
		panic(err)
	}
	return b
}

// A few bytes of a key take some hundred in a map.
func TestAHeaderThatIsTooLongIsRefusedAndMalformed(t *testing.T) {
	t.Parallel()
	_, err := seal("id", message.Metadata{"key": strings.Repeat("x", maxHeader)}, nil)
	require.ErrorIs(t, err, errHeader)
	b := append([]byte(envelopeMagic), envelopeVersion)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, maxHeader+1)
	b = append(b, make([]byte, maxHeader+1)...)
	binary.BigEndian.PutUint32(b[envelopeSum:], crc32.Checksum(b[envelopeLength:], castagnoli))
	_, _, _, ok, err := unseal(b)
	require.False(t, ok)
	require.ErrorIs(t, err, errHeader)
}

func TestAHeaderThatPromisesTooMuchIsAPayload(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"", "\x05id", "\x02id", "\x02id\x01", "\x02id\x01\x03key", "\x02id\x00more", "\xff",
		"\x02id" + string(binary.AppendUvarint(nil, 1<<62)),
		"\x02id\x03\x00\x00\x00\x00", // three entries, where there is room for two
		string(binary.AppendUvarint(nil, 1<<63)) + "id",
	} {
		b := append([]byte(envelopeMagic), envelopeVersion)
		b = append(b, 0, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, uint32(len(header)))
		b = append(b, header...)
		binary.BigEndian.PutUint32(b[envelopeSum:], crc32.Checksum(b[envelopeLength:], castagnoli))
		_, _, _, ok, err := unseal(b)
		require.False(t, ok, "%q", header)
		require.NoError(t, err)
	}
}

func FuzzUnseal(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte(envelopeMagic))
	f.Add([]byte(`{"json":true}`))
	f.Add(sealed("id", message.Metadata{"key": "value"}, []byte("payload")))
	f.Fuzz(func(t *testing.T, b []byte) {
		uuid, metadata, payload, ok, err := unseal(b)
		switch {
		case err != nil && !bytes.HasPrefix(b, []byte(envelopeMagic)):
			t.Fatal("a payload was taken for an envelope")
		case !ok:
			return
		}
		// What was read is what it says.
		uuid2, metadata2, payload2, ok, err := unseal(sealed(uuid, metadata, payload))
		if !ok || err != nil || uuid2 != uuid || !maps.Equal(metadata2, metadata) || !bytes.Equal(payload2, payload) {
			t.Fatalf("read otherwise the second time: %v", err)
		}
	})
}

var version4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestNamesAreUUIDsAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 10 {
		ids := newNames()
		for range 1000 {
			id := ids.next()
			require.True(t, version4.MatchString(id), id)
			require.False(t, seen[id])
			seen[id] = true
		}
	}
}
