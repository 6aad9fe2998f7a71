package streams

import (
	"fmt"
	"reflect"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/isnil"
)

// domain is what one commit can reach: everything behind one client. A publisher
// and a subscriber on the same client share it.
type domain struct{ client redis.UniversalClient }

// newDomain refuses a client that cannot tell itself from another.
func newDomain(client redis.UniversalClient) (domain, error) {
	if isnil.Value(client) {
		return domain{}, fmt.Errorf("streams: the Redis client is nil: make one with redis.NewUniversalClient")
	}
	if !reflect.TypeOf(client).Comparable() {
		return domain{}, fmt.Errorf("streams: a client of type %T cannot be compared: pass a pointer", client)
	}
	return domain{client: client}, nil
}

// Leases returns leases on the keys that a commit of the delivery marks.
func (d domain) Leases(delivery handoff.Delivery) handoff.Leases { return leases{d.client, delivery} }

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
