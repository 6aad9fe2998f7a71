package receiver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// The kinds of receipts.
const (
	Page   = "page"
	Ticket = "ticket"
)

// Receipt is one page or ticket that was taken.
type Receipt struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// Warnings is how many a ticket is about.
	Warnings int `json:"warnings,omitempty"`
}

// Counts sum up a book.
type Counts struct {
	// Pages and Tickets are those that people were told of, and Warnings what the tickets
	// are about.
	Pages    int `json:"pages"`
	Tickets  int `json:"tickets"`
	Warnings int `json:"warnings"`
	// Doubled are those that came again, and that nobody was told of again.
	Doubled int `json:"doubled"`
}

// Book keeps what was taken in a file, so that a receiver that is killed knows it when it
// comes back; or in memory only. Its methods may be called concurrently.
type Book struct {
	mu     sync.Mutex
	file   *os.File             // nil: in memory only
	seen   map[Receipt]struct{} // without Warnings
	counts Counts
}

// NewBook begins a book that is gone when the process ends.
func NewBook() *Book { return &Book{seen: make(map[Receipt]struct{})} }

// OpenBook opens the book in a file, or begins it.
func OpenBook(name string) (*Book, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the notifier's book: %w", err)
	}
	b := NewBook()
	b.file = file
	if err := b.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("read the notifier's book %s: %w", name, err), file.Close())
	}
	return b, nil
}

// load counts what is there. Half a line at the end is what somebody wrote who was killed
// before the answer: it was not taken.
func (b *Book) load() error {
	text, err := io.ReadAll(b.file)
	if err != nil {
		return err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	for line := range bytes.Lines(whole) {
		var r Receipt
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		b.add(r)
	}
	return b.file.Truncate(int64(len(whole)))
}

// Take writes a receipt down, and reports whether it is the first with its key.
func (b *Book) Take(r Receipt) (first bool, err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file != nil {
		// One write: it is in the file whole, or somebody was killed.
		if _, err := b.file.Write(append(line, '\n')); err != nil {
			return false, fmt.Errorf("write the notifier's book: %w", err)
		}
	}
	return b.add(r), nil
}

func (b *Book) add(r Receipt) (first bool) {
	id := Receipt{Kind: r.Kind, Key: r.Key}
	if _, ok := b.seen[id]; ok {
		b.counts.Doubled++
		return false
	}
	b.seen[id] = struct{}{}
	if r.Kind == Ticket {
		b.counts.Tickets++
		b.counts.Warnings += r.Warnings
	} else {
		b.counts.Pages++
	}
	return true
}

// Counts returns the sums so far.
func (b *Book) Counts() Counts {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts
}

// Told reports whether people were told of a page or a ticket.
func (b *Book) Told(kind, key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.seen[Receipt{Kind: kind, Key: key}]
	return ok
}

// Close closes the file, if there is one.
func (b *Book) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
