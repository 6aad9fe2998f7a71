package chart

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// look is what a curve is told by: its colour, and its points for those who print it.
type look struct {
	color color.Color
	shape draw.GlyphDrawer
}

var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}, pyramidDown{}, draw.CrossGlyph{},
}

const radius vg.Length = 3.2

func (l look) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: l.color, Radius: radius, Shape: l.shape}
}

func (l look) line() draw.LineStyle { return draw.LineStyle{Color: l.color, Width: 1.8} }

// legend is the row of names below the heading, in as many lines as it needs.
type legend struct {
	names []string
	looks map[string]look
	wide  vg.Length
}

func newLegend(panels []Panel, wide vg.Length) *legend {
	l := &legend{looks: map[string]look{}, wide: wide}
	for _, p := range panels {
		for _, s := range p.Series {
			if _, there := l.looks[s.Name]; !there {
				l.looks[s.Name] = look{color: s.Color, shape: shapes[len(l.names)%len(shapes)]}
				l.names = append(l.names, s.Name)
			}
		}
	}
	return l
}

func (l *legend) of(name string) look { return l.looks[name] }

const (
	swatch      vg.Length = 24
	legendGap   vg.Length = 16
	legendLine            = textSize + 2*spacing
	legendAfter           = 2 * spacing
)

// each calls place with where each name goes, from the top left corner, and returns the
// number of lines.
func (l *legend) each(place func(name string, x, y vg.Length)) int {
	var x vg.Length
	lines := 1
	s := style(textSize, ink, false)
	for _, name := range l.names {
		takes := swatch + spacing + s.Width(name) + legendGap
		if x > 0 && x+takes > l.wide {
			x = 0
			lines++
		}
		place(name, x, -vg.Length(lines-1)*legendLine)
		x += takes
	}
	return lines
}

func (l *legend) height() vg.Length {
	lines := l.each(func(string, vg.Length, vg.Length) {})
	return vg.Length(lines)*legendLine + legendAfter
}

// draw takes its room off the top of the canvas.
func (l *legend) draw(c *draw.Canvas) {
	s := style(textSize, ink, false)
	l.each(func(name string, x, y vg.Length) {
		at := vg.Point{X: c.Min.X + x, Y: c.Max.Y + y - legendLine/2}
		look := l.looks[name]
		c.StrokeLine2(look.line(), at.X, at.Y, at.X+swatch, at.Y)
		c.DrawGlyphNoClip(look.glyph(), vg.Point{X: at.X + swatch/2, Y: at.Y})
		c.FillText(s, vg.Point{X: at.X + swatch + spacing, Y: at.Y}, name)
	})
	c.Max.Y -= l.height()
}
