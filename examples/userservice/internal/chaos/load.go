package chaos

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// registrars is how many register users at once.
const registrars = 4

// domains are those of ten addresses: most mails arrive, two at the fourth attempt, and
// two never.
var domains = []string{
	"example.com", "example.com", "example.com", "example.org", "example.org", "example.net",
	"flaky.example", "flaky.example", "down.example", "rejects.example",
}

// address returns that of user n.
func address(n int) string { return fmt.Sprintf("user%d@%s", n, domains[n%len(domains)]) }

// register registers all users, and returns their addresses.
func (r *run) register(ctx context.Context, c *crew) ([]string, error) {
	numbers := make(chan int)
	errs := make(chan error, registrars)
	var registering sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range registrars {
		registering.Go(func() {
			if err := r.registrar(ctx, c, numbers); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	var all []string
	// As long as there is killing.
	pace := time.NewTicker(kills * killEvery / registrations)
	defer pace.Stop()
	for n := range registrations {
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
		select {
		case numbers <- n:
			all = append(all, address(n))
		case <-ctx.Done():
		}
	}
	close(numbers)
	registering.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
		return all, ctx.Err()
	}
}

// registrar registers those whose numbers it gets.
func (r *run) registrar(ctx context.Context, c *crew, numbers <-chan int) error {
	client := &http.Client{Timeout: 15 * time.Second}
	defer client.CloseIdleConnections()
	for n := range numbers {
		if err := r.insist(ctx, client, c, n); err != nil {
			return err
		}
	}
	return nil
}

// insist asks one API process after the other until the user is registered.
func (r *run) insist(ctx context.Context, client *http.Client, c *crew, n int) error {
	unsure := false
	for try := 0; ; try++ {
		m := c.members[(n+try)%2]
		body := fmt.Sprintf(`{"name":"User %d","email":%q}`, n, address(n))
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.address+"/users", strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		if err == nil {
			_ = answer.Body.Close() // the status says all
			switch answer.StatusCode {
			case http.StatusCreated:
				return nil
			case http.StatusConflict:
				if unsure {
					return nil // it was the try whose answer was lost
				}
				return fmt.Errorf("%w: user %d was registered before it registered", ErrWrong, n)
			case http.StatusServiceUnavailable, http.StatusInternalServerError:
			default:
				return fmt.Errorf("user %d: %s answered %s", n, m.name, answer.Status)
			}
		}
		unsure = true
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
