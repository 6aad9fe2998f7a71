package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/fakesmtp"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/messaging"
	"github.com/millstream-go/millstream/pipeline"
)

// books are what was done.
type books struct {
	users   []string                         // addresses in the database
	events  map[string]domain.UserRegistered // in the stream, by id
	doubled int                              // events beyond those
	counted []string                         // ids of events
	counts  map[string]int64                 // users by domain
	total   int64
	taken   map[string]fakesmtp.Mail // by the event's id
	again   int
	dead    map[string]messaging.DeadLetter
	strays  int // dead letters of other services, or twice
}

func newBooks() *books {
	return &books{
		events: map[string]domain.UserRegistered{}, counts: map[string]int64{},
		taken: map[string]fakesmtp.Mail{}, dead: map[string]messaging.DeadLetter{},
	}
}

// read reads all of it.
func (r *run) read(ctx context.Context) (*books, error) {
	b := newBooks()
	for _, read := range []func(context.Context, *books) error{r.readUsers, r.readEvents, r.readCounts, r.readMails} {
		if err := read(ctx, b); err != nil {
			return nil, fmt.Errorf("read the books: %w", err)
		}
	}
	return b, nil
}

func (r *run) readUsers(ctx context.Context, b *books) error {
	const page = 100
	for before := int64(0); ; {
		users, next, err := r.db.Page(ctx, before, page)
		if err != nil {
			return err
		}
		for _, user := range users {
			b.users = append(b.users, user.Email.String())
		}
		if before = next; next == 0 {
			slices.Sort(b.users)
			return nil
		}
	}
}

func (r *run) readEvents(ctx context.Context, b *books) error {
	entries, err := r.Client.XRange(ctx, r.services.Registered.Topics()[0], "-", "+").Result()
	if err != nil {
		return err
	}
	for _, entry := range entries {
		msg, err := (redisstream.DefaultMarshallerUnmarshaller{}).Unmarshal(entry.Values)
		if err != nil {
			return err
		}
		var event domain.UserRegistered
		if err := json.Unmarshal(msg.Payload, &event); err != nil {
			return err
		}
		if _, ok := b.events[event.EventID]; ok {
			b.doubled++
		}
		b.events[event.EventID] = event
	}
	return nil
}

func (r *run) readCounts(ctx context.Context, b *books) (err error) {
	if b.counted, err = r.db.Counted(ctx); err != nil {
		return err
	}
	counts, total, err := r.db.Counts(ctx, 1000)
	for _, c := range counts {
		b.counts[c.Domain] += c.Users
	}
	b.total = total
	return err
}

func (r *run) readMails(ctx context.Context, b *books) error {
	taken, _ := r.mail.Mails()
	for _, mail := range taken {
		b.taken[eventOf(mail)] = mail
		b.again += mail.Again
	}
	letters, err := messaging.DeadLetters(ctx, r.Client, r.services, 10*registrations)
	for _, letter := range letters {
		if _, twice := b.dead[letter.EventID]; twice || letter.Service != "email" {
			b.strays++
		}
		b.dead[letter.EventID] = letter
	}
	return err
}

// wellGivenUp reports whether a mail was given up as it should be.
func wellGivenUp(letter messaging.DeadLetter, domain string) bool {
	switch letter.Kind {
	case pipeline.KindPermanent:
		return domain == "rejects.example"
	case pipeline.KindExhausted:
		// One that its process did not survive is counted there, and used up none.
		return letter.Attempts >= messaging.MailAttempts
	default:
		return false
	}
}
