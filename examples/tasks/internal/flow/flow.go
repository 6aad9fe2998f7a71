package flow

import (
	"context"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// Name is the pipeline's name, and Prefix begins every key that it has in Redis.
const (
	Name   = "tasks"
	Prefix = "{" + Name + "}:"
)

// The stages.
const (
	Announce = "announce"
	Index    = "index"
)

// indexing is how many events are indexed at once: each waits until it is on disk, and
// they get there together. An index passes over what is older than what it has, so their
// order does not matter.
const indexing = 16

// Apply brings an event to an index.
type Apply func(context.Context, task.Event) error

// Flow is the pipeline of the events.
type Flow struct {
	*pipeline.Pipeline
	// Events is the topic of all events.
	Events string
}

// New composes the pipeline: all events are published on channels of live, and applied.
func New(apply Apply, live pipeline.Transport, logger *slog.Logger) Flow {
	p := pipeline.New(Name, pipeline.Logger(logger))
	events := pipeline.Source[task.Event](p, "events", pipeline.WithCodec(codec{}))
	pipeline.Sink(events, Index, apply, pipeline.Concurrency(indexing))
	pipeline.Broadcast(events, Announce, live, task.Event.Channel, pipeline.Ordered())
	return Flow{p, events.Topics()[0]}
}

// Live returns the transport to the channels. Its messages are in envelopes, so that each
// keeps its id and its trace.
func Live(client redis.UniversalClient) (*pubsub.Transport, error) {
	return pubsub.NewTransport(client, pubsub.Config{Publisher: pubsub.PublisherConfig{Envelope: true}})
}

// Durable returns the transport of the pipeline. The stream keeps all events, for an index
// can be made anew of them.
func Durable(client redis.UniversalClient, logger *slog.Logger) (*streams.Transport, error) {
	return streams.NewTransport(client, streams.Config{KeepHistory: true, IdleTime: idleTime, Logger: logger})
}

// codec refuses what is no event of a task.
type codec struct{ pipeline.JSON }

// Unmarshal decodes an event.
func (c codec) Unmarshal(data []byte, v any) error {
	e, ok := v.(*task.Event)
	if !ok {
		return c.JSON.Unmarshal(data, v)
	}
	var err error
	*e, err = task.ParseEvent(data)
	return err
}
