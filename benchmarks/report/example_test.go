package report_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report"
	"github.com/millstream-go/millstream/benchmarks/server"
)

// results stand for those of bench.Measure.
func results(faster float64) []bench.Result {
	rates := []float64{60_000 * faster, 61_000 * faster, 62_000 * faster, 63_000 * faster}
	return []bench.Result{
		made("chain", "stages=3", "millstream", rates...),
		made("chain", "stages=3", "stock", 5_000, 5_100, 5_200, 5_300),
	}
}

func ExampleReport_WriteTable() {
	r := &report.Report{
		Questions: map[string]string{"chain": "How fast do messages get through a chain of stages?"},
		Results:   results(1),
	}
	if err := r.WriteTable(os.Stdout); err != nil {
		fmt.Println(err)
	}
	fmt.Println("exact:", r.Exact())
	// Output:
	// CHAIN
	// How fast do messages get through a chain of stages?
	//
	//   stages=3: made up (median of 4 rounds)
	//     contender    messages    msg/s         min – max   × stock   lost   doubled
	//     millstream      4,000   61,500   60,000 – 63,000      11.9      0         0
	//     stock           4,000    5,150     5,000 – 5,300      1.00      0         0
	//
	// exact: true
}

// A directory has a report for people, and one for Read and Compare.
func ExampleReport_WriteDir() {
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &report.Report{Results: results(1)}
	if err := r.WriteDir(dir); err != nil {
		fmt.Println(err)
		return
	}
	files, _ := os.ReadDir(dir)
	for _, file := range files {
		fmt.Println(file.Name())
	}
	again, err := report.Read(filepath.Join(dir, report.ResultsFile))
	fmt.Println(len(again.Results), "results,", err)
	// Output:
	// chain-throughput.svg
	// report.md
	// results.json
	// 2 results, <nil>
}

func ExampleRead() {
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "results.json")
	if err := os.WriteFile(path, []byte("[\n  oops\n]"), 0o600); err != nil {
		fmt.Println(err)
	}
	_, err = report.Read(path)
	if input, ok := errors.AsType[*report.InputError](err); ok {
		fmt.Printf("line %d, column %d: %v\n", input.Line, input.Column, input.Err)
	}
	// Output:
	// line 2, column 3: no report of millstream bench: invalid character 'o' looking for beginning of value
}

func ExampleCompare() {
	before := &report.Report{Environment: environment(), Results: results(1)}
	after := &report.Report{Environment: environment(), Results: results(1.2)}
	c := report.Compare(before, after)
	if _, err := c.WriteTo(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// chain, stages=3
	//   contender    figure   before         min – max    after         min – max    change
	//   millstream    msg/s   61,500   60,000 – 63,000   73,800   72,000 – 75,600   +20.0 %   better   p=0.029 n=4+4
	//   stock         msg/s    5,150     5,000 – 5,300    5,150     5,000 – 5,300         ~            p=1.000 n=4+4
	//
	// ~ stands where rounds differ no more than by chance (p ≥ 0.05, Mann-Whitney).
	// Where nothing has changed, one figure in 20 seems to by chance.
}

func ExampleWriteBenchstat() {
	r := &report.Report{Environment: environment(), Results: results(1)[:1]}
	if err := report.WriteBenchstat(os.Stdout, r); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Unit msg/s better=higher
	// goos: linux
	// goarch: amd64
	// pkg: github.com/millstream-go/millstream/benchmarks
	// cpu: Imaginary 9000
	//
	// BenchmarkChain/stages=3/contender=millstream 1 60000 msg/s
	// BenchmarkChain/stages=3/contender=millstream 1 61000 msg/s
	// BenchmarkChain/stages=3/contender=millstream 1 62000 msg/s
	// BenchmarkChain/stages=3/contender=millstream 1 63000 msg/s
}

func ExampleDescribe() {
	ctx := context.Background()
	s, err := server.Find(ctx, "redis://"+shared.Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop()
	e := report.Describe(ctx, s)
	fmt.Println("embedded:", e.Redis.Embedded)
	fmt.Println("saves:", e.Redis.Settings["save"] != "")
	// Output:
	// embedded: false
	// saves: false
}

func ExampleReport_WriteJSON() {
	r := &report.Report{}
	if err := r.WriteJSON(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output: []
}

func ExampleReport_WriteMarkdown() {
	r := &report.Report{
		Environment: report.Environment{CPU: "Imaginary 9000"},
		Settings:    report.Settings{Quick: true},
	}
	if err := r.WriteMarkdown(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # Millstream benchmarks
	//
	// ## Environment
	//
	// | what | value |
	// | --- | --- |
	// | CPU | Imaginary 9000 |
	//
	// ## Settings
	//
	// | what | value |
	// | --- | --- |
	// | Quick | yes: fewer messages, more noise |
	//
	// Contenders take turns, in an order that rotates, after a warm-up that does not count.
	// Figures are medians of the rounds; the spread is from the lowest to the highest round.
	// Ratios compare what ran in the same round. Every message is numbered and accounted for:
	// counts are of all rounds together. Latencies are medians of the rounds' percentiles,
	// but for the maximum, which is that of all rounds.
	//
	// Nothing was measured.
	//
	// ## How to repeat this
	//
	// ```sh
	// millstream bench --quick --out DIR
	// ```
	//
	// Without `--redis URL` it starts a redis-server of its own. `millstream bench compare A/results.json B/results.json` shows what differs beyond noise between two runs.
}

func ExampleNoise_String() {
	n := report.Noise{Noisy: true, Reasons: []string{"load 3.5 on 2 cores"}}
	fmt.Println(n.String())
	// Output:
	// The machine was noisy (load 3.5 on 2 cores): differences may be its doing, not the contenders'.
}
