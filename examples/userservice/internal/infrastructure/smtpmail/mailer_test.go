package smtpmail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/fakesmtp"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/smtpmail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server starts a mail server and returns what sends mails there.
func server(t *testing.T) (*fakesmtp.Server, func(id, to string) error) {
	t.Helper()
	s, err := fakesmtp.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s, sender(t, s.Addr())
}

func sender(t *testing.T, address string) func(id, to string) error {
	t.Helper()
	m := smtpmail.Mailer{Address: address, From: "hello@userservice.example", Now: time.Now}
	return func(id, to string) error {
		email, err := domain.ParseEmail(to)
		require.NoError(t, err)
		return m.Send(t.Context(), application.Mail{ID: id, To: email, Subject: "Grüße", Text: "Hello Ädä,\n.\nthat was a dot.\n"})
	}
}

func TestAMailThatIsSentAgainIsKeptOnce(t *testing.T) {
	s, send := server(t)
	require.NoError(t, send("1", "ada@example.com"))
	require.NoError(t, send("2", "grace@example.com"))
	require.NoError(t, send("1", "ada@example.com"))
	taken, refused := s.Mails()
	require.Len(t, taken, 2)
	assert.Zero(t, refused)
	assert.Equal(t, "1@userservice.example", taken[0].ID)
	assert.Equal(t, "ada@example.com", taken[0].To)
	assert.Equal(t, 1, taken[0].Again)
	assert.Zero(t, taken[1].Again)
}

func TestTheServerFailsOnDemand(t *testing.T) {
	s, send := server(t)
	for range 5 {
		require.EqualError(t, send("down", "ada@down.example"), "the mail server answered 451: not now")
	}
	for range 3 {
		require.EqualError(t, send("flaky", "ada@flaky.example"), "the mail server answered 451: not now")
	}
	require.NoError(t, send("flaky", "ada@flaky.example"))
	require.ErrorIs(t, send("no", "ada@rejects.example"), application.ErrRejected)
	s.Outage(time.Hour)
	require.EqualError(t, send("out", "ada@example.com"), "the mail server answered 421: not now")
	s.Outage(0)
	require.NoError(t, send("out", "ada@example.com"))
	taken, refused := s.Mails()
	assert.Len(t, taken, 2)
	assert.Equal(t, 5+3+1+1, refused)
}

func TestAServerThatIsAwayOrSilentIsAnErrorThatMayPass(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	email, err := domain.ParseEmail("ada@example.com")
	require.NoError(t, err)
	silent := smtpmail.Mailer{Address: listener.Addr().String(), Now: time.Now}
	err = silent.Send(ctx, application.Mail{ID: "1", To: email})
	require.Error(t, err)
	assert.NotErrorIs(t, err, application.ErrRejected)
	require.NoError(t, listener.Close())
	err = sender(t, listener.Addr().String())("1", "ada@example.com")
	assert.ErrorContains(t, err, "reach the mail server")
}

func TestWhatAServerSaysIsNotQuoted(t *testing.T) {
	for said, want := range map[string]string{
		"ada@example.com? Never heard":     "the mail server answered what is no SMTP",
		"421 not now, for ada@example.com": "the mail server answered 421: not now",
		"554 not for ada@example.com":      "the mail server rejects the mail for good: it answered 554",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				_, err = fmt.Fprintf(conn, "%s\r\n", said)
				err = errors.Join(err, conn.Close())
			}
			served <- err
		}()
		require.EqualError(t, sender(t, listener.Addr().String())("1", "ada@example.com"), want)
		require.NoError(t, <-served)
		require.NoError(t, listener.Close())
	}
}

func TestTheServerEndsAlthoughAClientIsThere(t *testing.T) {
	s, err := fakesmtp.Start(t.Context())
	require.NoError(t, err)
	s.Slow(time.Hour)
	sent := make(chan error, 1)
	send := sender(t, s.Addr())
	go func() { sent <- send("1", "ada@example.com") }()
	require.Eventually(t, func() bool { taken, _ := s.Mails(); return len(taken) == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.Error(t, <-sent, "nobody said yes")
}
