package middleware_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

// tracing returns middleware that notes its name on the way in.
func tracing(name string, trace *[]string) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			*trace = append(*trace, name)
			return next(msg)
		}
	}
}

// The order is that of the fields, whatever parts there are.
func TestAChainWrapsInTheOrderOfItsFields(t *testing.T) {
	t.Parallel()
	fields := reflect.TypeFor[middleware.Chain]()
	for leftOut := -1; leftOut < fields.NumField(); leftOut++ {
		var chain middleware.Chain
		var trace, want []string
		for i := range fields.NumField() {
			if name := fields.Field(i).Name; i != leftOut {
				reflect.ValueOf(&chain).Elem().Field(i).Set(reflect.ValueOf(tracing(name, &trace)))
				want = append(want, name)
			}
		}
		_, err := chain.Middleware(func(*message.Message) ([]*message.Message, error) {
			trace = append(trace, "handler")
			return nil, nil
		})(message.NewMessage("1", nil))
		require.NoError(t, err)
		require.Equal(t, append(want, "handler"), trace)
	}
}

func TestAnEmptyChainChangesNothing(t *testing.T) {
	t.Parallel()
	msg := message.NewMessage("1", nil)
	made, err := middleware.Chain{}.Middleware(func(got *message.Message) ([]*message.Message, error) {
		require.Same(t, msg, got)
		return message.Messages{got}, errHiccup
	})(msg)
	require.Equal(t, []*message.Message{msg}, made)
	require.ErrorIs(t, err, errHiccup)
}

func TestTheDefaultChainRetriesPanicsAndPoisonsWhatIsFinal(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	chain := middleware.DefaultChain(newPoisonQueue(t, s, middleware.PoisonConfig{}))
	calls := 0
	msg := message.NewMessage("1", nil)
	made, err := chain.Middleware(func(msg *message.Message) ([]*message.Message, error) {
		if calls++; calls < 3 {
			panic("not yet")
		}
		return message.Messages{message.NewMessage("out", nil)}, nil
	})(msg)
	require.NoError(t, err)
	require.Len(t, made, 1)
	require.Equal(t, 3, calls)
	require.Empty(t, s.published)

	_, err = chain.Middleware(func(*message.Message) ([]*message.Message, error) {
		return nil, middleware.Permanent(errors.New("never"))
	})(msg)
	require.NoError(t, err)
	require.Len(t, s.published["poison"], 1)

	_, err = middleware.DefaultChain(nil).Middleware(func(*message.Message) ([]*message.Message, error) {
		return nil, middleware.Permanent(errors.New("never"))
	})(msg)
	require.EqualError(t, err, "never", "without a poison queue the error is the router's")
}

func TestTheDefaultChainPassesOnTheCorrelationID(t *testing.T) {
	t.Parallel()
	msg := message.NewMessage("1", nil)
	msg.Metadata.Set("correlation_id", "c-1")
	made, err := middleware.DefaultChain(nil).Middleware(func(*message.Message) ([]*message.Message, error) {
		return message.Messages{message.NewMessage("out", nil)}, nil
	})(msg)
	require.NoError(t, err)
	require.Equal(t, "c-1", made[0].Metadata["correlation_id"])
}
