package chaos

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run came to.
type Report struct {
	Seed     uint64
	Duration time.Duration
	Workers  int
	Redis    string // which one, and its version

	Inputs int
	// Trimmed is how many entries are not there any more.
	Trimmed int
	// Repeats is how often a batch of inputs had to be published again.
	Repeats int
	Faults  map[Kind]int
	Stages  []StageReport
	// Away is how many worker processes could not begin, for want of Redis.
	Away int
	// Settled is how long it took after the last fault until nothing was left to do.
	Settled time.Duration
	// Problems are what must not be. Without any, the run has passed.
	Problems []Problem
	// Dir is where the workers' logs and runs are, if they were kept.
	Dir string
}

// StageReport is what a stage did.
type StageReport struct {
	Name string
	// Messages, Outputs and Poisoned are entries that Redis ever got.
	Messages, Outputs, Poisoned int
	// Runs are those of the handler, Failed those that failed on purpose to be
	// repeated.
	Runs, Failed int
	// Unhandled are messages that the handler does not get to see.
	Unhandled int
}

// Repeated is how many runs were in vain because of faults.
func (s StageReport) Repeated() int { return s.Runs - s.Failed - (s.Messages - s.Unhandled) }

// OK reports whether the run has passed.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// WriteTo writes the report for people.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nseed %d, %v of faults, %d workers, %s\n\n", r.Seed, r.Duration, r.Workers, r.Redis)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "fault\ttimes\t")
	for _, kind := range Kinds() {
		fmt.Fprintf(t, "%s\t%d\t\n", kind, r.Faults[kind])
	}
	_ = t.Flush() // to a string
	fmt.Fprintln(&b)
	fmt.Fprintln(t, "stage\tmessages\truns\tfailed on purpose\trepeated for a fault\toutputs\tpoisoned\t")
	for _, s := range r.Stages {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.Name, s.Messages, s.Runs, s.Failed, s.Repeated(), s.Outputs, s.Poisoned)
	}
	_ = t.Flush()
	fmt.Fprintf(&b, "\n%d inputs, batches of them published again %d times; %d entries trimmed\n", r.Inputs, r.Repeats, r.Trimmed)
	fmt.Fprintf(&b, "workers that could not begin: %d; idle %v after the last fault\n", r.Away, r.Settled.Round(time.Millisecond))
	if r.OK() {
		fmt.Fprintln(&b, "passed: nothing lost, nothing doubled, nothing left")
	}
	for _, p := range r.Problems {
		fmt.Fprintln(&b, "FAILED:", p)
	}
	if r.Dir != "" {
		fmt.Fprintln(&b, "what the workers did and said is in", r.Dir)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// stageReports puts together what is in Redis and what the workers noted.
func stageReports(h History, workers []*slot) ([]StageReport, error) {
	reports := make([]StageReport, len(steps))
	at := map[string]*StageReport{}
	for i, s := range steps {
		reports[i] = StageReport{Name: s.name, Messages: h.Added[s.from], Outputs: h.Added[s.to]}
		at[s.name] = &reports[i]
	}
	for _, p := range h.Poison {
		if r := at[p.Stage]; r != nil {
			r.Poisoned++
		}
	}
	for n := range h.Added[inputs] {
		if isMalformed(n) {
			at[check.name].Unhandled++
		}
	}
	for _, w := range workers {
		if err := countRuns(w.spec.runs(), at); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

// countRuns reads the notes of a worker's handlers.
func countRuns(name string, at map[string]*StageReport) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		stage, rest, _ := strings.Cut(lines.Text(), " ")
		r := at[stage]
		switch {
		case r == nil:
		case strings.HasPrefix(rest, failed+" "):
			r.Failed++
		default:
			r.Runs++
		}
	}
	return lines.Err()
}
