// Package receiver is the stand-in for a pager and a ticket desk: an HTTP server that takes
// pages and tickets, writes each into a book before it answers, tells people once for each
// idempotency key, refuses what is wrong, and is down on demand.
package receiver
