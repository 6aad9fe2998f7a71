// Package exit has the exit codes of the command, and which error ends with which.
package exit

import "errors"

// The exit codes.
const (
	OK          = 0
	Failed      = 1
	Usage       = 2
	Interrupted = 130 // as shells have it for SIGINT
)

// ErrInterrupted ends a command that was told to stop before it had done everything.
var ErrInterrupted = errors.New("interrupted")

// misuse is an error of whoever typed the command.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// Misuse marks an error as one of the command line. That of nil is nil.
func Misuse(err error) error {
	if err == nil {
		return nil
	}
	return misuse{err}
}

// Code returns the exit code for what a command has returned.
func Code(err error) int {
	var m misuse
	switch {
	case err == nil:
		return OK
	case errors.Is(err, ErrInterrupted):
		return Interrupted
	case errors.As(err, &m):
		return Usage
	default:
		return Failed
	}
}
