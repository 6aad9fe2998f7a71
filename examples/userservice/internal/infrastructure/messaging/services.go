// Package messaging carries the events: from the outbox to the services by Redis Streams,
// and from there to whoever watches by Redis Pub/Sub.
package messaging

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// MailAttempts is how often a mail is tried until it is dead-lettered.
const MailAttempts = 5

// mailing is how many mails a process sends at once.
const mailing = 8

// Handlers are the services.
type Handlers struct {
	Greet func(context.Context, domain.UserRegistered) error
	Count func(context.Context, domain.UserRegistered) error
}

// Services is the pipeline behind the outbox.
type Services struct {
	Pipeline *pipeline.Pipeline
	// Registered is the flow of all registrations.
	Registered pipeline.Flow[domain.UserRegistered]
}

// NewServices composes it: each service is a group of its own and gets every event. The
// name is part of those of all keys. live is the transport of what is shown as it happens,
// backoff the longest pause before the second attempt at a mail: it doubles from then on.
func NewServices(name string, h Handlers, live pipeline.Transport, backoff time.Duration, logger *slog.Logger) Services {
	// Errors could quote what came in: their kinds are enough for traces.
	p := pipeline.New(name, pipeline.Logger(logger), pipeline.Telemetry{HideErrors: true})
	registered := pipeline.Source[domain.UserRegistered](p, "registered")

	pipeline.Sink(registered, "email", final(h.Greet), pipeline.Concurrency(mailing), pipeline.Chain(func(c *middleware.Chain) {
		// An event that is in the stream twice has one mail. The mark is set in the step that
		// acknowledges the event.
		c.Dedup = middleware.Dedup{Key: middleware.ByUUID}.Middleware
		c.Retry = middleware.Retry{
			MaxAttempts:     MailAttempts,
			InitialInterval: backoff,
			// A mail that waits holds up no other.
			HoldUpTo: -1,
			OnRetry: func(msg *message.Message, attempt int, err error, wait time.Duration) {
				logger.InfoContext(msg.Context(), "mail not taken, trying again", "event", msg.UUID, "attempt", attempt, "in", wait.Round(time.Millisecond), "err", err)
			},
		}.Middleware
	}))
	pipeline.Sink(registered, "analytics", h.Count)
	pipeline.Broadcast(registered, "live", live, func(domain.UserRegistered) string { return channel(name) })
	return Services{Pipeline: p, Registered: registered}
}

// Known returns the services as those know them who do not run them: what their topics are
// called, and whether anything is left to do.
func Known(name string) Services {
	nothing := func(context.Context, domain.UserRegistered) error { return nil }
	return NewServices(name, Handlers{nothing, nothing}, new(pubsub.Transport), time.Second, slog.New(slog.DiscardHandler))
}

// final tells the pipeline which errors no attempt will mend.
func final(greet func(context.Context, domain.UserRegistered) error) func(context.Context, domain.UserRegistered) error {
	return func(ctx context.Context, event domain.UserRegistered) error {
		err := greet(ctx, event)
		if errors.Is(err, application.ErrRejected) {
			return pipeline.Permanent(err)
		}
		return err
	}
}

const (
	// idleTime is how long a process that died keeps its events from others. It is short
	// for the sake of show; 30 seconds, the default, bears with slower machines.
	idleTime = 2 * time.Second
	// kept is for how long events stay in the stream that all services are done with: a new
	// service begins with those of the last day.
	kept = 24 * time.Hour
)

// Durable sets up the transport of the services.
func Durable(logger *slog.Logger) streams.Config {
	return streams.Config{IdleTime: idleTime, Trim: &streams.Trim{KeepFor: kept}, Logger: logger}
}
