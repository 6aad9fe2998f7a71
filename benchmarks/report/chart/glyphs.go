package chart

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// diamond is a filled square on its corner.
type diamond struct{}

func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 1.35
	c.FillPolygon(sty.Color, []vg.Point{
		{X: pt.X, Y: pt.Y - r},
		{X: pt.X + r, Y: pt.Y},
		{X: pt.X, Y: pt.Y + r},
		{X: pt.X - r, Y: pt.Y},
	})
}

// pyramidDown is a filled triangle that points down.
type pyramidDown struct{}

func (pyramidDown) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 1.2
	c.FillPolygon(sty.Color, []vg.Point{
		{X: pt.X - r, Y: pt.Y + 0.6*r},
		{X: pt.X + r, Y: pt.Y + 0.6*r},
		{X: pt.X, Y: pt.Y - r},
	})
}
