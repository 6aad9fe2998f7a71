package otlptest

import (
	"context"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

type traceService struct {
	collectortraces.UnimplementedTraceServiceServer

	collector *Collector
}

func (s traceService) Export(
	ctx context.Context, request *collectortraces.ExportTraceServiceRequest,
) (*collectortraces.ExportTraceServiceResponse, error) {
	if err := s.collector.admit(ctx); err != nil {
		return nil, err
	}
	s.collector.keep(spansOf(request), nil)
	return &collectortraces.ExportTraceServiceResponse{}, nil
}

type metricsService struct {
	collectormetrics.UnimplementedMetricsServiceServer

	collector *Collector
}

func (s metricsService) Export(
	ctx context.Context, request *collectormetrics.ExportMetricsServiceRequest,
) (*collectormetrics.ExportMetricsServiceResponse, error) {
	if err := s.collector.admit(ctx); err != nil {
		return nil, err
	}
	s.collector.keep(nil, metricsOf(request))
	return &collectormetrics.ExportMetricsServiceResponse{}, nil
}
