package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Branch is one of the ways that a [Route] may send a message, with a type of
// its own. Its name is that of its flow.
type Branch[T any] struct{ port *port }

// NewBranch adds a branch to a pipeline. Give it to one Route. Of the stage
// options, WithCodec applies.
func NewBranch[T any](p *Pipeline, name string, options ...StageOption) Branch[T] {
	flow := Source[T](p, name, options...)
	flow.ports[0].source = false
	return Branch[T]{port: flow.ports[0]}
}

// Flow returns what is sent down the branch.
func (b Branch[T]) Flow() Flow[T] {
	if b.port == nil {
		return Flow[T]{}
	}
	return Flow[T]{pipeline: b.port.pipeline, ports: []*port{b.port}}
}

// To is the decision to send value down the branch.
func (b Branch[T]) To(value T) Routed { return Routed{to: b.port, value: value} }

func (b Branch[T]) end() *port { return b.port }

// AnyBranch is a [Branch] of any type.
type AnyBranch interface{ end() *port }

// Branches lists the branches of a [Route].
func Branches(branches ...AnyBranch) []AnyBranch { return branches }

// Routed is a routing handler's decision, made with [Branch.To].
type Routed struct {
	to    *port
	value any
}

// Route adds a stage that sends each message down one of several branches. Its
// handler is called as that of [Stage].
func Route[In any](from Flow[In], name string, handle func(context.Context, In) (Routed, error), branches []AnyBranch, options ...StageOption) {
	p := from.home()
	n := p.addNode(name, routeShape, from.ports, options)
	p.attach(n, branches)
	if handle == nil {
		p.fault("route %q: %w", name, errNilHandler)
	}
	n.handle = func(msg *message.Message, in *port) ([]*message.Message, error) {
		routed, err := call(msg, in, handle)
		if err != nil {
			return nil, err
		}
		switch {
		case routed.to == nil:
			return nil, handoff.Permanent(fmt.Errorf("route %q chose no branch: return Branch.To(value), or Skip", name))
		case !slices.Contains(n.outputs, routed.to):
			return nil, handoff.Permanent(fmt.Errorf("route %q chose %q, which is not among its branches", name, routed.to.name))
		}
		made, err := encode(msg, n, routed.to, 0, routed.value)
		if err != nil {
			return nil, err
		}
		made.SetContext(context.WithValue(made.Context(), topicKey{}, routed.to.topic()))
		return []*message.Message{made}, nil
	}
}

// attach makes branches the outputs of a route.
func (p *Pipeline) attach(n *node, branches []AnyBranch) {
	if len(branches) == 0 {
		p.fault("route %q has no branches", n.name)
	}
	for _, b := range branches {
		if b == nil || b.end() == nil {
			p.fault("route %q: a branch is nil: make it with NewBranch", n.name)
			continue
		}
		out := b.end()
		switch {
		case out.pipeline != p:
			p.fault("route %q: branch %q belongs to pipeline %q", n.name, out.name, out.pipeline.name)
			continue
		case out.producer != nil:
			p.fault("branch %q is given twice, to %q and to %q", out.name, out.producer.name, n.name)
			continue
		}
		out.producer = n
		n.outputs = append(n.outputs, out)
	}
}

// topicKey carries the topic of a routed message to the publisher.
type topicKey struct{}
