package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

var (
	verbs  = []string{"Write", "Review", "Repair", "Order", "Clean", "Plan", "Sort", "Paint"}
	things = []string{"the quarterly report", "the kitchen shelf", "new bicycle tyres", "the garden fence", "travel to Lisbon", "the tax forms", "a birthday cake", "the photo archive"}
	places = []string{"home", "office", "garden", "town"}
)

// draft returns the task of that number, which is always the same. A word of its title is
// no other's.
func draft(number int) task.Draft {
	random := rand.New(rand.NewPCG(uint64(number), 7))
	d := task.Draft{
		Title:  fmt.Sprintf("%s %s %s", pick(random, verbs), pick(random, things), mark(number)),
		Status: pick(random, task.Statuses),
		Labels: []string{pick(random, places)},
	}
	if random.IntN(2) == 0 {
		d.Description = fmt.Sprintf("It is about %s and %s.", pick(random, things), pick(random, things))
	}
	if random.IntN(3) == 0 {
		due := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, random.IntN(700))
		d.Due = &due
	}
	return d
}

// mark is a word for a number.
func mark(number int) string { return fmt.Sprintf("no%d", number) }

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }
