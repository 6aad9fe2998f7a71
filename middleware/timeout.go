package middleware

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// Timeout ends the context of a message after d, for handlers that give up when it
// ends. It waits for those that do not: nothing is left running.
//
// It is Watermill's own, with what that leaves behind put right: afterwards the message
// has its context back, and what the handler returned, which is yet to be published, has
// one that has not ended. The limit is for one run: inside of [Retry] it is for each
// attempt.
//
// A d of 0 or less is no limit.
func Timeout(d time.Duration) message.HandlerMiddleware {
	if d <= 0 {
		return func(next message.HandlerFunc) message.HandlerFunc { return next }
	}
	limited := wm.Timeout(d)
	return func(next message.HandlerFunc) message.HandlerFunc {
		next = limited(next)
		return func(msg *message.Message) ([]*message.Message, error) {
			ctx := msg.Context()
			defer msg.SetContext(ctx)
			made, err := next(msg)
			for _, m := range made {
				if m != nil && m.Context().Err() != nil && ctx.Err() == nil {
					m.SetContext(context.WithoutCancel(m.Context()))
				}
			}
			return made, err
		}
	}
}
