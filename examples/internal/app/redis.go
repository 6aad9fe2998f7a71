package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/demoredis"
)

// pingTimeout is how long the server may take to show that it is there.
const pingTimeout = 5 * time.Second

// Embedded is said to whoever has no Redis.
const Embedded = "no REDIS_URL: running on an embedded Redis (in memory, gone at exit)"

// RedisURL returns the URL that a flag was given, or else that of the environment. It is no
// flag's default: -h would show its password.
func RedisURL(flag string) string { return cmp.Or(flag, os.Getenv("REDIS_URL")) }

// Connect returns a client of the Redis at the URL, which it has asked. Without a URL it
// starts an embedded one and says so: other processes reach it at the client's address. stop
// closes the client, and ends the embedded one.
func Connect(ctx context.Context, url string, notice io.Writer) (client *redis.Client, stop func(), err error) {
	if url == "" {
		fmt.Fprintln(notice, Embedded)
		return demoredis.Start()
	}
	options, err := parseURL(url)
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

// Reset deletes all keys that begin with the prefix, on the one server of the client.
func Reset(ctx context.Context, client redis.UniversalClient, prefix string) error {
	const page = 1000
	keys := client.Scan(ctx, 0, escaped(prefix)+"*", page).Iterator()
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
