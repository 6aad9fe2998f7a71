package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

func TestAConsumerThatBeginsWaitsForARedisThatGoesAway(t *testing.T) {
	refused := fmt.Errorf("prepare: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")})
	wrong := errors.New("WRONGTYPE")
	for what, test := range map[string]struct {
		runs []error // what each run ends with
		want error
	}{
		"it is not there, and then it is": {[]error{refused, fmt.Errorf("prepare: %w", io.EOF), nil}, nil},
		"it answers what is wrong":        {[]error{refused, wrong}, wrong},
	} {
		synctest.Test(t, func(t *testing.T) {
			runs, pings := 0, 0
			err := persist(t.Context(), func(context.Context) error {
				runs++
				return test.runs[runs-1]
			}, func(context.Context) error {
				if pings++; pings < 50 {
					return refused
				}
				return nil
			}, slog.New(slog.DiscardHandler))
			assert.ErrorIs(t, err, test.want, what)
			assert.Len(t, test.runs, runs, what)
			assert.GreaterOrEqual(t, pings, 50, what)
		})
	}
}

func TestAConsumerThatWaitsForRedisEndsWhenItIsTold(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	away := func(context.Context) error { return io.EOF }
	asked := func(context.Context) error { stop(); return io.EOF }
	assert.NoError(t, persist(ctx, away, asked, slog.New(slog.DiscardHandler)))
}
