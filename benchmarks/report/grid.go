package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// grid is a table: its first column is text, the others are numbers, unless all are text.
type grid struct {
	header  []string
	rows    [][]string
	allText bool
}

// column adds one, with a cell for each row.
func (g *grid) column(header string, cells ...string) {
	g.header = append(g.header, header)
	for len(g.rows) < len(cells) {
		g.rows = append(g.rows, nil)
	}
	for i, cell := range cells {
		g.rows[i] = append(g.rows[i], cell)
	}
}

// writeText writes it for the terminal, each line after an indent.
func (g *grid) writeText(w io.Writer, indent string) {
	widths := make([]int, len(g.header))
	lines := append([][]string{g.header}, g.rows...)
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		b.WriteString(indent)
		for i, cell := range line {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + space)
			} else {
				b.WriteString("   " + space + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// writeMarkdown writes it as a table of Markdown.
func (g *grid) writeMarkdown(w io.Writer) {
	markdownRow(w, g.header)
	rule := make([]string, len(g.header))
	for i := range rule {
		rule[i] = "---:"
		if g.allText {
			rule[i] = "---"
		}
	}
	rule[0] = "---"
	markdownRow(w, rule)
	for _, row := range g.rows {
		markdownRow(w, row)
	}
	fmt.Fprintln(w)
}

func markdownRow(w io.Writer, cells []string) {
	for _, cell := range cells {
		fmt.Fprintf(w, "| %s ", escape(cell))
	}
	fmt.Fprintln(w, "|")
}

var markdown = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`, "_", `\_`)

// escape writes text so that Markdown shows it as it is, on one line.
func escape(text string) string { return markdown.Replace(text) }
