package intake

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// scanAll returns all lines of r.
func scanAll(t *testing.T, r io.Reader) []Line {
	t.Helper()
	scanner := NewScanner(r)
	var lines []Line
	for {
		line, err := scanner.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
}

func texts(lines []Line) []string {
	var all []string
	for _, line := range lines {
		all = append(all, string(line.Text))
	}
	return all
}

func ids(lines []Line) []string {
	var all []string
	for _, line := range lines {
		all = append(all, line.ID)
	}
	return all
}

func TestLines(t *testing.T) {
	long := strings.Repeat("lang ", 1<<20)
	tests := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"only blank lines", "\n \n\t\r\n\u00a0\n", nil},
		{"one", "{}\n", []string{"{}"}},
		{"no end of line at the end", "a\nb", []string{"a", "b"}},
		{"CRLF", "a\r\n\r\nb\r\n", []string{"a", "b"}},
		{"CRLF, no end", "a\r\nb\r", []string{"a", "b"}},
		{"byte order mark", "\xef\xbb\xbfa\nb\n", []string{"a", "b"}},
		{"byte order mark alone", "\xef\xbb\xbf", nil},
		{"byte order mark later", "a\n\xef\xbb\xbfb\n", []string{"a", "\xef\xbb\xbfb"}},
		{"blanks around", "  a \n", []string{"  a "}},
		{"blank lines between", "\n\na\n\n\nb\n\n", []string{"a", "b"}},
		{"long", "a\n" + long + "\nb\n" + long, []string{"a", long, "b", long}},
		{"bytes that are no text", "\xff\x00\xfe\n", []string{"\xff\x00\xfe"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := texts(scanAll(t, strings.NewReader(test.in))); !slices.Equal(got, test.want) {
				t.Errorf("got %d lines, want %d", len(got), len(test.want))
			}
			if len(test.in) > 1<<20 {
				return
			}
			if got := texts(scanAll(t, iotest.OneByteReader(strings.NewReader(test.in)))); !slices.Equal(got, test.want) {
				t.Errorf("byte by byte: got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLinesAreNumberedAsInAnEditor(t *testing.T) {
	lines := scanAll(t, strings.NewReader("\na\n\n\nb\n"))
	if lines[0].Number != 2 || lines[1].Number != 5 {
		t.Errorf("lines %d and %d, want 2 and 5", lines[0].Number, lines[1].Number)
	}
}

func TestIDs(t *testing.T) {
	first := ids(scanAll(t, strings.NewReader("a\nb\na\na\n")))
	if len(slices.Compact(slices.Sorted(slices.Values(first)))) != 4 {
		t.Errorf("equal lines share an id: %q", first)
	}
	for name, in := range map[string]string{
		"again":       "a\nb\na\na\n",
		"grown":       "a\nb\na\na\nc\n",
		"other ends":  "a\r\nb\r\n\r\na\r\na",
		"a mark more": "\xef\xbb\xbfa\nb\na\na",
	} {
		if got := ids(scanAll(t, strings.NewReader(in))); !slices.Equal(got[:4], first) {
			t.Errorf("%s: got %q, want %q", name, got[:4], first)
		}
	}
	if got := ids(scanAll(t, strings.NewReader("x\nb\na\na\n"))); slices.ContainsFunc(got, func(id string) bool { return slices.Contains(first, id) }) {
		t.Errorf("another file shares ids: %q, %q", got, first)
	}
	// Ids that changed between two versions would publish a file twice.
	if want := "41a0370c3d9f42773a59e8e01651911c"; first[0] != want {
		t.Errorf("the id of a first line \"a\" is %s, want %s", first[0], want)
	}
}

func TestReadErrorLosesTheHalfLine(t *testing.T) {
	broken := errors.New("broken")
	scanner := NewScanner(io.MultiReader(strings.NewReader("a\nhalf"), iotest.ErrReader(broken)))
	if line, err := scanner.Next(); err != nil || string(line.Text) != "a" {
		t.Errorf("got %q, %v", line.Text, err)
	}
	if line, err := scanner.Next(); !errors.Is(err, broken) {
		t.Errorf("got %q, %v, want %v", line.Text, err, broken)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\r\n\n b\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		lines := scanAll(t, bytes.NewReader(in))
		for _, line := range lines {
			if len(bytes.TrimSpace(line.Text)) == 0 || bytes.ContainsRune(line.Text, '\n') {
				t.Errorf("line %q", line.Text)
			}
		}
		again := scanAll(t, strings.NewReader(strings.Join(texts(lines), "\r\n")))
		if !slices.Equal(ids(again), ids(lines)) {
			t.Errorf("ids depend on the ends of lines: %q", in)
		}
	})
}
