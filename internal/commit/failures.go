package commit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// failuresNote is what is noted of an entry that is put aside: how often its
// handler failed and since when, in Unix milliseconds. Empty when there is nothing
// to note.
func failuresNote(a handoff.Aside) string {
	if a.Failures <= 0 {
		return ""
	}
	return fmt.Sprintf("%d %d", a.Failures, a.Failing.UnixMilli())
}

// parseFailures reads a note, which may be empty. What it cannot read is none: it
// is a help to retry, not a message.
func parseFailures(note string) (int, time.Time) {
	count, since, _ := strings.Cut(note, " ")
	n, err := strconv.Atoi(count)
	if err != nil || n <= 0 {
		return 0, time.Time{}
	}
	ms, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return n, time.Time{}
	}
	return n, time.UnixMilli(ms)
}
