package tracing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"reflect"
	"testing"
	"testing/slogtest"

	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/tracing"
)

var spanContext = trace.NewSpanContext(trace.SpanContextConfig{
	TraceID: trace.TraceID{0xAB, 15: 1}, SpanID: trace.SpanID{0xCD, 7: 2}, TraceFlags: trace.FlagsSampled,
})

var ids = map[string]any{
	"trace_id": "ab000000000000000000000000000001", "span_id": "cd00000000000002", "trace_flags": "01",
}

func inSpan() context.Context {
	return trace.ContextWithSpanContext(context.Background(), spanContext)
}

// jsonLog returns a handler and what it wrote: one line, read back without its time.
func jsonLog(t *testing.T) (slog.Handler, func() map[string]any) {
	var text bytes.Buffer
	read := func() map[string]any {
		t.Helper()
		line := map[string]any{}
		if err := json.Unmarshal(text.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, text.String())
		}
		text.Reset()
		delete(line, slog.TimeKey)
		delete(line, slog.LevelKey)
		return line
	}
	return tracing.NewLogHandler(slog.NewJSONHandler(&text, nil)), read
}

func TestALogHandlerKeepsTheRulesOfSlog(t *testing.T) {
	for name, ctx := range map[string]context.Context{"with no span": context.Background(), "in a span": inSpan()} {
		t.Run(name, func(t *testing.T) {
			var text *bytes.Buffer
			slogtest.Run(t, func(*testing.T) slog.Handler {
				text = &bytes.Buffer{}
				return within{tracing.NewLogHandler(slog.NewJSONHandler(text, nil)), ctx}
			}, func(t *testing.T) map[string]any {
				line := map[string]any{}
				if err := json.Unmarshal(text.Bytes(), &line); err != nil {
					t.Fatal(err)
				}
				return line
			})
		})
	}
}

// within is a handler for which every record is of one context.
type within struct {
	slog.Handler
	ctx context.Context
}

func (w within) Handle(_ context.Context, r slog.Record) error { return w.Handler.Handle(w.ctx, r) }

func (w within) WithAttrs(attrs []slog.Attr) slog.Handler {
	return within{w.Handler.WithAttrs(attrs), w.ctx}
}

func (w within) WithGroup(name string) slog.Handler { return within{w.Handler.WithGroup(name), w.ctx} }

func TestIdsAreAtTheTopLevelWhateverGroupsAreOpen(t *testing.T) {
	type object = map[string]any
	for name, c := range map[string]struct {
		log  func(*slog.Logger)
		want object
	}{
		"no groups": {
			log:  func(l *slog.Logger) { l.InfoContext(inSpan(), "hi", "a", 1.) },
			want: object{"a": 1.},
		},
		"attributes": {
			log:  func(l *slog.Logger) { l.With("a", 1.).InfoContext(inSpan(), "hi", "b", 2.) },
			want: object{"a": 1., "b": 2.},
		},
		"a group": {
			log:  func(l *slog.Logger) { l.WithGroup("g").InfoContext(inSpan(), "hi", "a", 1.) },
			want: object{"g": object{"a": 1.}},
		},
		"groups and attributes": {
			log: func(l *slog.Logger) {
				l.With("a", 1.).WithGroup("g").With("b", 2.).WithGroup("h").With("c", 3.).InfoContext(inSpan(), "hi", "d", 4.)
			},
			want: object{"a": 1., "g": object{"b": 2., "h": object{"c": 3., "d": 4.}}},
		},
		"a group without a name": {
			log:  func(l *slog.Logger) { l.WithGroup("").InfoContext(inSpan(), "hi", "a", 1.) },
			want: object{"a": 1.},
		},
	} {
		t.Run(name, func(t *testing.T) {
			handler, read := jsonLog(t)
			c.log(slog.New(handler))
			want := object{slog.MessageKey: "hi"}
			maps.Copy(want, c.want)
			maps.Copy(want, ids)
			if got := read(); !reflect.DeepEqual(got, want) {
				t.Errorf("logged %v, want %v", got, want)
			}
		})
	}
}

func TestLoggersOfOneHandlerDoNotMixTheirAttributes(t *testing.T) {
	handler, read := jsonLog(t)
	base := slog.New(handler).WithGroup("g").With("a", 1.).With("b", 2.)
	one, two := base.With("c", 3.), base.With("d", 4.)
	one.InfoContext(inSpan(), "hi")
	if got := read()["g"]; !reflect.DeepEqual(got, map[string]any{"a": 1., "b": 2., "c": 3.}) {
		t.Errorf("the first logged %v", got)
	}
	two.InfoContext(inSpan(), "hi")
	if got := read()["g"]; !reflect.DeepEqual(got, map[string]any{"a": 1., "b": 2., "d": 4.}) {
		t.Errorf("the second logged %v", got)
	}
}

func TestNothingIsAddedWithoutASpan(t *testing.T) {
	handler, read := jsonLog(t)
	slog.New(handler).Info("hi")
	if got := read(); !reflect.DeepEqual(got, map[string]any{slog.MessageKey: "hi"}) {
		t.Errorf("logged %v", got)
	}
}

func TestALogHandlerKeepsTheLevel(t *testing.T) {
	quiet := tracing.NewLogHandler(slog.NewTextHandler(&bytes.Buffer{}, &slog.HandlerOptions{Level: slog.LevelError}))
	if quiet.Enabled(t.Context(), slog.LevelWarn) || !quiet.Enabled(t.Context(), slog.LevelError) {
		t.Error("the level is not that of the next handler")
	}
	slog.New(tracing.NewLogHandler(nil)).InfoContext(inSpan(), "discarded")
}
