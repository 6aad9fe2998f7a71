package benchcmd

import "time"

// estimate is a guess at the time left, as if all steps took the same.
type estimate struct {
	begin time.Time
	steps int

	begun int       // steps that were begun
	done  int       // steps that have ended, or were left out when their case failed
	last  time.Time // when the last one was begun
}

// next notes that a step begins, when so many are done.
func (e *estimate) next(now time.Time, done int) { e.begun, e.done, e.last = e.begun+1, done, now }

// remaining returns how long it will still take, in full seconds. It is not known
// before the first step has ended.
func (e *estimate) remaining(now time.Time) (time.Duration, bool) {
	ended := e.begun - 1
	if ended < 1 {
		return 0, false
	}
	each := e.last.Sub(e.begin) / time.Duration(ended)
	left := each*time.Duration(e.steps-e.done) - now.Sub(e.last)
	return max(left, time.Second).Round(time.Second), true
}
