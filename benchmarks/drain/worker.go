package drain

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// name is the pipeline's; its topic has it as hash tag.
const (
	name   = "drain"
	source = "backlog"
	topic  = "{" + name + "}:" + source
	group  = "count"
)

// raw passes payloads on as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("a %T is no payload", v)
	}
	return b, nil
}

func (raw) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("a %T takes no payload", v)
	}
	*b = data
	return nil
}

// Work runs the stage until nothing is left, and writes how many messages it
// handled to out. It is what the worker process does.
func Work(ctx context.Context, url string, out io.Writer) error {
	options, err := redis.ParseURL(url)
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	transport, err := streams.NewTransport(client, streams.Config{Logger: logger})
	if err != nil {
		return err
	}
	var handled atomic.Int64
	p := pipeline.New(name, pipeline.WithCodec(raw{}), pipeline.Logger(logger))
	pipeline.Sink(pipeline.Source[[]byte](p, source), group, func(context.Context, []byte) error {
		handled.Add(1)
		return nil
	})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	err = p.WaitIdle(ctx, transport)
	stop()
	if runErr := <-ended; err == nil {
		err = runErr
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, handled.Load())
	return err
}
