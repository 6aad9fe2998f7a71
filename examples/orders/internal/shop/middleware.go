package shop

import (
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
	"github.com/millstream-go/millstream/examples/orders/internal/report"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// firstOnly drops orders whose id was accepted before. The mark is set in the
// step that passes an accepted order on, so it stands for exactly those.
func firstOnly() pipeline.CommonOption {
	return pipeline.Chain(func(c *middleware.Chain) {
		c.Dedup = middleware.Dedup{Key: acceptedID, TTL: middleware.Forever}.Middleware
	})
}

// acceptedID returns the order's id if the shop takes the order, and else
// nothing: an order that breaks the rules is refused for that, also when it has
// the id of one that was accepted, and its id stays free.
func acceptedID(msg *message.Message) string {
	o, err := order.Parse(msg.Payload)
	if err != nil {
		return ""
	}
	accepted, err := o.Accept()
	if err != nil {
		return ""
	}
	return accepted.ID
}

// askAgain asks the gateway again when it had no answer. The pauses are so short that
// an order keeps its place meanwhile.
func askAgain() pipeline.CommonOption {
	return pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{
			MaxAttempts:     tries,
			InitialInterval: firstPause,
			MaxInterval:     longestPause,
			HoldUpTo:        longestPause,
			AttemptTimeout:  patience,
		}.Middleware
	})
}

// noteAttempts has the events of an order that was charged, or declined, at a later
// attempt than the first say at which.
func noteAttempts() pipeline.CommonOption {
	return pipeline.Use(func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			made, err := next(msg)
			if n := pipeline.Attempt(msg.Context()); n > 1 {
				for _, event := range made {
					event.Metadata.Set(report.AttemptKey, strconv.Itoa(n))
				}
			}
			return made, err
		}
	})
}

// lineCodec reads what customers send. Of a line that is no order it tells
// more, and to more people, than encoding/json does.
type lineCodec struct{ pipeline.JSON }

// Unmarshal decodes an order.
func (c lineCodec) Unmarshal(data []byte, v any) error {
	o, ok := v.(*order.Order)
	if !ok {
		return c.JSON.Unmarshal(data, v)
	}
	var err error
	*o, err = order.Parse(data)
	return err
}
