package reliability

import (
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// Contender is who goes through the faults.
type Contender interface {
	Name() string
	// Open makes both ends of a stage.
	Open(Settings) (Ends, error)
	// Answer returns the output for a message.
	Answer(in *message.Message) *message.Message
}

// The names of the contenders.
const (
	Stock      = "stock"
	Millstream = "millstream"
)

// Contenders returns all contenders.
func Contenders() []Contender { return []Contender{stock{}, millstream{}} }

// Settings are what a fault sets, in words that fit both contenders. What is not
// named here is as it comes.
type Settings struct {
	Connect         func() *redis.Client
	Group, Consumer string
	// Idle is how long a consumer may be silent before others take over its messages.
	Idle time.Duration
	// ClaimEvery is how often to look for such messages, by the contender that can
	// be told. Default: a fifth of Idle.
	ClaimEvery time.Duration
	// MaxLen bounds the streams that are published to, if it is not zero. Trim has
	// the subscriber trim what is done with, by the contender that can.
	MaxLen int64
	Trim   bool
	// Removal, if it is not zero, is how long a consumer may be silent before it
	// is removed from its group, by the contender that does so.
	Removal time.Duration
	// Crashes is how often a message may end its process, by the contender that counts.
	Crashes int
}

// Ends are both ends of a stage.
type Ends struct {
	Subscriber message.Subscriber
	Publisher  message.Publisher
}

// selectContender returns the contender of a name.
func selectContender(name string) (Contender, error) {
	for _, c := range Contenders() {
		if c.Name() == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("there is no contender %q", name)
}
