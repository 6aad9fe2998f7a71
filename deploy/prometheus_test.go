package deploy_test

import (
	"slices"
	"testing"
)

type prometheusConfig struct {
	Global struct {
		ScrapeInterval string `yaml:"scrape_interval"`
	} `yaml:"global"`
	ScrapeConfigs []struct {
		JobName       string `yaml:"job_name"`
		HonorLabels   bool   `yaml:"honor_labels"`
		StaticConfigs []struct {
			Targets []string `yaml:"targets"`
		} `yaml:"static_configs"`
	} `yaml:"scrape_configs"`
}

func prometheus(t *testing.T) prometheusConfig {
	t.Helper()
	var config prometheusConfig
	read(t, "prometheus/prometheus.yml", &config)
	return config
}

func TestPrometheusTakesMetricsFromJaegerAndFromTheHost(t *testing.T) {
	service := stack(t).Services["prometheus"]
	if at := mounted(t, service, "prometheus/prometheus.yml"); at != "/etc/prometheus/prometheus.yml" {
		t.Errorf("its file is at %q, where prometheus does not look", at)
	}
	honoured := make(map[string]bool)
	for _, scrape := range prometheus(t).ScrapeConfigs {
		for _, static := range scrape.StaticConfigs {
			for _, target := range static.Targets {
				honoured[target] = scrape.HonorLabels
			}
		}
	}
	// Without them every program would be job "otlp", and two of them one series.
	if fromJaeger := "jaeger:" + jaeger(t).Exporters.Prometheus.port(t); !honoured[fromJaeger] {
		t.Errorf("%s is no target, or its labels are not kept: %v", fromJaeger, honoured)
	}
	if _, ok := honoured["host.docker.internal:9464"]; !ok {
		t.Errorf("the host is no target: %v", honoured)
	}
	if !slices.Contains(service.ExtraHosts["host.docker.internal"], "host-gateway") {
		t.Errorf("on Linux there is no host.docker.internal: %v", service.ExtraHosts)
	}
}

// rate() sees how a counter rises from one sample to the next, and a program that runs
// for seconds has sent its last figures before the second scrape.
func TestPrometheusSeesWhatWasCountedBeforeItsFirstScrape(t *testing.T) {
	service := stack(t).Services["prometheus"]
	for _, option := range []string{
		"--enable-feature=created-timestamp-zero-ingestion",
		"--config.file=" + mounted(t, service, "prometheus/prometheus.yml"),
		"--storage.tsdb.path=/prometheus", // the image's volume
	} {
		if !slices.Contains(service.Command, option) {
			t.Errorf("prometheus is run with %v, without %s", service.Command, option)
		}
	}
}
