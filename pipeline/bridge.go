package pipeline

import (
	"context"
	"fmt"
	"maps"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/isnil"
)

// Ingest adds a flow of what arrives at a topic of another transport, such as a
// pattern of channels of pubsub.Transport. Its name is that of the flow and of the
// stage that takes the messages over: payload and metadata as they are, once the
// payload is found to be a T. What is none goes to the poison topic.
//
// The message is acknowledged to the other transport when it is in the flow, so what
// that transport guarantees holds up to there. With one that gives each process
// every message, as Redis Pub/Sub does, let one process run the stage, with [Only], or
// have a middleware.Dedup behind it: the id in the flow is made of name and of the id
// that a message comes with, as in an envelope of package pubsub, so it is the same
// whichever process took the message over. One that comes without, as a payload that
// any client publishes, needs a key made of the payload.
//
// What cannot be put into the flow, because its server is away, is rejected after a
// second, again and again. Package pubsub bears with that a few times, and then the
// message is lost and counted: give it a larger MaxRedeliveries, and Block as Overflow.
// One that the server took although its reply was lost is then in the flow twice, with
// one id; where it was given up it counts as lost and is in the flow all the same.
//
// Metadata are taken over, too, and with them what they ask for: Watermill's delay, for
// one, parks the message. Anyone who may publish to the topic may set them.
func Ingest[T any](p *Pipeline, name string, from Transport, topic string, options ...StageOption) Flow[T] {
	if p == nil {
		p = orphan()
	}
	in := &port{pipeline: p, name: topic, transport: from, elsewhere: topic}
	n := p.addNode(name, stageShape, []*port{in}, options)
	in.codec = n.settings.codec
	out := p.output(n)
	if isnil.Value(from) {
		p.fault("ingest %q: the transport is nil", name)
	}
	if topic == "" {
		p.fault("ingest %q: the topic is empty", name)
	}
	n.handle = func(msg *message.Message, in *port) ([]*message.Message, error) {
		if _, err := decode[T](msg, in); err != nil {
			return nil, err
		}
		return []*message.Message{passedOn(msg, n)}, nil
	}
	return Flow[T]{pipeline: p, ports: []*port{out}}
}

// Broadcast adds a stage that publishes each message to a topic of another transport,
// such as a channel of pubsub.Transport, which topic chooses: payload and metadata as
// they are. Its id is made of that of the message and of name, so it is the same when
// the message is repeated.
//
// It is published before it is acknowledged, so a crash between the two repeats it.
// Beyond that the guarantee is the other transport's. A publisher that fails when nobody
// listens, as that of package pubsub with RequireReceivers, makes messages wait until
// somebody does.
func Broadcast[T any](from Flow[T], name string, to Transport, topic func(T) string, options ...StageOption) {
	p := from.home()
	n := p.addNode(name, sinkShape, from.ports, options)
	n.outputs = []*port{{pipeline: p, name: name, transport: to, producer: n}}
	if isnil.Value(to) {
		p.fault("broadcast %q: the transport is nil", name)
	}
	if topic == nil {
		p.fault("broadcast %q: the function that chooses topics is nil", name)
	}
	n.handle = func(msg *message.Message, in *port) ([]*message.Message, error) {
		value, err := decode[T](msg, in)
		if err != nil {
			return nil, err
		}
		chosen := topic(value)
		if chosen == "" {
			return nil, handoff.Permanent(fmt.Errorf("broadcast %q chose an empty topic", name))
		}
		out := passedOn(msg, n)
		// Where it was received says nothing of where it is published.
		delete(out.Metadata, handoff.KeyChannel)
		delete(out.Metadata, handoff.KeyPattern)
		out.SetContext(context.WithValue(out.Context(), topicKey{}, chosen))
		return []*message.Message{out}, nil
	}
}

// passedOn returns a message as the output of a stage that changes nothing of it.
func passedOn(msg *message.Message, n *node) *message.Message {
	out := &message.Message{UUID: outputID(msg.UUID, n.name, 0), Metadata: maps.Clone(msg.Metadata), Payload: msg.Payload}
	if out.Metadata == nil {
		out.Metadata = message.Metadata{}
	}
	out.SetContext(msg.Context())
	return out
}
