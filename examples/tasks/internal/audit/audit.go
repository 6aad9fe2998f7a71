// Package audit holds an index against the store.
package audit

import (
	"encoding/json"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Report says how an index differs from the store.
type Report struct {
	// Tasks are in the store, Documents in the index.
	Tasks     int `json:"tasks"`
	Documents int `json:"documents"`
	// Missing are tasks that the index does not have. Stale are those that it has as they
	// were, or as they never were. Ghosts are in the index, but not in the store: they were
	// deleted.
	Missing int `json:"missing"`
	Stale   int `json:"stale"`
	Ghosts  int `json:"ghosts"`
}

// Wrong returns how many tasks the index is wrong about.
func (r Report) Wrong() int { return r.Missing + r.Stale + r.Ghosts }

// Compare holds the index's tasks against those of the store.
func Compare(store, index []task.Task) (Report, error) {
	r := Report{Tasks: len(store), Documents: len(index)}
	kept := make(map[string]string, len(store))
	for _, t := range store {
		text, err := json.Marshal(t)
		if err != nil {
			return r, err
		}
		kept[t.ID] = string(text)
	}
	for _, t := range index {
		text, err := json.Marshal(t)
		if err != nil {
			return r, err
		}
		want, ok := kept[t.ID]
		switch {
		case !ok:
			r.Ghosts++
		case want != string(text):
			r.Stale++
		}
		delete(kept, t.ID)
	}
	r.Missing = len(kept)
	return r, nil
}
