package application

import (
	"context"
	"errors"
	"time"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

var (
	// ErrEmailTaken says that somebody has registered with the address.
	ErrEmailTaken = errors.New("the e-mail address is registered already")
	// ErrNoUser says that there is no such user.
	ErrNoUser = errors.New("no such user")
	// ErrBusy says that others write so much that there was no turn in time. The same call
	// is right a while later.
	ErrBusy = errors.New("the storage is busy")
	// ErrAway says that something that the service needs does not answer. The same call is
	// right when that is back.
	ErrAway = errors.New("something that is needed for it is away")
)

// Users keeps users. Its methods may be called concurrently.
type Users interface {
	// Save saves a user and, in the same transaction, the event into the outbox. It fails
	// with ErrEmailTaken, and with ErrBusy.
	Save(context.Context, domain.User, domain.UserRegistered) error
	// ByID returns a user, or ErrNoUser.
	ByID(ctx context.Context, id string) (domain.User, error)
	// Page returns up to limit users, the newest first: those before a position, or all
	// for 0. next is the position to go on before, 0 at the end.
	Page(ctx context.Context, before int64, limit int) (users []domain.User, next int64, err error)
}

// Registration registers users. Its method may be called concurrently.
type Registration struct {
	Users Users
	// NewID returns an id that was never returned before, in whatever process.
	NewID func() string
	Now   func() time.Time
	// Saved is called after each registration: there is something to publish.
	Saved func()
}

// Register registers somebody. The error is of [domain.Register], ErrEmailTaken, or that of
// the storage; then nothing is saved.
func (r *Registration) Register(ctx context.Context, name, email string) (domain.User, error) {
	user, event, err := domain.Register(domain.IDs{User: r.NewID(), Event: r.NewID()}, name, email, r.Now())
	if err != nil {
		return domain.User{}, err
	}
	if err := r.Users.Save(ctx, user, event); err != nil {
		return domain.User{}, err
	}
	r.Saved()
	return user, nil
}
