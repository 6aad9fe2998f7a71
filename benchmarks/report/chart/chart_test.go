package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

// draw returns a picture that is sure to be well-formed.
func draw(t *testing.T, picture io.WriterTo) string {
	t.Helper()
	var b bytes.Buffer
	n, err := picture.WriteTo(&b)
	require.NoError(t, err)
	assert.EqualValues(t, b.Len(), n)
	decoder := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		require.NoError(t, err)
	}
}

// texts returns what can be read in a picture.
func texts(svg string) (texts []string) {
	for _, m := range regexp.MustCompile(`(?s)<text [^>]*>([^<]*)</text>`).FindAllStringSubmatch(svg, -1) {
		texts = append(texts, m[1])
	}
	return texts
}

func bars(values ...float64) chart.Group {
	g := chart.Group{Title: "a comparison"}
	for _, v := range values {
		g.Bars = append(g.Bars, chart.Bar{
			Name: "somebody", Color: chart.Blue, Value: v, Min: v * 0.9, Max: v * 1.1, Text: chart.Thousands(v),
		})
	}
	return g
}

const (
	ownAxes     = "Each comparison has an axis of its own."
	logarithmic = "Dots are on a logarithmic axis."
)

func TestBarsShowNamesValuesAndUnit(t *testing.T) {
	shown := texts(draw(t, &chart.Bars{Title: "Speed & <more>", Axis: "messages/s", Groups: []chart.Group{bars(68_845, 5745)}}))
	for _, want := range []string{"Speed &amp; &lt;more&gt;", "a comparison", "somebody", "68,845", "5,745", "messages/s", "0"} {
		assert.Contains(t, shown, want)
	}
	assert.NotContains(t, shown, ownAxes)
	assert.NotContains(t, shown, logarithmic)
}

func TestGroupsThatWouldBeSqueezedHaveAxesOfTheirOwn(t *testing.T) {
	groups := []chart.Group{bars(200_000, 20_000), bars(20_000, 2000)}
	shown := texts(draw(t, &chart.Bars{Groups: groups}))
	assert.Contains(t, shown, ownAxes)
	assert.NotContains(t, shown, logarithmic)
	assert.NotContains(t, texts(draw(t, &chart.Bars{Groups: groups, OneAxis: true})), ownAxes)
}

func TestBarsTooShortToSeeAreDotsOnALogarithmicAxis(t *testing.T) {
	shown := texts(draw(t, &chart.Bars{Axis: "messages/s", Groups: []chart.Group{bars(200_000, 200)}}))
	assert.Contains(t, shown, logarithmic)
	assert.Contains(t, shown, "messages/s, logarithmic")
}

func TestWhatCannotBeDrawnIsNoError(t *testing.T) {
	nothing := []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)}
	draw(t, &chart.Bars{})
	draw(t, &chart.Bars{Groups: []chart.Group{{}, bars(), bars(nothing...)}})
	draw(t, &chart.Bars{Groups: []chart.Group{bars(append(nothing, 1, 1e6)...)}})
	draw(t, &chart.Lines{})
	for _, log := range []bool{false, true} {
		series := chart.Series{Name: "s", Color: chart.Blue}
		for _, v := range nothing {
			series.Points = append(series.Points, chart.Point{X: v, Y: v, Min: v, Max: v})
		}
		p := chart.Panel{X: chart.Axis{Log: log}, Y: chart.Axis{Log: log}, Series: []chart.Series{series}}
		draw(t, &chart.Lines{Panels: []chart.Panel{p, {}}})
		p.Series[0].Points = append(p.Series[0].Points, chart.Point{X: 5, Y: 5, Min: -5, Max: 10})
		assert.NotContains(t, draw(t, &chart.Lines{Panels: []chart.Panel{p}}), "NaN")
	}
}

func TestTextIsAsWideAsItsPlaceWhateverTheFont(t *testing.T) {
	svg := draw(t, &chart.Bars{Title: "Speed", Groups: []chart.Group{bars(3, 2, 1)}})
	assert.Equal(t, strings.Count(svg, "<text "), strings.Count(svg, "textLength="))
	assert.Contains(t, svg, "font-family:Liberation Sans,Arial,Helvetica,sans-serif;")
	assert.NotContains(t, svg, "font-family:Liberation Sans;")
}

func TestALongTitleIsBroken(t *testing.T) {
	title := strings.TrimSpace(strings.Repeat("quite long ", 20))
	shown := texts(draw(t, &chart.Bars{Title: title, Groups: []chart.Group{bars(1)}}))
	assert.NotContains(t, shown, title)
	assert.Contains(t, strings.Join(shown, " "), title)
}

func TestAPictureIsTheSameEachTime(t *testing.T) {
	picture := &chart.Bars{Title: "Speed", Groups: []chart.Group{bars(3, 2, 1)}}
	assert.Equal(t, draw(t, picture), draw(t, picture))
}

func TestLinesHaveALegendAndReadableMarks(t *testing.T) {
	of := func(name string, micros ...float64) chart.Series {
		s := chart.Series{Name: name, Color: chart.Vermillion}
		for i, v := range micros {
			s.Points = append(s.Points, chart.Point{X: math.Pow(10, float64(i)), Y: v})
		}
		return s
	}
	shown := texts(draw(t, &chart.Lines{Title: "Latency", Panels: []chart.Panel{{
		Title: "3 stages",
		X:     chart.Axis{Label: "size", Log: true, Format: chart.Bytes, Ticks: []float64{1, 10, 100}},
		Y:     chart.Axis{Label: "latency", Log: true, Format: chart.Micros},
		Series: []chart.Series{
			of("millstream", 110, 800, 9000), of("stock", 200, 1200, 12_000),
		},
	}}}))
	for _, want := range []string{
		"millstream", "stock", "3 stages", "size, logarithmic", "latency, logarithmic",
		"1 B", "10 B", "100 B", "100 µs", "1 ms", "10 ms",
	} {
		assert.Contains(t, shown, want)
	}
}

func TestMarksThatWouldOverlapHaveNoLabel(t *testing.T) {
	s := chart.Series{Name: "s", Color: chart.Blue, Points: []chart.Point{{X: 1, Y: 1}, {X: 1.01, Y: 1}, {X: 1000, Y: 1}}}
	shown := texts(draw(t, &chart.Lines{Panels: []chart.Panel{{
		X: chart.Axis{Log: true, Ticks: []float64{1, 1.01, 1000}}, Series: []chart.Series{s},
	}}}))
	assert.Contains(t, shown, "1,000")
	assert.NotContains(t, shown, "1.01")
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 7: "7", 0.5: "0.5", 2.345: "2.3", 12.6: "13", 999: "999", 1000: "1,000", 1_234_567: "1,234,567", -1234: "-1,234",
	} {
		assert.Equal(t, want, chart.Thousands(v))
	}
	for v, want := range map[float64]string{
		1: "1 µs", 812: "812 µs", 999.7: "1 ms", 1000: "1 ms", 1530: "1.53 ms", 15_300: "15.3 ms", 153_000: "153 ms", 2_500_000: "2.5 s",
		3_600_000_000: "3,600 s", 0: "0 µs",
	} {
		assert.Equal(t, want, chart.Micros(v))
	}
	for v, want := range map[float64]string{100: "100 B", 1024: "1 KiB", 1 << 20: "1 MiB", 1.5 * (1 << 30): "1.5 GiB"} {
		assert.Equal(t, want, chart.Bytes(v))
	}
}

func TestALongTitleOfAGroupIsBrokenIntoLines(t *testing.T) {
	title := strings.TrimSpace(strings.Repeat("as long as it gets ", 10))
	var svg strings.Builder
	_, err := (&chart.Bars{Groups: []chart.Group{{Title: title, Bars: []chart.Bar{{Name: "a", Value: 1, Text: "1"}}}}}).WriteTo(&svg)
	require.NoError(t, err)
	assert.NotContains(t, svg.String(), title)
	assert.Contains(t, svg.String(), ">as long as it gets")
	assert.Equal(t, 10, strings.Count(svg.String(), "gets"), "all of it is there")
}
