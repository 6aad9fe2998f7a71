package report

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/intake"
	"github.com/millstream-go/millstream/pipeline"
)

// Poison is a group of poisoned messages that are alike.
type Poison struct {
	// Kind and Stage say what was wrong, by the pipeline's names, and where.
	Kind, Stage string
	// Reason is what their reasons have in common.
	Reason   string
	Count    int
	Examples []Example
}

// Example is one poisoned message.
type Example struct {
	Line   string // of the input; empty when unknown
	Reason string
}

// examples is how many examples a group keeps.
const examples = 3

// poisons reads the poison topic and groups what is in it, the most frequent
// reason of each kind and stage first.
func (s Source) poisons(ctx context.Context) ([]Poison, error) {
	type alike struct{ kind, stage, reason string }
	groups := make(map[alike]*Poison)
	err := each(ctx, s.Client, s.Poison, "0-0", func(entry redis.XMessage) error {
		msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry.Values)
		if err != nil {
			// Somebody else's. It is poison all the same.
			msg = message.NewMessage(entry.ID, nil)
			msg.Metadata.Set(pipeline.PoisonReason, err.Error())
		}
		reason := strings.TrimPrefix(msg.Metadata.Get(pipeline.PoisonReason), undecoded)
		key := alike{msg.Metadata.Get(pipeline.PoisonKind), msg.Metadata.Get(pipeline.PoisonHandler), common(reason)}
		group, ok := groups[key]
		if !ok {
			group = &Poison{Kind: key.kind, Stage: key.stage, Reason: key.reason}
			groups[key] = group
		}
		group.Count++
		if len(group.Examples) < examples {
			group.Examples = append(group.Examples, Example{Line: msg.Metadata.Get(intake.LineKey), Reason: reason})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the poison queue: %w", err)
	}
	var poisons []Poison
	for _, group := range groups {
		poisons = append(poisons, *group)
	}
	slices.SortFunc(poisons, func(a, b Poison) int {
		return cmp.Or(
			cmp.Compare(rank(a.Kind), rank(b.Kind)),
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Stage, b.Stage),
			cmp.Compare(b.Count, a.Count),
			cmp.Compare(a.Reason, b.Reason),
		)
	})
	return poisons, nil
}

// rank orders the kinds by how early in the pipeline they happen.
func rank(kind string) int {
	return slices.Index([]string{pipeline.KindMalformed, pipeline.KindPermanent, pipeline.KindExhausted}, kind)
}

// undecoded is how the reason of a malformed message begins, which its heading
// says already.
const undecoded = "the payload cannot be decoded: "

// What differs between reasons that are alike.
var (
	anOrder  = regexp.MustCompile(`\border ("(?:[^"\\]|\\.)*"|\S+): `)
	inQuotes = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+'`)
	aNumber  = regexp.MustCompile(`-?\b\d+(?:\.\d+)?\b`)
)

// common returns what a reason says without what it says about one message.
func common(reason string) string {
	reason = anOrder.ReplaceAllString(reason, "")
	reason = inQuotes.ReplaceAllString(reason, "…")
	return aNumber.ReplaceAllString(reason, "N")
}
