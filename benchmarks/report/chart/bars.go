package chart

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Bars are groups of horizontal bars from 0, one below the other. They share an axis,
// unless one group would leave too little to be seen of another. Where the longest bar
// would leave nothing to be seen of the shortest of its own group, dots on a logarithmic
// axis take their place: a bar on such an axis has a length that means nothing.
type Bars struct {
	Title string
	// Lines stand below the title.
	Lines []string
	// Axis says what is measured, with its unit.
	Axis string
	// OneAxis keeps a single axis from 0 whatever the values are.
	OneAxis bool
	Groups  []Group
}

// Group is a comparison.
type Group struct {
	Title string
	Bars  []Bar
}

// Bar is a value with its spread: Min and Max may both be zero where there is none.
type Bar struct {
	Name            string
	Color           color.Color
	Value, Min, Max float64
	// Text is the value as people read it. It stands at the end of the bar.
	Text string
}

const (
	// squeezed is how many times as long the longest bar of another group may be where
	// they share an axis.
	squeezed = 4
	// tooFar is how many times as long as another a bar of the same group may be: the
	// shorter is then still a few pixels long.
	tooFar = 100
)

const (
	rowHeight vg.Length = 17
	axisRoom  vg.Length = 17
)

// WriteTo writes the picture as SVG.
func (b *Bars) WriteTo(w io.Writer) (int64, error) { return drawn(w, b.Title, b.draw) }

func (b *Bars) draw() *figure {
	lines := append([]string{}, b.Lines...)
	parts := [][]Group{b.Groups}
	if !b.OneAxis && b.squeezed() {
		parts = nil
		for _, g := range b.Groups {
			parts = append(parts, []Group{g})
		}
		lines = append(lines, "Each comparison has an axis of its own.")
	}
	tiles := make([]tile, len(parts))
	var height vg.Length
	logarithmic := false
	for i, groups := range parts {
		log := !b.OneAxis && extent(groups).apart() > tooFar
		logarithmic = logarithmic || log
		tiles[i] = tile{plot: bars(groups, log), x: b.Axis, height: heightOf(groups)}
		if log {
			tiles[i].x += ", logarithmic"
		}
		height += tiles[i].height + tileGap
	}
	if logarithmic {
		lines = append(lines, "Dots are on a logarithmic axis.")
	}
	f := newFigure(height, b.Title, lines)
	f.stack(tiles)
	return f
}

// squeezed reports whether on one axis there would be little to see of a group or a bar.
func (b *Bars) squeezed() bool {
	if len(b.Groups) > 1 && extent(b.Groups).apart() > tooFar {
		return true
	}
	longest := extremes{least: math.Inf(1)}
	for i := range b.Groups {
		longest.add(extent(b.Groups[i : i+1]).most)
	}
	return longest.apart() > squeezed
}

func heightOf(groups []Group) vg.Length {
	return vg.Length(len(rowsOf(groups)))*rowHeight + axisRoom + lineHeight
}

// bars returns a plot of groups on one axis.
func bars(groups []Group, log bool) *plot.Plot {
	rows, values := rowsOf(groups), extent(groups)
	p, fill := newPlot(), fillOf(rows)
	p.X.Min, p.X.Max = 0, values.most/fill
	if values.most == 0 { // so that the axis has a length
		p.X.Max = 1
	}
	p.X.Tick.Marker = ticks{format: Thousands, log: log}
	if log {
		p.X.Scale = plot.LogScale{}
		p.X.Min = math.Pow(10, math.Floor(math.Log10(values.least)))
		p.X.Max = values.most * math.Pow(values.most/p.X.Min, 1/fill-1)
	}
	p.Y.Min, p.Y.Max = -float64(len(rows))+0.5, 0.5
	p.Y.Tick.Marker = names(rows)
	p.Y.Tick.Length = 0
	p.Y.Tick.Label.Font.Size = textSize
	p.Add(&plotter.Grid{Vertical: hair}, &barRows{rows: rows, dots: log})
	return p
}

// fillOf returns the part of the width that the longest bar may take: texts need the
// rest.
func fillOf(rows []row) float64 {
	var name, text vg.Length
	s := style(textSize, ink, false)
	for _, r := range rows {
		if r.bar != nil {
			name, text = max(name, s.Width(r.bar.Name)), max(text, s.Width(r.bar.Text))
		}
	}
	axis := width - 2*margin - name
	return min(max(0.3, 1-float64((text+5*spacing)/axis)), 0.85)
}

// extremes are the smallest value above 0 and the largest.
type extremes struct{ least, most float64 }

func extent(groups []Group) extremes {
	e := extremes{least: math.Inf(1)}
	for _, group := range groups {
		for _, bar := range group.Bars {
			for _, v := range []float64{bar.Value, bar.Min, bar.Max} {
				e.add(v)
			}
		}
	}
	return e
}

func (e *extremes) add(v float64) {
	if v > 0 && finite(v) {
		e.least, e.most = min(e.least, v), max(e.most, v)
	}
}

// apart returns how many times as large as the smallest the largest is.
func (e extremes) apart() float64 {
	if e.most == 0 {
		return 1
	}
	return e.most / e.least
}
