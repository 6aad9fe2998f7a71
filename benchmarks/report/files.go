package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// The names of the files that [Report.WriteDir] writes, beside the plots.
const (
	ResultsFile  = "results.json"
	MarkdownFile = "report.md"
)

// WriteJSON writes the results alone, as an array.
func (r *Report) WriteJSON(w io.Writer) error {
	results := r.Results
	if results == nil {
		results = []bench.Result{} // an array, not null
	}
	return indented(w, results)
}

// WriteDir writes the report into a directory, which it makes if need be: the whole of
// it as results.json, for [Read], report.md, and for each suite those of
// SUITE-throughput.svg, SUITE-lost.svg, SUITE-latency.svg and SUITE-growth.svg for which
// there is something to show. Files of these names are replaced, others stay. The error
// names all files that could not be written; the others are.
func (r *Report) WriteDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the directory of the report: %w", err)
	}
	errs := []error{
		writeFile(dir, ResultsFile, func(w io.Writer) error { return indented(w, r) }),
		writeFile(dir, MarkdownFile, r.WriteMarkdown),
	}
	for _, p := range r.plots() {
		errs = append(errs, writeFile(dir, p.name, func(w io.Writer) error {
			_, err := p.chart.WriteTo(w)
			return err
		}))
	}
	return errors.Join(errs...)
}

func writeFile(dir, name string, write func(io.Writer) error) error {
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("cannot write the report: %w", err) // names the file
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
