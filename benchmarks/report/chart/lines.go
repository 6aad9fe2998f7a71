package chart

import (
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Lines are curves, in panels one below the other that share a legend.
type Lines struct {
	Title string
	// Lines stand below the title.
	Lines  []string
	Panels []Panel
}

// Panel is a coordinate system with curves.
type Panel struct {
	Title  string
	X, Y   Axis
	Series []Series
}

// Axis is one of the two of a panel. A linear one begins at 0.
type Axis struct {
	// Label says what it is, with its unit.
	Label string
	// Log makes it logarithmic: what is not above 0 is left out.
	Log bool
	// Format writes the numbers. Default: [Thousands].
	Format func(float64) string
	// Ticks, if set, are where the marks are.
	Ticks []float64
}

// Series is a curve. Those with the same name are the same in all panels.
type Series struct {
	Name   string
	Color  color.Color
	Points []Point
}

// Point is one of a curve. Where Max is above Min it has a spread.
type Point struct{ X, Y, Min, Max float64 }

const panelHeight vg.Length = 270

// WriteTo writes the picture as SVG.
func (l *Lines) WriteTo(w io.Writer) (int64, error) { return drawn(w, l.Title, l.draw) }

func (l *Lines) draw() *figure {
	legend := newLegend(l.Panels, width-2*margin)
	tiles := make([]tile, len(l.Panels))
	var height vg.Length
	for i := range l.Panels {
		p := &l.Panels[i]
		tiles[i] = tile{plot: p.plot(legend), title: p.Title, y: p.Y.label(), x: p.X.label(), height: panelHeight}
		height += panelHeight + tileGap
	}
	f := newFigure(legend.height()+height, l.Title, l.Lines)
	legend.draw(&f.rest)
	f.stack(tiles)
	return f
}

func (p *Panel) plot(l *legend) *plot.Plot {
	out := newPlot()
	var xs, ys []float64
	for i := range p.Series {
		for _, point := range p.points(&p.Series[i]) {
			xs = append(xs, point.X)
			ys = append(ys, point.Y)
			if point.Max > point.Min {
				ys = append(ys, point.Min, point.Max)
			}
		}
	}
	p.X.apply(&out.X, xs)
	p.Y.apply(&out.Y, ys)
	if p.X.Log && len(xs) > 0 {
		// So that the first point does not sit on the frame.
		room := math.Pow(out.X.Max/out.X.Min, 0.03)
		out.X.Min, out.X.Max = out.X.Min/room, out.X.Max*room
	}
	out.Add(&plotter.Grid{Vertical: hair, Horizontal: hair})
	for i := range p.Series {
		s := &p.Series[i]
		out.Add(&curve{points: p.points(s), look: l.of(s.Name), yMin: p.Y.Log})
	}
	return out
}

// points returns those that can be drawn.
func (p *Panel) points(s *Series) (points []Point) {
	for _, point := range s.Points {
		if p.X.fits(point.X) && p.Y.fits(point.Y) {
			points = append(points, point)
		}
	}
	return points
}

func (a *Axis) label() string {
	if !a.Log {
		return a.Label
	}
	return strings.TrimPrefix(a.Label+", logarithmic", ", ")
}

func (a *Axis) fits(v float64) bool { return finite(v) && (!a.Log || v > 0) }

// apply sets an axis up for values.
func (a *Axis) apply(axis *plot.Axis, values []float64) {
	format := a.Format
	if format == nil {
		format = Thousands
	}
	axis.Tick.Marker = ticks{log: a.Log, format: format, at: a.Ticks}
	least, most := math.Inf(1), 0.0
	for _, v := range values {
		if a.fits(v) {
			least, most = min(least, v), max(most, v)
		}
	}
	switch {
	case most == 0: // nothing to be seen
		axis.Min, axis.Max = 0, 1
	case !a.Log:
		axis.Min, axis.Max = 0, most*1.08
	case len(a.Ticks) > 0 && least < most:
		axis.Min, axis.Max = least, most
	default:
		axis.Min, axis.Max = roundDown(least*0.999), roundUp(most*1.001)
	}
	if a.Log && most > 0 {
		axis.Scale = plot.LogScale{}
	} else if a.Log {
		axis.Tick.Marker = plot.ConstantTicks{}
	}
}
