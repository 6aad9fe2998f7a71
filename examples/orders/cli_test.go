package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/millstream-go/millstream/examples/internal/app"
)

func TestDefaultRun(t *testing.T) {
	t.Parallel()
	p := mustRun(t, nil)
	if took := time.Since(p.Started); took > time.Minute {
		t.Errorf("the demonstration took %v", took)
	}
	if got := p.Stderr(); got != "no REDIS_URL: running on an embedded Redis (in memory, gone at exit)\n" {
		t.Errorf("stderr: %s", got)
	}
	out := p.Stdout()
	for line := range strings.Lines(out) {
		if utf8.RuneCountInString(line) > 101 {
			t.Errorf("a line is too long: %s", line)
		}
	}
	for _, want := range []string{
		`(?m)^validate +1,000 +60 +40 +900 accepted$`,
		`(?m)^charge +900 +3 +867 charged, 30 declined$`,
		`(?m)^speed +867 +380 express, 487 standard$`,
		`(?m)^ship-express +380 +380 recorded$`,
		`(?m)^receipt +867 +867 recorded$`,
		`(?m)^63 poisoned, kept in the stream {orders}:poison, and why:$`,
		`(?m)^ +order o-\d+: line 2: quantity must be positive, got 0$|order o-\d+: line 2: quantity must be positive, got 0`,
		`(?m)^ +charged +867  for 93,883.24$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("nothing matches %s in\n%s", want, out)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	p := mustRun(t, nil, "-json")
	keys := regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(p.Stdout(), -1)
	var names []string
	for _, key := range keys {
		names = append(names, key[1])
	}
	if got := strings.Join(names, " "); got != "read malformed invalid charged charged_cents declined poisoned express standard receipts" {
		t.Errorf("keys %s", got)
	}
	if got, want := p.totals(t), expect(t, []byte(sample)).totals; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// runHere runs the program inside the test.
func runHere(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return app.Run("orders", program, args, app.IO{Stdin: stdin, Stdout: stdout, Stderr: stderr})
}

// TestInProcess runs the program inside the test, for goleak to see what it
// leaves behind.
func TestInProcess(t *testing.T) {
	for _, name := range []string{"REDIS_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		t.Setenv(name, "")
	}
	orders := trouble(7, 100)
	var stdout, stderr bytes.Buffer
	if code := runHere([]string{"-json", "-in", "-"}, bytes.NewReader(orders), &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if got, want := totals(t, stdout.String()), expect(t, orders).totals; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestGraph(t *testing.T) {
	t.Setenv("REDIS_URL", "redis://127.0.0.1:1") // which nobody is to ask
	var stdout, stderr bytes.Buffer
	if code := runHere([]string{"-graph", "-in", "no such file"}, nil, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	graph := stdout.String()
	if !strings.HasPrefix(graph, "flowchart") {
		t.Errorf("no Mermaid graph: %s", graph)
	}
	for _, stage := range []string{"placed", "validate", "charge", "declined", "speed", "ship-express", "ship-standard", "receipt", "record-declined"} {
		if !strings.Contains(graph, stage) {
			t.Errorf("%s is not in the graph:\n%s", stage, graph)
		}
	}
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"no orders":       "",
		"only blanks":     "\n \n\r\n",
		"no end of line":  `{"id":"o-1","customer":"a@b.c","lines":[{"sku":"mug","quantity":1,"unit_cents":9999}],"card":"tok_visa"}`,
		"a mark, CRLF":    "\xef\xbb\xbf" + `{"id":"o-1","customer":"a@b.c","lines":[{"sku":"mug","quantity":1,"unit_cents":10000}],"card":"tok_visa"}` + "\r\n\r\n",
		"not for us":      "\x00\xff\xfe\n<html>\n%PDF-1.4\n",
		"null and others": "null\n[]\n{}\n1\n\"x\"\n",
		"fields of null":  `{"id":null,"customer":null,"lines":null,"card":null}`,
		"a long id":       `{"id":"` + strings.Repeat("i", 1<<20) + `","customer":"a@b.c","lines":[{"sku":"mug","quantity":1,"unit_cents":1}],"card":"tok_flaky"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := mustRun(t, strings.NewReader(in), "-json", "-in", "-")
			want := expect(t, []byte(in)).totals
			if name == "null and others" {
				// null decodes in Go; it is no order for all that.
				want.Malformed++
				want.Invalid--
			}
			if got := p.totals(t); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	missing := "/no/such/orders.ndjson"
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown flag":       {[]string{"-speed", "9"}, 2, "flag provided but not defined: -speed"},
		"an argument":        {[]string{"orders.ndjson"}, 2, `unexpected argument "orders.ndjson"`},
		"no Jaeger":          {[]string{"-jaeger", "localhost:16686"}, 2, "JAEGER_URL or -jaeger is no URL of a Jaeger: want one like http://localhost:16686"},
		"two outputs":        {[]string{"-json", "-graph"}, 2, "-json and -graph exclude each other"},
		"no value":           {[]string{"-in"}, 2, "flag needs an argument: -in"},
		"no such file":       {[]string{"-in", missing}, 1, "open " + missing + ": no such file or directory"},
		"a directory":        {[]string{"-in", t.TempDir()}, 1, "is a directory"},
		"nobody there":       {[]string{"-redis", "redis://user:" + secret + "@127.0.0.1:1/0"}, 1, "no Redis at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused: start one there"},
		"no scheme":          {[]string{"-redis", secret + "@localhost"}, 1, "must begin with redis://"},
		"another scheme":     {[]string{"-redis", secret + "://localhost:6379"}, 1, "must begin with redis://"},
		"a bad port":         {[]string{"-redis", "redis://localhost:" + secret}, 1, "the Redis URL is no URL"},
		"an open password":   {[]string{"-redis", "redis://:" + secret + "#%@localhost"}, 1, "the Redis URL is no URL"},
		"a bad database":     {[]string{"-redis", "redis://:" + secret + "@localhost/x"}, 1, "the Redis URL has a part that does not fit"},
		"an unknown setting": {[]string{"-redis", "redis://localhost?" + secret + "=1"}, 1, "the Redis URL has a part that does not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, test.args...)
			if code := p.Wait(t); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			message := p.Stderr()
			if !strings.Contains(message, test.want) || len(p.Stdout()) > 0 {
				t.Errorf("want %q on stderr and nothing on stdout, got %q and %q", test.want, message, p.Stdout())
			}
			if strings.Contains(message, secret) {
				t.Errorf("the password is in %q", message)
			}
			lines := strings.Count(strings.TrimPrefix(message, "no REDIS_URL: running on an embedded Redis (in memory, gone at exit)\n"), "\n")
			if test.code == 1 && lines != 1 || test.code == 2 && lines != 2 {
				t.Errorf("a message of %d lines: %s", lines, message)
			}
		})
	}
}

