package telemetry

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"
)

// handedOver guards what can be seen once in a process: the API hands over to a provider
// what was made before there was one.
var handedOver sync.Once

// The only test of this package that sets a global.
func TestAGlobalProviderThatIsSetLaterIsUsedFromThenOn(t *testing.T) {
	handedOver.Do(func() { testGlobalProvider(t) })
}

func testGlobalProvider(t *testing.T) {
	t.Helper()
	early := newTracers(nil)
	require.Nil(t, early.get(), "while none is set, spans would go nowhere")

	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	t.Cleanup(func() { require.NoError(t, provider.Shutdown(context.Background())) })
	otel.SetTracerProvider(provider)
	late := newTracers(nil)
	for _, from := range []*tracers{&early, &late} {
		require.NotNil(t, from.get())
		_, span := from.get().Start(context.Background(), "span")
		span.End()
	}
	require.Len(t, spans.GetSpans(), 2)
}

func TestAProviderThatDoesNothingIsNotAsked(t *testing.T) {
	t.Parallel()
	off := newTracers(noop.NewTracerProvider())
	require.Nil(t, off.get())
}

func TestAllNamesAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/tracing.md")
	require.NoError(t, err)
	for _, name := range []string{
		string(KeyHandler), string(KeyEntryID), string(KeyAttempt), string(KeyWait), string(KeyRetries), string(KeyOutcome),
		string(KeyDelay), string(KeyPoisonKind), string(KeyReason),
		Acked, Nacked, Parked, Duplicate, Poisoned, EventRetry, EventParked, EventDuplicate, EventPoisoned,
	} {
		require.True(t, strings.Contains(string(page), "`"+name+"`"), name)
	}
}
