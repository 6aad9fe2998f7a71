package chain

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// block is how long a read of a loop written by hand waits for messages, and with it how
// long the end of a run may take: go-redis does not end it with a context.
const block = 100 * time.Millisecond

// runLanes runs loops written by hand on Streams, with one client: start begins those of
// one lane of a stage, which reads as a consumer and writes to a topic. Their groups begin
// with what was preloaded.
func (c Chain) runLanes(
	ctx context.Context, start func(ctx context.Context, all *loops, lane commit.Group, to string),
) error {
	client := c.Connect()
	defer client.Close()
	ctx, all := newLoops(ctx)
	for i := 1; i <= c.Stages; i++ {
		from, group := c.Topic(i-1), stageName(i)
		if err := client.XGroupCreateMkStream(ctx, from, group, "0").Err(); err != nil {
			all.failed(fmt.Errorf("make group %s: %w", group, err))
			break
		}
		for lane := range c.Concurrency {
			consumer := "lane-" + strconv.Itoa(lane)
			start(ctx, all, commit.Group{Client: client, Stream: from, Group: group, Consumer: consumer}, c.Topic(i))
		}
	}
	return all.join()
}
