package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrPermission is what errors wrap when Redis does not let this client do what it
// has to: its password is missing or wrong, or its user lacks a permission.
var ErrPermission = errors.New("no permission")

// wanted is a key and the type that it should have, as Redis's TYPE says it.
type wanted struct{ key, kind string }

// explain returns err with what to do about it, where Redis's own words do not
// tell. The keys are those that the failed command used.
func (d domain) explain(ctx context.Context, err error, keys ...wanted) error {
	var reply redis.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, ErrPermission):
		return err
	case errors.Is(err, redis.ErrClosed):
		return fmt.Errorf("%w (close a client after its publishers and subscribers)", err)
	case errors.Is(err, redis.ErrPoolTimeout):
		return fmt.Errorf("%w (all connections of the client were busy: raise its PoolSize, each subscription keeps one in a blocking read)", err)
	case !errors.As(err, &reply):
		return fmt.Errorf("%s cannot be reached: %w", d.server(), err)
	case redis.HasErrorPrefix(err, "NOAUTH"), redis.HasErrorPrefix(err, "WRONGPASS"),
		// What a large request gets, before Redis looks which one it is.
		redis.HasErrorPrefix(err, "Protocol error: unauthenticated"):
		return fmt.Errorf("%w: %w (give the client the user name and password of %s)", ErrPermission, err, d.server())
	case redis.HasErrorPrefix(err, "NOPERM"):
		return fmt.Errorf("%w: %w (%s lacks it: docs/operations.md lists what to grant)", ErrPermission, err, d.user())
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return d.explainType(ctx, err, keys)
	case redis.HasErrorPrefix(err, "OOM"):
		return fmt.Errorf("%w (%s is full: raise maxmemory, or trim or delete what is not needed)", err, d.server())
	case redis.HasErrorPrefix(err, "READONLY"):
		return fmt.Errorf("%w (%s is a replica: connect to the master, by Sentinel or Cluster if it moves)", err, d.server())
	default:
		return err
	}
}

// explainType names the keys that are not of the type they should be.
func (d domain) explainType(ctx context.Context, err error, keys []wanted) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var wrong []string
	for _, k := range keys {
		// Whoever may not ask for the type gets the plain error.
		is, failed := d.client.Type(ctx, k.key).Result()
		if failed == nil && is != "none" && is != k.kind {
			wrong = append(wrong, fmt.Sprintf("the key %s is a %s and should be a %s", k.key, is, k.kind))
		}
	}
	if len(wrong) == 0 {
		return err
	}
	return fmt.Errorf("%w (%s: rename or delete it, or use another name here)", err, strings.Join(wrong, ", "))
}

// server names the server for people.
func (d domain) server() string {
	var addresses []string
	switch c := d.client.(type) {
	case *redis.Client:
		addresses = []string{c.Options().Addr}
	case *redis.ClusterClient:
		addresses = c.Options().Addrs
	case *redis.Ring:
		for _, address := range c.Options().Addrs {
			addresses = append(addresses, address)
		}
		slices.Sort(addresses)
	}
	if len(addresses) == 0 {
		return "Redis"
	}
	return "Redis at " + strings.Join(addresses, ", ")
}

// user names the client's user for people.
func (d domain) user() string {
	if name := d.userName(); name != "" {
		return fmt.Sprintf("user %q", name)
	}
	return "the client's user"
}

// userName returns the name of the client's user; empty when it is not known.
func (d domain) userName() string {
	name, provided := "", true
	switch c := d.client.(type) {
	case *redis.Client:
		o := c.Options()
		name = o.Username
		provided = o.CredentialsProvider != nil || o.CredentialsProviderContext != nil || o.StreamingCredentialsProvider != nil
	case *redis.ClusterClient:
		o := c.Options()
		name = o.Username
		provided = o.CredentialsProvider != nil || o.CredentialsProviderContext != nil || o.StreamingCredentialsProvider != nil
	}
	switch {
	case provided:
		return ""
	case name == "":
		return "default"
	default:
		return name
	}
}
