// Package restraint keeps what befalls thousands of messages at once from flooding
// the log.
package restraint

import (
	"sync"
	"time"
)

// Restraint lets a few lines of each kind through a minute; the others are only
// counted. It may be used concurrently.
type Restraint struct {
	limit int
	mu    sync.Mutex
	kinds map[string]*saying
}

// saying is what was said of a kind since a time, and what was not.
type saying struct {
	since        time.Time
	said, unsaid int
}

const (
	// sayings is how many lines there are of a kind within sayingTime, unless told.
	sayings    = 10
	sayingTime = time.Minute
)

// New returns a Restraint that has let nothing through.
func New() *Restraint { return NewLimit(sayings) }

// NewLimit is New with so many lines of each kind a minute.
func NewLimit(lines int) *Restraint {
	return &Restraint{limit: lines, kinds: map[string]*saying{}}
}

// May reports whether to say a text once more, and adds to the fields how often
// it went unsaid before that.
func (r *Restraint) May(text string, fields ...any) (_ []any, ok bool) {
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
	if s.said >= r.limit {
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
