package telemetry

// Told is what counters were told of counts that go on elsewhere. They are told rather
// than asked: then nothing is missing when what counts ends before metrics are
// collected next, and several that count the same add up, also after one has ended.
// The zero value is what they were told before anything.
type Told []uint64

// Tell calls add with how much each of n counts has grown since the last time, if it
// has; the first time in any case, so that the first event is seen as a rise.
func (t *Told) Tell(n int, count func(i int) uint64, add func(i int, more int64)) {
	begins := *t == nil
	if begins {
		*t = make(Told, n)
	}
	for i := range n {
		if now := count(i); begins || now > (*t)[i] {
			add(i, int64(now-(*t)[i]))
			(*t)[i] = now
		}
	}
}
