package snippets_test

import (
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A block of a page, and the comment before it that says where it comes from:
//
//	<!-- snippet: errors_test.go#permanent -->
//	```go
//	...
//	```
var (
	fence  = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	marker = regexp.MustCompile(`(?m)^<!-- snippet: (\S+) -->\n$`)
)

// pages returns the names of the guide's pages.
func pages(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../*.md")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// origin returns which source the block that begins at an offset of a page shows, empty
// if it does not say.
func origin(page string, at int) string {
	before := page[:at]
	line := strings.LastIndexByte(strings.TrimSuffix(before, "\n"), '\n') + 1
	if found := marker.FindStringSubmatch(before[line:]); found != nil {
		return found[1]
	}
	return ""
}

func TestEveryBlockOfTheGuideIsTakenFromSomethingThatRuns(t *testing.T) {
	for _, name := range pages(t) {
		page := read(t, name)
		var next strings.Builder
		end := 0
		for _, at := range fence.FindAllStringSubmatchIndex(page, -1) {
			next.WriteString(page[end:at[4]])
			end = at[5]
			shown, from := page[at[4]:at[5]], origin(page, at[0])
			if from == "" {
				t.Errorf("%s: a block does not say where it comes from:\n%s", name, shown)
				next.WriteString(shown)
				continue
			}
			code, err := source(from)
			require.NoError(t, err, name)
			if code != shown && !*update {
				t.Errorf("%s does not show %s as it is: run go test ./docs/guide/snippets -run EveryBlock -update", name, from)
			}
			next.WriteString(code)
		}
		next.WriteString(page[end:])
		if *update && next.String() != page {
			require.NoError(t, os.WriteFile(name, []byte(next.String()), 0o600))
		}
		require.Equal(t, 2*len(fence.FindAllString(page, -1)), strings.Count(page, "```"), "%s: a block has no end, or is indented", name)
	}
}

// source returns a file, or after "#" the region of it with a name. A region that has no end
// of its own, as the output of an example cannot, ends with its function.
func source(from string) (string, error) {
	name, region, partial := strings.Cut(from, "#")
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if !partial {
		return string(text), nil
	}
	var lines []string
	within := false
	ends := regexp.MustCompile(`(?m)^\s*(?://|#) end ` + region + `$`).Match(text)
	for line := range strings.Lines(string(text)) {
		switch verb, of := boundary(line); {
		case verb == "begin" && of == region:
			within = true
		case verb == "end" && of == region, within && !ends && line == "}\n":
			return dedented(lines), nil
		case within && verb == "":
			lines = append(lines, line)
		}
	}
	return "", fmt.Errorf("%s has no region %q", name, region)
}

var boundaryLine = regexp.MustCompile(`^\s*(?://|#) (begin|end) ([a-z-]+)$`)

// boundary returns whether a line is the begin or the end of a region, and of which.
func boundary(line string) (verb, region string) {
	found := boundaryLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
	if found == nil {
		return "", ""
	}
	return found[1], found[2]
}

// dedented returns lines without the tabs that all of them begin with.
func dedented(lines []string) string {
	shared := -1
	for _, line := range lines {
		tabs := len(line) - len(strings.TrimLeft(line, "\t"))
		if strings.TrimSpace(line) != "" && (shared < 0 || tabs < shared) {
			shared = tabs
		}
	}
	var b strings.Builder
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			b.WriteByte('\n')
			continue
		}
		b.WriteString(line[shared:])
	}
	return strings.Trim(b.String(), "\n") + "\n"
}

// An example is run only if its output is the whole of its last comment: that of a region,
// in the line before, would make it be compiled and no more.
func TestEveryExampleOfTheGuideIsRun(t *testing.T) {
	names, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	examples := 0
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, example := range doc.Examples(file) {
			require.NotEmpty(t, example.Output, "%s: Example%s has no output", name, example.Name)
			examples++
		}
	}
	require.NotZero(t, examples)
}

// What no page shows would be kept for nothing. Tests without a region are the
// machinery behind the rest.
func TestEverySourceIsShownByAPage(t *testing.T) {
	var all strings.Builder
	for _, name := range pages(t) {
		all.WriteString(read(t, name))
	}
	shown := func(from string) {
		if !strings.Contains(all.String(), "<!-- snippet: "+from+" -->") {
			t.Errorf("no page shows %s", from)
		}
	}
	require.NoError(t, filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		regions := 0
		for line := range strings.Lines(read(t, name)) {
			if verb, region := boundary(line); verb == "begin" {
				regions++
				shown(name + "#" + region)
			}
		}
		if regions == 0 && !strings.HasSuffix(name, "_test.go") {
			shown(name)
		}
		return nil
	}))
}
