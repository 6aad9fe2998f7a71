// Package fakesmtp is a mail server for demonstrations and tests: it speaks SMTP on the
// loopback interface, keeps what it takes in memory, and fails on demand.
//
// What becomes of a mail its recipient's domain decides:
//
//	down.example      always "451 try again later"
//	flaky.example     so, the first three times for each mail
//	rejects.example   always "550 no such user", for good
//	any other         taken
//
// During an [Server.Outage] it answers everybody with 421.
package fakesmtp
