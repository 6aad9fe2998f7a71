package tracing_test

import (
	"log/slog"
	"os"

	"github.com/millstream-go/millstream/tracing"
)

// Every line that is logged in a span can be found by its trace, whatever the group.
func ExampleNewLogHandler() {
	lines := slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})
	logger := slog.New(tracing.NewLogHandler(lines)).WithGroup("order")

	logger.Info("no context, no span", "id", "o-1")
	logger.InfoContext(inSpan(), "charged", "id", "o-1")
	// Output:
	// {"level":"INFO","msg":"no context, no span","order":{"id":"o-1"}}
	// {"level":"INFO","msg":"charged","trace_id":"ab000000000000000000000000000001","span_id":"cd00000000000002","trace_flags":"01","order":{"id":"o-1"}}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
