// Package drain measures what a worker and Redis need while a backlog is worked
// off: a stream of many entries that wait, one stage, and a process of its own for
// it, whose resident memory is then all the worker's.
package drain
