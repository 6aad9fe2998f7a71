package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// lockTimeout is how long a directory may be another process's, as that of one which is
// just ending.
const lockTimeout = "5s"

// currentFile names the generation that counts, and generations begin with the prefix.
// freshFile is there from the making of the index until its first rebuild has ended.
const (
	currentFile      = "CURRENT"
	freshFile        = "FRESH"
	generationPrefix = "generation-"
)

var (
	// ErrRebuilding is of a rebuild while there is one.
	ErrRebuilding = errors.New("the index is being rebuilt already")
	// ErrClosed is of an index that was closed.
	ErrClosed = errors.New("the index is closed")
)

// Index is a full-text index of tasks. Its methods may be called concurrently.
type Index struct {
	dir string
	// rebuilding is held by the rebuild that is under way, if any.
	rebuilding sync.Mutex

	// mu is held for reading by who uses the generations, and for writing by who
	// exchanges them.
	mu      sync.RWMutex
	current *generation // nil when it is closed
	next    *generation // nil when nothing is being rebuilt
}

// Open opens the index in the directory, and makes it if there is none. It is fresh until
// it was rebuilt once, however many processes die before that: it may know nothing of what
// happened before it was made. A directory belongs to one process at a time. What a rebuild
// left that did not come to its end is deleted.
func Open(dir string) (x *Index, fresh bool, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, false, fmt.Errorf("make the index: %w", err)
	}
	x = &Index{dir: dir}
	name, err := os.ReadFile(filepath.Join(dir, currentFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		x.current, err = x.create()
	case err == nil:
		x.current, err = openGeneration(filepath.Join(dir, string(name)))
	}
	if err != nil {
		return nil, false, fmt.Errorf("open the index in %s: %w; is another process using it? Otherwise delete the directory, and it is made anew", dir, err)
	}
	if fresh, err = x.fresh(); err == nil {
		err = x.sweep()
	}
	if err != nil {
		return nil, false, errors.Join(err, x.Close())
	}
	return x, fresh, nil
}

// create begins an index of nothing, which is fresh.
func (x *Index) create() (*generation, error) {
	if err := os.WriteFile(filepath.Join(x.dir, freshFile), nil, 0o600); err != nil {
		return nil, err
	}
	g, err := x.begin()
	if err != nil {
		return nil, err
	}
	if err := x.elect(g); err != nil {
		return nil, errors.Join(err, discard(g))
	}
	return g, nil
}

func (x *Index) fresh() (bool, error) {
	_, err := os.Stat(filepath.Join(x.dir, freshFile))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func openGeneration(path string) (*generation, error) {
	b, err := bleve.OpenUsing(path, map[string]any{"bolt_timeout": lockTimeout})
	if err != nil {
		return nil, err
	}
	return &generation{bleve: b}, nil
}

// begin makes an empty generation.
func (x *Index) begin() (*generation, error) {
	path, err := os.MkdirTemp(x.dir, generationPrefix)
	if err != nil {
		return nil, err
	}
	b, err := bleve.New(path+"/bleve", newMapping())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return &generation{bleve: b}, nil
}

// elect makes a generation the one that is opened from now on, whenever the process dies.
func (x *Index) elect(g *generation) error {
	name, err := filepath.Rel(x.dir, g.bleve.Name())
	if err != nil {
		return err
	}
	temporary := filepath.Join(x.dir, currentFile+".new")
	if err := os.WriteFile(temporary, []byte(name), 0o600); err != nil {
		return fmt.Errorf("exchange the index: %w", err)
	}
	return os.Rename(temporary, filepath.Join(x.dir, currentFile))
}

// sweep deletes all generations but the current one.
func (x *Index) sweep() error {
	entries, err := os.ReadDir(x.dir)
	if err != nil {
		return err
	}
	keep := filepath.Base(filepath.Dir(x.current.bleve.Name()))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), generationPrefix) && e.Name() != keep {
			err = errors.Join(err, os.RemoveAll(filepath.Join(x.dir, e.Name())))
		}
	}
	return err
}

// Apply carries out an event. It returns false, and does nothing, if the index has the task
// in that version or a later one. When it has returned, the change is on disk.
func (x *Index) Apply(_ context.Context, e task.Event) (bool, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.current == nil {
		return false, ErrClosed
	}
	applied, err := x.current.apply(e)
	if err != nil || x.next == nil {
		return applied, err
	}
	// What comes during a rebuild may be behind what that reads.
	_, err = x.next.apply(e)
	return applied, err
}

// Close closes the index, after what is under way.
func (x *Index) Close() error {
	x.rebuilding.Lock()
	defer x.rebuilding.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil {
		return nil
	}
	err := x.current.bleve.Close()
	x.current = nil
	return err
}
