package pubsub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/telemetry"
)

// rejected gives up a message that was nacked as often as it may be.
func (s *subscription) rejected(ctx context.Context, l *letter, deliveries int) outcome {
	reason := fmt.Sprintf("the handler rejected it %d times", deliveries)
	if s.poison(ctx, l, handoff.KindExhausted, reason, deliveries) {
		return poisoned
	}
	return lostRejected
}

// malformed gives up a message in an envelope that cannot be read.
func (s *subscription) malformed(ctx context.Context, l *letter, err error) outcome {
	if s.poison(ctx, l, handoff.KindMalformed, "it cannot be read: "+err.Error(), 0) {
		return poisoned
	}
	return lostMalformed
}

// poison publishes a message to the poison topic, if there is one, with the
// subscription's context: the work is over, but not the subscription. It returns
// false when the message is lost.
func (s *subscription) poison(ctx context.Context, l *letter, kind, reason string, deliveries int) bool {
	if s.config.Poison == nil {
		s.complain("a message is given up and lost: there is no poison topic", "uuid", l.uuid, "channel", l.Channel, "reason", reason)
		return false
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	d := &delivery{Context: ctx, of: l.Message}
	defer d.end()
	msg := l.message(d)
	s.recordGivenUp(ctx, msg, l, kind, reason, deliveries)
	handoff.Poisoning{
		Reason: reason, Kind: kind,
		Pipeline: s.config.Pipeline, Handler: s.config.Handler, Subscriber: "pubsub.Subscriber",
		Topic: s.topic, Attempts: deliveries, FailedAt: time.Now(),
	}.Describe(msg.Metadata)
	topic := s.poisonTopic()
	if err := s.publish(topic, msg); err != nil {
		s.complain("a message is given up and lost: it could not go to the poison topic", "uuid", l.uuid, "channel", l.Channel,
			"poison_topic", topic, "reason", reason, "error", err)
		return false
	}
	s.complain("a message is given up: it went to the poison topic", "uuid", l.uuid, "channel", l.Channel,
		"poison_topic", topic, "reason", reason)
	return true
}

// recordGivenUp makes a span of it, which the message goes on below.
func (s *subscription) recordGivenUp(ctx context.Context, msg *message.Message, l *letter, kind, reason string, deliveries int) {
	g := telemetry.GivenUp{Topic: s.topic, Attempt: deliveries, Kind: kind, Reason: reason}
	if l.Pattern != "" {
		g.Channel = l.Channel
	}
	s.config.telemetry.GiveUp(ctx, msg, g)
}

// errLate: whether the message was published after all nobody knows.
var errLate = errors.New("the publisher did not finish before the drain deadline")

// publish waits for the poison publisher until handlers are waited for no longer: many
// publishers look at no context.
func (s *subscription) publish(topic string, msg *message.Message) error {
	done := make(chan error, 1)
	go func() { done <- publish(s.config.Poison, topic, msg) }()
	select {
	case err := <-done:
		return err
	case <-s.expired:
		return errLate
	}
}

// publish does not let a publisher that panics take the process with it.
func publish(to message.Publisher, topic string, msg *message.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the publisher panicked: %v", p)
		}
	}()
	return to.Publish(topic, msg)
}

func (s *subscription) poisonTopic() string {
	if s.config.PoisonTopic != "" {
		return s.config.PoisonTopic
	}
	return s.topic + ":poison"
}

// complain logs an error about a message, if it may: there may be thousands.
func (s *subscription) complain(text string, fields ...any) {
	if fields, ok := s.restraint.May(text, fields...); ok {
		s.log.Error(text, fields...)
	}
}
