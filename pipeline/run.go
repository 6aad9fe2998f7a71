package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/isnil"
	"github.com/millstream-go/millstream/internal/restraint"
	"github.com/millstream-go/millstream/internal/telemetry"
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
	// telemetry is nil if there is to be none.
	telemetry *telemetry.Telemetry
	router    *message.Router
	running   []running
	closing   sync.WaitGroup
	// others are publishers to other transports.
	others []message.Publisher
}

// running is one input of a stage on the router.
type running struct {
	stage   string
	handler *message.Handler
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
	if isnil.Value(r.transport) {
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
	work, cancel := context.WithCancel(untraced(context.WithoutCancel(ctx)))
	defer cancel()

	if r.telemetry, err = r.pipeline.telemetry.instrument(); err != nil {
		return err
	}
	publisher, err := r.transport.Publisher()
	if err != nil {
		return fmt.Errorf("make the publisher: %w", err)
	}
	r.publisher = instrumented(publisher, r.telemetry)
	defer func() {
		for _, publisher := range append(r.others, r.publisher) {
			err = errors.Join(err, publisher.Close())
		}
	}()

	if preparer, ok := r.transport.(Preparer); ok {
		if err := preparer.Prepare(work, r.pipeline.subscriptions()); err != nil {
			return fmt.Errorf("prepare the transport: %w", err)
		}
	}
	logger := routerLogger{r.pipeline.logger.With("pipeline", r.pipeline.name)}
	r.router, err = message.NewRouter(message.RouterConfig{CloseTimeout: r.drain + drainSlack}, logger)
	if err != nil {
		return err
	}
	started, err := r.subscribe(work, nodes, ctx.Done())
	if err != nil {
		for _, s := range started {
			err = errors.Join(err, s.discard())
		}
		return err
	}
	// The router ends the contexts of its handlers when it ends.
	defer r.closing.Wait()
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
	stopped := r.await(ctx)
	if err := r.router.Close(); err != nil {
		return errors.Join(stopped, fmt.Errorf("%w: %w", ErrDrainTimeout, err), <-ended)
	}
	return errors.Join(stopped, <-ended)
}

// await returns nil when ctx ends, and an error when a stage stops before that:
// a run does not go on with a part of its stages.
func (r *run) await(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel(nil)
	for _, s := range r.running {
		watching.Go(func() {
			select {
			case <-s.handler.Stopped():
				cancel(&stoppedError{stage: s.stage})
			case <-ctx.Done():
			}
		})
	}
	<-ctx.Done()
	if stopped, ok := errors.AsType[*stoppedError](context.Cause(ctx)); ok {
		return stopped
	}
	return nil
}

// stoppedError is the end of a stage that nobody asked for.
type stoppedError struct{ stage string }

func (e *stoppedError) Error() string {
	return fmt.Sprintf("stage %q stopped: the transport closed its subscription", e.stage)
}

// subscribe subscribes all stages before any starts, so that a failure leaves
// nothing running, and adds them to the router. It returns what was subscribed.
func (r *run) subscribe(ctx context.Context, nodes []*node, stopping <-chan struct{}) (started []*subscribed, err error) {
	for _, n := range nodes {
		gate := newGate(n)
		out, err := r.outlet(n, stopping)
		if err != nil {
			return started, fmt.Errorf("stage %q: make the publisher: %w", n.name, err)
		}
		for _, in := range n.inputs {
			s, err := r.subscribeTo(ctx, n, in)
			if err != nil {
				return started, fmt.Errorf("stage %q: subscribe to %s: %w", n.name, in.topic(), err)
			}
			started = append(started, s)
			g := &guard{
				pipeline: r.pipeline, stage: n, input: in, publisher: r.publisher,
				log: r.pipeline.logger.With("pipeline", r.pipeline.name), restraint: restraint.New(), stopping: stopping,
			}
			handle, err := g.handler()
			if err != nil {
				return started, fmt.Errorf("stage %q: %w", n.name, err)
			}
			r.add(n, in, s, out, gate, handle)
		}
	}
	return started, nil
}

// outlet returns what publishes the outputs of a stage.
func (r *run) outlet(n *node, stopping <-chan struct{}) (outlet, error) {
	if len(n.outputs) == 0 || n.outputs[0].transport == nil {
		return outlet{r.publisher, n.shape == routeShape, stopping}, nil
	}
	publisher, err := n.outputs[0].transport.Publisher()
	if err != nil {
		return outlet{}, err
	}
	publisher = instrumented(publisher, r.telemetry)
	r.others = append(r.others, publisher)
	return outlet{publisher, true, stopping}, nil
}

func (r *run) subscribeTo(ctx context.Context, n *node, in *port) (*subscribed, error) {
	transport := r.transport
	if in.transport != nil {
		transport = in.transport
	}
	subscriber, err := transport.Subscriber(Subscription{
		Topic: in.topic(), Group: n.name,
		Concurrency: n.settings.concurrency, Ordered: n.settings.ordered,
		Poison: r.pipeline.PoisonTopic(), Pipeline: r.pipeline.name, DrainTimeout: r.drain,
		Carry: r.telemetry != nil && r.telemetry.Carries(),
	})
	if err != nil {
		return nil, err
	}
	messages, err := subscriber.Subscribe(ctx, in.topic())
	if err != nil {
		return nil, errors.Join(err, subscriber.Close())
	}
	return &subscribed{Subscriber: subscriber, messages: messages, closing: &r.closing}, nil
}

// add adds one input of a stage to the router.
func (r *run) add(n *node, in *port, s *subscribed, out outlet, gate gate, handle message.HandlerFunc) {
	name, topic := n.name, ""
	if len(n.inputs) > 1 {
		name += "@" + in.name
	}
	if len(n.outputs) > 0 {
		topic = n.outputs[0].topic()
	}
	handle = publishing(handle, out, topic)
	if r.telemetry != nil {
		handle = r.telemetry.Middleware(handle)
	}
	handler := r.router.AddHandler(name, in.topic(), s, topic, out, gate.wrap(handle))
	r.running = append(r.running, running{stage: n.name, handler: handler})
}
