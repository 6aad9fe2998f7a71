package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Pipeline is a graph of stages. Compose it from one goroutine with [Source],
// [Stage], [Expand], [Route], [Merge] and [Sink]; once composed, its methods may
// be called concurrently.
type Pipeline struct {
	name      string
	logger    *slog.Logger
	telemetry Telemetry
	defaults  settings
	ports     []*port
	nodes     []*node
	faults    []error
}

// port is a topic: where a source or a stage puts messages.
type port struct {
	pipeline *Pipeline
	name     string
	codec    Codec
	// producer is the stage that publishes to it; nil for a source.
	producer *node
	source   bool
	// transport is that of a topic that is not on the pipeline's own, and elsewhere
	// its name there, if it is always the same.
	transport Transport
	elsewhere string
}

func (p *port) topic() string {
	if p.transport != nil {
		return p.elsewhere
	}
	return "{" + p.pipeline.name + "}:" + p.name
}

// shape is what kind of stage a node is.
type shape int

const (
	stageShape shape = iota
	expandShape
	routeShape
	sinkShape
)

// node is a stage: a handler and what it reads and writes.
type node struct {
	name     string
	shape    shape
	inputs   []*port
	outputs  []*port
	settings settings
	// handle decodes the message that was read from a port, runs the user's
	// handler and returns the messages it made.
	handle func(*message.Message, *port) ([]*message.Message, error)
}

// New returns an empty pipeline. Its name is part of the name of every topic.
func New(name string, options ...Option) *Pipeline {
	p := &Pipeline{name: name, defaults: defaultSettings()}
	for _, o := range options {
		if o == nil {
			p.fault("an option is nil")
			continue
		}
		o.applyPipeline(p)
	}
	if p.logger == nil {
		p.logger = slog.Default()
	}
	if err := checkName("pipeline", name); err != nil {
		p.faults = append(p.faults, err)
	}
	return p
}

// Name returns the pipeline's name.
func (p *Pipeline) Name() string { return p.name }

// PoisonTopic returns the topic for messages that cannot be processed.
func (p *Pipeline) PoisonTopic() string { return "{" + p.name + "}:" + poisonName }

// poisonName is taken: no flow may have it.
const poisonName = "poison"

func (p *Pipeline) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf(format, args...))
}

// orphan is the pipeline of what was composed on a nil pipeline or a zero flow;
// nothing can run it.
func orphan() *Pipeline {
	p := New("orphan")
	p.fault("there is no pipeline: this was composed on a nil Pipeline or a zero Flow")
	return p
}

func (p *Pipeline) addPort(name string, codec Codec) *port {
	out := &port{pipeline: p, name: name, codec: codec}
	p.ports = append(p.ports, out)
	return out
}

// addNode adds a stage that reads from the given flows' ports.
func (p *Pipeline) addNode(name string, shape shape, inputs []*port, options []StageOption) *node {
	n := &node{name: name, shape: shape, inputs: inputs, settings: p.defaults}
	for _, o := range options {
		if o == nil {
			p.fault("stage %q: an option is nil", name)
			continue
		}
		o.applyStage(&n.settings)
	}
	p.nodes = append(p.nodes, n)
	return n
}

// output adds the topic that a stage with one output publishes to.
func (p *Pipeline) output(n *node) *port {
	out := p.addPort(n.name, n.settings.codec)
	out.producer = n
	n.outputs = append(n.outputs, out)
	return out
}

// errNilHandler stands in for a handler that was not given; Check reports it
// before it could run.
var errNilHandler = errors.New("the handler is nil")

// handlerContext is the context for a user's handler: the message's own, and in
// it the message.
func handlerContext(msg *message.Message) context.Context {
	return context.WithValue(msg.Context(), messageKey{}, msg)
}
