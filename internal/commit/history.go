package commit

import (
	"fmt"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// historyNote is what is noted of an entry that is put aside: how often its handler
// failed, since when in Unix milliseconds, and how often it was called again within a
// delivery. Empty when there is nothing to note.
func historyNote(h handoff.History) string {
	if h.Failures <= 0 {
		return ""
	}
	return fmt.Sprintf("%d %d %d", h.Failures, h.Failing.UnixMilli(), h.Repeats)
}

// parseHistory reads a note. One that is none says nothing: it is a help to retry,
// not a message.
func parseHistory(note string) handoff.History {
	if note == "" {
		return handoff.History{}
	}
	var h handoff.History
	var since int64
	if _, err := fmt.Sscanf(note, "%d %d %d", &h.Failures, &since, &h.Repeats); err != nil || h.Failures <= 0 || h.Repeats < 0 {
		return handoff.History{}
	}
	h.Failing = time.UnixMilli(since)
	return h
}
