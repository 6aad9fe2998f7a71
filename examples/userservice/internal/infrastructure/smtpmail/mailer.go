// Package smtpmail sends mails by SMTP.
package smtpmail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"net/textproto"
	"time"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
)

// timeout bounds one mail, for a server that does not answer.
const timeout = 10 * time.Second

// Mailer is an [application.Mailer]. It makes a connection for each mail.
type Mailer struct {
	// Address is host and port of the server, From the sender.
	Address, From string
	Now           func() time.Time
}

var _ application.Mailer = Mailer{}

// Send implements [application.Mailer]. A reply of 5xx is final by the standard.
func (m Mailer) Send(ctx context.Context, mail application.Mail) error {
	text, err := m.compose(mail)
	if err != nil {
		return fmt.Errorf("compose a mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Address)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	defer conn.Close()
	// The protocol's client knows no contexts: the connection ends with it.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if err := converse(conn, m.Address, m.From, mail.To.String(), text); err != nil {
		return explain(err)
	}
	return nil
}

// converse hands the mail over.
func converse(conn net.Conn, address, from, to string, text []byte) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := client.Mail(from); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	data, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := data.Write(text); err != nil {
		return err
	}
	// From here on the mail is the server's.
	if err := data.Close(); err != nil {
		return err
	}
	_ = client.Quit() // the mail is sent, whatever becomes of the courtesies
	return nil
}

// explain makes an error without the text of the server's, which may quote the address.
func explain(err error) error {
	reply, ok := errors.AsType[*textproto.Error](err)
	_, gibberish := errors.AsType[textproto.ProtocolError](err)
	switch {
	case ok && reply.Code >= 500:
		return fmt.Errorf("%w: it answered %d", application.ErrRejected, reply.Code)
	case ok:
		return fmt.Errorf("the mail server answered %d: not now", reply.Code)
	case gibberish:
		return errors.New("the mail server answered what is no SMTP")
	default:
		return fmt.Errorf("talk to the mail server: %w", err)
	}
}

// compose writes the mail as it goes over the wire.
func (m Mailer) compose(mail application.Mail) ([]byte, error) {
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", m.From},
		{"To", mail.To.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", mail.Subject)},
		{"Message-ID", "<" + mail.ID + "@userservice.example>"},
		{"Date", m.Now().UTC().Format(time.RFC1123Z)},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", header[0], header[1])
	}
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(body, mail.Text); err != nil {
		return nil, err
	}
	return b.Bytes(), body.Close()
}
