package benchcmd

import (
	"fmt"
	"io"

	"github.com/millstream-go/millstream/benchmarks/report"
)

// compare reads two reports and writes what changed from one to the other, as text or
// for benchstat.
func compare(w io.Writer, format, beforeFile, afterFile string) error {
	before, err := report.Read(beforeFile)
	if err != nil {
		return err
	}
	after, err := report.Read(afterFile)
	if err != nil {
		return err
	}
	if format == formatBenchstat {
		return writeBenchstat(w, before, after)
	}
	_, err = report.Compare(before, after).WriteTo(w)
	return err
}

// writeBenchstat writes both runs, told apart by a key of their own, so that one stream
// has all that benchstat needs.
func writeBenchstat(w io.Writer, before, after *report.Report) error {
	for _, run := range []struct {
		name   string
		report *report.Report
	}{{"before", before}, {"after", after}} {
		if _, err := fmt.Fprintf(w, "run: %s\n", run.name); err != nil {
			return err
		}
		if err := report.WriteBenchstat(w, run.report); err != nil {
			return err
		}
	}
	return nil
}
