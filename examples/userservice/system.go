package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/fakesmtp"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/messaging"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/smtpmail"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/sqlite"
	httpapi "github.com/millstream-go/millstream/examples/userservice/internal/interfaces/http"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

const (
	// relayPoll is how soon what another process saved, or could not publish, is seen.
	relayPoll = 250 * time.Millisecond
	// drainTimeout is how long what was begun is finished at the end; a mail takes 10
	// seconds at most.
	drainTimeout = 12 * time.Second
	// sender is the sender of all mails.
	sender = "hello@userservice.example"
)

// system is the service, put together.
type system struct {
	*command
	client *redis.Client
	db     *sqlite.DB
	logger *slog.Logger

	api     *httpapi.API
	parts   []func(context.Context) error
	closers closers
}

// compose makes the parts that the role has.
func (s *system) compose(ctx context.Context) error {
	health := healthClient(s.client)
	s.closers = append(s.closers, health)
	s.api = &httpapi.API{Logger: s.logger, Checks: web.Checks{
		"sqlite": s.db.Ping,
		"redis":  func(ctx context.Context) error { return health.Ping(ctx).Err() },
	}}
	hub := new(httpapi.Hub)
	live, err := pubsub.NewTransport(s.client, messaging.Live(hub.Missed, s.logger))
	if err != nil {
		return err
	}
	if s.role != roleWorkers {
		if err := s.composeAPI(hub, live); err != nil {
			return err
		}
	}
	if s.role != roleAPI {
		return s.composeWorkers(ctx, live)
	}
	return nil
}

// healthClient returns a client that has no patience: a Redis that does not answer is away.
func healthClient(client *redis.Client) *redis.Client {
	options := *client.Options()
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.PoolSize, options.MinIdleConns = 2, 0
	return redis.NewClient(&options)
}

// composeAPI adds what takes registrations: HTTP, the relay and the live feed.
func (s *system) composeAPI(hub *httpapi.Hub, live *pubsub.Transport) error {
	events, err := messaging.NewEvents(s.client, messaging.Known(s.name))
	if err != nil {
		return err
	}
	s.closers = append(s.closers, events)
	relay := application.NewRelay(s.db, events, relayPoll, s.logger)
	s.api.Registration = &application.Registration{Users: s.db, NewID: newID, Now: time.Now, Saved: relay.Wake}
	s.api.Users, s.api.Tally, s.api.Hub = s.db, s.db, hub
	feed := messaging.NewFeed(s.name, hub.Show, s.logger)
	s.parts = append(s.parts, relay.Run, func(ctx context.Context) error {
		return feed.Run(ctx, live, pipeline.DrainTimeout(drainTimeout))
	})
	return nil
}

// newID returns an id that sorts by time, which databases like.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// composeWorkers adds the services.
func (s *system) composeWorkers(ctx context.Context, live *pubsub.Transport) error {
	handlers, err := s.services(ctx)
	if err != nil {
		return err
	}
	services := messaging.NewServices(s.name, handlers, live, s.backoff, s.logger)
	transport, err := streams.NewTransport(s.client, messaging.Durable(s.logger))
	if err != nil {
		return err
	}
	s.parts = append(s.parts, func(ctx context.Context) error {
		return services.Pipeline.Run(ctx, transport, pipeline.DrainTimeout(drainTimeout))
	})
	return nil
}

// services returns what the services do, with words to those who watch the program, and
// serves what became of the mails.
func (s *system) services(ctx context.Context) (messaging.Handlers, error) {
	address := s.smtp
	var fake *fakesmtp.Server
	if address == "" {
		var err error
		if fake, err = fakesmtp.Start(ctx); err != nil {
			return messaging.Handlers{}, err
		}
		s.closers = append(s.closers, fake)
		address = fake.Addr()
		s.api.Outage = fake.Outage
	}
	s.api.Mails = s.mails(fake)
	welcome := application.Welcome{Mailer: smtpmail.Mailer{Address: address, From: sender, Now: time.Now}}
	analytics := application.Analytics{Tally: s.db}
	return messaging.Handlers{
		Greet: s.told("mail taken", welcome.Greet),
		Count: s.told("counted", analytics.Count),
	}, nil
}

// told says what was done; of whom, the id is enough.
func (s *system) told(what string, do func(context.Context, domain.UserRegistered) error) func(context.Context, domain.UserRegistered) error {
	return func(ctx context.Context, event domain.UserRegistered) error {
		if err := do(ctx, event); err != nil {
			return err
		}
		s.logger.InfoContext(ctx, what, "event", event.EventID, "attempt", pipeline.Attempt(ctx))
		return nil
	}
}

// mails returns what tells of the mails: those that a fake server took, if there is one, and
// those that were given up.
func (s *system) mails(fake *fakesmtp.Server) func(context.Context) (any, error) {
	const most = 1000
	known := messaging.Known(s.name)
	return func(ctx context.Context) (any, error) {
		letters, err := messaging.DeadLetters(ctx, s.client, known, most)
		if err != nil {
			return nil, err
		}
		answer := map[string]any{"dead_letters": letters}
		if fake != nil {
			answer["taken"], answer["refused"] = fake.Mails()
		}
		return answer, nil
	}
}

// run runs all parts.
func (s *system) run(ctx context.Context, listener net.Listener) error {
	parts := append(s.parts, func(ctx context.Context) error {
		return app.Serve(ctx, listener, s.api.Handler(ctx))
	})
	if s.samples > 0 {
		parts = append(parts, func(ctx context.Context) error {
			registerSamples(ctx, "http://"+listener.Addr().String(), s.samples, s.logger)
			<-ctx.Done()
			return nil
		})
	}
	if err := together(ctx, parts...); err != nil {
		return fmt.Errorf("%s: %w", s.role, err)
	}
	return nil
}

// close closes what compose opened.
func (s *system) close() error { return s.closers.close() }
