package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/tasks/internal/client"
)

func TestAWriterThatIsInterruptedAsksNoMore(t *testing.T) {
	c := client.New()
	defer c.Close()
	const nobody = "http://127.0.0.1:1"
	w := writer{system: &system{url: nobody}, client: c, books: newLedger()}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := w.update(ctx, made("a", 1, "a"))
		ended <- err
	}()
	require.Never(t, func() bool { return len(ended) > 0 }, 3*askAgain, askAgain, "nobody has answered yet")
	interrupt()
	select {
	case err := <-ended:
		assert.Error(t, err)
	case <-time.After(settleTimeout / 2):
		assert.Fail(t, "it still asks")
	}
}
