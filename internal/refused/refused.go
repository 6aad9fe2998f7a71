// Package refused tells the server's refusals from outages and states that pass.
package refused

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// Is reports whether err is the server's refusal of what it was asked to do,
// which asking again will not change, rather than an outage or a state that passes.
// A password that does not fit any more passes, too: what handlers finished must
// not be lost to a change of passwords.
func Is(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return false
	}
	for _, passing := range []string{
		"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "MISCONF", "OOM", "BUSY",
		"NOREPLICAS", "NOAUTH", "WRONGPASS", "Protocol error: unauthenticated", "max number of clients", "EXECABORT",
	} {
		if redis.HasErrorPrefix(reply, passing) {
			return false
		}
	}
	return true
}
