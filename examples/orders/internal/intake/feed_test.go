package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a publisher that keeps what it gets. It is for one goroutine.
type recorder struct {
	calls [][]*message.Message
	err   error
}

func (r *recorder) Publish(topic string, messages ...*message.Message) error {
	if topic != "placed" {
		return fmt.Errorf("published to %q", topic)
	}
	if r.err != nil {
		return r.err
	}
	r.calls = append(r.calls, messages)
	return nil
}

func (*recorder) Close() error { return nil }

func TestFeed(t *testing.T) {
	var in strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, "order %d\n\n", i)
	}
	publisher := &recorder{}
	n, err := Feed(t.Context(), strings.NewReader(in.String()), publisher, "placed")
	if err != nil || n != 1000 {
		t.Fatalf("got %d, %v, want 1000", n, err)
	}
	messages := slices.Concat(publisher.calls...)
	lines := scanAll(t, strings.NewReader(in.String()))
	for i, msg := range messages {
		if want := fmt.Sprintf("order %d", i); string(msg.Payload) != want || msg.UUID != lines[i].ID {
			t.Fatalf("message %d is %s %q, want %s %q", i, msg.UUID, msg.Payload, lines[i].ID, want)
		}
		if want := fmt.Sprint(2*i + 1); msg.Metadata.Get(LineKey) != want {
			t.Fatalf("message %d is from line %s, want %s", i, msg.Metadata.Get(LineKey), want)
		}
	}
	if len(messages) != 1000 || len(publisher.calls) != 4 {
		t.Errorf("%d messages in %d calls, want 1000 in 4", len(messages), len(publisher.calls))
	}
}

func TestBatchesAreBoundedByBytes(t *testing.T) {
	long := strings.Repeat("x", batchBytes/2)
	publisher := &recorder{}
	n, err := Feed(t.Context(), strings.NewReader(strings.Repeat(long+"\n", 7)), publisher, "placed")
	if err != nil || n != 7 {
		t.Fatalf("got %d, %v, want 7", n, err)
	}
	for _, call := range publisher.calls {
		if len(call) > 2 {
			t.Errorf("a batch of %d lines of half the limit", len(call))
		}
	}
}

func TestLinesOfASlowInputAreNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		publisher := &recorder{}
		done := make(chan error, 1)
		go func() {
			_, err := Feed(t.Context(), in, publisher, "placed")
			done <- err
		}()
		fmt.Fprint(out, "a\nb\nhal")
		synctest.Wait()
		if got := len(slices.Concat(publisher.calls...)); got != 2 {
			t.Errorf("%d lines were published while the input paused, want 2", got)
		}
		fmt.Fprint(out, "f\n")
		synctest.Wait()
		if got := len(slices.Concat(publisher.calls...)); got != 3 {
			t.Errorf("%d lines were published, want 3", got)
		}
		if err := errors.Join(out.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
}

func TestFeedEndsWithoutTheBlockedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		n, err := Feed(ctx, in, &recorder{}, "placed")
		if n != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %d, %v", n, err)
		}
		if err := out.Close(); err != nil { // ends the read
			t.Error(err)
		}
	})
}

func TestFeedReportsWhatFails(t *testing.T) {
	broken := errors.New("broken")
	publisher := &recorder{}
	n, err := Feed(t.Context(), io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(broken)), publisher, "placed")
	if n != 2 || !errors.Is(err, broken) {
		t.Errorf("got %d, %v, want 2 lines and then %v", n, err, broken)
	}
	publisher = &recorder{err: broken}
	n, err = Feed(t.Context(), strings.NewReader("a\nb\n"), publisher, "placed")
	if n != 0 || !errors.Is(err, broken) {
		t.Errorf("got %d, %v, want %v", n, err, broken)
	}
}
