package report

import (
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// Report is what was measured, where and how. Its methods change nothing and may be
// called concurrently.
type Report struct {
	Environment Environment `json:"environment"`
	Settings    Settings    `json:"settings"`
	// Questions are what the suites answer, by their names. A suite without one goes by
	// its name.
	Questions map[string]string `json:"questions,omitempty"`
	// Results are in the order in which they are shown.
	Results []bench.Result `json:"results"`
	// Notices are what makes the figures worth less, such as that of an embedded Redis;
	// but for noise, which is in the environment.
	Notices []string `json:"notices,omitempty"`
}

// Settings are those of the command line, as given: what is zero, each suite chose for
// itself.
type Settings struct {
	Rounds int  `json:"rounds,omitempty"`
	Quick  bool `json:"quick,omitempty"`
	// Size is that of a payload in bytes.
	Size int `json:"size,omitempty"`
	// Concurrency is how many messages a stage works on at once.
	Concurrency int `json:"concurrency,omitempty"`
	// Rate is in messages per second, where that is fixed.
	Rate int `json:"rate,omitempty"`
	// Messages is the most that were sent in a round.
	Messages int   `json:"messages,omitempty"`
	Stages   []int `json:"stages,omitempty"`
	// Transports are the contenders that took part.
	Transports []string `json:"transports,omitempty"`
}

// Exact reports whether each message came exactly once where that was to be: in all
// cases but the lossy ones.
func (r *Report) Exact() bool { return len(r.faults()) == 0 }

// faults says for each contender what it lost or doubled and should not have.
func (r *Report) faults() (faults []string) {
	for i := range r.Results {
		result := &r.Results[i]
		if result.Lossy || result.Exact() {
			continue
		}
		where := fmt.Sprintf("%s, %s, %s: ", result.Suite, result.Case, result.Contender)
		if a := accountOf(result); !a.Exact() {
			faults = append(faults, where+a.String())
		}
		if result.WarmUp != nil && !result.WarmUp.Exact() {
			faults = append(faults, where+"in the warm-up "+result.WarmUp.String())
		}
	}
	return faults
}

func accountOf(r *bench.Result) bench.Account {
	return bench.Account{
		Sent: r.Messages, Failed: r.Failed, Received: r.Received, Lost: r.Lost, Doubled: r.Doubled, Spoilt: r.Spoilt,
	}
}

// notices are all that makes the figures worth less.
func (r *Report) notices() []string {
	notices := append([]string(nil), r.Notices...)
	if n := r.Environment.Noise; n != nil && n.Noisy {
		notices = append(notices, n.String())
	}
	return notices
}

// question is the heading of a suite.
func (r *Report) question(suite string) string {
	if q := r.Questions[suite]; q != "" {
		return q
	}
	return suite
}
