package reliability

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/internal/redistest"
)

// Fault is something that goes wrong.
type Fault struct {
	// Name is short, Title what a table says, and How what is done exactly.
	Name, Title, How string

	server []redistest.Option
	happen func(context.Context, *scene) (Seen, error)
}

// Seen is what was seen of a fault and a contender.
type Seen struct {
	// Account is what became of the messages, nil where that is not the question.
	Account *Account
	// Outcome says the rest. It and the account are the same each time.
	Outcome string
	// DoubledVaries is set where how many are doubled depends on the moment.
	DoubledVaries bool

	// What follows varies. Runs is how often the handler began on the messages
	// that the fault is about.
	Runs int
	// Recovered is how long it took from the fault until the messages were
	// through; negative if they were not while they were watched, for as long as
	// Watched; zero where that is not the question.
	Recovered, Watched time.Duration
	// Measured says what else was measured.
	Measured string
}

// never is the Recovered of what did not recover.
const never time.Duration = -1

// Faults returns all faults.
func Faults() []Fault {
	return []Fault{
		malformed(), flushed(), destroyed(), outlives(), closed(), rejected(), overrun(),
		deadly(), removed(), expelled(), trimmed(), shared(), stopped(), killed(), restarted(), unanswered(), trips(),
	}
}
