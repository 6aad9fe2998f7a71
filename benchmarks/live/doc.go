// Package live measures what Redis Pub/Sub and Redis Streams cost Redis, for who has to
// choose: in memory and in processor time, and how quickly a stream is replayed. How
// quick they are beside each other, and what is lost when something goes wrong, is for
// millstream bench pubsub-vs-streams. It measures in rounds, in which both take turns, on
// servers of its own on loopback, and reports the median round:
//
//	go test -run '^$' -bench . -benchtime 5x ./benchmarks/live
package live
