package tracing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// otlpChecks are of what the OTLP exporters read for a signal.
func otlpChecks(s signal) []check {
	var checks []check
	for _, prefix := range []string{otlpPrefix + string(s) + "_", otlpPrefix} {
		checks = append(checks,
			check{prefix + "ENDPOINT", endpointFault},
			check{prefix + "PROTOCOL", oneOf("grpc", "http/protobuf")},
			check{prefix + "HEADERS", pairs},
			check{prefix + "TIMEOUT", between(0, dayMillis)},
			check{prefix + "COMPRESSION", oneOf("gzip", "none")},
			check{prefix + "INSECURE", anyCase(oneOf("true", "false"))},
			check{prefix + "CERTIFICATE", certificateFault},
			check{prefix + "CLIENT_CERTIFICATE", func(file string) error {
				return clientFault(file, prefix+"CLIENT_KEY")
			}},
			check{prefix + "CLIENT_KEY", func(string) error {
				return missing(prefix + "CLIENT_CERTIFICATE")
			}},
		)
	}
	if s == metrics {
		checks = append(checks,
			check{
				otlpPrefix + "METRICS_TEMPORALITY_PREFERENCE",
				anyCase(oneOf("cumulative", "delta", "lowmemory")),
			},
			check{
				otlpPrefix + "METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
				anyCase(oneOf("explicit_bucket_histogram", "base2_exponential_bucket_histogram")),
			},
		)
	}
	return checks
}

// endpointFault does not repeat the endpoint, which may have a password in it.
func endpointFault(endpoint string) error {
	const want = "want a URL such as http://localhost:4317"
	u, err := url.Parse(endpoint)
	if fault := new(url.Error); errors.As(err, &fault) {
		return fmt.Errorf("%w: %s", fault.Err, want)
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" {
			return fmt.Errorf("there is no host: %s", want)
		}
		return nil
	case "unix":
		return nil
	default:
		return fmt.Errorf("it does not begin with http:// or https://: %s", want)
	}
}

func certificateFault(file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("there is no certificate in PEM form in %s", file)
	}
	return nil
}

func clientFault(file, keyVariable string) error {
	if err := missing(keyVariable); err != nil {
		return err
	}
	_, err := tls.LoadX509KeyPair(file, getenv(keyVariable))
	return err
}

func missing(variable string) error {
	if getenv(variable) == "" {
		return fmt.Errorf("it needs %s too", variable)
	}
	return nil
}
