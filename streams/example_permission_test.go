package streams_test

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/streams"
)

// A client that is not let in is no outage: trying again does not help.
func ExampleErrPermission() {
	stranger := redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "stranger", Password: "a guess"})
	defer stranger.Close()
	subscriber, err := streams.NewSubscriber(stranger, "readers", streams.SubscriberConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()
	err = subscriber.SubscribeInitialize("{example}:secret")
	fmt.Println(errors.Is(err, streams.ErrPermission))
	// Output: true
}
