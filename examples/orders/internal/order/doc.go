// Package order is the shop's domain: what an order is, when the shop takes
// it, what becomes of it, and what the shop needs of the world outside.
//
// An [Order] is what a customer sends. [Order.Accept] holds it against the
// shop's rules and makes it an [Accepted] order, which knows its total. The
// [Gateway] then charges the card: the order is [Charged] or [Declined]. A
// charged order is sent as a [Shipment], at a [Speed] that its total decides,
// and its customer gets a [Receipt]; the [Ledger] keeps what was done.
//
// The package imports nothing but the standard library: it knows of no
// database, no broker and no pipeline.
package order
