package middleware_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// What each part costs a message that passes, without Redis.
func BenchmarkMiddleware(b *testing.B) {
	poison, err := middleware.NewPoisonQueue(&shelf{}, "poison", middleware.PoisonConfig{})
	if err != nil {
		b.Fatal(err)
	}
	limiter, err := middleware.PerProcess(rate.Limit(1e9), 1e9)
	if err != nil {
		b.Fatal(err)
	}
	handle := func(*message.Message) ([]*message.Message, error) { return nil, nil }
	for _, part := range []struct {
		name string
		message.HandlerMiddleware
	}{
		{"None", func(next message.HandlerFunc) message.HandlerFunc { return next }},
		{"PoisonQueue", poison.Middleware},
		{"CorrelationID", middleware.CorrelationID},
		{"Retry", middleware.Retry{}.Middleware},
		{"Recoverer", middleware.Recoverer},
		{"Timeout", middleware.Timeout(time.Minute)},
		{"Validate", middleware.Validate(func(*message.Message) error { return nil })},
		{"CircuitBreaker", middleware.CircuitBreaker{}.Middleware},
		{"RateLimit", middleware.RateLimit{Limiter: limiter}.Middleware},
		{"DefaultChain", middleware.DefaultChain(poison).Middleware},
	} {
		b.Run(part.name, func(b *testing.B) {
			b.ReportAllocs()
			ctx := handoff.NewContext(b.Context(), handoff.Delivery{Attempt: 1}, nil)
			defer ctx.End()
			handler, msg := part.HandlerMiddleware(handle), message.NewMessageWithContext(ctx, "1", nil)
			for b.Loop() {
				if _, err := handler(msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
