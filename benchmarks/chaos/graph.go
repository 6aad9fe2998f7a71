package chaos

import (
	"log/slog"
	"os"
	"time"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// graph is the pipeline with its flows that the outside needs.
type graph struct {
	*pipeline.Pipeline
	inputs, records pipeline.Flow[Item]
}

const pipelineName = "chaos"

// topic returns the key of a topic.
func topic(name string) string { return "{" + pipelineName + "}:" + name }

// unbounded is more attempts than a message can need that is not to be poisoned.
const unbounded = 1_000_000

// attempts retries without the long waits that real outages call for.
func attempts(n int) pipeline.CommonOption {
	return pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{MaxAttempts: n, MaxInterval: 2 * time.Second}.Middleware
	})
}

// compose composes the pipeline. Without hands it can be waited for, not run.
func compose(h *hands) graph {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	g := graph{Pipeline: pipeline.New(pipelineName, pipeline.Logger(logger), attempts(unbounded))}
	g.inputs = pipeline.Source[Item](g.Pipeline, inputs)
	g.records = pipeline.Source[Item](g.Pipeline, records)
	checked := pipeline.Stage(g.inputs, check.name, h.check, pipeline.Concurrency(4))
	parts := pipeline.Expand(checked, split.name, h.split,
		// Nothing comes twice here, so a mark that outlives what it marks is a loss.
		pipeline.Chain(func(c *middleware.Chain) { c.Dedup = middleware.Dedup{}.Middleware }))
	done := pipeline.Stage(parts, finish.name, h.finish, pipeline.Concurrency(8), attempts(finishAttempts))
	pipeline.Sink(done, archive.name, h.archive, pipeline.Concurrency(2))
	pipeline.Stage(checked, ledger.name, h.ledger, pipeline.Ordered())
	return g
}
