package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// The chain around all stages, and around one.
func ExampleChain() {
	transport, stop := inMemory()
	defer stop()
	orders := pipeline.New("orders", pipeline.Chain(func(c *middleware.Chain) {
		c.Timeout = middleware.Timeout(10 * time.Second)
	}))
	placed := pipeline.Source[Order](orders, "placed")
	ask := func(_ context.Context, o Order) (Order, error) {
		return o, fmt.Errorf("order %s: %w", o.ID, errors.New("the bank does not answer"))
	}
	pipeline.Stage(placed, "charge", ask, pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{
			MaxElapsed: time.Hour,
			ShouldRetry: func(error) bool {
				fmt.Println("asked once, and not again")
				return false
			},
		}.Middleware
		c.CircuitBreaker = middleware.CircuitBreaker{Name: "bank"}.Middleware
		c.CorrelationID = nil // left out
	}))
	process(orders, transport, placed, Order{"o-1", 1999})
	// Output: asked once, and not again
}
