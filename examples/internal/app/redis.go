package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/shop"
	"github.com/millstream-go/millstream/internal/demoredis"
)

// pingTimeout is how long the server may take to show that it is there.
const pingTimeout = 5 * time.Second

// connect returns a client of the Redis that the command is to run on.
func (c *command) connect(ctx context.Context) (client *redis.Client, stop func(), err error) {
	if c.redisURL == "" {
		fmt.Fprintln(c.stderr, "no REDIS_URL: running on an embedded Redis (in memory, gone at exit)")
		return demoredis.Start()
	}
	options, err := parseURL(c.redisURL)
	if err != nil {
		return nil, nil, err
	}
	client = redis.NewClient(options)
	pinging, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := client.Ping(pinging).Err(); err != nil {
		_ = client.Close() // it has nothing to lose
		if _, ok := errors.AsType[redis.Error](err); ok {
			return nil, nil, fmt.Errorf("the Redis at %s refuses: %w: look at the user and the password in the URL", options.Addr, err)
		}
		return nil, nil, fmt.Errorf("no Redis at %s: %w: start one there, point REDIS_URL or -redis at another, or give neither to run on an embedded one", options.Addr, err)
	}
	return client, func() { _ = client.Close() }, nil
}

// parseURL never says what is in the URL: there may be a password anywhere in
// one that is wrong.
func parseURL(text string) (*redis.Options, error) {
	const want = "want one like redis://user:password@localhost:6379/0"
	parsed, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the Redis URL is no URL: " + want)
	}
	if !slices.Contains([]string{"redis", "rediss", "unix"}, parsed.Scheme) {
		return nil, errors.New("the Redis URL must begin with redis://, rediss:// or unix://: " + want)
	}
	options, err := redis.ParseURL(text)
	if err != nil {
		return nil, errors.New("the Redis URL has a part that does not fit: " + want)
	}
	return options, nil
}

// reset deletes all that the pipeline and its ledger have in Redis.
func reset(ctx context.Context, client redis.UniversalClient) error {
	const page = 1000
	keys := client.Scan(ctx, 0, escaped(shop.Prefix)+"*", page).Iterator()
	var found []string
	for keys.Next(ctx) {
		if found = append(found, keys.Val()); len(found) >= page {
			if err := client.Unlink(ctx, found...).Err(); err != nil {
				return err
			}
			found = found[:0]
		}
	}
	if err := keys.Err(); err != nil || len(found) == 0 {
		return err
	}
	return client.Unlink(ctx, found...).Err()
}

// escaped makes a pattern for SCAN that matches exactly s.
func escaped(s string) string {
	var pattern []byte
	for i := range len(s) {
		switch s[i] {
		case '*', '?', '[', ']', '\\':
			pattern = append(pattern, '\\')
		}
		pattern = append(pattern, s[i])
	}
	return string(pattern)
}
