package pipeline

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Stage adds a stage that makes one value of each it gets. Its name is that of
// its consumer group and of the flow that it returns.
//
// The handler may be called concurrently if Concurrency is above 1, and again
// for the same message when an earlier call failed or its process died: what it
// does outside the pipeline happens at least once, what it returns is passed on
// exactly once on a transport with a handoff.
//
// What it returns is a new message: of the metadata of the old one it has the
// correlation id and the trace context; middleware of [Use] may set more.
func Stage[In, Out any](from Flow[In], name string, handle func(context.Context, In) (Out, error), options ...StageOption) Flow[Out] {
	p := from.home()
	n := p.addNode(name, stageShape, from.ports, options)
	out := p.output(n)
	if handle == nil {
		p.fault("stage %q: %w", name, errNilHandler)
	}
	n.handle = func(msg *message.Message, in *port) ([]*message.Message, error) {
		result, err := call(msg, in, handle)
		if err != nil {
			return nil, err
		}
		made, err := encode(msg, n, out, 0, result)
		if err != nil {
			return nil, err
		}
		return []*message.Message{made}, nil
	}
	return Flow[Out]{pipeline: p, ports: []*port{out}}
}

// Expand adds a stage that makes any number of values of each it gets. They are
// passed on together, in order.
func Expand[In, Out any](from Flow[In], name string, handle func(context.Context, In) ([]Out, error), options ...StageOption) Flow[Out] {
	p := from.home()
	n := p.addNode(name, expandShape, from.ports, options)
	out := p.output(n)
	if handle == nil {
		p.fault("stage %q: %w", name, errNilHandler)
	}
	n.handle = func(msg *message.Message, in *port) ([]*message.Message, error) {
		results, err := call(msg, in, handle)
		if err != nil {
			return nil, err
		}
		made := make([]*message.Message, len(results))
		for i, result := range results {
			if made[i], err = encode(msg, n, out, i, result); err != nil {
				return nil, err
			}
		}
		return made, nil
	}
	return Flow[Out]{pipeline: p, ports: []*port{out}}
}

// Sink adds a stage that passes nothing on.
func Sink[In any](from Flow[In], name string, handle func(context.Context, In) error, options ...StageOption) {
	p := from.home()
	n := p.addNode(name, sinkShape, from.ports, options)
	if handle == nil {
		p.fault("sink %q: %w", name, errNilHandler)
	}
	n.handle = func(msg *message.Message, in *port) ([]*message.Message, error) {
		value, err := decode[In](msg, in)
		if err != nil {
			return nil, err
		}
		return nil, handle(handlerContext(msg), value)
	}
}

// call decodes a message that was read from a port and gives it to a handler.
func call[In, Out any](msg *message.Message, in *port, handle func(context.Context, In) (Out, error)) (out Out, err error) {
	value, err := decode[In](msg, in)
	if err != nil {
		return out, err
	}
	return handle(handlerContext(msg), value)
}

func decode[T any](msg *message.Message, in *port) (value T, err error) {
	if err := in.codec.Unmarshal(msg.Payload, &value); err != nil {
		return value, handoff.Malformed(fmt.Errorf("the payload cannot be decoded: %w", err))
	}
	return value, nil
}

// encode makes the i-th output of a message. It has the message's context, by
// which it is committed together with it, and an id that a repeat of the same
// step makes again.
func encode(from *message.Message, n *node, out *port, i int, value any) (*message.Message, error) {
	payload, err := out.codec.Marshal(value)
	if err != nil {
		said := fmt.Sprintf("the output, a %T, cannot be encoded", value)
		return nil, handoff.Permanent(handoff.Quoting(said, fmt.Errorf("%s: %w", said, err)))
	}
	// Nobody acknowledges an output, so it goes without NewMessage's two channels.
	msg := &message.Message{UUID: outputID(from.UUID, n.name, i), Metadata: message.Metadata{}, Payload: payload}
	msg.SetContext(from.Context())
	return msg, nil
}
