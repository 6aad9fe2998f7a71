package chain

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

func (keepsNothing) live() {}

// IsLive reports whether the transport of a contender keeps nothing for a stage that is
// not there yet: the chain cannot be preloaded, but is fed while it runs.
func IsLive(contender Contender) bool {
	_, ok := contender.(interface{ live() })
	return ok
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

// Select returns the contenders with the given names, in this order.
func Select(names ...string) ([]Contender, error) {
	all := slices.Concat(Contenders(), Wrapped(), Traced())
	var selected []Contender
	for _, name := range names {
		i := slices.IndexFunc(all, func(c Contender) bool { return c.Name() == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no contender %q, only %s", name, strings.Join(Names(all), ", "))
		}
		selected = append(selected, all[i])
	}
	return selected, nil
}

// Names returns the names of contenders, each once.
func Names(contenders []Contender) []string {
	var names []string
	for _, c := range contenders {
		if !slices.Contains(names, c.Name()) {
			names = append(names, c.Name())
		}
	}
	return names
}

// Chain is what a contender is to run.
type Chain struct {
	// Redis is how to connect. Each contender makes its own clients, with the
	// pool that go-redis gives by default.
	Redis *redis.Options
	// Name is part of all keys, as the hash tag that keeps them together.
	Name string
	// Stages is how many stages there are, Concurrency how many messages each
	// may work on at once.
	Stages, Concurrency int
}

// New returns a chain with a name of its own.
func New(options *redis.Options, stages, concurrency int) Chain {
	return Chain{Redis: options, Name: "chain-" + uuid.NewString(), Stages: stages, Concurrency: concurrency}
}

// Topic returns the stream or channel that stage i writes; 0 is what the first one reads.
func (c Chain) Topic(i int) string { return "{" + c.Name + "}:" + stageName(i) }

// Connect returns a new client. The options are copied, since clients keep them.
func (c Chain) Connect() *redis.Client {
	options := *c.Redis
	return redis.NewClient(&options)
}

func stageName(i int) string { return "stage" + strconv.Itoa(i) }
