package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millstream-go/millstream/internal/isnil"
)

const (
	// idlePoll is how often WaitIdle looks.
	idlePoll = 50 * time.Millisecond
	// idlePatience is how long it bears with a transport that cannot answer: an
	// outage that the stages get over should not end the waiting.
	idlePatience = 30 * time.Second
)

// WaitIdle returns when nothing is left to do in any stage of the pipeline, in
// any process: no message is undelivered, with a handler, or put aside. It needs
// a transport that can tell, as streams.Transport can; with another its error
// wraps [errors.ErrUnsupported]. When ctx ends first it returns ctx's error, and
// when the transport fails to answer for 30 seconds on end, its error.
func (p *Pipeline) WaitIdle(ctx context.Context, transport Transport) error {
	if err := p.Check(); err != nil {
		return err
	}
	if isnil.Value(transport) {
		return fmt.Errorf("pipeline %q: the transport is nil", p.name)
	}
	idler, ok := transport.(Idler)
	if !ok {
		return fmt.Errorf("pipeline %q: the transport, a %T, cannot tell whether anything is left to do: %w", p.name, transport, errors.ErrUnsupported)
	}
	subscriptions := p.subscriptions()
	ticker := time.NewTicker(idlePoll)
	defer ticker.Stop()
	answered := time.Now()
	for {
		idle, err := idler.Idle(ctx, subscriptions)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && idle:
			return nil
		case err == nil:
			answered = time.Now()
		case time.Since(answered) > idlePatience:
			return fmt.Errorf("pipeline %q: %w", p.name, err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// subscriptions returns what all stages read from the pipeline's own transport.
func (p *Pipeline) subscriptions() []Subscription {
	var all []Subscription
	for _, n := range p.nodes {
		for _, in := range n.inputs {
			if in.transport == nil {
				all = append(all, Subscription{Topic: in.topic(), Group: n.name})
			}
		}
	}
	return all
}
