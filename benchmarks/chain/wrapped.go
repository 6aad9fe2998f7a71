package chain

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
	"github.com/millstream-go/millstream/pipeline"
)

// Bare is a pipeline without any middleware, what that of the others is measured
// against.
const Bare = "bare"

// wrapped is a pipeline on streams with middleware of its own around each stage.
type wrapped struct {
	name string
	// wrap sets the parts of an empty chain, for one run of the contender.
	wrap func(redis.UniversalClient, *middleware.Chain) error
}

func (w wrapped) Name() string { return w.name }

func (w wrapped) Run(ctx context.Context, c Chain) error {
	client := c.Connect()
	defer client.Close()
	var parts middleware.Chain
	if err := w.wrap(client, &parts); err != nil {
		return err
	}
	return runPipeline[[]byte](ctx, c, pipeline.WithCodec(raw{}), pipeline.Chain(func(chain *middleware.Chain) {
		if w.name == withPoison {
			parts.PoisonQueue = chain.PoisonQueue
		}
		*chain = parts
	}))
}

const withPoison = "poison"

// Wrapped returns a pipeline without middleware, one with the default chain, and one
// with each part alone.
func Wrapped() []Contender {
	return []Contender{
		part(Bare, func(*middleware.Chain) {}),
		millstream{},
		part(withPoison, func(*middleware.Chain) {}),
		part("correlation", func(c *middleware.Chain) { c.CorrelationID = middleware.CorrelationID }),
		part("retry", func(c *middleware.Chain) { c.Retry = middleware.Retry{}.Middleware }),
		part("recoverer", func(c *middleware.Chain) { c.Recoverer = middleware.Recoverer }),
		part("timeout", func(c *middleware.Chain) { c.Timeout = middleware.Timeout(time.Minute) }),
		part("validate", func(c *middleware.Chain) {
			c.Validate = middleware.Validate(func(*message.Message) error { return nil })
		}),
		part("breaker", func(c *middleware.Chain) { c.CircuitBreaker = middleware.CircuitBreaker{}.Middleware }),
		wrapped{"rate-process", func(_ redis.UniversalClient, c *middleware.Chain) error {
			limiter, err := middleware.PerProcess(plenty, plenty)
			c.RateLimit = middleware.RateLimit{Limiter: limiter}.Middleware
			return err
		}},
		wrapped{"rate-redis", func(client redis.UniversalClient, c *middleware.Chain) error {
			limiter, err := redisstore.NewLimiter(client, redisstore.LimiterConfig{Rate: plenty, Burst: plenty})
			c.RateLimit = middleware.RateLimit{Limiter: limiter}.Middleware
			return err
		}},
		part("dedup", func(c *middleware.Chain) { c.Dedup = middleware.Dedup{TTL: time.Minute}.Middleware }),
	}
}

// plenty is a rate that limits nothing.
const plenty = 1_000_000

func part(name string, set func(*middleware.Chain)) Contender {
	return wrapped{name, func(_ redis.UniversalClient, c *middleware.Chain) error {
		set(c)
		return nil
	}}
}
