package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, file string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// file has a name that a URL would take apart.
func file(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "users 100%?#.db")
}

func save(t *testing.T, db *sqlite.DB, n int, email string) (domain.User, domain.UserRegistered, error) {
	t.Helper()
	ids := domain.IDs{User: fmt.Sprint("user-", n), Event: fmt.Sprint("event-", n)}
	user, event, err := domain.Register(ids, fmt.Sprint("User ", n), email, time.Date(2026, 5, 1, 12, 0, n, 0, time.UTC))
	require.NoError(t, err)
	return user, event, db.Save(t.Context(), user, event)
}

func TestAUserAndTheEventAreSavedTogetherOrNotAtAll(t *testing.T) {
	name := file(t)
	db := open(t, name)
	assert.FileExists(t, name)
	user, event, err := save(t, db, 1, "ada@example.com")
	require.NoError(t, err)
	_, _, err = save(t, db, 2, "Ada@example.com")
	require.ErrorIs(t, err, application.ErrEmailTaken)

	// Another process sees the same.
	db = open(t, name)
	found, err := db.ByID(t.Context(), user.ID)
	require.NoError(t, err)
	assert.Equal(t, user, found)
	_, err = db.ByID(t.Context(), "user-2")
	require.ErrorIs(t, err, application.ErrNoUser)
	pending, err := db.Pending(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	assert.Equal(t, event.EventID, pending[0].EventID)
	assert.Contains(t, string(pending[0].Payload), `"event_id":"event-1"`)

	require.NoError(t, db.Published(t.Context(), pending[0].Position))
	waiting, err := db.Waiting(t.Context())
	require.NoError(t, err)
	assert.Zero(t, waiting)
	// Positions do not come again.
	_, _, err = save(t, db, 3, "grace@example.com")
	require.NoError(t, err)
	again, err := db.Pending(t.Context(), 10)
	require.NoError(t, err)
	assert.Greater(t, again[0].Position, pending[0].Position)
}

func TestPagesHaveEveryUserOnce(t *testing.T) {
	db := open(t, file(t))
	for n := range 7 {
		_, _, err := save(t, db, n, fmt.Sprintf("user%d@example.com", n))
		require.NoError(t, err)
	}
	var ids []string
	for before := int64(0); ; {
		users, next, err := db.Page(t.Context(), before, 3)
		require.NoError(t, err)
		for _, user := range users {
			ids = append(ids, user.ID)
		}
		if before = next; next == 0 {
			break
		}
	}
	assert.Equal(t, []string{"user-6", "user-5", "user-4", "user-3", "user-2", "user-1", "user-0"}, ids)
	// A page that is exactly full has none behind it.
	_, next, err := db.Page(t.Context(), 0, 7)
	require.NoError(t, err)
	assert.Zero(t, next)
}

func TestAnEventIsCountedOnceWhoeverCountsItAtTheSameTime(t *testing.T) {
	name := file(t)
	one, other := open(t, name), open(t, name)
	const events = 20
	var counting sync.WaitGroup
	for _, db := range []*sqlite.DB{one, one, other, other} {
		counting.Go(func() {
			for n := range events {
				assert.NoError(t, db.Add(t.Context(), fmt.Sprint("event-", n), "2026-05-01", fmt.Sprintf("%d.example", n%2)))
			}
		})
	}
	counting.Wait()
	require.NoError(t, one.Add(t.Context(), "late", "2026-05-02", "0.example"))
	counts, total, err := other.Counts(t.Context(), 2)
	require.NoError(t, err)
	assert.EqualValues(t, events+1, total)
	assert.Equal(t, []application.Count{{Day: "2026-05-02", Domain: "0.example", Users: 1}, {Day: "2026-05-01", Domain: "0.example", Users: 10}}, counts)
	counted, err := one.Counted(t.Context())
	require.NoError(t, err)
	assert.Len(t, counted, events+1)
}
