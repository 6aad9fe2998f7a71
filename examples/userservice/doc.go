// Userservice registers users, and tells services of it: one sends mails, one counts, and
// a page shows registrations as they happen.
//
//	go run ./examples/userservice                  # then open the page that it names
//	go run ./examples/userservice -chaos           # kill its processes, and check the books
//	go run ./examples/userservice -graph           # the pipelines as Mermaid graphs
//
// A registration and its event are saved in one transaction of SQLite, into a table of
// users and an outbox. A relay publishes the outbox into a Redis Stream, where each
// service is a consumer group; what is shown live goes on from there over Redis Pub/Sub.
//
// The layers, from the inside: internal/domain knows nobody; internal/application knows
// the domain; internal/infrastructure and internal/interfaces know both, and not each
// other; this package puts them together. A test holds them to it.
package main
