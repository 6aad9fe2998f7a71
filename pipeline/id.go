package pipeline

import (
	"crypto/sha1" //nolint:gosec // an id, no secret
	"strconv"

	"github.com/google/uuid"
)

// namespace is the name space of the ids of outputs, itself made of a fixed name.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/millstream-go/millstream"))

// outputID returns the id of the i-th output of a stage for a message: the same
// each time the step is repeated, so that on a transport without a handoff a
// repeat can be told from a new message.
func outputID(input, stage string, i int) string {
	if input == "" {
		return uuid.NewString()
	}
	// As uuid.NewSHA1 does, but in one piece on the stack.
	var buffer [128]byte
	name := append(buffer[:0], namespace[:]...)
	name = append(name, input...)
	name = append(name, '/')
	name = append(name, stage...)
	name = append(name, '/')
	name = strconv.AppendInt(name, int64(i), 10)
	sum := sha1.Sum(name)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x50 // version 5
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id.String()
}
