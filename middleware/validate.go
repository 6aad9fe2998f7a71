package middleware

import (
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
)

// ErrNoCheck is returned for each message by a [Validate] without a check.
var ErrNoCheck = errors.New("Validate was given no function to check messages with")

// Validate calls check before the handler. A message that it finds wrong is wrong for
// good: the error is permanent, the handler does not run and nothing is tried again. An
// error of check that says itself what is to become of the message, such as that it is
// to come later, is left as it is. The texts of its errors get into logs and poison
// queues, so they should say what is wrong without quoting the message.
//
// check may be called concurrently, and must leave the message as it is. In a [Chain] a
// panic of it is final. Package middleware/jsonschema makes checks of JSON Schemas.
func Validate(check func(*message.Message) error) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			if check == nil {
				return nil, ErrNoCheck
			}
			if err := check(msg); err != nil {
				err = fmt.Errorf("message not valid: %w", err)
				if !handoff.IsVerdict(err) {
					err = handoff.Permanent(err)
				}
				return nil, err
			}
			return next(msg)
		}
	}
}
