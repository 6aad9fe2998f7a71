package pubsub

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/isnil"
)

// ErrClosed is returned by publishers and subscribers that were closed.
var ErrClosed = errors.New("pubsub: closed")

// checkReceivers refuses a client with which it cannot be known who receives a message.
func checkReceivers(client redis.UniversalClient) error {
	if cluster, ok := client.(*redis.ClusterClient); ok && cluster.Options().ReadOnly {
		return errors.New("RequireReceivers with a cluster client that reads from replicas: subscribers are at replicas then, " +
			"where nobody counts them: use a client without ReadOnly, RouteByLatency and RouteRandomly, for subscribers, too")
	}
	return nil
}

// checkClient refuses clients that would fail later, and less clearly.
func checkClient(client redis.UniversalClient) error {
	if isnil.Value(client) {
		return errors.New("the Redis client is nil: make one with redis.NewUniversalClient")
	}
	if _, ok := client.(*redis.Ring); ok {
		// It gives a channel to another server when one is away, and tells no subscriber.
		return fmt.Errorf("a %T moves channels between its servers without telling who listens: "+
			"give the client of one of them, or use Redis Cluster", client)
	}
	return nil
}
