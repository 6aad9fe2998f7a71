package suites

import (
	"bytes"
	"strconv"
	"time"
)

// A payload is a JSON string, so that pipelines of JSON take it as it is:
//
//	"0000000042000002dfdc1c35xxxxxxxx"
//	 number    sent        filling
//
// The number is decimal, the time nanoseconds since epoch in hexadecimal: enough for
// three days.
const (
	numberDigits = 10
	timeDigits   = MinSize - numberDigits - 2
	numberEnd    = 1 + numberDigits
	timeEnd      = numberEnd + timeDigits
)

// epoch is when this process began. Times are reckoned from it on the monotonic clock,
// which is not set while latencies are measured; another process cannot read them.
var epoch = time.Now()

// payload returns message i, of the given size of at least MinSize. The time is when it
// is sent or should be; the zero time says nothing of that.
func payload(i int, at time.Time, size int) []byte {
	since := int64(0)
	if !at.IsZero() {
		since = max(0, int64(at.Sub(epoch)))
	}
	p := bytes.Repeat([]byte{'x'}, max(size, MinSize))
	p[0], p[len(p)-1] = '"', '"'
	putDigits(p[1:numberEnd], int64(i), 10)
	putDigits(p[numberEnd:timeEnd], since, 16)
	return p
}

// putDigits fills to with the last digits of n.
func putDigits(to []byte, n int64, base int64) {
	const digits = "0123456789abcdef"
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = digits[n%base]
		n /= base
	}
}

// parse returns the number of a payload and the time in it, which is zero if it says
// nothing of that. It does not look at the filling.
func parse(p []byte) (i int, at time.Time, ok bool) {
	if len(p) < MinSize || p[0] != '"' || p[len(p)-1] != '"' {
		return 0, time.Time{}, false
	}
	n, err := strconv.ParseUint(string(p[1:numberEnd]), 10, 63)
	if err != nil {
		return 0, time.Time{}, false
	}
	since, err := strconv.ParseUint(string(p[numberEnd:timeEnd]), 16, 63)
	if err != nil {
		return 0, time.Time{}, false
	}
	if since > 0 {
		at = epoch.Add(time.Duration(since))
	}
	return int(n), at, true
}
