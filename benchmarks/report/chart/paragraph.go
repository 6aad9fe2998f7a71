package chart

import (
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// paragraph is text of one style, each line of it with some room after it.
type paragraph struct {
	style draw.TextStyle
	lines []string
	after vg.Length
}

// add breaks text into lines that fit.
func (p *paragraph) add(text string, width vg.Length) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && p.style.Width(longer) > width {
			p.lines = append(p.lines, line)
			longer = word
		}
		line = longer
	}
	p.lines = append(p.lines, line)
}

func (p *paragraph) height() vg.Length {
	return vg.Length(len(p.lines)) * (p.style.Font.Size + p.after)
}

// draw takes its room off the top of the canvas.
func (p *paragraph) draw(c *draw.Canvas) {
	for _, line := range p.lines {
		c.FillText(p.style, vg.Point{X: c.Min.X, Y: c.Max.Y - p.style.Font.Size/2}, line)
		c.Max.Y -= p.style.Font.Size + p.after
	}
}
