package handoff

import (
	"strconv"
	"strings"
	"time"
)

// Metadata of messages that were received by a pattern of channels.
const (
	KeyChannel = "millstream_channel"
	KeyPattern = "millstream_pattern"
)

// AddedAt returns when an entry was added to its stream, by Redis's clock: the first
// part of its id. It is not ok for an id that somebody made otherwise.
func AddedAt(entryID string) (at time.Time, ok bool) {
	first, _, _ := strings.Cut(entryID, "-")
	ms, err := strconv.ParseInt(first, 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(ms), true
}
