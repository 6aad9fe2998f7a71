package benchcmd

import (
	"errors"
	"fmt"
	"os"
)

// makeWritable makes the directory and finds out whether files can be put there, for
// nobody wants to learn that after an hour of measuring.
func makeWritable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot write to --out: %w", err)
	}
	file, err := os.CreateTemp(dir, ".millstream-*")
	if err != nil {
		return fmt.Errorf("cannot write to --out: %w", err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
