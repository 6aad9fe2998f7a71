package chart

import (
	"fmt"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// figure is a picture under way: what is left of the canvas below its heading.
type figure struct {
	svg  *canvas
	rest draw.Canvas
}

// newFigure returns a picture with a heading and room for so much below it.
func newFigure(room vg.Length, title string, lines []string) *figure {
	const inside = width - 2*margin
	heading := paragraph{style(titleSize, ink, true), nil, 2 * spacing}
	heading.add(title, inside)
	body := paragraph{style(textSize, muted, false), nil, spacing}
	for _, line := range lines {
		body.add(line, inside)
	}
	height := heading.height() + body.height() + 2*spacing
	f := &figure{svg: newCanvas(width, height+room+2*margin)}
	all := draw.New(f.svg)
	all.SetColor(white)
	all.Fill(all.Path())
	f.rest = draw.Crop(all, margin, -margin, margin, -margin)
	heading.draw(&f.rest)
	body.draw(&f.rest)
	f.rest.Max.Y -= 2 * spacing
	return f
}

// tile is a plot with its place among others one below the other. The titles of a plot
// and its axes are drawn here, for those of the library take far too much room where
// an axis is logarithmic.
type tile struct {
	plot *plot.Plot
	// title stands above it, y, what its vertical axis is, below the title, and x below
	// its horizontal axis. None has to be.
	title, y, x string
	height      vg.Length
}

const (
	lineHeight = textSize + spacing
	tileGap    = 3 * spacing
)

// stack draws plots one below the other with their axes in one line.
func (f *figure) stack(tiles []tile) {
	var left vg.Length
	areas := make([]draw.Canvas, len(tiles))
	for i, t := range tiles {
		area := draw.Crop(f.rest, 0, 0, 0, 0)
		area.Min.Y = area.Max.Y - t.height
		f.rest.Max.Y = area.Min.Y - tileGap
		areas[i] = t.label(area)
		left = max(left, t.plot.DataCanvas(areas[i]).Min.X)
	}
	for i, t := range tiles {
		areas[i].Min.X += left - t.plot.DataCanvas(areas[i]).Min.X
		t.plot.Draw(areas[i])
	}
}

// label writes the titles and returns what is left for the plot.
func (t *tile) label(c draw.Canvas) draw.Canvas {
	for _, line := range []struct {
		text string
		draw.TextStyle
	}{
		{t.title, style(textSize, ink, true)},
		{t.y, style(smallSize, muted, false)},
	} {
		if line.text != "" {
			c.FillText(line.TextStyle, vg.Point{X: c.Min.X, Y: c.Max.Y - lineHeight/2}, line.text)
			c.Max.Y -= lineHeight
		}
	}
	if t.title+t.y != "" {
		c.Max.Y -= spacing
	}
	if t.x != "" {
		s := aligned(style(smallSize, muted, false), text.XRight, text.YCenter)
		c.FillText(s, vg.Point{X: c.Max.X, Y: c.Min.Y + lineHeight/2}, t.x)
		c.Min.Y += lineHeight
	}
	return c
}

// drawn calls a function that draws and makes an error of a panic: the library has no
// other way to say that something cannot be drawn.
func drawn(w io.Writer, what string, figure func() *figure) (n int64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot draw %q: %v", what, r)
		}
	}()
	return figure().svg.WriteTo(w)
}
