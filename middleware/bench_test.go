package middleware_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// What each part costs a message that passes, without Redis.
func BenchmarkMiddleware(b *testing.B) {
	poison, err := middleware.NewPoisonQueue(&shelf{}, "poison", middleware.PoisonConfig{})
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
		{"DefaultChain", middleware.DefaultChain(poison).Middleware},
	} {
		b.Run(part.name, func(b *testing.B) {
			b.ReportAllocs()
			ctx, _, cancel := handoff.NewContext(b.Context(), handoff.Delivery{Attempt: 1}, nil)
			defer cancel()
			handler, msg := part.HandlerMiddleware(handle), message.NewMessageWithContext(ctx, "1", nil)
			for b.Loop() {
				if _, err := handler(msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
