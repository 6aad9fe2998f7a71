package middleware

import (
	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// PanicError is what [Recoverer] makes of a panic, Watermill's own: V is what the
// handler panicked with. Its text has the stack, and so may be long.
type PanicError = wm.RecoveredPanicError

// Recoverer makes a [PanicError] of a panic in a handler, which is then treated
// like any other error: tried again, and given up when its attempts are used up. It is
// Watermill's own.
//
// What another goroutine panics with that the handler started ends the process: nobody
// can recover that.
func Recoverer(next message.HandlerFunc) message.HandlerFunc { return wm.Recoverer(next) }
