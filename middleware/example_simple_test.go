package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/middleware"
)

func ExampleTimeout() {
	ask := middleware.Timeout(time.Millisecond)(func(msg *message.Message) ([]*message.Message, error) {
		<-msg.Context().Done() // a call that takes the context would return now
		return nil, fmt.Errorf("ask the bank: %w", msg.Context().Err())
	})
	msg := message.NewMessage(watermill.NewUUID(), nil)
	_, err := ask(msg)
	fmt.Println(err)
	fmt.Println("the message's own context:", msg.Context().Err())
	// Output:
	// ask the bank: context deadline exceeded
	// the message's own context: <nil>
}

func ExampleRecoverer() {
	charge := middleware.Recoverer(func(*message.Message) ([]*message.Message, error) {
		panic("no account")
	})
	_, err := charge(message.NewMessage(watermill.NewUUID(), nil))
	var panicked middleware.PanicError
	fmt.Println(errors.As(err, &panicked), panicked.V)
	// Output:
	// true no account
}

func ExampleCorrelationID() {
	charge := middleware.CorrelationID(func(msg *message.Message) ([]*message.Message, error) {
		return message.Messages{message.NewMessageWithContext(msg.Context(), watermill.NewUUID(), nil)}, nil
	})
	order := message.NewMessageWithContext(context.Background(), watermill.NewUUID(), nil)
	wm.SetCorrelationID("request-17", order) // where the order comes in
	made, err := charge(order)
	fmt.Println(wm.MessageCorrelationID(made[0]), err)
	// Output:
	// request-17 <nil>
}

func ExampleValidate() {
	notEmpty := func(msg *message.Message) error {
		if len(msg.Payload) == 0 {
			return errors.New("the payload is empty")
		}
		return nil
	}
	charge := middleware.Validate(notEmpty)(func(msg *message.Message) ([]*message.Message, error) {
		fmt.Println("charged", string(msg.Payload))
		return nil, nil
	})
	for _, payload := range []string{"A-1", ""} {
		if _, err := charge(message.NewMessage(watermill.NewUUID(), []byte(payload))); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// charged A-1
	// message not valid: the payload is empty
}
