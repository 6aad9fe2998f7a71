package chart

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// canvas writes SVG that looks the same whatever fonts there are. The library places
// text by the widths of Liberation Sans, and many who see it have to do without.
type canvas struct {
	*vgsvg.Canvas

	// widths are those of all texts, in the order in which they were drawn.
	widths []vg.Length
}

func newCanvas(w, h vg.Length) *canvas { return &canvas{Canvas: vgsvg.New(w, h)} }

// FillString draws text.
func (c *canvas) FillString(face font.Face, at vg.Point, text string) {
	c.widths = append(c.widths, face.Width(text))
	c.Canvas.FillString(face, at, text)
}

const (
	liberation = "font-family:Liberation Sans;"
	alike      = "font-family:Liberation Sans,Arial,Helvetica,sans-serif;"
)

// WriteTo writes the picture. Each text has its font replaced by a like one where it is
// missing, and is told how wide to be.
func (c *canvas) WriteTo(w io.Writer) (int64, error) {
	var svg bytes.Buffer
	if _, err := c.Canvas.WriteTo(&svg); err != nil {
		return 0, err
	}
	const begin = "<text "
	parts := strings.Split(strings.ReplaceAll(svg.String(), liberation, alike), begin)
	var out strings.Builder
	out.WriteString(parts[0])
	for i, part := range parts[1:] {
		fmt.Fprintf(&out, `%stextLength="%.4g" lengthAdjust="spacingAndGlyphs" %s`, begin, c.widths[i].Points(), part)
	}
	n, err := io.WriteString(w, out.String())
	return int64(n), err
}
