// Package app is what the programs of the examples have in common: how they begin and
// end, find their Redis, and export traces and metrics.
package app
