// Package live measures Redis Pub/Sub beside Redis Streams, for who has to choose: how
// long a message takes to a handler, how many a second pass, what they cost Redis in
// memory and in processor time, what is lost when something goes wrong, and how quickly
// a stream is replayed. It does so in rounds, in which both take turns, on servers of its
// own on loopback, and reports the median round:
//
//	go test -run '^$' -bench . -benchtime 5x ./benchmarks/live
package live
