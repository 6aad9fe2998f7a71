package middleware

import "github.com/ThreeDotsLabs/watermill/message"

// snapshot is what a message's metadata were: keys and values in turn, which takes a
// fraction of the time and memory of another map, and is made for every message.
type snapshot []string

func snapshotOf(m message.Metadata) snapshot {
	if len(m) == 0 {
		return nil
	}
	s := make(snapshot, 0, 2*len(m))
	for key, value := range m {
		s = append(s, key, value)
	}
	return s
}

// metadata returns them anew. They may be written to.
func (s snapshot) metadata() message.Metadata {
	m := make(message.Metadata, len(s)/2)
	for i := 0; i < len(s); i += 2 {
		m[s[i]] = s[i+1]
	}
	return m
}
