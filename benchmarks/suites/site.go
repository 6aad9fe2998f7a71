package suites

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// site is where one contender works for one round: keys that nobody else uses, and
// connections that end with it.
type site struct {
	options *redis.Options
	tag     string
	// own is the client of whoever prepares a round and accounts for it. No contender
	// uses it.
	own  *redis.Client
	ends []func() error
	// topics are those that were made.
	topics map[string]struct{}
}

func newSite(options *redis.Options) *site {
	return &site{
		options: options, tag: "{bench-" + uuid.NewString() + "}", own: newClient(options), topics: map[string]struct{}{},
	}
}

func newClient(options *redis.Options) *redis.Client {
	own := *options // clients keep them
	return redis.NewClient(&own)
}

// connect returns a new client with the pool that go-redis gives by default.
func (s *site) connect() *redis.Client { return s.closing(newClient(s.options)) }

// connectLanes returns a new client with room for so many lanes.
func (s *site) connectLanes(lanes int) *redis.Client {
	return s.closing(chain.Connect(s.options, lanes))
}

func (s *site) closing(client *redis.Client) *redis.Client {
	s.atEnd(func() error {
		_ = client.Close() // a stock publisher or subscriber has closed it already
		return nil
	})
	return client
}

// topic returns a key or a channel of this site, with a hash tag that keeps all of them
// together.
func (s *site) topic(name string) string {
	topic := s.tag + ":" + name
	s.topics[topic] = struct{}{}
	return topic
}

// atEnd has something done when the site ends; what was added last comes first.
func (s *site) atEnd(f func() error) { s.ends = append(s.ends, f) }

// end does what is to be done, and deletes all keys: the topics first, which hold nearly
// everything, and then what contenders have put beside them.
func (s *site) end(ctx context.Context) error {
	var faults []error
	for _, f := range slices.Backward(s.ends) {
		faults = append(faults, f())
	}
	s.ends = nil
	defer s.own.Close()
	faults = append(faults, chain.Wipe(ctx, s.own, s.tag, slices.Collect(maps.Keys(s.topics))...))
	return errors.Join(faults...)
}
