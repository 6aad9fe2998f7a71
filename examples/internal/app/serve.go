package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// How long a client may take to send the head of a request, and a request that is under
// way at the end to finish.
const (
	headerTimeout = 10 * time.Second
	stopTimeout   = 10 * time.Second
)

// Listen returns a listener for HTTP on the address, as localhost:8080. Port 0 is a free
// one.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve HTTP on %q: %w: give another address, such as localhost:0 for a free port", address, err)
	}
	return listener, nil
}

// Serve answers requests until ctx ends. Then it takes no more, finishes those under way
// within 10 seconds and returns nil. A handler that streams without end watches ctx itself.
// It closes the listener.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := server.Shutdown(stopping)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests under way did not end in %v: %w", stopTimeout, err), server.Close())
	}
	<-ended //nolint:errcheck // it says that the server was shut down
	return err
}
