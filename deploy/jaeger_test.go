package deploy_test

import (
	"net"
	"slices"
	"testing"
)

type endpoint struct {
	Endpoint string `yaml:"endpoint"`
}

// port returns the port of an endpoint, which must be open to other containers.
func (e endpoint) port(t *testing.T) string {
	t.Helper()
	host, port, err := net.SplitHostPort(e.Endpoint)
	if err != nil || host != "0.0.0.0" {
		t.Errorf("nobody outside of the container reaches %q (%v)", e.Endpoint, err)
	}
	return port
}

type jaegerConfig struct {
	Receivers struct {
		OTLP struct {
			Protocols struct {
				GRPC endpoint `yaml:"grpc"`
				HTTP endpoint `yaml:"http"`
			} `yaml:"protocols"`
		} `yaml:"otlp"`
	} `yaml:"receivers"`
	Processors struct {
		Batch any `yaml:"batch"`
	} `yaml:"processors"`
	Exporters struct {
		Storage struct {
			TraceStorage string `yaml:"trace_storage"`
		} `yaml:"jaeger_storage_exporter"`
		Prometheus struct {
			endpoint         `yaml:",inline"`
			MetricExpiration string `yaml:"metric_expiration"`
		} `yaml:"prometheus"`
	} `yaml:"exporters"`
	Extensions struct {
		Storage struct {
			Backends map[string]any `yaml:"backends"`
		} `yaml:"jaeger_storage"`
		Query struct {
			Storage struct {
				Traces string `yaml:"traces"`
			} `yaml:"storage"`
		} `yaml:"jaeger_query"`
		Health struct {
			UseV2 bool     `yaml:"use_v2"`
			HTTP  endpoint `yaml:"http"`
		} `yaml:"healthcheckv2"`
	} `yaml:"extensions"`
	Service struct {
		Extensions []string `yaml:"extensions"`
		Pipelines  map[string]struct {
			Receivers  []string `yaml:"receivers"`
			Processors []string `yaml:"processors"`
			Exporters  []string `yaml:"exporters"`
		} `yaml:"pipelines"`
		Telemetry any `yaml:"telemetry"`
	} `yaml:"service"`
}

func jaeger(t *testing.T) jaegerConfig {
	t.Helper()
	var config jaegerConfig
	read(t, "jaeger/config.yaml", &config)
	return config
}

func TestJaegerTakesTracesAndMetricsAtThePublishedPorts(t *testing.T) {
	config, service := jaeger(t), stack(t).Services["jaeger"]
	if at := mounted(t, service, "jaeger/config.yaml"); !slices.Equal(service.Command, []string{"--config", at}) {
		t.Errorf("jaeger is run with %v, its file is at %q", service.Command, at)
	}
	protocols := config.Receivers.OTLP.Protocols
	for _, port := range []string{protocols.GRPC.port(t), protocols.HTTP.port(t)} {
		if !publishes(service, port) {
			t.Errorf("the OTLP port %s is not published as itself", port)
		}
	}
	for pipeline, exporter := range map[string]string{"traces": "jaeger_storage_exporter", "metrics": "prometheus"} {
		got := config.Service.Pipelines[pipeline]
		if !slices.Equal(got.Receivers, []string{"otlp"}) || !slices.Equal(got.Exporters, []string{exporter}) {
			t.Errorf("%s go from %v to %v", pipeline, got.Receivers, got.Exporters)
		}
	}
}

func TestJaegerShowsTheTracesItStores(t *testing.T) {
	config := jaeger(t)
	for _, store := range []string{config.Exporters.Storage.TraceStorage, config.Extensions.Query.Storage.Traces} {
		if _, declared := config.Extensions.Storage.Backends[store]; !declared {
			t.Errorf("there is no store %q", store)
		}
	}
	for _, extension := range []string{"jaeger_storage", "jaeger_query", "healthcheckv2"} {
		if !slices.Contains(config.Service.Extensions, extension) {
			t.Errorf("the extension %s is not started", extension)
		}
	}
}

func TestTheHealthCheckOfJaegerAsksItsHealthExtension(t *testing.T) {
	want := "http://127.0.0.1:" + jaeger(t).Extensions.Health.HTTP.port(t) + "/status"
	if check := stack(t).Services["jaeger"].HealthCheck.Test; !slices.Contains(check, want) {
		t.Errorf("%v does not ask %s", check, want)
	}
}
