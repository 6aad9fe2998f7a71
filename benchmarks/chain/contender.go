package chain

import (
	"context"
	"runtime"
	"strconv"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// Contender is one way to run the chain.
type Contender interface {
	Name() string
	// Run runs the stages until ctx ends, lets them finish what they have begun,
	// and returns when they have ended. Each run has clients of its own.
	Run(ctx context.Context, c Chain) error
}

// keepsNothing marks a contender on Pub/Sub.
type keepsNothing struct{}

func (keepsNothing) Live() bool { return true }

// IsLive reports whether the transport of a contender keeps nothing for a stage that is
// not there yet: the chain cannot be preloaded, but is fed while it runs. Such a one has
// a method Live that says so.
func IsLive(contender Contender) bool {
	c, ok := contender.(interface{ Live() bool })
	return ok && c.Live()
}

// The names of the contenders.
const (
	Stock          = "stock"
	Millstream     = "millstream"
	MillstreamJSON = "millstream-json"
	Ceiling        = "ceiling"
	Article        = "article"
	PubSub         = "pubsub"
	PubSubRaw      = "pubsub-raw"
)

// Contenders returns all contenders.
func Contenders() []Contender {
	return []Contender{ceiling{}, millstream{}, millstreamJSON{}, stock{}, article{}, pubSub{}, pubSubRaw{}}
}

// Chain is what a contender is to run.
type Chain struct {
	// Redis is how to connect. Each contender makes its own clients, by Connect.
	Redis *redis.Options
	// Name is part of all keys, as the hash tag that keeps them together.
	Name string
	// Stages is how many stages there are, Concurrency how many messages each
	// may work on at once.
	Stages, Concurrency int
	// Work, if set, is what stages from 1 on do with each message before they pass it
	// on, if they have Watermill's router or are a pipeline.
	Work func(stage int)
	// Lossy lets messages get lost where a fault is measured: subscribers of Pub/Sub
	// that cannot keep up drop the oldest message, as they do by default, and the end of
	// the chain goes on when Redis has been away.
	Lossy bool
}

func (c Chain) work(stage int) {
	if c.Work != nil {
		c.Work(stage)
	}
}

// New returns a chain with a name of its own.
func New(options *redis.Options, stages, concurrency int) Chain {
	return Chain{Redis: options, Name: "chain-" + uuid.NewString(), Stages: stages, Concurrency: concurrency}
}

// Topic returns the stream or channel that stage i writes; 0 is what the first one reads.
func (c Chain) Topic(i int) string { return "{" + c.Name + "}:" + stageName(i) }

// Connect returns a new client with room for each message that may be worked on at once.
func (c Chain) Connect() *redis.Client { return Connect(c.Redis, c.Stages*c.Concurrency) }

// Connect returns a new client with room for a blocking read and a call beside it for each
// of so many lanes: go-redis gives 10 connections a processor, and who shares them between
// many lanes would measure the wait for one. The options are copied, since clients keep
// them.
func Connect(options *redis.Options, lanes int) *redis.Client {
	const spare = 10
	own := *options
	own.PoolSize = max(own.PoolSize, spare*runtime.GOMAXPROCS(0), 2*lanes+spare)
	return redis.NewClient(&own)
}

func stageName(i int) string { return "stage" + strconv.Itoa(i) }
