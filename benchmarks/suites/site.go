package suites

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
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
}

func newSite(options *redis.Options) *site {
	return &site{options: options, tag: "{bench-" + uuid.NewString() + "}", own: newClient(options)}
}

func newClient(options *redis.Options) *redis.Client {
	own := *options // clients keep them
	return redis.NewClient(&own)
}

// connect returns a new client with the pool that go-redis gives by default.
func (s *site) connect() *redis.Client {
	client := newClient(s.options)
	s.atEnd(func() error {
		_ = client.Close() // a stock publisher or subscriber has closed it already
		return nil
	})
	return client
}

// topic returns a key or a channel of this site, with a hash tag that keeps all of them
// together.
func (s *site) topic(name string) string { return s.tag + ":" + name }

// atEnd has something done when the site ends; what was added last comes first.
func (s *site) atEnd(f func() error) { s.ends = append(s.ends, f) }

// wipeTimeout bounds how long the keys of a site may take to go.
const wipeTimeout = 10 * time.Second

// end does what is to be done, and deletes all keys: also after ctx has ended, for they
// are nobody's any more.
func (s *site) end(ctx context.Context) error {
	var faults []error
	for _, f := range slices.Backward(s.ends) {
		faults = append(faults, f())
	}
	s.ends = nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wipeTimeout)
	defer cancel()
	defer s.own.Close()
	return errors.Join(append(faults, s.wipe(ctx))...)
}

// wipe waits until the keys are deleted: memory that the server frees on the side would
// cost the next round.
func (s *site) wipe(ctx context.Context) error {
	const pageSize = 1000
	var keys []string
	scan := s.own.Scan(ctx, 0, s.tag+":*", pageSize).Iterator()
	for scan.Next(ctx) {
		keys = append(keys, scan.Val())
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("look for the keys of a round: %w", err)
	}
	if len(keys) == 0 {
		return nil
	}
	if err := s.own.Del(ctx, keys...).Err(); err != nil {
		return fmt.Errorf("delete the keys of a round: %w", err)
	}
	return nil
}
