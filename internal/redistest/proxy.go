package redistest

import (
	"bufio"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// Link is a connection to a server that can be made to fail. It knows where a
// request ends, so it can lose exactly the reply to a request that the server
// has carried out; a general proxy such as toxiproxy, which sees only bytes,
// cannot.
type Link struct {
	server   string
	listener net.Listener
	serving  sync.WaitGroup
	lost     atomic.Int64

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
	lose   []func(request []byte) bool
}

// Proxy puts a link in front of the server at addr until the test ends.
func Proxy(tb testing.TB, addr string) *Link {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen: %v", err)
	}
	l := &Link{server: addr, listener: listener, conns: map[net.Conn]struct{}{}}
	l.serving.Go(l.accept)
	tb.Cleanup(l.close)
	return l
}

// Addr returns the host and port for clients to dial.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Cut closes all connections. New ones are accepted.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
	}
}

// LoseNextReply makes the link lose one reply: that to the next request for
// which match returns true. The server carries the request out, but the
// connection closes before the client learns of it. Replies to earlier
// requests on that connection may be lost as well; later requests on it do not
// reach the server.
//
// match sees a request's bytes as they are on the wire and must not keep them
// or call the link. Every call loses one more reply.
func (l *Link) LoseNextReply(match func(request []byte) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose = append(l.lose, match)
}

// Lost returns how many replies were lost.
func (l *Link) Lost() int { return int(l.lost.Load()) }

// loses reports whether the reply to request is to be lost.
func (l *Link) loses(request []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.lose, func(match func([]byte) bool) bool { return match(request) })
	if i < 0 {
		return false
	}
	l.lose = slices.Delete(l.lose, i, i+1)
	return true
}

func (l *Link) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	_ = l.listener.Close()
	l.Cut()
	l.serving.Wait()
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		l.serving.Go(func() { l.serve(client) })
	}
}

func (l *Link) serve(client net.Conn) {
	if !l.hold(client) {
		return
	}
	defer l.release(client)
	server, err := net.Dial("tcp", l.server)
	if err != nil || !l.hold(server) {
		return // the client sees a closed connection, as it would without us
	}
	defer l.release(server)

	var deaf atomic.Bool // from now on the client hears no more replies
	var replying sync.WaitGroup
	replying.Go(func() {
		l.forwardReplies(client, server, &deaf)
		_ = client.Close() // ends the requests
	})
	l.forwardRequests(server, client, &deaf)
	// The server carries out what it has got, replies and hangs up.
	_ = server.(*net.TCPConn).CloseWrite()
	replying.Wait()
}

// forwardRequests returns after a request whose reply is to be lost, or when
// the client is done.
func (l *Link) forwardRequests(server, client net.Conn, deaf *atomic.Bool) {
	in := bufio.NewReader(client)
	for !deaf.Load() {
		request, err := readRequest(in)
		if err != nil {
			return
		}
		if l.loses(request) {
			deaf.Store(true)
		}
		if _, err := server.Write(request); err != nil {
			return
		}
	}
}

// forwardReplies returns when the server has hung up.
func (l *Link) forwardReplies(client, server net.Conn, deaf *atomic.Bool) {
	buf := make([]byte, 64<<10)
	unheard := false
	for {
		n, err := server.Read(buf)
		switch {
		case n == 0:
		case deaf.Load():
			unheard = true
		default:
			// A failed write is left to the reader of the requests to find.
			_, _ = client.Write(buf[:n])
		}
		if err != nil {
			break
		}
	}
	if unheard {
		l.lost.Add(1)
	}
}

// hold keeps a connection for Cut; the caller releases it.
func (l *Link) hold(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = conn.Close()
		return false
	}
	l.conns[conn] = struct{}{}
	return true
}

func (l *Link) release(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
	_ = conn.Close()
}
