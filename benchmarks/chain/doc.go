// Package chain measures a chain of stages that do nothing: what is left is
// what moving a message from stage to stage costs.
//
//	preloaded ─▶ [stage 1] ─▶ … ─▶ [stage n] ─▶ counted, and each looked for
//
// The same chain is run by several contenders on one Redis:
//
//	stock            Watermill's router on watermill-redisstream as it comes
//	millstream       a pipeline on streams, payloads passed through as they are
//	millstream-json  the same with the default codec
//	ceiling          a hand-written loop with the commit script of streams, no framework
//
// They take turns, in an order that rotates, so that what else the machine does
// meets all of them. Every run is checked: each message must have come out of
// the last stage exactly once.
package chain
