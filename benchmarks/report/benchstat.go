package report

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/perf/benchfmt"
)

// WriteBenchstat writes the results in the format of Go's benchmarks, a line for each
// round. With contenders side by side, benchstat shows them like this:
//
//	go run golang.org/x/perf/cmd/benchstat@latest -col /contender results.txt
//
// and what has changed between two files, for one contender:
//
//	go run golang.org/x/perf/cmd/benchstat@latest -filter '/contender:millstream' old.txt new.txt
//
// Without results it writes nothing.
func WriteBenchstat(w io.Writer, r *Report) error {
	if len(r.Results) == 0 {
		return nil
	}
	out := benchfmt.NewWriter(w)
	better := &benchfmt.UnitMetadata{
		UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: throughput, Key: "better"}, OrigUnit: throughput, Value: "higher",
	}
	if err := out.Write(better); err != nil {
		return err
	}
	for i := range r.Results {
		for _, line := range r.rounds(i) {
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// rounds returns a line for each round of a result.
func (r *Report) rounds(i int) (lines []*benchfmt.Result) {
	result := &r.Results[i]
	for n, rate := range result.Throughputs {
		line := &benchfmt.Result{
			Config: r.config(), Iters: 1,
			Name: benchfmt.Name(benchmarkName(result.Suite, result.Case, result.Contender)),
		}
		add := func(v float64, unit string) {
			line.Values = append(line.Values, benchfmt.Value{Value: v, Unit: unit})
		}
		add(rate, throughput)
		// A round without a latency would shift those after it.
		if len(result.P50s) == len(result.Throughputs) && len(result.P99s) == len(result.P50s) {
			add(result.P50s[n], "p50-us")
			add(result.P99s[n], "p99-us")
		}
		for _, f := range result.Figures {
			if len(f.Values) == len(result.Throughputs) {
				add(f.Values[n], word(strings.TrimSuffix(f.Name+"-"+f.Unit, "-")))
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// config returns the lines that go test writes above its benchmarks.
func (r *Report) config() (config []benchfmt.Config) {
	for _, c := range [][2]string{
		{"goos", r.Environment.OS},
		{"goarch", r.Environment.Arch},
		{"pkg", self + "/benchmarks"},
		{"cpu", r.Environment.CPU},
	} {
		if c[1] != "" {
			config = append(config, benchfmt.Config{Key: c[0], Value: []byte(c[1]), File: true})
		}
	}
	return config
}

// benchmarkName returns "Chain/stages=3/contender=millstream". What tells cases apart
// stays in parts of its own, so that benchstat can make rows and columns of them.
func benchmarkName(suite, name, contender string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(suite, "-") {
		b.WriteString(capital(word(part)))
	}
	for part := range strings.FieldsSeq(name) {
		b.WriteString("/" + word(part))
	}
	return b.String() + "/contender=" + word(contender)
}

// word writes text as one word of the format.
func word(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || c == '/' {
			return '-'
		}
		return c
	}, text)
}
