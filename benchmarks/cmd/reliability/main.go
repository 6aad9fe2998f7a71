// Command reliability makes faults happen to stock Watermill and to Millstream on
// redis-servers that it starts, and says what it sees. See -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/millstream-go/millstream/benchmarks/reliability"
)

func main() {
	if code, worker := reliability.Worker(); worker {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage // it was said why
	}
	o.config.Progress = func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	if err := measure(ctx, o, stdout); err != nil {
		fmt.Fprintln(stderr, "reliability:", err)
		return exitFailed
	}
	return exitOK
}

// measure prints what is seen, or writes it where it belongs.
func measure(ctx context.Context, o options, stdout io.Writer) error {
	if o.write {
		// Before all the work, see that there is a place for it.
		if err := writeTable(o.readme, nil); err != nil {
			return err
		}
	}
	report, err := reliability.Run(ctx, o.config)
	if err != nil {
		return err
	}
	page := report.Page(machine())
	if !o.write {
		_, err := io.WriteString(stdout, page)
		return err
	}
	return errors.Join(writeTable(o.readme, report), os.WriteFile(o.page, []byte(page), mode))
}

// mode is that of files which are part of the repository.
const mode = 0o644

// writeTable writes the report's table into the README; without a report it only
// looks whether there is a place for it.
func writeTable(name string, report *reliability.Report) error {
	readme, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if _, err := reliability.TableIn(string(readme)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if report == nil {
		return nil
	}
	changed, err := reliability.WithTable(string(readme), report.Table())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, []byte(changed), mode)
}

func machine() string {
	return fmt.Sprintf("%d cores, %s, %s/%s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
