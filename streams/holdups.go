package streams

import (
	"log/slog"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// sayHoldupEvery is how often to say that a group holds up a stream.
const sayHoldupEvery = time.Hour

// holdup is a group that holds up a stream, and how.
type holdup struct {
	group string
	how   string
}

const (
	stopped = "a group of the stream has stopped, or left entries behind, and holds what comes after: start its consumers, or destroy it if nobody needs it"
	dead    = "a group of the stream is declared dead: what it has not finished is trimmed away"
	missing = "a group that the stream should have does not exist, so nothing is trimmed: a run of its stage makes it again"
)

// mention is since when a holdup is known, and when it was logged last.
type mention struct{ since, said time.Time }

// holdups logs which groups hold up a stream, and when they do not any more.
type holdups struct {
	log   *slog.Logger
	after time.Duration
	said  map[holdup]mention
}

// report takes what the last look showed.
func (h *holdups) report(stalled []commit.Stalled, lacking []string) {
	now := map[holdup]bool{}
	for _, g := range stalled {
		switch {
		case g.Dead:
			now[holdup{g.Group, dead}] = true
			h.say(holdup{g.Group, dead}, "stalled_for", g.For)
		case g.For >= h.after:
			now[holdup{g.Group, stopped}] = true
			h.say(holdup{g.Group, stopped}, "stalled_for", g.For)
		}
	}
	for _, name := range lacking {
		k := holdup{name, missing}
		now[k] = true
		if m, ok := h.said[k]; !ok {
			h.said[k] = mention{since: time.Now()}
		} else if gone := time.Since(m.since); gone >= h.after {
			h.say(k, "missing_for", gone)
		}
	}
	h.forget(now)
}

// say logs a holdup unless it did not long ago.
func (h *holdups) say(k holdup, attribute string, value time.Duration) {
	m, ok := h.said[k]
	if !ok {
		m.since = time.Now()
	}
	if m.said.IsZero() || time.Since(m.said) >= sayHoldupEvery {
		m.said = time.Now()
		h.log.Warn(k.how, "stalled_group", k.group, attribute, value)
	}
	h.said[k] = m
}

// forget drops holdups that are over, and says so of those that were logged.
func (h *holdups) forget(now map[holdup]bool) {
	for k, m := range h.said {
		if now[k] {
			continue
		}
		delete(h.said, k)
		if !m.said.IsZero() && !now[holdup{k.group, dead}] {
			h.log.Info("a group no longer holds up the stream", "stalled_group", k.group)
		}
	}
}
