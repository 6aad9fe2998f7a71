// Package http is the service to those outside: a JSON API, the live feed as server-sent
// events, and the page that shows it. It knows the application and the domain, and nothing
// of what is behind them.
package http
