package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"
)

// LineKey is the metadata key under which a message says which line of its
// input it was, for the person who has to mend that line.
const LineKey = "line"

// A batch is published when it holds this much, or when the input has no more
// to give just now.
const (
	batchLines = 256
	batchBytes = 1 << 20
)

// batch is a run of lines, or why there are no more.
type batch struct {
	lines []Line
	err   error
}

// Feed publishes each line of r to topic as one message, whose UUID is the
// line's id and whose payload is the line's text, and returns how many it
// published. Give it a publisher that passes over UUIDs that it has seen.
//
// Feed ends when r does or when ctx is done. In the latter case it does not wait
// for a Read of r that is blocked: nothing can interrupt the read of a
// terminal. No Read follows that one.
func Feed(ctx context.Context, r io.Reader, publisher message.Publisher, topic string) (int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan batch)
	go scan(ctx, NewScanner(r), batches)

	published := 0
	for {
		select {
		case <-ctx.Done():
			return published, context.Cause(ctx)
		case b := <-batches:
			if err := publish(ctx, publisher, topic, b.lines); err != nil {
				return published, err
			}
			published += len(b.lines)
			if errors.Is(b.err, io.EOF) {
				return published, nil
			}
			if b.err != nil {
				return published, fmt.Errorf("read the orders: %w", b.err)
			}
		}
	}
}

// scan sends what scanner reads, one batch while the one before is published.
func scan(ctx context.Context, scanner *Scanner, batches chan<- batch) {
	var err error
	for err == nil && ctx.Err() == nil {
		var b batch
		b.lines, err = gather(scanner)
		b.err = err
		select {
		case batches <- b:
		case <-ctx.Done():
		}
	}
}

// gather reads lines until there are enough for a batch or the next would have
// to be waited for.
func gather(scanner *Scanner) ([]Line, error) {
	var lines []Line
	for bytes := 0; len(lines) < batchLines && bytes < batchBytes; {
		line, err := scanner.Next()
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
		bytes += len(line.Text)
		if !scanner.Ready() {
			break
		}
	}
	return lines, nil
}

func publish(ctx context.Context, publisher message.Publisher, topic string, lines []Line) error {
	if len(lines) == 0 {
		return nil
	}
	messages := make([]*message.Message, len(lines))
	for i, line := range lines {
		messages[i] = message.NewMessageWithContext(ctx, line.ID, line.Text)
		messages[i].Metadata.Set(LineKey, strconv.Itoa(line.Number))
	}
	return publisher.Publish(topic, messages...)
}
