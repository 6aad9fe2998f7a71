package suites

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
)

// outgoing is a message that is to be sent.
type outgoing struct {
	id      string
	payload []byte
}

// outgoingID returns a message id as long as a UUID. It is counted, since making random
// ones would take longer than some of what is measured.
func outgoingID(i int) string { return fmt.Sprintf("00000000-0000-0000-0000-%0*d", idDigits, i) }

// idDigits is how long the number at the end of an id is.
const idDigits = 12

// sender is a way to send messages.
type sender struct {
	name string
	// channel is set if it is to a Pub/Sub channel. Otherwise it is to a stream.
	channel bool
	// open makes a contender ready for so many concurrent callers that send so many
	// messages with each call. It lasts until the site ends.
	open func(s *site, callers, batch int) (send, error)
}

// send sends messages in order, and returns when Redis has them. It may be called
// concurrently.
type send func(ctx context.Context, topic string, messages []outgoing) error

// carrierSender sends with a publisher of Watermill, as its users do.
func carrierSender(c carrier) sender {
	return sender{name: c.name, channel: c.name == PubSub, open: func(s *site, _, _ int) (send, error) {
		publisher, err := c.publisher(s.connect())
		if err != nil {
			return nil, err
		}
		s.atEnd(publisher.Close)
		return func(_ context.Context, topic string, messages []outgoing) error {
			batch := make([]*message.Message, len(messages))
			for i, m := range messages {
				batch[i] = message.NewMessage(m.id, m.payload)
			}
			return publisher.Publish(topic, batch...)
		}, nil
	}}
}
