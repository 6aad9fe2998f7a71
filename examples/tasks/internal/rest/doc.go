// Package rest is the HTTP interface of the tasks.
package rest
