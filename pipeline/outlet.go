package pipeline

import (
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/pause"
)

// redeliveryDelay is how long a transport that delivers a rejected message again
// at once is held up before it is.
const redeliveryDelay = time.Second

// outlet publishes what a handler returns. The router closes a handler's
// publisher when the handler stops; this one stays open for the others.
type outlet struct {
	message.Publisher
	// routed says that a route chooses the topic of each message.
	routed bool
	// stopping is closed when the run is to end.
	stopping <-chan struct{}
}

// Publish publishes to the topics that a route chose, or else to the one given.
func (o outlet) Publish(topic string, messages ...*message.Message) error {
	for len(messages) > 0 {
		to, n := topic, len(messages)
		if o.routed {
			to, n = destination(messages[0], topic), 1
			for n < len(messages) && destination(messages[n], topic) == to {
				n++
			}
		}
		if err := o.Publisher.Publish(to, messages[:n]...); err != nil {
			if ctx := messages[0].Context(); handoff.FromContext(ctx) == nil {
				pause.For(ctx, o.stopping, redeliveryDelay)
			}
			return err
		}
		messages = messages[n:]
	}
	return nil
}

func destination(msg *message.Message, otherwise string) string {
	if chosen, ok := msg.Context().Value(topicKey{}).(string); ok {
		return chosen
	}
	return otherwise
}

func (outlet) Close() error { return nil }

// publishing publishes what a handler returns, as the router would do after it:
// the router would first put its values into the context of each message made,
// where they are already, as that is the context of the message worked on.
func publishing(handle message.HandlerFunc, out message.Publisher, topic string) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		made, err := handle(msg)
		if err == nil && len(made) > 0 {
			err = out.Publish(topic, made...)
		}
		return nil, err
	}
}
