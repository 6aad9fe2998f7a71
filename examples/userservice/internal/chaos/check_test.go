package chaos

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/fakesmtp"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/messaging"
	"github.com/millstream-go/millstream/pipeline"
)

// right returns books in which three users are right, and who they are.
func right(t *testing.T) (*books, []string) {
	t.Helper()
	addresses := []string{"a@example.com", "b@down.example", "c@rejects.example"}
	b := newBooks()
	b.users = addresses
	for _, address := range addresses {
		id := address[:1]
		_, event, err := domain.Register(domain.IDs{User: id, Event: id}, "Name", address, time.Now())
		require.NoError(t, err)
		b.events[id] = event
		b.counted = append(b.counted, id)
		b.counts[event.Email.Domain()]++
		b.total++
	}
	b.taken["a"] = fakesmtp.Mail{ID: "a@userservice.example"}
	b.dead["b"] = messaging.DeadLetter{EventID: "b", Kind: pipeline.KindExhausted, Attempts: messaging.MailAttempts}
	b.dead["c"] = messaging.DeadLetter{EventID: "c", Kind: pipeline.KindPermanent, Attempts: 1}
	return b, strings.Fields(strings.Join(addresses, " "))
}

func TestWhateverIsLostOrDoubledMakesTheBooksWrong(t *testing.T) {
	b, registered := right(t)
	require.NoError(t, b.judge(io.Discard, registered, 3))
	for what, harm := range map[string]func(*books){
		"a user is not in the database":  func(b *books) { b.users = b.users[1:] },
		"a user is there that is no one": func(b *books) { b.users = append([]string{"a"}, b.users...) },
		"an event is twice":              func(b *books) { b.doubled++ },
		"an event is lost":               func(b *books) { delete(b.events, "a") },
		"an event is not counted":        func(b *books) { b.counted = b.counted[1:] },
		"a count is too high":            func(b *books) { b.counts["example.com"]++ },
		"the total is too low":           func(b *books) { b.total-- },
		"a mail is lost":                 func(b *books) { delete(b.taken, "a") },
		"a dead letter is twice":         func(b *books) { b.strays++ },
		"a mail went where none goes":    func(b *books) { b.taken["b"] = fakesmtp.Mail{} },
		"a mail was given up too soon":   func(b *books) { b.dead["b"] = messaging.DeadLetter{Kind: pipeline.KindExhausted, Attempts: 4} },
		"a mail was given up for good":   func(b *books) { b.dead["b"] = messaging.DeadLetter{Kind: pipeline.KindPermanent} },
		"a message was not finished":     func(b *books) { b.dead["b"] = messaging.DeadLetter{Kind: pipeline.KindUnfinished} },
	} {
		b, registered := right(t)
		harm(b)
		var out strings.Builder
		require.ErrorIs(t, b.judge(&out, registered, 3), ErrWrong, what)
		assert.Contains(t, out.String(), "WRONG", what)
	}
}
