// Tasks is a REST API of tasks and a full-text search of them, which is kept current by the
// API's events: once on Redis Pub/Sub, and once on a stream. It shows what each does to the
// index when the indexer was away for a while.
//
//	go run ./examples/tasks            # the API, both indexes, a demonstration, and then it serves
//	go run ./examples/tasks serve      # without the demonstration
//	go run ./examples/tasks -chaos     # kills its processes while tasks change, and checks the books
//	go run ./examples/tasks -graph     # the pipeline as a Mermaid graph
//
// The parts are processes of this program, and can be started one by one, too: tasks api,
// and tasks index -from streams or -from pubsub.
//
// With OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 they send traces and metrics to an
// OpenTelemetry collector: one trace for each request, through all processes, to both
// indexes. What is in tasks is in no trace, metric or log.
package main
