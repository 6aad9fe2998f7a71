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
func TestTheDocumentationShowsCodeThatRuns(t *testing.T) {
	for page, packages := range map[string][]string{
		"docs/middleware.md": {"middleware", "pipeline"},
		"docs/pubsub.md":     {"pubsub"},
	} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			code := examples(t, packages)
			blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
			if len(blocks) == 0 {
				t.Fatal("there is no code in it")
			}
			for _, block := range blocks {
				for part := range strings.SplitSeq(flat(block[1]), "// ...\n") {
					if !strings.Contains(code, part) {
						t.Errorf("no example has\n%s", part)
					}
				}
			}
		})
	}
}

// examples returns the code of all examples of packages.
func examples(t *testing.T, packages []string) string {
	t.Helper()
	var code strings.Builder
	for _, dir := range packages {
		files, err := filepath.Glob(filepath.Join(dir, "example*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			code.WriteString(flat(string(source)))
		}
	}
	return code.String()
}
