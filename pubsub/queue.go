package pubsub

import (
	"sync"

	"github.com/redis/go-redis/v9"
)

// Overflow says what becomes of messages when the buffer is full.
type Overflow int

const (
	// DropOldest makes room by dropping those that wait longest: who watches live
	// wants what is new. It is the default.
	DropOldest Overflow = iota
	// DropNewest drops those that come.
	DropNewest
	// Block reads nothing more until there is room. Then messages wait in Redis, up
	// to its client-output-buffer-limit for pubsub clients (unless changed, 32 MB, or
	// 8 MB for a minute). Beyond it Redis disconnects the subscriber and all that
	// waited there is lost, uncounted: that is a [Gap], with [ErrOutputBufferLimit].
	Block
)

// String returns the name.
func (o Overflow) String() string {
	switch o {
	case DropOldest:
		return "DropOldest"
	case DropNewest:
		return "DropNewest"
	case Block:
		return "Block"
	default:
		return "unknown"
	}
}

// outcome is what became of a message.
type outcome int

const (
	unsettled outcome = iota // nothing is to be counted
	acked
	poisoned
	lostRejected
	lostMalformed
	lostClosed
)

// queue holds what was received until a lane takes it, and counts: all under one
// lock, so that no message is between two counts at any moment.
type queue struct {
	mu    sync.Mutex
	ready sync.Cond // something to take, or the end
	room  sync.Cond // room for more, or the end

	most, mostBytes int
	overflow        Overflow

	ring    []*redis.Message // as many as there ever were, up to most
	head, n int
	bytes   int
	idle    int // lanes that wait
	inHand  int // waits for room
	busy    int // with lanes
	stopped bool

	count Stats
}

// size is about how much memory a message takes.
func size(r *redis.Message) int { return len(r.Channel) + len(r.Payload) }

func newQueue(most, mostBytes int, overflow Overflow) *queue {
	q := &queue{most: most, mostBytes: mostBytes, overflow: overflow}
	q.ready.L, q.room.L = &q.mu, &q.mu
	return q
}

// push adds a message, or drops one. It returns how many it dropped for lack of
// room, and whether it had to wait.
func (q *queue) push(r *redis.Message) (dropped int, waited bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count.Received++
	if !q.fits(r) && !q.stopped {
		switch q.overflow {
		case DropNewest:
			q.count.Lost.Overflow++
			return 1, false
		case Block:
			waited = true
			q.inHand++
			for !q.fits(r) && !q.stopped {
				q.room.Wait()
			}
			if q.stopped { // stop has counted it
				return 0, true
			}
			q.inHand--
		default:
			for !q.fits(r) {
				q.take()
				dropped++
			}
			q.count.Lost.Overflow += uint64(dropped)
		}
	}
	if q.stopped {
		q.count.Lost.Closed++
		return dropped, waited
	}
	q.put(r)
	if q.idle > 0 {
		q.ready.Signal()
	}
	return dropped, waited
}

// fits reports whether there is room. One that is larger than all room there may
// be fits when nothing else is there.
func (q *queue) fits(r *redis.Message) bool {
	return q.n == 0 || q.n < q.most && q.bytes+size(r) <= q.mostBytes
}

// next counts what became of the message that a lane had, and waits for another;
// ok is false when there will be none.
func (q *queue) next(before outcome) (r *redis.Message, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(before)
	for q.n == 0 && !q.stopped {
		q.idle++
		q.ready.Wait()
		q.idle--
	}
	if q.stopped {
		return nil, false
	}
	q.busy++
	r = q.take()
	// Room for one would wake who waits for each message anew.
	if q.inHand > 0 && q.n <= q.most/2 && q.bytes <= q.mostBytes/2 {
		q.room.Signal()
	}
	return r, true
}

func (q *queue) settle(o outcome) {
	switch o {
	case unsettled:
		return
	case acked:
		q.count.Acked++
	case poisoned:
		q.count.Poisoned++
	case lostRejected:
		q.count.Lost.Rejected++
	case lostMalformed:
		q.count.Lost.Malformed++
	case lostClosed:
		q.count.Lost.Closed++
	}
	q.busy--
}

// isFull reports whether a message waits for room.
func (q *queue) isFull() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.inHand > 0
}

// stop drops what waits, and ends all waiting.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	q.count.Lost.Closed += uint64(q.n + q.inHand) // who waits for room may learn of it later
	q.inHand = 0
	q.ring, q.head, q.n, q.bytes = nil, 0, 0, 0
	q.ready.Broadcast()
	q.room.Broadcast()
}

func (q *queue) put(r *redis.Message) {
	if q.n == len(q.ring) {
		grown := make([]*redis.Message, min(max(2*q.n, 16), max(q.most, 1)))
		for i := range q.n {
			grown[i] = q.ring[(q.head+i)%len(q.ring)]
		}
		q.ring, q.head = grown, 0
	}
	at := q.head + q.n
	if at >= len(q.ring) {
		at -= len(q.ring)
	}
	q.ring[at] = r
	q.n++
	q.bytes += size(r)
}

func (q *queue) take() *redis.Message {
	r := q.ring[q.head]
	q.ring[q.head] = nil
	if q.head++; q.head == len(q.ring) {
		q.head = 0
	}
	q.n--
	q.bytes -= size(r)
	return r
}

// redelivered counts a delivery after a Nack.
func (q *queue) redelivered() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count.Redelivered++
}

// stats returns the counts at one moment.
func (q *queue) stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.count
	s.Held = uint64(q.n + q.inHand + q.busy)
	return s
}
