package middleware

import (
	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// CorrelationID passes the correlation id of a message, its metadata "correlation_id", on
// to the messages that the handler returns, so that one can see what came of what through
// all stages. Those that have one keep it.
//
// It is Watermill's own but for messages without a correlation id: these pass untouched,
// where Watermill's gives their outputs an empty one. It does not make one either, as
// that would cost something for each message of those who do not use it: whoever
// publishes the first message gives it one, with Watermill's SetCorrelationID. What a
// handler publishes itself does not get it.
func CorrelationID(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		made, err := next(msg)
		id := wm.MessageCorrelationID(msg)
		if id == "" {
			return made, err
		}
		for _, m := range made {
			if m == nil {
				continue
			}
			if m.Metadata == nil {
				m.Metadata = message.Metadata{}
			}
			wm.SetCorrelationID(id, m)
		}
		return made, err
	}
}
