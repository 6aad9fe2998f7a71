// Orders is a shop's order processing as a durable pipeline: it reads orders,
// one JSON object a line, holds them against the shop's rules, charges cards,
// ships parcels and sends receipts, and prints what became of all of them.
//
//	go run ./examples/orders                     # a thousand orders, all kinds of trouble
//	go run ./examples/orders -in orders.ndjson   # your own
//	go run ./examples/orders -graph              # the pipeline as a Mermaid graph
//
// An order is one line:
//
//	{"id":"o-1001","customer":"ada@example.com","lines":[{"sku":"kettle","quantity":2,"unit_cents":2599}],"card":"tok_visa"}
//
// The cards tok_flaky, tok_declined and tok_down have the bank in a mood; any
// other is charged.
//
// Without REDIS_URL it runs on an embedded Redis. On a real one it can be killed
// at any moment, and be started again on the same file: it goes on where it
// stopped, and ends with what it would have ended with otherwise.
//
// With OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 it sends traces and metrics
// to an OpenTelemetry collector, such as the Jaeger of docker-compose.yml: one trace for
// each order, through all stages and all runs that had a part in it. At the end it names
// one that is worth a look. What was ordered, by whom and on which card is in no trace.
//
// The domain, internal/order, knows neither Redis nor the pipeline; internal/shop
// composes the one out of the other.
package main
