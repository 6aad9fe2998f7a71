// Package intake brings orders into the pipeline: it reads them from NDJSON and
// publishes each line once, however often the file is read.
package intake

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
)

// Line is one line of the input that is not blank.
type Line struct {
	// ID follows from the line and all that are before it in the input. The
	// same file read again gives the same ids, a file that has grown gives
	// them too and goes on from there, and two equal lines are two lines.
	ID string
	// Number counts all lines of the input from 1, as an editor does.
	Number int
	// Text is the line without its end.
	Text []byte
}

// idBytes is how much of a line's hash its id shows.
const idBytes = 16

var byteOrderMark = []byte("\xef\xbb\xbf")

// Scanner reads lines of any length.
type Scanner struct {
	reader *bufio.Reader
	number int
	chain  [sha256.Size]byte
}

// NewScanner returns a scanner of r.
func NewScanner(r io.Reader) *Scanner {
	return &Scanner{reader: bufio.NewReaderSize(r, 64<<10)}
}

// Next returns the next line that is not blank, and io.EOF after the last one.
func (s *Scanner) Next() (Line, error) {
	for {
		text, err := s.reader.ReadBytes('\n')
		// The last line may lack its end; what came before any other error may
		// be half a line.
		if err != nil && (!errors.Is(err, io.EOF) || len(text) == 0) {
			return Line{}, err
		}
		s.number++
		if s.number == 1 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		text = bytes.TrimRight(text, "\r\n")
		if len(bytes.TrimSpace(text)) > 0 {
			return Line{ID: s.next(text), Number: s.number, Text: text}, nil
		}
	}
}

// Ready reports whether the next line is already here, so that Next does not
// wait for it.
func (s *Scanner) Ready() bool {
	buffered, err := s.reader.Peek(s.reader.Buffered())
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}

// next moves the chain of ids on by one line.
func (s *Scanner) next(text []byte) string {
	hash := sha256.New()
	hash.Write(s.chain[:])
	hash.Write(text)
	hash.Sum(s.chain[:0])
	return hex.EncodeToString(s.chain[:idBytes])
}
