// Package chaos runs a pipeline while everything around it fails, and then
// proves from what is in Redis that nothing was lost and nothing doubled.
//
// A [Plan] of faults is made from a seed. [Run] starts a redis-server that syncs
// every write, worker processes that each reach it over a proxy of their own,
// and a feeder that publishes numbered inputs, and carries out the plan: it
// kills and freezes workers and the server, cuts, slows and truncates
// connections, and makes the server forget its scripts. When the faults are over
// and the pipeline is idle, [Judge] reads all topics: each input must have led,
// stage by stage, to exactly the outputs that it is to lead to.
//
//	          ┌────────┐   ┌───────┐   ┌────────┐   ┌─────────┐
//	feeder ──▶│ check  ├─┬▶│ split ├──▶│ finish ├──▶│ archive ├──▶ records
//	          └────────┘ │ └───────┘   └────────┘   └─────────┘
//	                     │ ┌────────┐
//	                     └▶│ ledger │ in strict order
//	                       └────────┘
//
// The handlers fail of their own accord too: with plain errors, panics and
// RetryAfter now and then, and for some inputs always, which must end up in the
// poison topic, once.
package chaos
