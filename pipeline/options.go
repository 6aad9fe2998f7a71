package pipeline

import (
	"log/slog"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/middleware"
)

// Option sets up a pipeline and, as the default, all its stages.
type Option interface{ applyPipeline(*Pipeline) }

// StageOption sets up one stage.
type StageOption interface{ applyStage(*settings) }

// CommonOption fits a pipeline, where it is the default of its stages, and a stage.
type CommonOption interface {
	Option
	StageOption
}

// settings are what options set on a stage.
type settings struct {
	concurrency int
	ordered     bool
	loop        bool
	maxAttempts int
	chain       []func(*middleware.Chain)
	use         []message.HandlerMiddleware
	codec       Codec
}

// DefaultMaxAttempts is how often a handler is called for a message by default before
// a stage that keeps failing gives it up: after two hours or so.
const DefaultMaxAttempts = middleware.DefaultMaxAttempts

func defaultSettings() settings {
	return settings{concurrency: 1, maxAttempts: DefaultMaxAttempts, codec: JSON{}}
}

type commonOption func(*settings)

func (o commonOption) applyPipeline(p *Pipeline) { o(&p.defaults) }
func (o commonOption) applyStage(s *settings)    { o(s) }

type stageOption func(*settings)

func (o stageOption) applyStage(s *settings) { o(s) }

type pipelineOption func(*Pipeline)

func (o pipelineOption) applyPipeline(p *Pipeline) { o(p) }

// Concurrency is how many messages a stage works on at once in each process.
// Default: 1, which keeps the order of the messages in a process.
func Concurrency(n int) CommonOption {
	return commonOption(func(s *settings) { s.concurrency = n })
}

// Use wraps a stage's handler in Watermill middleware, the first outermost, inside
// the chain: it sees every attempt. Those of the pipeline are outside those of the
// stage. All of them see the errors of the handler; what remains of an error decides
// about the message.
func Use(wrappers ...message.HandlerMiddleware) CommonOption {
	return commonOption(func(s *settings) {
		s.use = append(slices.Clip(s.use), wrappers...)
	})
}

// Chain changes the chain of middleware around a stage: change gets that of
// [middleware.DefaultChain], with the pipeline's poison queue in it, and sets, replaces
// or removes parts. It is called for each input of each stage at the start of a run.
// Changes of the pipeline come first, then those of the stage.
//
//	pipeline.Chain(func(c *middleware.Chain) {
//		c.Retry = middleware.Retry{MaxElapsed: time.Hour}.Middleware
//		c.Timeout = middleware.Timeout(10 * time.Second)
//	})
//
// Without a PoisonQueue, or with a Retry that does not give up, a message that keeps
// failing comes again for ever, after delays of the transport.
func Chain(change func(*middleware.Chain)) CommonOption {
	return commonOption(func(s *settings) {
		s.chain = append(slices.Clip(s.chain), change)
	})
}

// MaxAttempts is how often a handler is called for a message, over all processes and
// deliveries, before it goes to the poison topic. It sets up the Retry of the default
// chain; one that [Chain] puts in its place has its own. Default:
// [DefaultMaxAttempts].
func MaxAttempts(n int) CommonOption {
	return commonOption(func(s *settings) { s.maxAttempts = n })
}

// WithCodec sets how payloads are encoded. A stage reads with the codec of the
// flow it reads from and writes with its own. Default: [JSON].
func WithCodec(c Codec) CommonOption {
	return commonOption(func(s *settings) { s.codec = c })
}

// Ordered makes a stage see its topic strictly in order, one message at a time
// over all processes, a failed one again before the next, and those of a process
// that died before any that came later. At any time one process has the work;
// the others stand by. Only a message with a delay, and one whose output Redis
// refuses, is put aside, so that those behind it pass. Any other wait, such as that
// of [RetryAfter], is over when its process ends.
func Ordered() StageOption {
	return stageOption(func(s *settings) { s.ordered = true })
}

// Loop permits a route to lead back, through one of its branches, to a stage
// before it. Without it, a cycle is a fault of the graph.
func Loop() StageOption {
	return stageOption(func(s *settings) { s.loop = true })
}

// Logger sets where the pipeline logs. Default: slog.Default().
func Logger(l *slog.Logger) Option {
	return pipelineOption(func(p *Pipeline) { p.logger = l })
}

// RunOption sets up one run of a pipeline.
type RunOption interface{ applyRun(*run) }

type runOption func(*run)

func (o runOption) applyRun(r *run) { o(r) }

// Only runs just the named stages in this process; the others are left to other
// processes. Without names it has no effect.
func Only(stages ...string) RunOption {
	return runOption(func(r *run) { r.only = append(r.only, stages...) })
}

// DefaultDrainTimeout is how long a run waits by default for handlers to finish.
const DefaultDrainTimeout = 30 * time.Second

// DrainTimeout is how long a run that is ending waits for messages that are with
// a handler. Then their contexts end and they go back to be delivered again.
// Default: 30 seconds.
func DrainTimeout(d time.Duration) RunOption {
	return runOption(func(r *run) { r.drain = d })
}
