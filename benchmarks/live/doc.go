// Package live measures Redis Pub/Sub beside Redis Streams, for who has to choose: how
// long a message takes to a handler, and how many a second pass, to one listener and to
// several. Its benchmarks are run with
//
//	go test -run '^$' -bench . ./benchmarks/live
package live
