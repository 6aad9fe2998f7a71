package fleet

import (
	"bytes"
	"sync"
)

// line keeps the first line that is written to it.
type line struct {
	mu    sync.Mutex
	kept  []byte
	done  bool
	whole chan struct{} // closed when it is
}

func newLine() *line { return &line{whole: make(chan struct{})} }

// Write takes all.
func (l *line) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return len(p), nil
	}
	first, _, ended := bytes.Cut(p, []byte("\n"))
	l.kept = append(l.kept, first...)
	if ended {
		l.done = true
		close(l.whole)
	}
	return len(p), nil
}

func (l *line) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept)
}
