package pipeline_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

func TestAnOutageUsesUpNoAttempts(t *testing.T) {
	server := redistest.Start(t, redistest.AOF())
	client := server.Client(t)
	transport, err := streams.NewTransport(client, streams.Config{
		NackDelay: time.Millisecond, MaxNackDelay: 5 * time.Millisecond, Logger: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	p := newPipeline(t, pipeline.MaxAttempts(3))
	numbers := pipeline.Source[int](p, "numbers")
	var handled atomic.Int64
	pipeline.Sink(numbers, "sink", func(context.Context, int) error {
		handled.Add(1)
		time.Sleep(time.Millisecond)
		return nil
	}, pipeline.Ordered(), pipeline.Use(middleware.Dedup{}.Middleware))
	values := make([]int, 500)
	publish(t, numbers, transport, values...)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	for handled.Load() < 50 {
		time.Sleep(time.Millisecond)
	}
	server.Kill(t)
	time.Sleep(500 * time.Millisecond)
	server.Restart(t)
	if err := p.WaitIdle(ctx, transport); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := client.XLen(context.Background(), p.PoisonTopic()).Val(); n > 0 || handled.Load() < 500 {
		t.Errorf("%d of 500 handled, %d poisoned", handled.Load(), n)
	}
}
