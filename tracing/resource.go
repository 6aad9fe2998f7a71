package tracing

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

var resourceChecks = []check{{"OTEL_RESOURCE_ATTRIBUTES", pairs}}

// newResource describes this process: what it is, where it runs, and which one of its
// kind it is. Neither its arguments nor its environment are told, which may be secret.
func newResource(ctx context.Context, service string) (*resource.Resource, error) {
	described, err := resource.New(
		ctx,
		resource.WithTelemetrySDK(),
		resource.WithHost(),
		resource.WithProcessPID(),
		resource.WithProcessExecutableName(),
		resource.WithProcessRuntimeName(),
		resource.WithProcessRuntimeVersion(),
		resource.WithAttributes(
			semconv.ServiceName(service),
			// Without it the metrics of two workers would be one another's.
			semconv.ServiceInstanceID(uuid.NewString()),
		),
		resource.WithFromEnv(), // last, to win
	)
	if err != nil {
		return nil, fmt.Errorf("tracing: describe this process: %w", err)
	}
	return described, nil
}
