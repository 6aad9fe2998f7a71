package otlptest

import (
	"io"
	"net/http"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// handler serves OTLP over HTTP, in protobuf.
func (c *Collector) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		request := &collectortraces.ExportTraceServiceRequest{}
		if c.receive(w, r, request) {
			c.keep(spansOf(request), nil)
			answer(w, &collectortraces.ExportTraceServiceResponse{})
		}
	})
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) {
		request := &collectormetrics.ExportMetricsServiceRequest{}
		if c.receive(w, r, request) {
			c.keep(nil, metricsOf(request))
			answer(w, &collectormetrics.ExportMetricsServiceResponse{})
		}
	})
	return mux
}

// receive reads a request, or answers why it is not taken in.
func (c *Collector) receive(w http.ResponseWriter, r *http.Request, request proto.Message) bool {
	body, err := io.ReadAll(r.Body) // first: else nobody notices that the client is gone
	if err == nil {
		err = c.admit(r.Context())
	}
	if err == nil {
		err = proto.Unmarshal(body, request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, response proto.Message) {
	body, err := proto.Marshal(response)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(body) // who is gone does not read it
}
