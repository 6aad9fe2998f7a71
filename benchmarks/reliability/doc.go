// Package reliability makes faults happen to consumers of Redis Streams and
// looks at what becomes of the messages.
//
//	published ─▶ [one stage: a Watermill router, a handler] ─▶ outputs, counted
//	                           ▲ the fault
//
// Each fault is written once and happens to two contenders:
//
//	stock       watermill-redisstream as it comes
//	millstream  the publisher and subscriber of package streams
//
// Both run in the same router with the same handler, and every fault and
// contender has a redis-server of its own. What is reported is what was seen: an
// [Account] of all messages from what is in Redis afterwards, the runs of the
// handler, and words for the rest. The words and the account come out the same
// each time; what varies with the machine is kept apart from them.
//
// Where a process has to die or freeze, it is a real one: the program runs itself
// again as a worker, see [Worker].
package reliability
