package task

import (
	"errors"
	"time"
)

// Task is something that is to be done.
type Task struct {
	ID string `json:"id"`
	// Version is how often the task was changed, from 1. Of two states of a task that with
	// the higher version is the newer one, in whatever order they come.
	Version int64 `json:"version"`
	Draft

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Draft is what a client says about a task.
type Draft struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Status      Status   `json:"status"`
	Labels      []string `json:"labels,omitempty"`
	// Due is nil if nobody has said when.
	Due *time.Time `json:"due,omitempty"`
}

// Status is how far a task is.
type Status string

// The statuses.
const (
	Open  Status = "open"
	Doing Status = "doing"
	Done  Status = "done"
)

// Statuses are all there are.
var Statuses = []Status{Open, Doing, Done}

// AnyVersion as the version that a change is made to lets it be made to any.
const AnyVersion int64 = 0

// Filter says which tasks to list.
type Filter struct {
	// Status, if set, is that of the tasks.
	Status Status
	// After, if set, is the id of the task after which the list begins.
	After string
	Limit int
}

var (
	// ErrNotFound is of a task that there is not, or no more.
	ErrNotFound = errors.New("there is no such task")
	// ErrChanged is of a change to a version that is not the task's.
	ErrChanged = errors.New("the task was changed meanwhile")
)
