package middleware

import "github.com/ThreeDotsLabs/watermill/message"

// Chain is middleware in the order in which it fits together, the first outermost.
// A part that is nil is left out, and any middleware may stand in for a part.
//
//	router or pipeline
//	│
//	PoisonQueue     sees all that is final, of whatever part inside
//	│ CorrelationID   marks what comes out, however it came about
//	│ │ Validate        what is invalid costs nothing further: no lease, no token
//	│ │ │ Dedup           one lease for all attempts here, given back between deliveries
//	│ │ │ │ Retry           calls all that is inside again, or puts the message aside
//	│ │ │ │ │ CircuitBreaker  counts each attempt; open, it costs neither token nor attempt
//	│ │ │ │ │ │ RateLimit       each attempt needs a token
//	│ │ │ │ │ │ │ Timeout         for the handler, not for the wait for a token
//	│ │ │ │ │ │ │ │ Recoverer       so that a panic is an error for all outside
//	│ │ │ │ │ │ │ │ │
//	the handler, and middleware of its own
//
// An error goes the same way back. It is one of three kinds: a plain error, which
// Retry and CircuitBreaker count; one that puts the message aside, which all let
// pass; and a final one, which all let pass to the PoisonQueue.
//
// A pipeline has a Chain around each stage, and pipeline.Chain changes it. For a
// bare router take [DefaultChain].
type Chain struct {
	PoisonQueue    message.HandlerMiddleware
	CorrelationID  message.HandlerMiddleware
	Validate       message.HandlerMiddleware
	Dedup          message.HandlerMiddleware
	Retry          message.HandlerMiddleware
	CircuitBreaker message.HandlerMiddleware
	RateLimit      message.HandlerMiddleware
	Timeout        message.HandlerMiddleware
	Recoverer      message.HandlerMiddleware
}

// DefaultChain returns the parts that every handler should have: the given poison
// queue, which may be nil, CorrelationID, [Retry] with its defaults and Recoverer.
func DefaultChain(poison *PoisonQueue) Chain {
	c := Chain{CorrelationID: CorrelationID, Retry: Retry{}.Middleware, Recoverer: Recoverer}
	if poison != nil {
		c.PoisonQueue = poison.Middleware
	}
	return c
}

// Middleware wraps a handler in all parts of the chain.
func (c Chain) Middleware(next message.HandlerFunc) message.HandlerFunc {
	for _, part := range []message.HandlerMiddleware{
		c.Recoverer, c.Timeout, c.RateLimit, c.CircuitBreaker, c.Retry, c.Dedup, c.Validate, c.CorrelationID, c.PoisonQueue,
	} {
		if part != nil {
			next = part(next)
		}
	}
	return next
}
