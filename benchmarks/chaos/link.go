package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// link is the way of one process to Redis.
//
// Every change closes its connections and puts a new proxy in the place of the
// old one: toxiproxy changes a living connection only once all goroutines that
// carry it have made way, and one whose other end was killed never does.
type link struct {
	addr, upstream string

	mu    sync.Mutex
	proxy *toxiproxy.Proxy // nil while the link is closed
}

// newLink returns an open link.
func newLink(upstream string) (*link, error) {
	var failures error
	for range 20 {
		// Below the ports of outgoing connections, one of which could take it
		// while the link is closed.
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		l := &link{addr: net.JoinHostPort("127.0.0.1", port), upstream: upstream}
		err := l.open()
		if err == nil {
			return l, nil
		}
		failures = errors.Join(failures, err)
	}
	return nil, fmt.Errorf("no port for a proxy: %w", failures)
}

// toxic is what toxiproxy does to the replies on a link.
type toxic struct {
	Type       string           `json:"type"`
	Stream     string           `json:"stream"`
	Attributes map[string]int64 `json:"attributes"`
}

func delayed(by time.Duration) toxic {
	return toxic{"latency", "downstream", map[string]int64{"latency": by.Milliseconds(), "jitter": by.Milliseconds() / 2}}
}

// truncated cuts each connection when so many bytes of replies have passed.
func truncated(after int64) toxic {
	return toxic{"limit_data", "downstream", map[string]int64{"bytes": after}}
}

// open cuts all connections and lets new ones through, with toxics.
func (l *link) open(toxics ...toxic) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down()
	proxy, err := l.start(toxics)
	if err != nil {
		return fmt.Errorf("open the link %s: %w", l.addr, err)
	}
	l.proxy = proxy
	return nil
}

// reopen opens a link that was open before. A worker that is being started has a
// copy of the old proxy's socket until its program is loaded, and so long the
// address is taken.
func (l *link) reopen(ctx context.Context, toxics ...toxic) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := l.open(toxics...)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || ctx.Err() != nil {
			return err
		}
		sleep(ctx, 5*time.Millisecond)
	}
}

// start starts a proxy for the link.
func (l *link) start(toxics []toxic) (*toxiproxy.Proxy, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, l.addr, l.addr, l.upstream)
	for _, t := range toxics {
		text, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		if _, err := proxy.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
			return nil, fmt.Errorf("toxic %s: %w", text, err)
		}
	}
	return proxy, proxy.Start()
}

// close cuts all connections and refuses new ones.
func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down()
}

func (l *link) down() {
	if l.proxy != nil {
		l.proxy.Stop()
		l.proxy = nil
	}
}
