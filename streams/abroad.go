package streams

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// abroadTTL is how long an output that is out of the commit's reach is known to be
// published: as long as the same delivery may be run again.
const abroadTTL = 24 * time.Hour

// publishAbroad publishes the outputs of deliveries whose topics are in another
// slot than the input, where the commit cannot reach them, and takes them out of
// the batch. Each is published under a key made of its input and its place among
// the outputs, so that a run that is repeated adds nothing twice.
func (s *subscription) publishAbroad(ctx context.Context, batch []commit.Delivery) error {
	home := commit.HashTag(s.group.Stream)
	isAbroad := func(o handoff.Output) bool { return commit.HashTag(o.Topic) != home }
	for i := range batch {
		d := &batch[i]
		if !slices.ContainsFunc(d.Effects.Outputs, isAbroad) {
			continue
		}
		for n, o := range d.Effects.Outputs {
			if !isAbroad(o) {
				continue
			}
			key := fmt.Sprintf("%s:%s:%s:%d", s.group.Stream, s.group.Group, d.ID, n)
			message := commit.Message{Key: key, Values: o.Values, Size: o.Size}
			if err := commit.PublishOnce(ctx, s.domain.client, o.Topic, abroadTTL, []commit.Message{message}); err != nil {
				return err
			}
		}
		d.Effects.Outputs = slices.DeleteFunc(d.Effects.Outputs, isAbroad)
	}
	return nil
}
