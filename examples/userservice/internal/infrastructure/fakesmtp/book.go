package fakesmtp

import (
	"strings"
	"time"
)

// flaky is how often flaky.example fails for a mail.
const flaky = 3

// away reports whether there is an outage.
func (s *Server) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !time.Now().Before(s.outage) {
		return false
	}
	s.refused++
	return true
}

// pause lets the time go by that a yes takes.
func (s *Server) pause() {
	s.mu.Lock()
	slow := s.slow
	s.mu.Unlock()
	if slow == 0 {
		return
	}
	select {
	case <-time.After(slow):
	case <-s.ended:
	}
}

// take takes a mail, or answers why not. It is where a real server would promise to
// deliver: one that it has by its Message-ID it takes again and keeps once.
func (s *Server) take(to, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, domain, _ := strings.Cut(to, "@")
	s.tries[id]++
	switch {
	case domain == "down.example", domain == "flaky.example" && s.tries[id] <= flaky:
		s.refused++
		return "451 try again later"
	case domain == "rejects.example":
		s.refused++
		return "550 no such user"
	}
	if i, ok := s.index[id]; ok {
		s.taken[i].Again++
		return "250 it is here already"
	}
	s.index[id] = len(s.taken)
	s.taken = append(s.taken, Mail{ID: id, To: to, At: time.Now().UTC()})
	return "250 taken"
}
