package chain

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
)

// routerCloseTimeout is how long a router waits for handlers when it is closed.
const routerCloseTimeout = 10 * time.Second

func newRouter() (*message.Router, error) {
	return message.NewRouter(message.RouterConfig{CloseTimeout: routerCloseTimeout}, watermill.NopLogger{})
}

// runRouter runs a router until ctx ends, and lets it finish what it has begun.
func runRouter(ctx context.Context, router *message.Router) error {
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.WithoutCancel(ctx)) }()
	// A router that is not running yet cannot be closed.
	select {
	case <-router.Running():
	case err := <-ended:
		return err
	}
	<-ctx.Done()
	if err := router.Close(); err != nil {
		return err
	}
	return <-ended
}

// pass returns the handler of a stage, which passes messages on.
func (c Chain) pass(stage int) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		c.work(stage)
		return []*message.Message{msg}, nil
	}
}
