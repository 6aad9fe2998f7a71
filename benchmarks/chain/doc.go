// Package chain measures a chain of stages that do nothing: what is left is
// what moving a message from stage to stage costs.
//
//	preloaded ─▶ [stage 1] ─▶ … ─▶ [stage n] ─▶ counted, and each looked for
//
// The same chain is run by several contenders on one Redis:
//
//	ceiling          a hand-written loop with the commit script of streams, no framework
//	millstream       a pipeline on streams, payloads passed through as they are
//	millstream-json  the same with the default codec
//	stock            Watermill's router on watermill-redisstream as it comes
//	article          the loop of tutorials: XREADGROUP COUNT 10, XADD and XACK for each message
//	pubsub           Watermill's router on Millstream's Pub/Sub
//	pubsub-raw       a hand-written loop of SUBSCRIBE and PUBLISH
//
// Pub/Sub keeps nothing, so those on it are fed while they run. Every run is checked:
// each message must have come out of the last stage exactly once.
//
// Others who have work for a chain run one with [While], and put messages in and take
// them out with its [Ends].
package chain
