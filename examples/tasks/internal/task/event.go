package task

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"
)

// Unsent is an event that nobody has been told of yet.
type Unsent struct {
	Event Event
	// Trace is what carries the trace on that the change belongs to.
	Trace map[string]string
}

// Kind is what happened to a task.
type Kind string

// The kinds.
const (
	Created Kind = "created"
	Updated Kind = "updated"
	Deleted Kind = "deleted"
)

// Event tells of one change.
type Event struct {
	// Number counts the changes of all tasks, from 1 and without a gap.
	Number int64     `json:"number"`
	Kind   Kind      `json:"kind"`
	At     time.Time `json:"at"`
	// Task is its state after the change; of a deleted one, the last, with a version of
	// its own.
	Task Task `json:"task"`
}

var (
	// ErrNoHistory is of events of which some are not there any more.
	ErrNoHistory = errors.New("not all events are there from the first one")
	// ErrUnreadable is of events that cannot be read just now.
	ErrUnreadable = errors.New("the events cannot be read just now")
)

// ChannelPattern fits the channels of all events.
const ChannelPattern = "tasks.event.*"

// Channel is where listeners are told of the event.
func (e Event) Channel() string { return "tasks.event." + string(e.Kind) }

// ID is the same whenever the event is published: a task has one change to each version.
func (e Event) ID() string { return e.Task.ID + "/" + strconv.FormatInt(e.Task.Version, 10) }

// ParseEvent decodes an event, and refuses what is none. Its errors get into logs and traces,
// so they quote nothing.
func ParseEvent(data []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(data, &e); err != nil {
		return Event{}, errors.New("no event of a task: it is no JSON, or a field of it is of another type")
	}
	switch {
	case !slices.Contains([]Kind{Created, Updated, Deleted}, e.Kind):
		return Event{}, errors.New("no event of a task: its kind is none")
	case e.Task.ID == "" || e.Task.Version < 1:
		return Event{}, errors.New("no event of a task: a task with an id and a version is missing")
	}
	return e, nil
}
