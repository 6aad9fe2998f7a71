package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"

	"github.com/blevesearch/bleve/v2"
	bleveindex "github.com/blevesearch/bleve_index_api"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// locks is over how many locks tasks are spread.
const locks = 64

// generation is one bleve index. A later one takes its place when the index is rebuilt.
type generation struct {
	bleve bleve.Index
	// bulk is held by who changes any tasks, and for reading by who changes one, who holds
	// the lock of that task, too: between reading its version and writing nobody else does.
	bulk  sync.RWMutex
	tasks [locks]sync.Mutex
}

// apply carries out an event and returns true, or returns false if the task is as new as
// that already. When it has returned, the change is on disk. Changes of several tasks at
// once get there together.
func (g *generation) apply(e task.Event) (bool, error) {
	g.bulk.RLock()
	defer g.bulk.RUnlock()
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(e.Task.ID)) // never fails
	lock := &g.tasks[hash.Sum32()%locks]
	lock.Lock()
	defer lock.Unlock()
	n, err := g.write([]task.Event{e})
	return n > 0, err
}

// applyAll carries out events together and returns how many it did not pass over.
func (g *generation) applyAll(events []task.Event) (int, error) {
	g.bulk.Lock()
	defer g.bulk.Unlock()
	return g.write(events)
}

func (g *generation) write(events []task.Event) (int, error) {
	batch, newest := g.bleve.NewBatch(), make(map[string]int64)
	n := 0
	for _, e := range events {
		have, ok := newest[e.Task.ID]
		if !ok {
			var err error
			if have, err = g.version(e.Task.ID); err != nil {
				return 0, err
			}
		}
		if newest[e.Task.ID] = have; e.Task.Version <= have {
			continue
		}
		newest[e.Task.ID] = e.Task.Version
		n++
		encoded, err := json.Marshal(e.Task)
		if err != nil {
			return 0, err
		}
		if err := batch.Index(e.Task.ID, documentOf(e, string(encoded))); err != nil {
			return 0, fmt.Errorf("index task %s: %w", e.Task.ID, err)
		}
	}
	if n == 0 {
		return 0, nil
	}
	if err := g.bleve.Batch(batch); err != nil {
		return 0, fmt.Errorf("write the index: %w", err)
	}
	return n, nil
}

// version returns which version of a task is here, 0 if none is.
func (g *generation) version(id string) (int64, error) {
	doc, err := g.bleve.Document(id)
	if err != nil || doc == nil {
		return 0, err
	}
	var found int64
	doc.VisitFields(func(f bleveindex.Field) {
		number, ok := f.(bleveindex.NumericField)
		if !ok || f.Name() != version {
			return
		}
		var value float64
		if value, err = number.Number(); err == nil {
			found = int64(value)
		}
	})
	if err == nil && found == 0 {
		err = errors.New("task " + id + " is in the index without a version")
	}
	return found, err
}
