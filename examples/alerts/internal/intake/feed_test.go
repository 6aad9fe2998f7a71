package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
)

// origin completes alerts in tests.
func origin() alert.Origin {
	n := 0
	return alert.Origin{Host: "web-1", Service: "checkout", Now: time.Now, NewID: func() string {
		n++
		return fmt.Sprint("new-", n)
	}}
}

// feed runs a Feed, and returns the ids that were published, and what was said of lines.
func feed(ctx context.Context, t *testing.T, in io.Reader, sinkErr error) (ids, said []string, rejected int, err error) {
	t.Helper()
	f := Feed{
		Origin: origin(),
		Sink: func(_ context.Context, alerts ...alert.Alert) error {
			for _, a := range alerts {
				ids = append(ids, a.ID)
			}
			return sinkErr
		},
		Rejected: func(number int, err error) { said = append(said, fmt.Sprintf("%d: %v", number, err)) },
	}
	rejected, err = f.Run(ctx, in)
	return ids, said, rejected, err
}

func TestWrongLinesAreRejectedByNumberAndTheOthersPublished(t *testing.T) {
	ids, said, rejected, err := feed(t.Context(), t, strings.NewReader(
		`{"id":"a","severity":"info","summary":"up"}`+"\n"+
			"nonsense\n\n"+
			`{"severity":"warning","summary":"slow"}`+"\n"+
			`{"id":"b","severity":"urgent"}`+"\n"+
			strings.Repeat("x", maxLine)+"\n"+
			`{"id":"c","severity":"critical","summary":"down"}`), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "new-1", "c"}, ids)
	assert.Equal(t, 3, rejected)
	assert.Equal(t, []string{
		"2: not JSON: invalid character 'o' in literal null (expecting 'u'), at byte 2",
		`5: severity is "urgent": want critical, warning or info; summary is missing`,
		"6: has more than 64 KiB",
	}, said)
}

func TestAllLinesOfALongInputArePublishedInOrder(t *testing.T) {
	var in strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, `{"id":"a-%d","severity":"info","summary":"up"}`+"\n", i)
	}
	ids, _, _, err := feed(t.Context(), t, strings.NewReader(in.String()), nil)
	require.NoError(t, err)
	require.Len(t, ids, 1000)
	for i, id := range ids {
		assert.Equal(t, fmt.Sprint("a-", i), id)
	}
}

func TestAFailureToPublishEndsTheFeed(t *testing.T) {
	broken := errors.New("broken")
	_, _, _, err := feed(t.Context(), t, strings.NewReader(`{"severity":"info","summary":"up"}`), broken)
	assert.ErrorIs(t, err, broken)
}

func TestAFeedEndsWithoutTheBlockedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _, _, err := feed(ctx, t, in, nil)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.NoError(t, out.Close()) // ends the read
	})
}

func TestAlertsAreMadeUpAtTheirRateAndAreRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		severities := make(map[alert.Severity]int)
		n, start := 0, time.Now()
		g := &Generator{Services: []string{"checkout", "search", "legacy"}, Origin: origin()}
		services := make(map[string]int)
		err := Generate(t.Context(), g, 500, 10_000, func(_ context.Context, alerts ...alert.Alert) error {
			for _, a := range alerts {
				assert.NoError(t, a.Validate(time.Now()))
				severities[a.Severity]++
				services[a.Service]++
				n++
			}
			return nil
		})
		require.NoError(t, err)
		assert.Equal(t, 10_000, n)
		assert.InDelta(t, 20, time.Since(start).Seconds(), 0.1)
		assert.InDelta(t, 2000, severities[alert.Critical], 400)
		assert.InDelta(t, 3000, severities[alert.Warning], 400)
		assert.InDelta(t, 150, services["legacy"], 100)
	})
}

func TestMakingUpEndsWhenItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		n := 0
		err := Generate(ctx, &Generator{Services: []string{"checkout"}, Origin: origin()}, 0.1, 0,
			func(_ context.Context, alerts ...alert.Alert) error { n += len(alerts); return nil })
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.InDelta(t, 6, n, 1)
	})
}
