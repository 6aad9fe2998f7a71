package chaos

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/fakesmtp"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/messaging"
)

// eventOf returns the id of the event that a mail is for.
func eventOf(mail fakesmtp.Mail) string {
	id, _, _ := strings.Cut(mail.ID, "@")
	return id
}

// check holds the books against who registered.
func (r *run) check(ctx context.Context, registered []string, seen int) error {
	b, err := r.read(ctx)
	if err != nil {
		return err
	}
	return b.judge(r.Out, registered, seen)
}

// judge says what the books say, and returns ErrWrong if that is not what it should be.
func (b *books) judge(out io.Writer, registered []string, seen int) error {
	slices.Sort(registered)
	wrong := 0
	line := func(right bool, format string, values ...any) {
		verdict := "right"
		if !right {
			verdict = "WRONG"
			wrong++
		}
		fmt.Fprintf(out, "  %s  %s\n", verdict, fmt.Sprintf(format, values...))
	}
	n := len(registered)
	fmt.Fprintln(out, "the books:")
	line(slices.Equal(b.users, registered), "%d users were told that they are registered, %d are in SQLite", n, len(b.users))
	line(b.doubled == 0 && slices.Equal(b.addresses(), registered), "%d events in the stream, %d of them twice: one for each user", len(b.events)+b.doubled, b.doubled)
	line(slices.Equal(b.counted, slices.Sorted(maps.Keys(b.events))), "%d of the events are counted", len(b.counted))
	line(b.total == int64(n) && maps.Equal(b.counts, expectedCounts(registered)), "%d users in the counts of analytics, and the right number of each domain", b.total)
	m := b.mails()
	line(m.lost == 0 && b.strays == 0, "%d mails were taken and %d given up, each once; %d are lost", m.taken, m.dead, m.lost)
	line(m.early == 0, "%d were given up before the %dth attempt without a final no", m.early, messaging.MailAttempts)
	line(m.impossible == 0, "%d were taken at addresses that take none", m.impossible)
	fmt.Fprintf(out, "  beside that: %d of the mails given up were for addresses that take mails, and met the outage five times\n", m.unlucky)
	fmt.Fprintf(out, "               %d mails were sent again after a crash between the mail server's yes and the acknowledgement; it knew them by their Message-ID\n", b.again)
	fmt.Fprintf(out, "               %d of %d registrations were seen by who watched the live feed; Pub/Sub promises none\n", seen, n)
	if wrong > 0 {
		return fmt.Errorf("%w in %d places", ErrWrong, wrong)
	}
	fmt.Fprintln(out, "nothing was lost, and nothing doubled")
	return nil
}

// addresses returns those of the events.
func (b *books) addresses() []string {
	var all []string
	for _, event := range b.events {
		all = append(all, event.Email.String())
	}
	slices.Sort(all)
	return all
}

// expectedCounts returns how many addresses there are of each domain.
func expectedCounts(addresses []string) map[string]int64 {
	counts := map[string]int64{}
	for _, address := range addresses {
		_, domain, _ := strings.Cut(address, "@")
		counts[domain]++
	}
	return counts
}

// fates are how many mails met with what.
type fates struct {
	taken, dead, lost int
	early, impossible int
	unlucky           int // given up at an address that takes mails
}

// mails returns what became of the mails. Each event's is taken or given up; one that was
// taken, sent again after a crash, and then given up counts as taken.
func (b *books) mails() (f fates) {
	for id, event := range b.events {
		_, taken := b.taken[id]
		letter, dead := b.dead[id]
		domain := event.Email.Domain()
		hopeless := domain == "down.example" || domain == "rejects.example"
		switch {
		case taken:
			f.taken++
			if hopeless {
				f.impossible++
			}
		case dead:
			f.dead++
			if !hopeless {
				f.unlucky++
			}
		default:
			f.lost++
		}
		if dead && !wellGivenUp(letter, domain) {
			f.early++
		}
	}
	return f
}
