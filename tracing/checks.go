package tracing

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// check tells what is wrong with the value of a variable. The SDK and the exporters
// pass over what they do not understand, with a line on stderr at most; some values
// make them panic.
type check struct {
	variable string
	fault    func(value string) error
}

// run returns all the faults of the variables that are set.
func run(checks []check) error {
	var faults []error
	done := map[string]bool{}
	for _, c := range checks {
		value := getenv(c.variable)
		if value == "" || done[c.variable] {
			continue
		}
		done[c.variable] = true
		if err := c.fault(value); err != nil {
			faults = append(faults, fmt.Errorf("tracing: %s: %w", c.variable, err))
		}
	}
	return errors.Join(faults...)
}

// traceChecks are of what the SDK reads for traces.
func traceChecks() []check {
	checks := []check{
		{samplerVariable, samplerFault},
		{"OTEL_BSP_SCHEDULE_DELAY", between(1, dayMillis)},
		{"OTEL_BSP_EXPORT_TIMEOUT", between(0, dayMillis)},
		{queueVariable, between(1, maxQueue)},
		{batchVariable, between(1, maxQueue)},
	}
	for _, limit := range []string{
		"ATTRIBUTE_VALUE_LENGTH", "ATTRIBUTE_COUNT", "SPAN_ATTRIBUTE_VALUE_LENGTH", "SPAN_ATTRIBUTE_COUNT",
		"SPAN_EVENT_COUNT", "EVENT_ATTRIBUTE_COUNT", "SPAN_LINK_COUNT", "LINK_ATTRIBUTE_COUNT",
	} {
		checks = append(checks, check{"OTEL_" + limit + "_LIMIT", between(-1, maxLimit)})
	}
	return checks
}

// metricChecks are of what the SDK reads for metrics.
func metricChecks() []check {
	return []check{
		{"OTEL_METRIC_EXPORT_INTERVAL", between(1, dayMillis)},
		{"OTEL_METRIC_EXPORT_TIMEOUT", between(1, dayMillis)},
		{"OTEL_METRICS_EXEMPLAR_FILTER", anyCase(oneOf("trace_based", "always_on", "always_off"))},
	}
}

const (
	dayMillis = 24 * 60 * 60 * 1000
	maxQueue  = 1 << 20
	maxLimit  = 1 << 30
)

const (
	samplerVariable = "OTEL_TRACES_SAMPLER"
	ratioVariable   = "OTEL_TRACES_SAMPLER_ARG"
)

func samplerFault(sampler string) error {
	err := anyCase(oneOf(
		"always_on", "always_off", "traceidratio",
		"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
	))(sampler)
	if err != nil || !strings.Contains(strings.ToLower(sampler), "ratio") {
		return err
	}
	ratio := getenv(ratioVariable)
	if ratio == "" {
		return nil
	}
	if f, err := strconv.ParseFloat(ratio, 64); err != nil || !(f >= 0 && f <= 1) {
		return fmt.Errorf("its argument %s is %q: want a number from 0 to 1", ratioVariable, ratio)
	}
	return nil
}

func oneOf(names ...string) func(string) error {
	return func(value string) error {
		if slices.Contains(names, value) {
			return nil
		}
		return fmt.Errorf("%q is unknown: want %s", value, strings.Join(names, ", "))
	}
}

func anyCase(fault func(string) error) func(string) error {
	return func(value string) error { return fault(strings.ToLower(value)) }
}

func between(least, most int) func(string) error {
	return func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < least || n > most {
			return fmt.Errorf("%q is not a whole number from %d to %d", value, least, most)
		}
		return nil
	}
}

// pairs finds fault with what is not a list of key=value. It does not repeat values,
// which are secrets in headers.
func pairs(value string) error {
	for i, pair := range strings.Split(value, ",") {
		key, value, found := strings.Cut(pair, "=")
		if !found || strings.TrimSpace(key) == "" {
			return fmt.Errorf("item %d is not key=value: want key=value,key=value", i+1)
		}
		if _, err := url.PathUnescape(value); err != nil {
			return fmt.Errorf("item %d, of %s, has a %% that does not escape anything: write %%25", i+1, strings.TrimSpace(key))
		}
	}
	return nil
}
