// Package alert is the domain: what an alert is, when it is taken, how the severities
// differ, and what is needed of whoever is to be told.
//
// [Parse] reads what somebody wrote, an [Origin] completes it, and [Alert.Validate] holds
// it against the rules. A critical alert pages somebody at once. Warnings of one service
// are gathered over a [Window] into one [Ticket]. The [Notifier] takes pages and tickets,
// and may be down, or refuse one for good.
//
// The package imports nothing but the standard library: it knows of no database, no
// broker, no HTTP and no pipeline.
package alert
