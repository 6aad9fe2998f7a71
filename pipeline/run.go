package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
)

// ErrDrainTimeout is what the error of a run wraps whose handlers went on after
// the drain timeout although their contexts had ended. Their messages are
// delivered again.
var ErrDrainTimeout = errors.New("handlers did not end in time")

// drainSlack is what a transport gets, after handlers had their time, to commit
// and to hand back.
const drainSlack = 15 * time.Second

// run is one call of Run.
type run struct {
	pipeline  *Pipeline
	transport Transport
	only      []string
	drain     time.Duration
	publisher message.Publisher
	router    *message.Router
}

// Run runs the stages in this process until ctx ends, and then drains: nothing
// more is read, messages that are with a handler are finished and committed, and
// Run returns nil. Handlers' contexts do not end with ctx, but only if they are
// still at work after the drain timeout.
//
// Run may be called again, and concurrently in any number of processes.
func (p *Pipeline) Run(ctx context.Context, transport Transport, options ...RunOption) error {
	if err := p.Check(); err != nil {
		return err
	}
	r := &run{pipeline: p, transport: transport, drain: DefaultDrainTimeout}
	for _, o := range options {
		if o != nil {
			o.applyRun(r)
		}
	}
	nodes, err := r.selected()
	if err != nil {
		return fmt.Errorf("pipeline %q: %w", p.name, err)
	}
	if err := r.run(ctx, nodes); err != nil {
		return fmt.Errorf("pipeline %q: %w", p.name, err)
	}
	return nil
}

// selected returns the stages to run.
func (r *run) selected() ([]*node, error) {
	if r.transport == nil {
		return nil, errors.New("the transport is nil")
	}
	if r.drain <= 0 {
		return nil, fmt.Errorf("a DrainTimeout of %v is not possible", r.drain)
	}
	if len(r.only) == 0 {
		return r.pipeline.nodes, nil
	}
	var nodes []*node
	for _, name := range r.only {
		i := slices.IndexFunc(r.pipeline.nodes, func(n *node) bool { return n.name == name })
		if i < 0 {
			return nil, fmt.Errorf("Only(%q): there is no such stage", name)
		}
		if !slices.Contains(nodes, r.pipeline.nodes[i]) {
			nodes = append(nodes, r.pipeline.nodes[i])
		}
	}
	return nodes, nil
}

func (r *run) run(ctx context.Context, nodes []*node) (err error) {
	// Handlers are to finish their work when ctx ends, so theirs does not end with it.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()

	if r.publisher, err = r.transport.Publisher(); err != nil {
		return fmt.Errorf("make the publisher: %w", err)
	}
	defer func() { err = errors.Join(err, r.publisher.Close()) }()

	logger := watermill.NewSlogLoggerWithLevelMapping(r.pipeline.logger.With("pipeline", r.pipeline.name),
		map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	r.router, err = message.NewRouter(message.RouterConfig{CloseTimeout: r.drain + drainSlack}, logger)
	if err != nil {
		return err
	}
	started, err := r.subscribe(work, nodes)
	if err != nil {
		for _, s := range started {
			err = errors.Join(err, s.discard())
		}
		return err
	}
	return r.serve(ctx, work)
}

// serve runs the router until ctx ends, and then closes it.
func (r *run) serve(ctx, work context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- r.router.Run(work) }()
	// Closing a router that is not running yet would wait for handlers for ever.
	select {
	case <-r.router.Running():
	case err := <-ended:
		return errors.Join(err, errors.New("the router ended at its start"))
	}
	select {
	case <-ctx.Done():
		if err := r.router.Close(); err != nil {
			<-ended
			return fmt.Errorf("%w: %w", ErrDrainTimeout, err)
		}
		return <-ended
	case err := <-ended:
		return errors.Join(err, errors.New("all stages stopped: the transport closed their subscriptions"))
	}
}

// subscribe subscribes all stages before any starts, so that a failure leaves
// nothing running, and adds them to the router. It returns what was subscribed.
func (r *run) subscribe(ctx context.Context, nodes []*node) (started []*subscribed, err error) {
	for _, n := range nodes {
		failures, gate := newFailures(), newGate(n)
		for _, in := range n.inputs {
			s, err := r.subscribeTo(ctx, n, in)
			if err != nil {
				return started, fmt.Errorf("stage %q: subscribe to %s: %w", n.name, in.topic(), err)
			}
			started = append(started, s)
			g := &guard{
				pipeline: r.pipeline, stage: n, input: in, publisher: r.publisher,
				log: r.pipeline.logger.With("pipeline", r.pipeline.name), failures: failures,
			}
			r.add(n, in, s, gate.wrap(g.handler()))
		}
	}
	return started, nil
}

func (r *run) subscribeTo(ctx context.Context, n *node, in *port) (*subscribed, error) {
	subscriber, err := r.transport.Subscriber(Subscription{
		Topic: in.topic(), Group: n.name,
		Concurrency: n.settings.concurrency, Ordered: n.settings.ordered,
		Poison: r.pipeline.PoisonTopic(), Pipeline: r.pipeline.name, DrainTimeout: r.drain,
	})
	if err != nil {
		return nil, err
	}
	messages, err := subscriber.Subscribe(ctx, in.topic())
	if err != nil {
		return nil, errors.Join(err, subscriber.Close())
	}
	return &subscribed{Subscriber: subscriber, messages: messages}, nil
}

// add adds one input of a stage to the router.
func (r *run) add(n *node, in *port, s *subscribed, handle message.HandlerFunc) {
	name := n.name
	if len(n.inputs) > 1 {
		name += "@" + in.name
	}
	if len(n.outputs) == 0 {
		r.router.AddHandler(name, in.topic(), s, "", outlet{r.publisher}, handle)
		return
	}
	r.router.AddHandler(name, in.topic(), s, n.outputs[0].topic(), outlet{r.publisher}, handle)
}

// subscribed is a subscriber that has subscribed already.
type subscribed struct {
	message.Subscriber
	messages <-chan *message.Message
}

func (s *subscribed) Subscribe(context.Context, string) (<-chan *message.Message, error) {
	return s.messages, nil
}

// String is the name by which the router knows the subscriber.
func (s *subscribed) String() string { return strings.TrimPrefix(fmt.Sprintf("%T", s.Subscriber), "*") }

// discard ends the subscription of a stage that will not run.
func (s *subscribed) discard() error {
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	for msg := range s.messages {
		msg.Nack()
	}
	return <-closed
}

// outlet publishes what a handler returns. The router closes a handler's
// publisher when the handler stops; this one stays open for the others.
type outlet struct{ message.Publisher }

// Publish publishes to the topics that a route chose, or else to the one given.
func (o outlet) Publish(topic string, messages ...*message.Message) error {
	for len(messages) > 0 {
		to, n := destination(messages[0], topic), 1
		for n < len(messages) && destination(messages[n], topic) == to {
			n++
		}
		if err := o.Publisher.Publish(to, messages[:n]...); err != nil {
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
