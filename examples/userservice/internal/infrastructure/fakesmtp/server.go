package fakesmtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Server is the mail server. Its methods may be called concurrently.
type Server struct {
	listener net.Listener
	clients  sync.WaitGroup
	ended    chan struct{}

	mu      sync.Mutex
	closed  bool
	conns   map[net.Conn]struct{}
	outage  time.Time // its end
	slow    time.Duration
	tries   map[string]int
	taken   []Mail
	index   map[string]int // of taken, by Message-ID
	refused int
}

// Mail is one that the server took.
type Mail struct {
	ID string `json:"message_id"`
	To string `json:"to"`
	// Again is how often it came after that. It is one mail all the same.
	Again int       `json:"again"`
	At    time.Time `json:"at"`
}

// Start runs a server on a free port of the loopback interface. Whoever starts it closes it.
func Start(ctx context.Context) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the fake mail server: %w", err)
	}
	s := &Server{listener: listener, ended: make(chan struct{}), conns: map[net.Conn]struct{}{}, tries: map[string]int{}, index: map[string]int{}}
	s.clients.Go(s.accept)
	return s, nil
}

// Addr returns host and port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Outage begins a time in which it takes nothing, or ends it with 0.
func (s *Server) Outage(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage = time.Now().Add(d)
}

// Slow has it say only after this time that it took a mail, which it did. A client that
// dies meanwhile does not know.
func (s *Server) Slow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = d
}

// Mails returns what it took, each mail once, and how often it refused one.
func (s *Server) Mails() (taken []Mail, refused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail{}, s.taken...), s.refused
}

// Close ends the server and all conversations, and returns when they have ended.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		close(s.ended)
	}
	s.closed = true
	for conn := range s.conns {
		_ = conn.Close() // its goroutine has the error
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.clients.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // it was closed
		}
		if !s.enter(conn) {
			return
		}
		s.clients.Go(func() {
			defer s.leave(conn)
			(&conversation{server: s}).hold(conn)
		})
	}
}

// enter notes a connection for Close to end.
func (s *Server) enter(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close() // nobody speaks on it
		return false
	}
	s.conns[conn] = struct{}{}
	return true
}

func (s *Server) leave(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	_ = conn.Close() // what was to be said is said
}
