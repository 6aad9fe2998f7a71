package middleware_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

func TestRecovererMakesAnErrorOfAPanicThatIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	w.run(func(msg *message.Message) ([]*message.Message, error) {
		if err := w.publisher.Publish(w.out, output(msg, "published by the handler")); err != nil {
			return nil, err
		}
		if calls++; calls < 3 {
			panic("nil map")
		}
		return nil, nil
	}, quick.Middleware, middleware.Recoverer)
	w.publish("1")
	w.settled()
	require.Equal(t, 3, calls)
	require.Equal(t, []string{"published by the handler"}, w.published(w.out), "a run that panicked leaves nothing")
}

func TestARecoveredPanicSaysWhatItWasAndWhere(t *testing.T) {
	t.Parallel()
	_, err := middleware.Recoverer(func(*message.Message) ([]*message.Message, error) { panic(errHiccup) })(message.NewMessage("1", nil))
	var panicked middleware.PanicError
	require.ErrorAs(t, err, &panicked)
	require.Equal(t, errHiccup, panicked.V)
	require.Contains(t, panicked.Stacktrace, "recoverer_test.go")
}
