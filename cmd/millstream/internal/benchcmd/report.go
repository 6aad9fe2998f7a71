package benchcmd

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/noise"
	"github.com/millstream-go/millstream/benchmarks/report"
	"github.com/millstream-go/millstream/benchmarks/suites"
)

// reported returns what of the options a report tells: nothing of where Redis is, for
// that may have a password.
func (o *options) reported() report.Settings {
	c := &o.config
	return report.Settings{
		Rounds: o.rounds, Quick: c.Quick, Size: c.Size, Concurrency: c.Concurrency, Rate: c.Rate,
		Messages: c.Messages, Stages: c.Stages, Transports: c.Transports,
	}
}

func questions(chosen []suites.Suite) map[string]string {
	all := map[string]string{}
	for _, s := range chosen {
		all[s.Name] = s.Question
	}
	return all
}

// addTo adds what was measured to a report, and whatever makes it worth less.
func (m *measured) addTo(r *report.Report, notices []string, cases int) {
	r.Results = m.results
	for i := range r.Results {
		r.Results[i].Embedded = r.Environment.Redis.Embedded
	}
	r.Environment.Noise = reportedNoise(&m.noise)
	for _, notice := range notices {
		if notice != "" {
			r.Notices = append(r.Notices, notice)
		}
	}
	if len(m.failed) > 0 {
		r.Notices = append(r.Notices, "COULD NOT BE MEASURED: "+strings.Join(m.failed, ", "))
	}
	if m.partial {
		r.Notices = append(r.Notices, fmt.Sprintf("NOT ALL OF IT: the run ended early, with %d of %d cases measured.", m.finished, cases))
	}
}

// reportedNoise leaves at zero what the system does not tell.
func reportedNoise(n *noise.Report) *report.Noise {
	or0 := func(v *float64) float64 {
		if v == nil {
			return 0
		}
		return *v
	}
	return &report.Noise{
		LoadBefore: or0(n.LoadBefore), LoadAfter: or0(n.LoadAfter), StealPercent: 100 * or0(n.Steal),
		SpinSpreadPercent: 100 * n.Slowdown, Noisy: n.Noisy(), Reasons: n.Reasons,
	}
}

// write shows the report, and writes it to files if that was asked for.
func (o *options) write(r *report.Report, stdout, stderr io.Writer) error {
	table := stdout
	var errs []error
	if o.json {
		table = stderr
		errs = append(errs, r.WriteJSON(stdout))
	}
	fmt.Fprintf(table, "\n%s\n\n", heading(&r.Environment))
	errs = append(errs, r.WriteTable(table), o.writeDir(r, stderr))
	return errors.Join(errs...)
}

// writeDir leaves alone what is in the directory if there is nothing to put there.
func (o *options) writeDir(r *report.Report, stderr io.Writer) error {
	if o.out == "" || len(r.Results) == 0 {
		return nil
	}
	if err := r.WriteDir(o.out); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "The report is %s, its figures %s.\n",
		filepath.Join(o.out, report.MarkdownFile), filepath.Join(o.out, report.ResultsFile))
	return nil
}

// heading says where it was measured.
func heading(e *report.Environment) string {
	return fmt.Sprintf("%s; %d cores, GOMAXPROCS %d, %s %s/%s", e.Redis.Description, e.Cores, e.GOMAXPROCS, e.Go, e.OS, e.Arch)
}
