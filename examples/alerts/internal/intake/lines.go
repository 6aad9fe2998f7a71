// Package intake brings alerts into the pipeline: it reads or makes them, and publishes
// each once, for as long as it takes.
package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine is how long a line may be.
const maxLine = 64 << 10

// errTooLong is of a line that is longer.
var errTooLong = fmt.Errorf("has more than %d KiB", maxLine>>10)

// line is one line of the input that is not blank.
type line struct {
	// number counts all lines of the input from 1, as an editor does.
	number int
	text   []byte
	err    error
}

// scanner reads lines.
type scanner struct {
	reader *bufio.Reader
	number int
}

func newScanner(r io.Reader) *scanner { return &scanner{reader: bufio.NewReaderSize(r, maxLine)} }

// next returns the next line that is not blank, and io.EOF after the last one.
func (s *scanner) next() (line, error) {
	for {
		text, err := s.reader.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			s.number++
			return line{number: s.number, err: errTooLong}, s.skip()
		}
		// The last line may lack its end; what came before any other error may be half a line.
		if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
			return line{}, err
		}
		s.number++
		if s.number == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return line{number: s.number, text: bytes.Clone(text)}, nil
		}
	}
}

// skip passes over the rest of a line.
func (s *scanner) skip() error {
	for {
		_, err := s.reader.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// ready reports whether the next line is already here, so that next does not wait.
func (s *scanner) ready() bool {
	buffered, err := s.reader.Peek(s.reader.Buffered())
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}
