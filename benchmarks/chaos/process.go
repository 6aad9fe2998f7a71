package chaos

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/millstream-go/millstream/internal/child"
)

// spawn starts this program again, as a worker. What it prints goes to files, of
// which a killed process loses nothing.
func spawn(s spec) (*child.Process, error) {
	cmd, err := child.Self()
	if err != nil {
		return nil, err
	}
	environment, err := s.environment()
	if err != nil {
		return nil, err
	}
	// What the race detector finds ends the worker at once, before it is killed.
	cmd.Env = append(cmd.Env, environment, "GORACE=halt_on_error=1")
	runs, err := appendTo(s.runs())
	if err != nil {
		return nil, err
	}
	defer runs.Close() // the process has its own copy
	log, err := appendTo(s.log())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = runs, log
	return child.Start(cmd)
}

func appendTo(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// spec says which worker a process is to be.
type spec struct {
	Redis string // address of its link
	Dir   string // of its files
	Trim  bool   // whether it trims what is done
	Index int
}

func (s spec) runs() string { return filepath.Join(s.Dir, fmt.Sprintf("runs-%d.txt", s.Index)) }
func (s spec) log() string  { return filepath.Join(s.Dir, fmt.Sprintf("worker-%d.log", s.Index)) }
