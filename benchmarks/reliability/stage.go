package reliability

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// stage is a consumer of a group as a program would have it: a router with one
// handler, which answers each message with one of the same id.
type stage struct {
	router *message.Router
	// ended is closed when the router has ended, asked to or not.
	ended chan struct{}
	err   error

	mu      sync.Mutex
	clients []*redis.Client
}

// handler is the work of a stage on a message.
type handler func(*message.Message) error

// runStage runs a stage until [stage.stop].
func runStage(c Contender, in, out string, settings Settings, work handler, decorate func(message.Publisher) message.Publisher) (*stage, error) {
	s := &stage{ended: make(chan struct{})}
	connect := settings.Connect
	settings.Connect = func() *redis.Client {
		client := connect()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.clients = append(s.clients, client)
		return client
	}
	if err := s.run(c, in, out, settings, work, decorate); err != nil {
		s.closeClients()
		return nil, err
	}
	return s, nil
}

func (s *stage) run(c Contender, in, out string, settings Settings, work handler, decorate func(message.Publisher) message.Publisher) error {
	ends, err := c.Open(settings)
	if err != nil {
		return err
	}
	if decorate != nil {
		ends.Publisher = decorate(ends.Publisher)
	}
	const closeTimeout = 15 * time.Second
	if s.router, err = message.NewRouter(message.RouterConfig{CloseTimeout: closeTimeout}, watermill.NopLogger{}); err != nil {
		return err
	}
	s.router.AddHandler("stage", in, ends.Subscriber, out, ends.Publisher, func(msg *message.Message) ([]*message.Message, error) {
		if err := work(msg); err != nil {
			return nil, err
		}
		return []*message.Message{c.Answer(msg)}, nil
	})
	go func() {
		defer close(s.ended)
		s.err = s.router.Run(context.Background())
	}()
	select {
	case <-s.router.Running():
		return nil
	case <-s.ended:
		return s.err
	}
}

// stop closes the router and returns when it has ended.
func (s *stage) stop() error {
	err := s.router.Close()
	<-s.ended
	s.closeClients()
	return err
}

func (s *stage) closeClients() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, client := range s.clients {
		_ = client.Close() // some were closed by their subscriber or publisher
	}
}

// hasEnded reports whether the router has ended.
func (s *stage) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}
