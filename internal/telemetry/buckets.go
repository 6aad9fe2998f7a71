package telemetry

import "go.opentelemetry.io/otel/metric"

// Durations are the boundaries, in seconds, of histograms of how long something took.
// Those that the semantic conventions recommend for messaging begin at 5 ms, where a
// stage of a pipeline takes microseconds: they are continued downwards.
var Durations = metric.WithExplicitBucketBoundaries(
	.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025,
	.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10,
)

// Waits are the boundaries, in seconds, of histograms of how long something waited,
// which may be hours when a message was put aside.
var Waits = metric.WithExplicitBucketBoundaries(
	.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4*3600, 24*3600,
)

// Counts are the boundaries of histograms of how many there were at a time.
var Counts = metric.WithExplicitBucketBoundaries(1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
