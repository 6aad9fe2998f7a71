package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lengths are in points, of which 3 make 4 pixels.
const (
	width   vg.Length = 600
	margin  vg.Length = 12
	spacing vg.Length = 4

	titleSize vg.Length = 13
	textSize  vg.Length = 10
	smallSize vg.Length = 9
)

var (
	white = color.Gray{Y: 0xff}
	ink   = color.Gray{Y: 0x22}
	muted = color.Gray{Y: 0x59}
	faint = color.Gray{Y: 0xdd}

	hair  = draw.LineStyle{Color: faint, Width: 0.6}
	frame = draw.LineStyle{Color: muted, Width: 0.8}
)

// style returns how text looks that begins at its point, with its middle line there.
func style(size vg.Length, c color.Color, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = 2 // "bold" in golang.org/x/image/font
	}
	return text.Style{
		Color: c, Font: f, XAlign: text.XLeft, YAlign: text.YCenter,
		Handler: plot.DefaultTextHandler,
	}
}

// newPlot returns an empty plot in the style of the package.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle = frame
		axis.Padding = 0
		axis.Tick.Length = 3
		axis.Tick.LineStyle = frame
	}
	p.X.Tick.Label = aligned(style(smallSize, ink, false), text.XCenter, text.YTop)
	p.Y.Tick.Label = aligned(style(smallSize, ink, false), text.XRight, tickMiddle)
	return p
}

// The library centres a line between the top of its capitals and the bottom of its
// descenders, and moves marks up from there. These centre it on small letters.
const (
	middle     text.YAlignment = -0.38
	tickMiddle text.YAlignment = -0.62
)

func aligned(s text.Style, x text.XAlignment, y text.YAlignment) text.Style {
	s.XAlign, s.YAlign = x, y
	return s
}

// finite reports whether a number can be drawn at all.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
