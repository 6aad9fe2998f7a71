// Payments takes payments on over HTTP, charges each at a bank by one of several processors
// that share the work, and books what became of it, exactly once, whatever dies on the way.
//
//	go run ./examples/payments          # all of it, with some hundred payments, and the books
//	go run ./examples/payments -chaos   # the same, with kill -9 for everything, audited to the cent
//	go run ./examples/payments -naive -chaos   # a consumer as in tutorials, under the same kills
//	go run ./examples/payments -graph   # the pipeline as a Mermaid graph
//
// Each part is also a role of its own:
//
//	payments bank     the bank, with a ledger in a file
//	payments api      takes payments on: POST /payments, GET /payments/{id}, GET /ledger, GET /health
//	payments process  a processor: run as many as you like
//	payments order    asks the api for a payment
//	payments audit    holds the bank's ledger and the books against each other
//
// The domain, internal/payment, knows neither Redis nor the pipeline; internal/flow composes
// the one out of the other.
package main
