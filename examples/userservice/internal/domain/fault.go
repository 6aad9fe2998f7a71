package domain

import "errors"

// Fault is what is wrong with one thing that somebody entered.
type Fault struct {
	// Field is its name, Reason says what is wrong, as in "is missing".
	Field, Reason string
}

// Error returns both.
func (f Fault) Error() string { return f.Field + " " + f.Reason }

// Faults returns all faults that an error consists of.
func Faults(err error) []Fault {
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		var all []Fault
		for _, part := range joined.Unwrap() {
			all = append(all, Faults(part)...)
		}
		return all
	}
	if fault, ok := errors.AsType[Fault](err); ok {
		return []Fault{fault}
	}
	return nil
}
