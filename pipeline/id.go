package pipeline

import (
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
	name := make([]byte, 0, len(input)+len(stage)+8)
	name = append(name, input...)
	name = append(name, '/')
	name = append(name, stage...)
	name = append(name, '/')
	name = strconv.AppendInt(name, int64(i), 10)
	return uuid.NewSHA1(namespace, name).String()
}
