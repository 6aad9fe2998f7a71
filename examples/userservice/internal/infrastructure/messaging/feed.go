package messaging

import (
	"context"
	"log/slog"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

// NewFeed composes what each process runs that has watchers: every one of them gets every
// event, if it is there at that moment.
func NewFeed(name string, show func(context.Context, domain.UserRegistered) error, logger *slog.Logger) *pipeline.Pipeline {
	p, registered := feed(name, pipeline.Logger(logger), pipeline.Telemetry{HideErrors: true})
	pipeline.Sink(registered, "show", show)
	return p
}

// channel returns the name of the Pub/Sub channel.
func channel(name string) string {
	_, registered := feed(name)
	return registered.Topics()[0]
}

func feed(name string, options ...pipeline.Option) (*pipeline.Pipeline, pipeline.Flow[domain.UserRegistered]) {
	p := pipeline.New(name+"-live", options...)
	return p, pipeline.Source[domain.UserRegistered](p, "registered")
}

// Live sets up the transport of the feed. gap is called after each time in which events
// may have passed by this process.
func Live(gap func(), logger *slog.Logger) pubsub.Config {
	return pubsub.Config{
		// With the event's id and its trace.
		Publisher: pubsub.PublisherConfig{Envelope: true},
		Subscriber: pubsub.SubscriberConfig{
			OnGap:  func(pubsub.Gap) { gap() },
			Logger: logger,
		},
	}
}
