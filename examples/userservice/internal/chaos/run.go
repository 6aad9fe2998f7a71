// Package chaos runs the service as several processes, kills them again and again while
// users register and mails fail, and then checks the books.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/fakesmtp"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/messaging"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/sqlite"
	"github.com/millstream-go/millstream/streams"
)

const (
	registrations = 300
	// kills is how many processes are killed, one each killEvery.
	kills     = 10
	killEvery = 600 * time.Millisecond
	// outage is how long the mail server takes nothing, in the middle of it.
	outage = time.Second
	// backoff is short, so that the last mail is given up soon.
	backoff = 300 * time.Millisecond
	// slow is what the mail server takes to say yes, so that some do not hear it.
	slow = 50 * time.Millisecond
	// settling is how long it may take until nothing is left to do.
	settling = 2 * time.Minute
)

// ErrWrong says that the books are not right.
var ErrWrong = errors.New("the books are wrong")

// Config is what a run needs.
type Config struct {
	// Client and URL are of the Redis to use; Name is a new one for all keys there.
	Client    *redis.Client
	URL, Name string
	Out       io.Writer
	Logger    *slog.Logger
}

// run is one run.
type run struct {
	Config
	started  time.Time
	file     string
	mail     *fakesmtp.Server
	db       *sqlite.DB
	services messaging.Services
}

// Run runs it and returns ErrWrong if anything was lost or doubled.
func Run(ctx context.Context, config Config) (err error) {
	dir, err := os.MkdirTemp("", "userservice-chaos-")
	if err != nil {
		return err
	}
	defer func() {
		if err == nil || ctx.Err() != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		} else {
			err = fmt.Errorf("%w: the database and what the processes said are in %s", err, dir)
		}
	}()
	r := &run{Config: config, started: time.Now(), file: filepath.Join(dir, "users.db")}
	if r.db, err = sqlite.Open(ctx, r.file); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.db.Close()) }()
	if r.mail, err = fakesmtp.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.mail.Close()) }()
	r.mail.Slow(slow)
	r.services = messaging.Known(r.Name)

	watched, stopWatching, err := r.watch(ctx)
	if err != nil {
		return err
	}
	registered, err := r.disturb(ctx)
	seen := watched()
	if err := errors.Join(err, stopWatching()); err != nil {
		return err
	}
	return r.check(ctx, registered, seen)
}

// say says what happens, and when.
func (r *run) say(format string, values ...any) {
	fmt.Fprintf(r.Out, "%5.1f s  %s\n", time.Since(r.started).Seconds(), fmt.Sprintf(format, values...))
}

// disturb runs the processes, has users register and kills, and returns when nothing is
// left to do who was registered.
func (r *run) disturb(ctx context.Context) (registered []string, err error) {
	crew, err := r.hire(ctx)
	if err != nil {
		return nil, err
	}
	defer crew.dismiss()
	r.say("2 processes serve the API, 2 send mails and count; %d users begin to register", registrations)
	loadCtx, stopLoading := context.WithCancel(ctx)
	defer stopLoading()
	loading := make(chan error, 1)
	go func() {
		var err error
		registered, err = r.register(loadCtx, crew)
		loading <- err
	}()
	killErr := r.kill(ctx, crew)
	if killErr != nil {
		stopLoading() // there may be nobody to register at
	}
	if err := errors.Join(<-loading, killErr); err != nil {
		return nil, err
	}
	r.say("all have registered; waiting until nothing is left to do")
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	if err := crew.end(ctx); err != nil {
		return nil, err
	}
	r.say("nothing is left to do, and the processes ended well when they were told to")
	return registered, nil
}

// settle waits until the outbox is empty and all services are done with all events.
func (r *run) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	for {
		waiting, err := r.db.Waiting(ctx)
		if err != nil {
			return fmt.Errorf("look into the outbox: %w", err)
		}
		if waiting == 0 {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w: %d events are in the outbox after %v", ErrWrong, waiting, settling)
		}
	}
	transport, err := streams.NewTransport(r.Client, messaging.Durable(r.Logger))
	if err != nil {
		return err
	}
	if err := r.services.Pipeline.WaitIdle(ctx, transport); err != nil {
		return fmt.Errorf("wait for the services: %w", err)
	}
	return nil
}
