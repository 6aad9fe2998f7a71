package reliability

import (
	"errors"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/streams"
)

// millstream is the publisher and subscriber of package streams. Both are on one
// client, which is what makes a handoff of the two.
type millstream struct{}

func (millstream) Name() string { return Millstream }

func (millstream) Open(s Settings) (Ends, error) {
	client := s.Connect()
	config := streams.SubscriberConfig{
		Consumer: s.Consumer, IdleTime: s.Idle,
		MaxUnfinished: s.Crashes, ForgetAfter: s.Removal,
		Logger: slog.New(slog.DiscardHandler),
	}
	if s.Trim {
		config.Trim = &streams.Trim{}
	}
	subscriber, err := streams.NewSubscriber(client, s.Group, config)
	publisher, err2 := streams.NewPublisher(client, streams.PublisherConfig{MaxLen: s.MaxLen})
	return Ends{Subscriber: subscriber, Publisher: publisher}, errors.Join(err, err2)
}

// Answer gives the output its input's context, which stages it.
func (millstream) Answer(in *message.Message) *message.Message {
	return message.NewMessageWithContext(in.Context(), in.UUID, in.Payload)
}
