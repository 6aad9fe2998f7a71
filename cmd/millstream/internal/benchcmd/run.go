package benchcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report"
	"github.com/millstream-go/millstream/benchmarks/server"
	"github.com/millstream-go/millstream/benchmarks/suites"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

// run measures the suites and reports. Whatever can be refused is refused before.
func run(ctx context.Context, o *options, chosen []suites.Suite, stdout, stderr io.Writer) error {
	if o.out != "" {
		if err := makeWritable(o.out); err != nil {
			return err
		}
	}
	redis, err := server.Find(ctx, o.redisURL)
	if err != nil {
		return interruptedOr(ctx, err)
	}
	defer redis.Stop()
	if redis.Notice != "" {
		fmt.Fprintln(stderr, banner(redis.Notice))
	}
	notices := []string{redis.Notice}
	o.config.Redis = redis.Options
	o.config.Notice = func(text string) {
		fmt.Fprintln(stderr, text)
		notices = append(notices, text)
	}
	todo, err := plan(o, chosen, stderr)
	if err != nil {
		return err
	}
	stopProfiles, err := o.profiles.start()
	if err != nil {
		return err
	}
	made := &report.Report{Environment: report.Describe(ctx, redis), Settings: o.reported(), Questions: questions(chosen)}
	done := measure(ctx, o, todo, redis, stderr)
	err = stopProfiles()
	done.addTo(made, notices, len(todo))
	return errors.Join(err, o.write(made, stdout, stderr), done.verdict(ctx, made))
}

// plan returns the cases to measure.
func plan(o *options, chosen []suites.Suite, stderr io.Writer) ([]bench.Case, error) {
	todo, idle := cases(chosen, &o.config)
	transports := strings.Join(o.config.Transports, ", ")
	if len(todo) == 0 {
		return nil, exit.Misuse(fmt.Errorf("nothing to measure: no suite named has work for %s", transports))
	}
	if len(idle) > 0 {
		fmt.Fprintf(stderr, "Left out, for there is no work for %s: %s\n", transports, strings.Join(idle, ", "))
	}
	return todo, nil
}

func measure(ctx context.Context, o *options, todo []bench.Case, redis *server.Server, stderr io.Writer) *measured {
	s := session{cases: todo, settings: o.settings(), alive: redis.Ping}
	steps := 0
	for i := range todo {
		steps += s.settings.Steps(&todo[i])
	}
	s.progress = newProgress(stderr, len(todo), steps)
	defer s.progress.end()
	s.run(ctx)
	return &s.measured
}

// banner makes a text hard to overlook.
func banner(text string) string {
	line := strings.Repeat("*", 72)
	return line + "\n" + strings.TrimSpace(text) + "\n" + line
}
