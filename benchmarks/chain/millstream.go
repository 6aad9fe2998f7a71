package chain

import (
	"context"
	"log/slog"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// millstream is a pipeline on streams. Its stages get the payload as it is, as
// those of the other contenders do.
type millstream struct{}

func (millstream) Name() string { return Millstream }

func (millstream) Run(ctx context.Context, c Chain) error {
	return runPipeline[[]byte](ctx, c, pipeline.WithCodec(raw{}))
}

// millstreamJSON is a pipeline with the default codec, which the others have no
// counterpart of: each stage decodes a string and encodes it again.
type millstreamJSON struct{}

func (millstreamJSON) Name() string { return MillstreamJSON }

func (millstreamJSON) Run(ctx context.Context, c Chain) error {
	return runPipeline[string](ctx, c)
}

func runPipeline[T any](ctx context.Context, c Chain, options ...pipeline.Option) error {
	client := c.Connect()
	defer client.Close()
	var config streams.Config
	if c.Lossy {
		config.Logger = slog.New(slog.DiscardHandler) // it would tell of the fault
		options = append(options, pipeline.Logger(config.Logger))
	}
	transport, err := streams.NewTransport(client, config)
	if err != nil {
		return err
	}
	p := pipeline.New(c.Name, append(options, pipeline.Concurrency(c.Concurrency))...)
	flow := pipeline.Source[T](p, stageName(0))
	for i := 1; i <= c.Stages; i++ {
		flow = pipeline.Stage(flow, stageName(i), func(_ context.Context, v T) (T, error) {
			c.work(i)
			return v, nil
		})
	}
	return p.Run(ctx, transport)
}
