package redisstore

import (
	"context"
	_ "embed" // the script is a file of its own
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/internal/isnil"
	"github.com/millstream-go/millstream/internal/refused"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/internal/tokens"
)

// DefaultLimiterPrefix goes before the key of a bucket in Redis by default.
const DefaultLimiterPrefix = "millstream:ratelimit:"

// finest is the highest rate that the server's clock can tell from another.
const finest rate.Limit = 1_000_000

// errUnmadeLimiter is returned by a Limiter that [NewLimiter] did not make.
var errUnmadeLimiter = errors.New("redisstore limiter: it has no client: make it with NewLimiter")

// LimiterConfig sets up a [Limiter].
type LimiterConfig struct {
	// Rate is how many tokens each key gets per second; [rate.Every] makes one of an
	// interval. Required: above 0, and at most a million.
	Rate rate.Limit
	// Burst is how many tokens a key can save up, which it has to begin with.
	// Default: 1. It may take at most a year to save up.
	Burst int
	// Prefix goes before each key in Redis. Limiters with the same prefix share the
	// tokens of equal keys. Default: [DefaultLimiterPrefix].
	Prefix string
}

// Limiter is a [middleware.Limiter] whose tokens all processes share that use the
// same Redis, with the same Prefix. In any time t they take at most Burst + Rate·t of
// a key together.
//
// Each key is one key in Redis, PREFIX followed by the key, which expires when the
// burst is saved up again; it is of the cluster's slot that its name belongs to. Take
// is one call of a script, which goes by the clock of the server: those of the
// processes do not matter. It needs Redis 5.0 or later or Valkey, and permission for
// EVALSHA, EVAL, GET, SET and TIME.
//
// What Redis forgets, by a restart or a failover, is a burst more at most. When its
// clock is set back, or the rate is raised, nobody waits for longer than the new rate
// asks for. A reply that is lost may cost a token: go-redis asks again.
type Limiter struct {
	client redis.UniversalClient
	prefix string
	// interval is the time between two tokens, room that of as many as can be saved
	// up, in microseconds.
	interval, room float64
}

var _ middleware.Limiter = (*Limiter)(nil)

// NewLimiter returns a limiter on client. It fails when the client is nil, or the
// configuration is one that would let nothing through, or everything. It does not
// connect.
func NewLimiter(client redis.UniversalClient, config LimiterConfig) (*Limiter, error) {
	if isnil.Value(client) {
		return nil, errors.New("redisstore limiter: the client is nil")
	}
	if config.Burst == 0 {
		config.Burst = 1
	}
	if config.Prefix == "" {
		config.Prefix = DefaultLimiterPrefix
	}
	if err := tokens.Check(config.Rate, config.Burst); err != nil {
		return nil, fmt.Errorf("redisstore limiter: %w", err)
	}
	if config.Rate > finest {
		return nil, fmt.Errorf("redisstore limiter: %v tokens per second are more than a clock of microseconds can count: at most %v", float64(config.Rate), float64(finest))
	}
	interval := float64(time.Second/time.Microsecond) / float64(config.Rate)
	return &Limiter{client: client, prefix: config.Prefix, interval: interval, room: interval * float64(config.Burst)}, nil
}

//go:embed take.lua
var takeSource string

var takeScript = redis.NewScript(takeSource)

// Take takes a token of key and returns 0, or takes none and returns how long it will
// be until there is one. It takes as long as the client takes: the timeouts are its.
// What the server refuses, for a lack of permission or because the key is of another
// type, is an error that wraps [middleware.ErrLimitRefused].
func (l *Limiter) Take(ctx context.Context, key string) (time.Duration, error) {
	if l == nil || l.client == nil {
		return 0, errUnmadeLimiter
	}
	// Run sends the source when the server has forgotten the script.
	wait, err := takeScript.Run(ctx, l.client, []string{l.prefix + key}, number(l.interval), number(l.room)).Int64()
	switch {
	case refused.Is(err):
		return 0, fmt.Errorf("redisstore limiter: %w: %w", middleware.ErrLimitRefused, err)
	case err != nil:
		return 0, fmt.Errorf("redisstore limiter: %w", err)
	}
	return time.Duration(wait) * time.Microsecond, nil
}

// number writes a number so that nothing of it is lost.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
