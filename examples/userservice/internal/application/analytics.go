package application

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

// Count is how many users of an e-mail domain registered on a day (UTC).
type Count struct {
	Day    string
	Domain string
	Users  int64
}

// Tally keeps counts. Its methods may be called concurrently.
type Tally interface {
	// Add counts one user and marks the event as counted in one transaction; of an event
	// that is marked it does nothing.
	Add(ctx context.Context, eventID, day, domain string) error
	// Counts returns the newest days first, up to limit counts, and how many users are
	// counted in all.
	Counts(ctx context.Context, limit int) (counts []Count, total int64, err error)
}

// Analytics is the service that counts.
type Analytics struct{ Tally Tally }

// Count counts a user: exactly once, however often it is called.
func (a Analytics) Count(ctx context.Context, event domain.UserRegistered) error {
	return a.Tally.Add(ctx, event.EventID, event.RegisteredAt.UTC().Format(time.DateOnly), event.Email.Domain())
}
