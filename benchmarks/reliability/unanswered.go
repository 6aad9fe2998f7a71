package reliability

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

func unanswered() Fault {
	return Fault{
		Name:  "unanswered",
		Title: "The connection breaks before the reply to a written output",
		How: "3 messages are handled; then the connection breaks once after Redis has carried out the request " +
			"that holds the output of a message, and before its reply arrives.",
		happen: func(ctx context.Context, s *scene) (Seen, error) {
			before, id := ids("before", 3), "m"
			breaker := &breaker{mark: []byte(s.out)}
			settings := s.settings("only")
			settings.Connect = func() *redis.Client {
				return redis.NewClient(&redis.Options{Addr: s.server.Addr(), Dialer: breaker.dial})
			}
			if err := s.publish(ctx, before...); err != nil {
				return Seen{}, err
			}
			if _, err := s.start(settings, nil); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the first are delivered", s.delivered(ctx, before)); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "they are acknowledged", s.settled(ctx)); err != nil {
				return Seen{}, err
			}
			breaker.armed.Store(true)
			start := time.Now()
			if err := s.publish(ctx, id); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the reply is lost", func() (bool, error) { return breaker.broken.Load(), nil }); err != nil {
				return Seen{}, err
			}
			if err := s.until(ctx, "the message is delivered", s.delivered(ctx, []string{id})); err != nil {
				return Seen{}, err
			}
			seen := Seen{Recovered: time.Since(start)}
			if err := s.until(ctx, "it is acknowledged", s.settled(ctx)); err != nil {
				return Seen{}, err
			}
			// A request that is repeated may come after.
			if err := pause(ctx, idle/2); err != nil {
				return Seen{}, err
			}
			account, err := s.account(ctx, []string{id})
			seen.Account, seen.Runs = &account, s.runs.of(id)
			seen.Outcome = fmt.Sprintf("the handler ran %s, %s", times(seen.Runs), outputs(account))
			return seen, err
		},
	}
}

// breaker breaks a connection once, when it is armed, in the place of the reply
// to a request that contains the mark.
type breaker struct {
	mark          []byte
	armed, broken atomic.Bool
}

func (b *breaker) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &breakable{Conn: conn, breaker: b}, nil
}

type breakable struct {
	net.Conn
	breaker *breaker
	marked  atomic.Bool
}

func (c *breakable) Write(p []byte) (int, error) {
	if bytes.Contains(p, c.breaker.mark) && c.breaker.armed.CompareAndSwap(true, false) {
		c.marked.Store(true)
	}
	return c.Conn.Write(p)
}

func (c *breakable) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.marked.Load() || err != nil {
		return n, err
	}
	// The reply has come, so the request was carried out.
	c.breaker.broken.Store(true)
	_ = c.Close() // it is broken
	return 0, io.EOF
}
