package main

import (
	"fmt"
	"log/slog"

	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/messaging"
)

// graphs returns the graph of the services, and that of the live feed in each process that
// has watchers.
func graphs(name string) (services, feed string) {
	return messaging.Known(name).Pipeline.Mermaid(), messaging.NewFeed(name, nil, slog.New(slog.DiscardHandler)).Mermaid()
}

func (c *command) printGraph() error {
	services, feed := graphs(c.name)
	_, err := fmt.Fprintf(c.Stdout, "%%%% the services, on Redis Streams\n%s\n%%%% the live feed, on Redis Pub/Sub\n%s", services, feed)
	return err
}
