package otlptest

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// mode is what the collector does with exports.
type mode int

const (
	accepting mode = iota
	refusing
	hanging
)

// Hang lets the collector answer nothing, until it is told otherwise or the test ends.
func (c *Collector) Hang() { c.turn(hanging) }

// Refuse lets the collector answer with an error that is not worth another try.
func (c *Collector) Refuse() { c.turn(refusing) }

// Accept lets the collector take everything in again, also what hung until now.
func (c *Collector) Accept() { c.turn(accepting) }

func (c *Collector) turn(m mode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mode = m
	close(c.turned)
	c.turned = make(chan struct{})
}

// admit waits while the collector hangs, and returns nil if the export is to be taken in.
func (c *Collector) admit(ctx context.Context) error {
	c.began()
	for {
		c.mu.Lock()
		mode, turned := c.mode, c.turned
		c.mu.Unlock()
		switch mode {
		case accepting:
			return nil
		case refusing:
			return status.Error(codes.InvalidArgument, "the collector was told to refuse")
		}
		select {
		case <-turned:
		case <-c.stopped:
			return status.Error(codes.Unavailable, "the collector stops")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
