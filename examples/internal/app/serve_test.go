package app_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
)

func TestARequestUnderWayIsFinishedAtTheEnd(t *testing.T) {
	listener, err := app.Listen(t.Context(), "localhost:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- app.Serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			stop()
			_, _ = io.WriteString(w, "done")
		}))
	}()
	answer, err := http.Get("http://" + listener.Addr().String())
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "done", string(body))
	require.NoError(t, <-served)
	_, err = app.Listen(t.Context(), listener.Addr().String())
	require.NoError(t, err, "the port is free again")
}

func TestAnAddressInUseIsSaid(t *testing.T) {
	listener, err := app.Listen(t.Context(), "localhost:0")
	require.NoError(t, err)
	defer listener.Close()
	_, err = app.Listen(t.Context(), listener.Addr().String())
	assert.ErrorContains(t, err, listener.Addr().String())
	assert.ErrorContains(t, err, "give another address")
}
