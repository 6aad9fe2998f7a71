package pubsub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"
)

// An envelope is, in this order:
//
//	8 bytes  magic: no text in UTF-8, so no JSON, begins with its first byte
//	1 byte   version
//	4 bytes  CRC-32C of all that follows but the payload, big endian
//	4 bytes  length of the header, big endian
//	         header: UUID, number of metadata, their keys and values
//	         payload, as it is
//
// Numbers in the header are unsigned varints; a text has its length before it. The
// header is not JSON because metadata may be any bytes, and come back as they were.
const (
	envelopeMagic   = "\x89MLST\r\n\x1a"
	envelopeVersion = 1

	envelopeSum    = len(envelopeMagic) + 1
	envelopeLength = envelopeSum + 4
	envelopeHeader = envelopeLength + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errEnvelopeVersion tells of an envelope that this version cannot read.
var errEnvelopeVersion = errors.New("envelope of an unknown version")

// maxHeader is how long a header may be: its parts take many times the memory of their
// bytes, and anyone may publish.
const maxHeader = 1 << 20

// errHeader tells of a header that is longer.
var errHeader = fmt.Errorf("the envelope's header, which is UUID and metadata, is longer than %d bytes", maxHeader)

// seal puts a message into an envelope.
func seal(uuid string, metadata message.Metadata, payload []byte) ([]byte, error) {
	size := envelopeHeader + 3*binary.MaxVarintLen64 + len(uuid) + len(payload)
	for key, value := range metadata {
		size += 2*binary.MaxVarintLen32 + len(key) + len(value)
	}
	b := make([]byte, envelopeHeader, size)
	copy(b, envelopeMagic)
	b[len(envelopeMagic)] = envelopeVersion
	b = appendText(b, uuid)
	b = binary.AppendUvarint(b, uint64(len(metadata)))
	for _, key := range slices.Sorted(maps.Keys(metadata)) { // the same message is the same bytes
		b = appendText(b, key)
		b = appendText(b, metadata[key])
	}
	if len(b)-envelopeHeader > maxHeader {
		return nil, errHeader
	}
	binary.BigEndian.PutUint32(b[envelopeLength:], uint32(len(b)-envelopeHeader))
	binary.BigEndian.PutUint32(b[envelopeSum:], crc32.Checksum(b[envelopeLength:], castagnoli))
	return append(b, payload...), nil
}

// unseal takes a message out of its envelope. What is none, because of its first
// bytes or because anything in it does not fit, is not ok: it is a payload as it is.
func unseal(b []byte) (uuid string, metadata message.Metadata, payload []byte, ok bool, err error) {
	if len(b) < envelopeHeader || string(b[:len(envelopeMagic)]) != envelopeMagic {
		return "", nil, nil, false, nil
	}
	if v := b[len(envelopeMagic)]; v != envelopeVersion {
		return "", nil, nil, false, fmt.Errorf("%w: %d", errEnvelopeVersion, v)
	}
	length := binary.BigEndian.Uint32(b[envelopeLength:])
	if uint64(length) > uint64(len(b)-envelopeHeader) {
		return "", nil, nil, false, nil
	}
	end := envelopeHeader + int(length)
	if binary.BigEndian.Uint32(b[envelopeSum:]) != crc32.Checksum(b[envelopeLength:end], castagnoli) {
		return "", nil, nil, false, nil
	}
	if length > maxHeader {
		return "", nil, nil, false, errHeader
	}
	uuid, metadata, ok = readHeader(b[envelopeHeader:end])
	if !ok {
		return "", nil, nil, false, nil
	}
	return uuid, metadata, b[end:], true, nil
}

func readHeader(b []byte) (uuid string, metadata message.Metadata, ok bool) {
	if uuid, b, ok = readText(b); !ok {
		return "", nil, false
	}
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size)/2 { // each is two bytes at least
		return "", nil, false
	}
	b = b[size:]
	// The channel and the pattern are added. A header of many empty keys, all the same,
	// is not to claim memory for all of them.
	metadata = make(message.Metadata, min(n+2, 64))
	for range n {
		var key, value string
		if key, b, ok = readText(b); !ok {
			return "", nil, false
		}
		if value, b, ok = readText(b); !ok {
			return "", nil, false
		}
		metadata[key] = value
	}
	return uuid, metadata, len(b) == 0
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func readText(b []byte) (text string, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil, false
	}
	end := size + int(n)
	return string(b[size:end]), b[end:], true
}
