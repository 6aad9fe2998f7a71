package bench

import "sync"

// Tally counts how often each of some numbered messages came to one receiver. Its
// methods may be called concurrently.
type Tally struct {
	mu      sync.Mutex
	times   []int32
	came    int
	doubled int
	spoilt  int
	all     chan struct{}
}

// NewTally returns a tally of messages with the numbers 0 to n-1.
func NewTally(n int) *Tally {
	t := &Tally{times: make([]int32, n), all: make(chan struct{})}
	if n == 0 {
		close(t.all)
	}
	return t
}

// Came counts that message i came, and returns whether for the first time. A number that
// is none of them counts as spoilt.
func (t *Tally) Came(i int) (first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i < 0 || i >= len(t.times) {
		t.spoilt++
		return false
	}
	t.times[i]++
	if t.times[i] > 1 {
		t.doubled++
		return false
	}
	if t.came++; t.came == len(t.times) {
		close(t.all)
	}
	return true
}

// Spoilt counts something that came and was none of the messages.
func (t *Tally) Spoilt() { t.Came(-1) }

// All is closed when each message has come.
func (t *Tally) All() <-chan struct{} { return t.all }

// Received returns how many messages have come so far.
func (t *Tally) Received() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.came
}

// Account returns what became of the messages, all of which were sent.
func (t *Tally) Account() Account {
	return t.AccountOf(func(int) bool { return true })
}

// AccountOf returns what became of the messages, of which those were sent for which
// sent is true; the sending of the others failed.
func (t *Tally) AccountOf(sent func(i int) bool) Account {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := Account{Doubled: t.doubled, Spoilt: t.spoilt}
	for i, times := range t.times {
		switch {
		case !sent(i):
			a.Failed++
			// How often it came is not the doing of whoever passed it on.
			if times > 1 {
				a.Doubled -= int(times) - 1
			}
		case times > 0:
			a.Sent++
			a.Received++
		default:
			a.Sent++
			a.Lost++
		}
	}
	return a
}
