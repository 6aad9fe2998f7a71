package middleware_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

var errEmpty = errors.New("the payload is empty")

func TestValidateDecidesAboutAMessageBeforeItsHandler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found error
		runs  bool
		kind  string
		text  string
	}{
		"a message that is right":   {runs: true},
		"a message that is wrong":   {found: errEmpty, kind: handoff.KindPermanent, text: "message not valid: the payload is empty"},
		"one that is malformed":     {found: handoff.Malformed(errEmpty), kind: handoff.KindMalformed, text: "message not valid: the payload is empty"},
		"one that nobody wants":     {found: handoff.ErrSkip},
		"one that comes too early":  {found: handoff.RetryAfter(time.Hour)},
		"one wrong in several ways": {found: fmt.Errorf("payload: %w", errEmpty), kind: handoff.KindPermanent, text: "message not valid: payload: the payload is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ran := false
			handler := middleware.Validate(func(*message.Message) error { return c.found })(func(msg *message.Message) ([]*message.Message, error) {
				ran = true
				return echo(msg)
			})
			made, err := handler(message.NewMessage("1", nil))
			require.Equal(t, c.runs, ran)
			require.Equal(t, c.runs, len(made) == 1)
			require.ErrorIs(t, err, c.found)
			kind, _ := handoff.PoisonKind(err)
			require.Equal(t, c.kind, kind)
			if c.text != "" {
				require.EqualError(t, err, c.text)
			}
		})
	}
}

func TestValidateWithoutACheckSaysSo(t *testing.T) {
	t.Parallel()
	_, err := middleware.Validate(nil)(echo)(message.NewMessage("1", nil))
	require.ErrorIs(t, err, middleware.ErrNoCheck)
	require.False(t, handoff.IsVerdict(err), "the message is not what is wrong")
}

func TestAPanicOfACheckIsLikeOneOfTheHandler(t *testing.T) {
	t.Parallel()
	handler := middleware.Recoverer(middleware.Validate(func(*message.Message) error { panic("no payload") })(echo))
	_, err := handler(message.NewMessage("1", nil))
	var panicked middleware.PanicError
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, "no payload", panicked.V)
	require.False(t, handoff.IsVerdict(err))
}
