package millstream_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// flat returns code without indentation and empty lines.
func flat(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// Code in the documentation is that of examples, which are compiled and run; a line
// with "// ..." stands for what is left out.
func TestTheMiddlewareDocumentationShowsCodeThatRuns(t *testing.T) {
	page, err := os.ReadFile("docs/middleware.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for _, dir := range []string{"middleware", "pipeline"} {
		files, err := filepath.Glob(filepath.Join(dir, "example*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			examples.WriteString(flat(string(source)))
		}
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) == 0 {
		t.Fatal("there is no code in it")
	}
	for _, block := range blocks {
		for part := range strings.SplitSeq(flat(block[1]), "// ...\n") {
			if !strings.Contains(examples.String(), part) {
				t.Errorf("no example has\n%s", part)
			}
		}
	}
}
