package suites

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// The names of the contenders.
const (
	Ceiling    = "ceiling"
	Millstream = "millstream"
	Stock      = "stock"
	Article    = "article"
	PubSub     = "pubsub"
	PubSubRaw  = "pubsub-raw"
)

// Contenders returns the names of the contenders, in the order in which they are shown.
func Contenders() []string {
	return []string{Ceiling, Millstream, Stock, Article, PubSub, PubSubRaw}
}

// StreamsGroup stands for all contenders on Redis Streams where transports are chosen.
const StreamsGroup = "streams"

// Transports returns the contenders with the given names, of which "streams" stands for
// all those on Redis Streams; without names, all of them.
func Transports(names ...string) ([]string, error) {
	if len(names) == 0 {
		return Contenders(), nil
	}
	var chosen []string
	for _, name := range names {
		switch {
		case name == StreamsGroup:
			chosen = append(chosen, Ceiling, Millstream, Stock, Article)
		case slices.Contains(Contenders(), name):
			chosen = append(chosen, name)
		default:
			return nil, fmt.Errorf("there is no contender %q, only %s, and %s for the first four",
				name, strings.Join(Contenders(), ", "), StreamsGroup)
		}
	}
	in := func(name string) bool { return slices.Contains(chosen, name) }
	return slices.DeleteFunc(Contenders(), func(name string) bool { return !in(name) }), nil
}

// among returns those of the contenders that were chosen.
func (c *Config) among(contenders ...bench.Contender) []bench.Contender {
	return slices.DeleteFunc(contenders, func(contender bench.Contender) bool {
		return len(c.Transports) > 0 && !slices.Contains(c.Transports, contender.Name)
	})
}
