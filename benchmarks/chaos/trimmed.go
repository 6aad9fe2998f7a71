package chaos

import (
	"fmt"
	"strconv"
)

// JudgeTrimmed returns what is wrong with the history of a run with n inputs of
// which what was done may be trimmed. Each stage is judged by what it must have
// got: the topics that nobody reads hold all of it, and of the others Redis tells
// how many entries there ever were.
func JudgeTrimmed(h History, n int) []Problem {
	j := judge{history: h}
	got := map[string][]Entry{}
	for i := range n {
		got[inputs] = append(got[inputs], Entry{Item: strconv.Itoa(i)})
	}
	j.added(inputs, n)
	for _, s := range steps {
		outputs, poison := j.demands(s, got[s.from])
		for _, d := range outputs {
			got[s.to] = append(got[s.to], Entry{Item: d.id})
		}
		if isRead(s.to) {
			j.added(s.to, len(outputs))
		} else {
			j.compare("stage "+s.name, topic(s.to), outputs, h.Topics[s.to])
		}
		j.poison(s, poison)
		j.left(s)
	}
	j.strangers()
	return j.problems
}

func isRead(name string) bool {
	for _, s := range steps {
		if s.from == name {
			return true
		}
	}
	return false
}

// added expects that a topic got so many entries.
func (j *judge) added(name string, want int) {
	if got := j.history.Added[name]; got != want {
		j.add("topic "+topic(name), fmt.Sprintf("%d entries were added, want %d", got, want))
	}
}
