package streams

import (
	"sync"
	"time"
)

// restraint keeps events that may befall thousands of messages at once from
// flooding the log: of each kind a few are said a minute, the others only counted.
type restraint struct {
	mu    sync.Mutex
	kinds map[string]*saying
}

// saying is what was said of a kind since a time, and what was not.
type saying struct {
	since        time.Time
	said, unsaid int
}

const (
	// sayings is how many lines there are of a kind within sayingTime.
	sayings    = 10
	sayingTime = time.Minute
)

func newRestraint() *restraint { return &restraint{kinds: map[string]*saying{}} }

// may reports whether to say a text once more, and adds to the fields how often
// it went unsaid before that.
func (r *restraint) may(text string, fields ...any) (_ []any, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.kinds[text]
	if s == nil {
		s = &saying{since: time.Now()}
		r.kinds[text] = s
	}
	if time.Since(s.since) > sayingTime {
		s.since, s.said = time.Now(), 0
	}
	if s.said >= sayings {
		s.unsaid++
		return nil, false
	}
	s.said++
	if s.unsaid > 0 {
		fields = append(fields, "unsaid", s.unsaid)
		s.unsaid = 0
	}
	return fields, true
}
