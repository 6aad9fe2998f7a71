package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// The test binary is a worker process when it finds these in its environment.
const (
	workerEnv      = "MILLSTREAM_TEST_WORKER" // the pipeline's name
	workerKindEnv  = "MILLSTREAM_TEST_WORKER_KIND"
	workerRedisEnv = "MILLSTREAM_TEST_WORKER_REDIS"
)

// workerDrain is how long a worker may take to end.
const workerDrain = 5 * time.Second

// workers' pipeline: three stages one after the other, and one beside the second.
type workersPipeline struct {
	*pipeline.Pipeline
	in, one, two, three, beside pipeline.Flow[string]
}

func composeForWorkers(name string) workersPipeline {
	p := pipeline.New(name, pipeline.Concurrency(4), pipeline.Logger(quiet))
	after := func(d time.Duration, suffix string) func(context.Context, string) (string, error) {
		return func(_ context.Context, s string) (string, error) {
			time.Sleep(d)
			return s + suffix, nil
		}
	}
	w := workersPipeline{Pipeline: p}
	w.in = pipeline.Source[string](p, "in")
	w.one = pipeline.Stage(w.in, "one", after(time.Millisecond, ""))
	w.two = pipeline.Expand(w.one, "two", func(_ context.Context, s string) ([]string, error) {
		return []string{s + "a", s + "b"}, nil
	})
	w.three = pipeline.Stage(w.two, "three", after(time.Millisecond, "c"))
	w.beside = pipeline.Stage(w.one, "beside", after(0, "d"))
	return w
}

// shortIdle has others take over quickly what a dead process held.
var shortIdle = streams.Config{IdleTime: 300 * time.Millisecond}

// work is the main function of a worker process.
func work() int {
	client := redis.NewClient(&redis.Options{Addr: os.Getenv(workerRedisEnv)})
	defer client.Close()
	config := shortIdle
	config.Logger, config.KeepHistory = quiet, true
	transport, err := streams.NewTransport(client, config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	name := os.Getenv(workerEnv)
	p := composeForWorkers(name).Pipeline
	if os.Getenv(workerKindEnv) == failingWorker {
		p = composeToFail(name).Pipeline
	}
	if err := p.Run(ctx, transport, pipeline.DrainTimeout(workerDrain)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// worker is a worker process.
type worker struct {
	command *exec.Cmd
	output  strings.Builder
	// wait waits for its end.
	wait func() error
}

func startWorker(t *testing.T, name string) *worker {
	t.Helper()
	return startWorkerOf(t, "", name)
}

// startWorkerOf starts a worker process for a pipeline of some kind.
func startWorkerOf(t *testing.T, kind, name string) *worker {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{command: exec.Command(self)}
	w.command.Env = append(os.Environ(), workerEnv+"="+name, workerKindEnv+"="+kind, workerRedisEnv+"="+server.Addr())
	w.command.Stdout, w.command.Stderr = &w.output, &w.output
	if err := w.command.Start(); err != nil {
		t.Fatal(err)
	}
	w.wait = sync.OnceValue(w.command.Wait)
	t.Cleanup(w.kill)
	return w
}

// kill ends the process as a crash would.
func (w *worker) kill() {
	_ = w.command.Process.Kill() // fails if it has ended
	_ = w.wait()
}

// interrupt asks the process to end, and reports how it did.
func (w *worker) interrupt(t *testing.T) {
	t.Helper()
	begun := time.Now()
	if err := w.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := w.wait()
	if took := time.Since(begun); took > workerDrain {
		t.Errorf("the worker took %v to end", took)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Errorf("the worker ended with %v:\n%s", exit, w.output.String())
	} else if err != nil {
		t.Error(err)
	}
}

// inputs returns values to publish.
func inputs(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("%04d", i)
	}
	return values
}

// expectOnce expects the outputs of each of n inputs once in each flow.
func (w workersPipeline) expectOnce(t *testing.T, d durable, n int) {
	t.Helper()
	for _, flow := range []struct {
		name     string
		of       pipeline.Flow[string]
		suffixes []string
	}{
		{"one", w.one, []string{""}},
		{"two", w.two, []string{"a", "b"}},
		{"three", w.three, []string{"ac", "bc"}},
		{"beside", w.beside, []string{"d"}},
	} {
		want := map[string]int{}
		for _, input := range inputs(n) {
			for _, suffix := range flow.suffixes {
				want[`"`+input+suffix+`"`] = 0
			}
		}
		ids := map[string]bool{}
		for _, msg := range d.messages(t, flow.of.Topics()[0]) {
			want[string(msg.Payload)]++
			ids[msg.UUID] = true
		}
		lost, doubled := 0, 0
		for _, times := range want {
			switch {
			case times == 0:
				lost++
			case times > 1:
				doubled++
			}
		}
		if all := n * len(flow.suffixes); lost+doubled > 0 || len(want) != all || len(ids) != all {
			t.Errorf("%s: %d outputs are lost, %d are there more than once; %d different, with %d ids, want %d",
				flow.name, lost, doubled, len(want), len(ids), all)
		}
	}
	if n := len(d.poison(t, w.Pipeline)); n != 0 {
		t.Errorf("%d messages were poisoned", n)
	}
}
