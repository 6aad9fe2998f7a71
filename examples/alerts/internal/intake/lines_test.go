package intake

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

// A closed pool of the Redis client may look for a server that is away for a moment more.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// scanAll returns all lines, as texts, with their numbers and errors.
func scanAll(r io.Reader) (texts []string, numbers []int, err error) {
	for s := newScanner(r); ; {
		l, err := s.next()
		if l.number > 0 {
			numbers = append(numbers, l.number)
			text := string(l.text)
			if l.err != nil {
				text = l.err.Error()
			}
			texts = append(texts, text)
		}
		if err != nil {
			return texts, numbers, err
		}
	}
}

func TestLinesAreReadAsAnEditorNumbersThem(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for name, test := range map[string]struct {
		in      string
		texts   []string
		numbers []int
	}{
		"nothing":             {"", nil, nil},
		"blank lines between": {"\n a \r\n\n\nb", []string{"a", "b"}, []int{2, 5}},
		"byte order mark":     {"\xef\xbb\xbfa\n", []string{"a"}, []int{1}},
		"one too long":        {"a\n" + long + "\nb\n", []string{"a", errTooLong.Error(), "b"}, []int{1, 2, 3}},
		"far too long":        {long + long + long + "\nb\n", []string{errTooLong.Error(), "b"}, []int{1, 2}},
		"too long at the end": {"a\n" + long, []string{"a", errTooLong.Error()}, []int{1, 2}},
	} {
		texts, numbers, err := scanAll(strings.NewReader(test.in))
		assert.ErrorIs(t, err, io.EOF, name)
		assert.Equal(t, test.texts, texts, name)
		assert.Equal(t, test.numbers, numbers, name)
	}
}

func TestAReadErrorLosesTheHalfLine(t *testing.T) {
	broken := errors.New("broken")
	texts, _, err := scanAll(io.MultiReader(strings.NewReader("a\nhalf"), iotest.ErrReader(broken)))
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, []string{"a"}, texts)
}
