package telemetry

import (
	"sync"

	"go.opentelemetry.io/otel/metric"
)

// Collection has metrics collected for as long as there is something to collect them
// of. The zero value works, and its methods may be called concurrently.
//
// An SDK waits for a collection under way before it lets anything begin or end, so
// neither may be called with a lock that the callback takes.
type Collection struct {
	mu           sync.Mutex
	users        int
	registration metric.Registration
}

// Begin counts a user, and calls register for the first.
func (c *Collection) Begin(register func() (metric.Registration, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users++; c.users > 1 {
		return nil
	}
	var err error
	c.registration, err = register()
	return err
}

// End undoes Begin. With the last user the callback ends, after its call under way, and
// then after is called.
func (c *Collection) End(after func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.users > 0 {
		return nil
	}
	var err error
	if c.registration != nil {
		err = c.registration.Unregister()
		c.registration = nil
	}
	after()
	return err
}
