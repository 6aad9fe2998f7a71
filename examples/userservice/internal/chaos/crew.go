package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/millstream-go/millstream/internal/child"
)

// member is one process, and the next one when it was killed.
type member struct {
	name, role, address string

	mu      sync.Mutex
	process *child.Process
	log     *os.File
}

// crew are the processes.
type crew struct {
	run     *run
	members []*member
}

// hire starts the processes and returns when they work.
func (r *run) hire(ctx context.Context) (*crew, error) {
	c := &crew{run: r}
	for _, m := range []*member{{name: "API 1", role: "api"}, {name: "API 2", role: "api"}, {name: "worker 1", role: "workers"}, {name: "worker 2", role: "workers"}} {
		c.members = append(c.members, m)
		if err := c.equip(ctx, m); err != nil {
			c.dismiss()
			return nil, err
		}
	}
	for _, m := range c.members {
		if err := m.healthy(ctx); err != nil {
			c.dismiss()
			return nil, err
		}
	}
	return c, nil
}

// equip gives a member an address of its own, a file for what it says, and a process.
func (c *crew) equip(ctx context.Context, m *member) error {
	// It keeps the port when it is started again, as clients expect.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	m.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	if m.log, err = os.Create(filepath.Join(filepath.Dir(c.run.file), m.name+".log")); err != nil {
		return err
	}
	return c.start(m)
}

// start starts the member's next process.
func (c *crew) start(m *member) error {
	cmd, err := child.Self("-role", m.role, "-listen", m.address, "-db", c.run.file, "-name", c.run.Name,
		"-smtp", c.run.mail.Addr(), "-backoff", backoff.String())
	if err != nil {
		return err
	}
	// Arguments can be seen by others, and there may be a password.
	cmd.Env = append(cmd.Env, "REDIS_URL="+c.run.URL)
	cmd.Stdout, cmd.Stderr = m.log, m.log
	process, err := child.Start(cmd)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process = process
	return nil
}

func (m *member) current() *child.Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process
}

// healthy waits until the process says that all it needs works.
func (m *member) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.address+"/health", nil)
		if err != nil {
			return err
		}
		if answer, err := client.Do(request); err == nil {
			_ = answer.Body.Close() // the status says all
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-m.current().Ended():
			return fmt.Errorf("%s ended by itself with exit code %d", m.name, m.current().ExitCode())
		case <-ctx.Done():
			return fmt.Errorf("%s does not get healthy: %w", m.name, ctx.Err())
		}
	}
}

// kill kills one after the other, has the mail server fail in the middle, and returns when
// all processes work again.
func (r *run) kill(ctx context.Context, c *crew) error {
	order := rand.Perm(kills)
	for i := range kills {
		select {
		case <-time.After(killEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
		if i == kills/2 {
			r.mail.Outage(outage)
			r.say("the mail server answers nobody for %v", outage)
		}
		// Each of them has its turns, at random.
		m := c.members[order[i]%len(c.members)]
		m.current().Kill()
		if err := c.start(m); err != nil {
			return err
		}
		r.say("%s killed (SIGKILL), and started again", m.name)
	}
	for _, m := range c.members {
		if err := m.healthy(ctx); err != nil {
			return err
		}
	}
	return nil
}

// end asks all to end, and expects them to.
func (c *crew) end(ctx context.Context) error {
	for _, m := range c.members {
		_ = m.current().Signal(syscall.SIGTERM) // one that has ended is found below
	}
	for _, m := range c.members {
		select {
		case <-m.current().Ended():
		case <-time.After(time.Minute):
			return fmt.Errorf("%s does not end", m.name)
		case <-ctx.Done():
			return ctx.Err()
		}
		if code := m.current().ExitCode(); code != 0 {
			return fmt.Errorf("%s ended with exit code %d", m.name, code)
		}
	}
	return nil
}

// dismiss ends whatever is left.
func (c *crew) dismiss() {
	for _, m := range c.members {
		if p := m.current(); p != nil {
			p.Kill()
		}
		if m.log != nil {
			_ = m.log.Close() // it is for people
		}
	}
}
