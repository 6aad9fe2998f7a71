// Alerts distributes critical alerts over Redis Streams: producers on many hosts publish,
// consumers share the work, and whoever has to know is told, also when the notifier, a
// process or Redis was away.
//
//	go run ./examples/alerts            # 2 producers, 3 consumers and a notifier, for some seconds
//	go run ./examples/alerts -chaos     # the same, and everything is killed; then the books are checked
//	go run ./examples/alerts -graph     # the pipeline as a Mermaid graph
//
// Each part is a program of its own:
//
//	alerts notify                         takes pages and tickets by HTTP: a stand-in for a real one
//	alerts consume -redis URL             works on alerts; metrics at http://localhost:9464/metrics
//	alerts produce -redis URL < alerts    publishes one alert a line
//	alerts replay -redis URL -last 1h     what happened in the last hour
//
// An alert is one line:
//
//	{"severity":"critical","service":"checkout","host":"web-1","summary":"error rate above 5 %"}
//
// The domain, internal/alert, knows neither Redis nor the pipeline; internal/oncall composes
// the one out of the other.
package main
