package middleware_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

func TestCorrelationIDIsPassedOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		input, made, want message.Metadata
	}{
		"to what has none":           {input: message.Metadata{"correlation_id": "c"}, made: message.Metadata{"a": "b"}, want: message.Metadata{"a": "b", "correlation_id": "c"}},
		"to what has no metadata":    {input: message.Metadata{"correlation_id": "c"}, want: message.Metadata{"correlation_id": "c"}},
		"but not to what has one":    {input: message.Metadata{"correlation_id": "c"}, made: message.Metadata{"correlation_id": "d"}, want: message.Metadata{"correlation_id": "d"}},
		"and nothing if it has none": {input: message.Metadata{"a": "b"}, made: message.Metadata{}, want: message.Metadata{}},
		"and nothing if it is empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := middleware.CorrelationID(func(*message.Message) ([]*message.Message, error) {
				return message.Messages{{UUID: "2", Metadata: c.made}, nil}, errHiccup
			})
			made, err := handler(&message.Message{UUID: "1", Metadata: c.input})
			require.ErrorIs(t, err, errHiccup)
			require.Equal(t, c.want, made[0].Metadata)
		})
	}
}

func TestAHandlerMayGiveItsMessageTheCorrelationID(t *testing.T) {
	t.Parallel()
	made, err := middleware.CorrelationID(func(msg *message.Message) ([]*message.Message, error) {
		wm.SetCorrelationID("c", msg)
		return echo(msg)
	})(message.NewMessage("1", nil))
	require.NoError(t, err)
	require.Equal(t, "c", wm.MessageCorrelationID(made[0]))
}

func TestCorrelationIDReachesTheNextTopic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(echo, middleware.CorrelationID)
	msg := message.NewMessage("1", nil)
	wm.SetCorrelationID("c", msg)
	require.NoError(t, w.publisher.Publish(w.in, msg, message.NewMessage("2", nil)))
	w.settled()
	out := w.messages(w.out)
	require.Equal(t, "c", out[0].Metadata["correlation_id"])
	require.NotContains(t, out[1].Metadata, "correlation_id")
}