func TestASettingOfOpenTelemetryThatIsWrongIsWrongUse(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4317": "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_TRACES_EXPORTER=zipkin":                "OTEL_TRACES_EXPORTER",
		"OTEL_PROPAGATORS=such":                      "OTEL_PROPAGATORS",
	} {
		p := startIn(t, []string{variable}, nil)
		if code := p.Wait(t); code != app.ExitUsage || !strings.Contains(p.Stderr(), want) || len(p.Stdout()) > 0 {
			t.Errorf("%s: exit code %d, stderr: %s", variable, code, p.Stderr())
		}
	}
}

func TestHelp(t *testing.T) {
	t.Setenv("REDIS_URL", "redis://:s3cr3t@localhost")
	var stdout, stderr bytes.Buffer
	if code := runHere([]string{"-h"}, nil, &stdout, &stderr); code != 0 {
		t.Errorf("exit code %d", code)
	}
	help := stderr.String()
	for _, want := range []string{"-in FILE", "-redis URL", "-json", "-graph", "-reset", "-jaeger URL", "OTEL_EXPORTER_OTLP_ENDPOINT", "1,000"} {
		if !strings.Contains(help, want) {
			t.Errorf("%s is not in the help:\n%s", want, help)
		}
	}
	if strings.Contains(help, "s3cr3t") {
		t.Errorf("the password is in the help:\n%s", help)
	}
}

// pipe returns an input that stays open until the test ends.
func pipe(t *testing.T) (in *os.File, out *os.File) {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = out.Close()
	})
	return in, out
}

func TestInterruptWhileWaitingForInput(t *testing.T) {
	t.Parallel()
	in, out := pipe(t)
	p := start(t, in, "-json", "-in", "-")
	orders := `{"id":"o-1","customer":"a@b.c","lines":[{"sku":"mug","quantity":1,"unit_cents":1}],"card":"tok_visa"}` + "\n"
	if _, err := io.WriteString(out, orders); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // for the order to be on its way; it does not matter how far
	if code := p.signal(t, os.Interrupt).Wait(t); code != app.ExitInterrupted {
		t.Errorf("exit code %d, want %d", code, app.ExitInterrupted)
	}
	if !strings.Contains(p.Stderr(), "orders: interrupted; the embedded Redis is gone") {
		t.Errorf("stderr: %s", p.Stderr())
	}
	if got := p.totals(t); got.Read > 1 || got.Charged > 1 {
		t.Errorf("got %+v", got)
	}
}

func (p call) signal(t *testing.T, sig os.Signal) call {
	t.Helper()
	// The exit code tells of a program that ended just before.
	if err := p.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	return p
}

func TestTheSecondInterruptKills(t *testing.T) {
	t.Parallel()
	in, out := pipe(t)
	p := start(t, in, "-in", "-")
	orders := `{"id":"o-1","customer":"a@b.c","lines":[{"sku":"mug","quantity":1,"unit_cents":1}],"card":"tok_down"}` + "\n"
	if _, err := io.WriteString(out, orders); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // for the bank to be asked: the drain then takes a while
	for _, sig := range []os.Signal{os.Interrupt, os.Interrupt} {
		p.signal(t, sig)
		time.Sleep(200 * time.Millisecond)
	}
	p.Wait(t)
	status, ok := p.State().Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %v: %s", p.State(), p.Stderr())
	}
}
