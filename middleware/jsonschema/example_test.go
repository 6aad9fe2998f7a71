package jsonschema_test

import (
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/jsonschema"
)

// An order that does not fit never gets to the handler.
func ExampleCompile() {
	check, err := jsonschema.Compile([]byte(`{
		"type": "object",
		"required": ["id"],
		"properties": {"cents": {"type": "integer", "minimum": 1}}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	charge := middleware.Validate(check)(func(msg *message.Message) ([]*message.Message, error) {
		fmt.Println("charged", string(msg.Payload))
		return nil, nil
	})
	for _, payload := range []string{`{"id": "A-1", "cents": 120}`, `{"cents": "a lot"}`} {
		if _, err := charge(message.NewMessage(watermill.NewUUID(), []byte(payload))); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// charged {"id": "A-1", "cents": 120}
	// message not valid: "" lacks id, against #/required; "/cents" is string, not integer, against #/properties/cents/type
}
