package pipeline

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"
)

// gate keeps the concurrency of a stage that reads several topics.
type gate chan struct{}

func newGate(n *node) gate {
	if len(n.inputs) < 2 {
		return nil
	}
	return make(gate, n.settings.concurrency)
}

func (g gate) wrap(handle message.HandlerFunc) message.HandlerFunc {
	if g == nil {
		return handle
	}
	return func(msg *message.Message) ([]*message.Message, error) {
		select {
		case g <- struct{}{}:
		case <-msg.Context().Done():
			return nil, context.Cause(msg.Context())
		}
		defer func() { <-g }()
		return handle(msg)
	}
}
