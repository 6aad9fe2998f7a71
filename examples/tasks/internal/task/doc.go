// Package task is the domain of the example: what a task is, which are valid, and what
// is told of a change. It knows neither a database, nor HTTP, nor Redis.
package task
