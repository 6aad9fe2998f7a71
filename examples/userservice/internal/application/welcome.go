package application

import (
	"context"
	"errors"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

// ErrRejected says that a mail will never be taken, however often it is sent.
var ErrRejected = errors.New("the mail server rejects the mail for good")

// Mail is what to send.
type Mail struct {
	// ID is the same whenever the mail is sent, so that whoever gets it twice can tell.
	ID            string
	To            domain.Email
	Subject, Text string
}

// Mailer sends mails. Its method may be called concurrently.
type Mailer interface {
	// Send returns when somebody else has taken charge of the mail. It fails with
	// ErrRejected where another attempt is of no use. No error has an address in it.
	Send(context.Context, Mail) error
}

// Welcome is the e-mail service: it greets those who registered.
type Welcome struct{ Mailer Mailer }

// Greet sends the mail. When it is called again, after a crash between the sending and
// the note that it was done, the mail has the same id.
func (w Welcome) Greet(ctx context.Context, event domain.UserRegistered) error {
	return w.Mailer.Send(ctx, Mail{
		ID:      event.EventID,
		To:      event.Email,
		Subject: "Welcome",
		Text:    "Hello " + event.Name + ",\n\nyou are registered. It is good to have you here.\n",
	})
}
