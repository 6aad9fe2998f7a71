package snippets_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

var (
	inline = regexp.MustCompile("`[^`\n]+`")
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	header = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// prose returns a page without its blocks of code.
func prose(page string) string { return fence.ReplaceAllString(page, "") }

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(page string) (names []string) {
	for _, heading := range header.FindAllStringSubmatch(prose(page), -1) {
		var b strings.Builder
		for _, r := range strings.ToLower(heading[1]) {
			switch {
			case r == ' ':
				b.WriteByte('-')
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				b.WriteRune(r)
			}
		}
		names = append(names, b.String())
	}
	return names
}

func TestLinksOfTheDocumentationLeadSomewhere(t *testing.T) {
	all := append(pages(t), filepath.Join(root, "README.md"))
	others, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, others)
	for _, name := range append(all, others...) {
		page := read(t, name)
		for _, found := range link.FindAllStringSubmatch(inline.ReplaceAllString(prose(page), ""), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(found[1], "#")
			target := name
			if path != "" {
				target = filepath.Join(filepath.Dir(name), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link to %s leads nowhere: %v", name, found[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s: %s has no heading for the link to %s", name, target, found[1])
			}
		}
	}
}

func TestTheIndexOfTheGuideListsItsChaptersInOrder(t *testing.T) {
	index := read(t, "../README.md")
	at := 0
	for _, name := range pages(t) {
		name = filepath.Base(name)
		if name == "README.md" {
			continue
		}
		found := strings.Index(index, "]("+name+")")
		require.Greater(t, found, at, "%s is not listed, or not in its place", name)
		at = found
	}
}
