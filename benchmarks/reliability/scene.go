package reliability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/redistest"
)

const (
	// idle is the time after which a silent consumer's messages are taken over.
	// Much shorter, and a busy machine makes healthy consumers look silent.
	idle = time.Second
	// calm is an idle time for faults in which nobody is to take over anything,
	// however busy the machine is.
	calm = time.Minute
	// patience is how long to wait for what is known to come.
	patience = 20 * time.Second
	poll     = 5 * time.Millisecond
)

// errPatience ends a fault that did not go as it must.
var errPatience = errors.New("waited in vain")

// scene is one fault and one contender on a server of their own.
type scene struct {
	books
	contender Contender
	server    *redistest.Server
	version   string
	runs      *runs
	// watch is how long to look for what may never come.
	watch time.Duration
	// over is closed when the fault is over: no handler may wait any longer.
	over    chan struct{}
	release func()

	cleanup []func()
}

func newScene(ctx context.Context, f Fault, c Contender, watch time.Duration) (*scene, error) {
	server, stop, err := redistest.StartShared(f.server...)
	if err != nil {
		return nil, err
	}
	s := &scene{
		books:     books{in: "{r}:in", out: "{r}:out", group: "g", poison: "{r}:in:poison"},
		contender: c, server: server, runs: newRuns(), watch: watch,
		over: make(chan struct{}),
	}
	s.client = s.connect()
	s.release = sync.OnceFunc(func() { close(s.over) })
	s.cleanup = []func(){stop, func() { _ = s.client.Close() }}
	if s.version, err = version(ctx, s.client); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// end ends all that the fault left running.
func (s *scene) end() {
	s.release()
	for _, f := range slices.Backward(s.cleanup) {
		f()
	}
}

func (s *scene) connect() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.server.Addr()})
}

func (s *scene) settings(consumer string) Settings {
	return Settings{Connect: s.connect, Group: s.group, Consumer: consumer, Idle: idle}
}

// start starts a stage in this process. The work may be nil.
func (s *scene) start(settings Settings, work handler) (*stage, error) {
	if work == nil {
		work = func(*message.Message) error { return nil }
	}
	st, err := runStage(s.contender, s.in, s.out, settings, func(msg *message.Message) error {
		s.runs.begin(msg.UUID)
		defer s.runs.end(msg.UUID)
		return work(msg)
	}, nil)
	if err != nil {
		return nil, err
	}
	s.cleanup = append(s.cleanup, func() { _ = st.stop() })
	return st, nil
}

// ids returns n names.
func ids(name string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%03d", name, i)
	}
	return names
}

// publish publishes messages to the stage's input, in one step.
func (s *scene) publish(ctx context.Context, ids ...string) error {
	_, err := s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, id := range ids {
			add, err := s.adding(id)
			if err != nil {
				return err
			}
			p.XAdd(ctx, add)
		}
		return nil
	})
	return err
}

// adding is how a message is added to the stage's input.
func (s *scene) adding(id string) (*redis.XAddArgs, error) {
	values, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal(s.in, message.NewMessage(id, message.Payload(id)))
	return &redis.XAddArgs{Stream: s.in, Values: values}, err
}

// within waits up to d for a condition and reports whether it came to hold.
func (s *scene) within(ctx context.Context, d time.Duration, condition func() (bool, error)) (bool, error) {
	deadline := time.After(d)
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		ok, err := condition()
		if ok || err != nil {
			return ok, err
		}
		select {
		case <-ticker.C:
		case <-deadline:
			return false, nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// until waits for what is known to come.
func (s *scene) until(ctx context.Context, what string, condition func() (bool, error)) error {
	ok, err := s.within(ctx, patience, condition)
	if err == nil && !ok {
		err = errPatience
	}
	if err != nil {
		return fmt.Errorf("until %s: %w", what, err)
	}
	return nil
}

// delivered is the condition that each of the messages has an output.
func (s *scene) delivered(ctx context.Context, ids []string) func() (bool, error) {
	return func() (bool, error) {
		n, err := s.client.XLen(ctx, s.out).Result()
		if err != nil || n < int64(len(ids)) {
			return false, err
		}
		outputs, err := s.count(ctx, s.out, "-")
		for _, id := range ids {
			if outputs[id] == 0 {
				return false, err
			}
		}
		return true, err
	}
}

// settled is the condition that nothing is pending.
func (s *scene) settled(ctx context.Context) func() (bool, error) {
	return func() (bool, error) {
		n, err := s.pending(ctx)
		return n == 0, err
	}
}

// pause waits for d.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// open makes both ends of a stage that the fault uses itself.
func (s *scene) open(settings Settings) (Ends, func(), error) {
	var clients []*redis.Client
	settings.Connect = func() *redis.Client {
		clients = append(clients, s.connect())
		return clients[len(clients)-1]
	}
	ends, err := s.contender.Open(settings)
	return ends, func() {
		for _, client := range clients {
			_ = client.Close() // a publisher may have closed it
		}
	}, err
}

// version names the server.
func version(ctx context.Context, client *redis.Client) (string, error) {
	info, err := client.InfoMap(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	server := info["Server"]
	if valkey := server["valkey_version"]; valkey != "" {
		return "Valkey " + valkey, nil
	}
	return "Redis " + server["redis_version"], nil
}
