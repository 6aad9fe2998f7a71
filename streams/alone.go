package streams

import "github.com/millstream-go/millstream/internal/commit"

// alone waits until no other message is at work here that is suspected of killing
// processes, and returns what to call when this one's run is over. Those that are
// at work when a process dies are all noted: once one has been for half as often
// as it may, it is run apart from the others, so that only the guilty one's count
// goes on. It returns false when the subscription stops first.
func (s *subscription) alone(entry *commit.Entry) (leave func(), ok bool) {
	if s.config.MaxUnfinished < 0 || entry.Attempt <= 1+s.config.MaxUnfinished/2 {
		return func() {}, true
	}
	select {
	case s.suspect <- struct{}{}:
		return func() { <-s.suspect }, true
	case <-s.stopping:
		return nil, false
	}
}
