// Package steady sends numbered messages through a chain of stages at a fixed rate,
// whatever the chain does meanwhile, and tells how long they took and what became of
// each.
//
//	schedule ─▶ topic 0 ─▶ [stage 1] ─▶ … ─▶ [stage n] ─▶ topic n ─▶ counted by number
//
// Each message has a time when it is to be sent, on a schedule that nothing moves, and
// carries that time in its payload. A latency is from then until the message came out,
// whether or not it was sent late: a chain that holds up its sender does not look quick
// for it.
//
// Something may go wrong half-way: a [Halfway] stops and starts the stages, or a Redis.
package steady
