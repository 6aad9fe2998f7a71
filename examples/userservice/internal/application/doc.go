// Package application is what the service does, in terms of the domain and of ports: the
// interfaces here that packages below infrastructure implement.
//
// [Registration] saves a user together with the event, [Relay] publishes what was saved,
// and [Welcome] and [Analytics] are the services that get it.
package application
