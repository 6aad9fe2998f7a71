package tracing

import (
	"net/url"
	"os"
	"strings"
)

// signal is what may be exported, as the variables name it.
type signal string

const (
	traces  signal = "TRACES"
	metrics signal = "METRICS"
)

const otlpPrefix = "OTEL_EXPORTER_OTLP_"

// getenv returns what a variable is set to. Empty is unset, to OpenTelemetry too.
func getenv(variable string) string { return strings.TrimSpace(os.Getenv(variable)) }

// exporterVariable is the variable that names the exporter.
func (s signal) exporterVariable() string { return "OTEL_" + string(s) + "_EXPORTER" }

// otlp returns a setting of the OTLP exporter and the variable it is from: the
// signal's own, or that of all signals.
func (s signal) otlp(setting string) (variable, value string) {
	variable = otlpPrefix + string(s) + "_" + setting
	if value = getenv(variable); value != "" {
		return variable, value
	}
	variable = otlpPrefix + setting
	return variable, getenv(variable)
}

// asked reports whether the environment asks for the signal to be exported.
func (s signal) asked() bool {
	switch getenv(s.exporterVariable()) {
	case "":
		return s.otlpAsked()
	case "none":
		return false
	default:
		return true
	}
}

// otlpAsked reports whether the environment asks for OTLP: by name, or with an endpoint.
func (s signal) otlpAsked() bool {
	switch getenv(s.exporterVariable()) {
	case "":
		_, endpoint := s.otlp("ENDPOINT")
		return endpoint != ""
	case "otlp":
		return true
	default:
		return false
	}
}

// grpcPort is where collectors listen for OTLP over gRPC, and for nothing else.
const grpcPort = "4317"

// grpcByPort reports whether the endpoint speaks gRPC although no variable says so.
func (s signal) grpcByPort() bool {
	if !s.otlpAsked() {
		return false
	}
	if _, protocol := s.otlp("PROTOCOL"); protocol != "" {
		return false
	}
	_, endpoint := s.otlp("ENDPOINT")
	u, err := url.Parse(endpoint)
	return err == nil && u.Port() == grpcPort
}
