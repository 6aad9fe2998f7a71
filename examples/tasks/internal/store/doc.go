// Package store keeps tasks in SQLite, and with them an outbox: in the transaction that
// changes a task, the event that tells of it is written down too. Whoever publishes takes
// it from there, so a crash between the two loses nothing.
package store
