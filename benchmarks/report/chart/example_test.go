package chart_test

import (
	"fmt"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

func ExampleBars() {
	bars := chart.Bars{
		Title: "How fast is it?",
		Axis:  "messages/s",
		Groups: []chart.Group{{Title: "3 stages", Bars: []chart.Bar{
			{Name: "millstream", Color: chart.Blue, Value: 68_845, Min: 66_657, Max: 71_468, Text: "68,845"},
			{Name: "stock", Color: chart.Vermillion, Value: 5_745, Min: 5_398, Max: 5_803, Text: "5,745"},
		}}},
	}
	var svg strings.Builder
	_, err := bars.WriteTo(&svg)
	fmt.Println(strings.Contains(svg.String(), "68,845"), err)
	// Output: true <nil>
}

func ExampleLines() {
	lines := chart.Lines{
		Title: "How does it grow?",
		Panels: []chart.Panel{{
			X: chart.Axis{Label: "payload", Log: true, Format: chart.Bytes, Ticks: []float64{100, 1 << 20}},
			Y: chart.Axis{Label: "messages/s"},
			Series: []chart.Series{{Name: "millstream", Color: chart.Blue, Points: []chart.Point{
				{X: 100, Y: 70_000, Min: 68_000, Max: 71_000}, {X: 1 << 20, Y: 900},
			}}},
		}},
	}
	var svg strings.Builder
	_, err := lines.WriteTo(&svg)
	fmt.Println(strings.Contains(svg.String(), "1 MiB"), err)
	// Output: true <nil>
}

func ExampleThousands() {
	fmt.Println(chart.Thousands(1234567.8), chart.Thousands(0.25))
	// Output: 1,234,568 0.25
}

func ExampleMicros() {
	fmt.Println(chart.Micros(812), chart.Micros(1530))
	// Output: 812 µs 1.53 ms
}

func ExampleBytes() {
	fmt.Println(chart.Bytes(200), chart.Bytes(1<<20))
	// Output: 200 B 1 MiB
}
