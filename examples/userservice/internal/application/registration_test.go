package application_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

// users keeps what is saved, or fails.
type users struct {
	application.Users
	err   error
	saved []domain.UserRegistered
}

func (u *users) Save(_ context.Context, _ domain.User, event domain.UserRegistered) error {
	if u.err == nil {
		u.saved = append(u.saved, event)
	}
	return u.err
}

func TestTheRelayIsWokenForWhatWasSavedAndNothingElse(t *testing.T) {
	var u users
	woken, id := 0, 0
	r := application.Registration{
		Users: &u,
		NewID: func() string { id++; return fmt.Sprint("id-", id) },
		Now:   time.Now,
		Saved: func() { woken++ },
	}
	user, err := r.Register(t.Context(), "Ada", "ada@example.com")
	require.NoError(t, err)
	assert.Equal(t, 1, woken)
	assert.Equal(t, user.ID, u.saved[0].UserID)
	assert.NotEqual(t, user.ID, u.saved[0].EventID)

	_, err = r.Register(t.Context(), "", "")
	assert.Len(t, domain.Faults(err), 2)
	u.err = errors.New("disk full")
	_, err = r.Register(t.Context(), "Ada", "ada@example.com")
	require.ErrorIs(t, err, u.err)
	assert.Equal(t, 1, woken)
	assert.Len(t, u.saved, 1)
}

// post keeps what is sent, and counts.
type post struct{ mails []application.Mail }

func (p *post) Send(_ context.Context, mail application.Mail) error {
	p.mails = append(p.mails, mail)
	return nil
}

func TestAMailHasTheSameIDWheneverItIsSent(t *testing.T) {
	var p post
	_, event, err := domain.Register(domain.IDs{User: "u", Event: "e"}, "Ada", "ada@example.com", time.Now())
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, application.Welcome{Mailer: &p}.Greet(t.Context(), event))
	}
	assert.Equal(t, p.mails[0], p.mails[1])
	assert.Equal(t, "e", p.mails[0].ID)
	assert.Equal(t, event.Email, p.mails[0].To)
	assert.Contains(t, p.mails[0].Text, "Hello Ada,")
}

// tally notes what it is told to count.
type tally struct {
	application.Tally
	added string
}

func (c *tally) Add(_ context.Context, eventID, day, domain string) error {
	c.added = eventID + " " + day + " " + domain
	return nil
}

func TestUsersAreCountedOnTheirDayInUTC(t *testing.T) {
	var c tally
	now := time.Date(2026, 5, 2, 1, 0, 0, 0, time.FixedZone("", 7200))
	_, event, err := domain.Register(domain.IDs{Event: "e"}, "Ada", "ada@example.com", now)
	require.NoError(t, err)
	require.NoError(t, application.Analytics{Tally: &c}.Count(t.Context(), event))
	assert.Equal(t, "e 2026-05-01 example.com", c.added)
}
