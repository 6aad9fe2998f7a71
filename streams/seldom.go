package streams

import (
	"log/slog"
	"sync"
	"time"
)

// seldom logs a warning at most once a minute.
type seldom struct {
	mu   sync.Mutex
	said time.Time
}

func (s *seldom) say(log *slog.Logger, text string, args ...any) {
	s.mu.Lock()
	due := s.said.IsZero() || time.Since(s.said) > time.Minute
	if due {
		s.said = time.Now()
	}
	s.mu.Unlock()
	if due {
		log.Warn(text, args...)
	}
}
