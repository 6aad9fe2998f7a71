package streams

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// domain is what one commit can reach: everything behind one client. A publisher
// and a subscriber on the same client share it.
type domain struct{ client redis.UniversalClient }

// newDomain refuses a client that cannot tell itself from another.
func newDomain(client redis.UniversalClient) (domain, error) {
	if client == nil || reflect.ValueOf(client).Kind() == reflect.Pointer && reflect.ValueOf(client).IsNil() {
		return domain{}, fmt.Errorf("streams: the Redis client is nil: make one with redis.NewUniversalClient")
	}
	if !reflect.TypeOf(client).Comparable() {
		return domain{}, fmt.Errorf("streams: a client of type %T cannot be compared: pass a pointer", client)
	}
	return domain{client: client}, nil
}

// Marked looks until Redis answers or ctx ends: an outage is not the message's
// fault, and must not use up its attempts.
func (d domain) Marked(ctx context.Context, delivery handoff.Delivery, key string) (bool, error) {
	for failures := 1; ; failures++ {
		n, err := d.client.Exists(ctx, commit.MarkKey(delivery.Topic, delivery.Group, key)).Result()
		if err == nil {
			return n == 1, nil
		}
		err = fmt.Errorf("look up a mark of group %s on %s: %w", delivery.Group, delivery.Topic, err)
		if commit.Refused(err) {
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, err
		case <-time.After(backoff(50*time.Millisecond, 2*time.Second, failures)):
		}
	}
}

// commits reports whether what is published with the delivery of h is settled
// with it: it came through the same client.
func (d domain) commits(h *handoff.Handoff) bool {
	return h != nil && h.Domain() == handoff.Domain(d)
}

// isSpread reports whether keys are spread over servers by their hash tag, so that
// a script reaches only those with the same one.
func (d domain) isSpread() bool {
	switch d.client.(type) {
	case *redis.ClusterClient, *redis.Ring:
		return true
	default:
		return false
	}
}
