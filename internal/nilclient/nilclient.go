// Package nilclient finds Redis clients that are none.
package nilclient

import (
	"reflect"

	"github.com/redis/go-redis/v9"
)

// Is reports whether client is nil, or an interface with a nil pointer in it.
func Is(client redis.UniversalClient) bool {
	if client == nil {
		return true
	}
	v := reflect.ValueOf(client)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
