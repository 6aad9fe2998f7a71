package redistest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/millstream-go/millstream/internal/child"
)

// patience is how long a server may take until it answers: long enough for a
// loaded machine and a big append-only file.
const patience = 30 * time.Second

var (
	errEnded    = errors.New("redis-server ended before it answered")
	errStranger = errors.New("another server answers on the port")
)

// awaitReady returns when p itself answers.
func (s *Server) awaitReady(p *child.Process) error {
	ctx, cancel := context.WithTimeout(s.life, patience)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		err := s.ping(ctx, p.PID())
		if err == nil {
			return nil
		}
		select {
		case <-p.Ended():
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", errors.Join(err, ctx.Err()))
		case <-poll.C:
		}
	}
}

// ping asks the server for a PONG and for its process id: a free port may have gone
// to another server before ours came to bind it.
//
// It speaks the protocol itself because a client with a connection pool goes on
// dialing in the background after failures, and would outlive the call.
func (s *Server) ping(ctx context.Context, pid int) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "PING\r\nINFO server\r\n"); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	if pong, err := in.ReadString('\n'); err != nil || pong != "+PONG\r\n" {
		return errors.Join(fmt.Errorf("PING answered %q", pong), err) // loading, for one
	}
	info, err := readBulk(in)
	if err != nil {
		return err
	}
	if !strings.Contains(info, "\r\nprocess_id:"+strconv.Itoa(pid)+"\r\n") {
		return errStranger
	}
	return nil
}

func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	if s.secure == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", s.addr)
	}
	return (&tls.Dialer{Config: s.secure.client}).DialContext(ctx, "tcp", s.addr)
}

func readBulk(in *bufio.Reader) (string, error) {
	header, err := in.ReadBytes('\n')
	if err != nil {
		return "", err
	}
	size, err := readSize(header)
	if err != nil {
		return "", err
	}
	bulk := make([]byte, size)
	_, err = io.ReadFull(in, bulk)
	return string(bulk), err
}
