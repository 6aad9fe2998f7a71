// Package bench is the method by which contenders are measured side by side.
//
// A suite answers one question with a few cases. In a [Case] all contenders do the
// same work with the same settings on the same Redis:
//
//	warm-up of each ─▶ round 1: a b c ─▶ round 2: b a c ─▶ round 3: c a b ─▶ results
//
// Contenders take turns, in an order that rotates, so that what else the machine does
// meets all of them. A warm-up does not count; it also tells how many messages a
// contender manages in the time that a round may take. A [Result] is the median of the
// rounds with its spread, and what became of every message of them.
package bench
