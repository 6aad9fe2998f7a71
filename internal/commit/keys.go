package commit

import "strings"

// The names of the keys beside a stream. On a cluster they are in the stream's
// slot, so that one script reaches them all.

// ParkingKey is the sorted set of a group's parked entries: ids by due time in
// Unix milliseconds.
func ParkingKey(stream, group string) string {
	return Beside(stream) + ":parked:" + group
}

// UnfinishedKey is the hash of what a group notes of entries with a history: how
// often it began anew on those whose consumer had died or frozen, by id, and the
// history of one that is put aside, by id and "/history".
func UnfinishedKey(stream, group string) string {
	return Beside(stream) + ":unfinished:" + group
}

// StalledKey is the hash in which a stream's trimming notes groups that stand
// still.
func StalledKey(stream string) string { return Beside(stream) + ":stalled" }

// MarkKey is the key that marks a message of a stream as done by a group.
func MarkKey(stream, group, key string) string {
	return Beside(stream) + ":done:" + unambiguous.Replace(group) + ":" + key
}

// unambiguous keeps the name of a group apart from the key behind it.
var unambiguous = strings.NewReplacer("%", "%25", ":", "%3A")

// PublishedKey is the key that marks a message as published to a stream.
func PublishedKey(stream, key string) string {
	return Beside(stream) + ":published:" + key
}

// Beside returns a prefix for keys in the slot of the given key.
func Beside(key string) string {
	if HashTag(key) != key {
		return key
	}
	return "{" + key + "}"
}

// HashTag returns the part of a key that decides its cluster slot: what is
// between the first '{' and the next '}', or all of it when that is empty.
func HashTag(key string) string {
	_, rest, ok := strings.Cut(key, "{")
	if !ok {
		return key
	}
	tag, _, ok := strings.Cut(rest, "}")
	if !ok || tag == "" {
		return key
	}
	return tag
}
