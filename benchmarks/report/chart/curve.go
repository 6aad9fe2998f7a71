package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curve draws a series. Where points are dense, they are a line without marks.
type curve struct {
	points []Point
	look   look
	// yMin keeps whiskers on the canvas of a logarithmic axis.
	yMin bool
}

// dense is how many points are too many to mark each.
const dense = 16

func (s *curve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	places := make([]vg.Point, len(s.points))
	for i, point := range s.points {
		places[i] = vg.Point{X: x(point.X), Y: y(point.Y)}
	}
	c.StrokeLines(s.look.line(), places)
	for i, point := range s.points {
		if point.Max > point.Min {
			low := point.Min
			if s.yMin {
				low = max(low, p.Y.Min)
			}
			s.whisker(c, places[i].X, y(low), y(point.Max))
		}
		if every := 1 + len(s.points)/dense; i%every == 0 {
			c.DrawGlyphNoClip(s.look.glyph(), places[i])
		}
	}
}

func (s *curve) whisker(c draw.Canvas, x, from, to vg.Length) {
	const end vg.Length = 3
	line := draw.LineStyle{Color: s.look.color, Width: 1.1}
	c.StrokeLine2(line, x, from, x, to)
	c.StrokeLine2(line, x-end, from, x+end, from)
	c.StrokeLine2(line, x-end, to, x+end, to)
}
