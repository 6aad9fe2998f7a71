package pipeline

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

type messageKey struct{}

// MessageFrom returns the Watermill message that a handler works on, from the
// handler's context: its id, its metadata, its payload. It is nil elsewhere. Do
// not acknowledge it; the pipeline does.
func MessageFrom(ctx context.Context) *message.Message {
	msg, _ := ctx.Value(messageKey{}).(*message.Message)
	return msg
}

// Attempt returns which attempt at the message this is, from 1: each delivery is one,
// and each time that a middleware.Retry calls the handler again within a delivery.
// On transports that do not count deliveries it is always 1.
func Attempt(ctx context.Context) int {
	if h := handoff.FromContext(ctx); h != nil {
		return h.Runs()
	}
	return 1
}

// EntryID returns the transport's own id of the message, on Redis Streams that of
// the entry; empty where the transport has none.
func EntryID(ctx context.Context) string {
	if h := handoff.FromContext(ctx); h != nil {
		return h.ID
	}
	return ""
}
