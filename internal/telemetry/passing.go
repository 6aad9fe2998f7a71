package telemetry

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"
)

// passing is the context of a message that nothing is recorded of, with what came along
// in its metadata. What is published with this very context gets the same: neither span
// nor baggage can have changed, so nothing is looked up and written anew. Most messages
// of a program that samples are such.
type passing struct {
	context.Context

	values [maxFields]string
}

// maxFields is how many fields of metadata a passing context keeps: W3C's.
const maxFields = 3

// passing returns the context for the handlers of a message, whose own has by now what
// came along.
func (t *Telemetry) passing(msg *message.Message) context.Context {
	if len(t.fields) > maxFields {
		return msg.Context()
	}
	p := &passing{Context: msg.Context()}
	for i, field := range t.fields {
		p.values[i] = msg.Metadata[field]
	}
	return p
}

// passOnto puts what came along into the metadata of a message.
func (p *passing) passOnto(msg *message.Message, fields []string) {
	if msg.Metadata == nil {
		msg.Metadata = make(message.Metadata, len(fields))
	}
	for i, field := range fields {
		switch {
		case p.values[i] != "":
			msg.Metadata[field] = p.values[i]
		case len(msg.Metadata) > 0:
			delete(msg.Metadata, field)
		}
	}
}

// allPassing puts what came along into messages that all have a passing context, and
// otherwise returns false.
func (t *Telemetry) allPassing(messages []*message.Message) bool {
	for _, msg := range messages {
		if _, ok := msg.Context().(*passing); !ok {
			return false
		}
	}
	for _, msg := range messages {
		msg.Context().(*passing).passOnto(msg, t.fields)
	}
	return true
}
