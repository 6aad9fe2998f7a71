package middleware

import "maps"

// leastKept is how many entries are kept before idle ones are looked for.
const leastKept = 1024

// idling is a map of what is known about keys, which forgets the idle ones: with
// each doubling of those that are left, so an addition costs little on average. It
// is not safe for concurrent use.
type idling[V any] struct {
	entries map[string]V
	// full is how many entries there may be before idle ones are looked for.
	full int
}

// add adds a key, after it has made room if there are many.
func (i *idling[V]) add(key string, value V, idle func(V) bool) {
	if i.entries == nil {
		i.entries, i.full = map[string]V{}, leastKept
	}
	if len(i.entries) >= i.full {
		maps.DeleteFunc(i.entries, func(_ string, v V) bool { return idle(v) })
		i.full = max(leastKept, 2*len(i.entries))
	}
	i.entries[key] = value
}
