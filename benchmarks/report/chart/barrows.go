package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// row is a bar, or the title of a group.
type row struct {
	title string
	bar   *Bar
}

func rowsOf(groups []Group) (rows []row) {
	for i := range groups {
		if groups[i].Title != "" {
			rows = append(rows, titleRows(groups, groups[i].Title)...)
		} else if i > 0 {
			rows = append(rows, row{})
		}
		for j := range groups[i].Bars {
			rows = append(rows, row{bar: &groups[i].Bars[j]})
		}
	}
	return rows
}

// titleRows breaks a title into rows that fit beside the names of the bars.
func titleRows(groups []Group, title string) (rows []row) {
	var names vg.Length
	plain := style(textSize, ink, false)
	for _, g := range groups {
		for _, bar := range g.Bars {
			names = max(names, plain.Width(bar.Name))
		}
	}
	text := paragraph{style: style(textSize, ink, true)}
	text.add(title, width-2*margin-names-3*spacing)
	for _, line := range text.lines {
		rows = append(rows, row{title: line})
	}
	return rows
}

// names label the rows that are bars.
func names(rows []row) plot.ConstantTicks {
	var marks plot.ConstantTicks
	for i, r := range rows {
		if r.bar != nil {
			marks = append(marks, plot.Tick{Value: -float64(i), Label: r.bar.Name})
		}
	}
	return marks
}

// barRows draws the rows.
type barRows struct {
	rows []row
	// dots take the place of bars.
	dots bool
}

func (b *barRows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(v float64) vg.Length {
		if !finite(v) {
			return c.Min.X
		}
		return x(max(v, p.X.Min))
	}
	for i, r := range b.rows {
		here := y(-float64(i))
		switch {
		case r.title != "":
			c.FillText(style(textSize, ink, true), vg.Point{X: c.Min.X + spacing, Y: here}, r.title)
		case r.bar != nil:
			b.bar(c, r.bar, at, here)
		}
	}
}

const (
	thick vg.Length = 11
	dot   vg.Length = 4.5
)

func (b *barRows) bar(c draw.Canvas, bar *Bar, x func(float64) vg.Length, y vg.Length) {
	start, end := c.Min.X, x(bar.Value)
	last := end
	switch {
	case end <= start:
	case b.dots:
		c.StrokeLine2(hair, start, y, end, y)
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: bar.Color, Radius: dot, Shape: draw.CircleGlyph{}}, vg.Point{X: end, Y: y})
		last += dot
	default:
		c.FillPolygon(bar.Color, []vg.Point{
			{X: start, Y: y - thick/2},
			{X: end, Y: y - thick/2},
			{X: end, Y: y + thick/2},
			{X: start, Y: y + thick/2},
		})
	}
	if bar.Max > bar.Min {
		last = max(last, x(bar.Max))
		whisker(c, x(bar.Min), x(bar.Max), y)
	}
	c.FillText(aligned(style(textSize, ink, false), text.XLeft, middle), vg.Point{X: last + 1.5*spacing, Y: y}, bar.Text)
}

// whisker shows the ends of a spread. It has a light edge, to be seen on a dark bar.
func whisker(c draw.Canvas, from, to, y vg.Length) {
	const end vg.Length = 3
	for _, line := range []draw.LineStyle{{Color: white, Width: 2.4}, {Color: ink, Width: 1.1}} {
		c.StrokeLine2(line, from, y, to, y)
		c.StrokeLine2(line, from, y-end, from, y+end)
		c.StrokeLine2(line, to, y-end, to, y+end)
	}
}
