package pubsub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// vitals are what a server tells of itself.
type vitals struct {
	// run is its process; empty if it does not tell.
	run string
	// limited is how many clients it has disconnected for the size of their output
	// buffer; counts, if it counts them at all. Redis does since 7.4.
	limited int64
	counts  bool
}

// askVitals asks the server that a topic is subscribed to at. Who may not ask, or
// cannot know which server that is, gets nothing, and causes have no names.
func (l *listener) askVitals(ctx context.Context) vitals {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var node interface {
		InfoMap(ctx context.Context, sections ...string) *redis.InfoCmd
	} = l.client
	if cluster, ok := l.client.(*redis.ClusterClient); ok {
		if l.config.Patterns {
			return vitals{} // any of them
		}
		master, err := cluster.MasterForKey(ctx, l.topic)
		if err != nil {
			return vitals{}
		}
		node = master
	}
	info, err := node.InfoMap(ctx, "server", "stats").Result()
	if err != nil {
		return vitals{}
	}
	v := vitals{run: info["Server"]["run_id"]}
	n, err := strconv.ParseInt(info["Stats"]["client_output_buffer_limit_disconnections"], 10, 64)
	v.limited, v.counts = n, err == nil
	return v
}

// explain names the cause of a connection's end where that can be known. All that
// a client sees of an output buffer that was too large is that the connection ends.
// A server that counts such disconnections gives the proof, if maybe of another
// client's since we connected. Of one that does not it is taken for the cause if it
// was the server that hung up, goes on, and had to keep things for us right before.
func explain(cause error, before, after vitals, heldUp bool) error {
	switch {
	case before.run == "" || after.run == "":
		return cause
	case before.run != after.run:
		return fmt.Errorf("%w: %w", ErrRestarted, cause)
	case hungUp(cause) && after.counts && after.limited > before.limited,
		hungUp(cause) && !after.counts && heldUp:
		return fmt.Errorf("%w: %w", ErrOutputBufferLimit, cause)
	default:
		return cause
	}
}

// hungUp reports whether err is the end of a connection by the other side.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

var errNotSharded = errors.New("the server knows no sharded channels: they need Redis 7.0 or later")

// isUnknownCommand reports whether the server does not know a command.
func isUnknownCommand(err error) bool {
	// go-redis leaves "ERR " out of the comparison.
	return err != nil && redis.HasErrorPrefix(err, "unknown command")
}

// isHopeless reports whether to try again is no use.
func isHopeless(err error) bool {
	return isUnknownCommand(err) || redis.IsAuthError(err) || redis.IsPermissionError(err) || errors.Is(err, redis.ErrClosed)
}
