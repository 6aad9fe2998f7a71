package http

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

func event(t *testing.T, id string) domain.UserRegistered {
	t.Helper()
	_, event, err := domain.Register(domain.IDs{User: id}, "Ada", "ada@example.com", time.Now())
	require.NoError(t, err)
	return event
}

func TestAWatcherWhoIsTooSlowIsGivenUpAndHoldsUpNobody(t *testing.T) {
	var hub Hub
	slow, quick := hub.join(), hub.join()
	for n := range behind + 1 {
		require.NoError(t, hub.Show(context.Background(), event(t, fmt.Sprint(n))))
		assert.Equal(t, fmt.Sprint(n), (<-quick.users).ID)
	}
	for range behind {
		<-slow.users
	}
	_, open := <-slow.users
	assert.False(t, open)
	hub.leave(slow) // as it does at the end, whatever the end was
	hub.leave(quick)
	require.NoError(t, hub.Show(context.Background(), event(t, "nobody sees it")))
}

func TestOnlySoManyWatchAtOnce(t *testing.T) {
	var hub Hub
	var last *watcher
	for range maxWatchers {
		last = hub.join()
		require.NotNil(t, last)
	}
	assert.Nil(t, hub.join())
	hub.leave(last)
	assert.NotNil(t, hub.join())
}

func TestWatchersAreToldOnceThatTheyMissedSomething(t *testing.T) {
	var hub Hub
	w := hub.join()
	hub.Missed()
	hub.Missed()
	<-w.missed
	assert.Empty(t, w.missed)
}
