package streams_test

import (
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/streams"
)

// A bounded topic tells its publishers that nobody works it off.
func ExampleErrTopicFull() {
	client, done := connect()
	defer done()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{MaxLen: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	for _, letter := range []string{"a", "b", "c"} {
		err := publisher.Publish("{example}:bounded", message.NewMessage(letter, nil))
		fmt.Println(letter, errors.Is(err, streams.ErrTopicFull))
	}
	// Output:
	// a false
	// b false
	// c true
}
