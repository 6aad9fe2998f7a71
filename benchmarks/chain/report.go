package chain

import "slices"

// Report is what was measured.
type Report struct {
	Config Config
	// Rounds are in the order in which they ran, so that each contender has its
	// n-th round next to those of the others.
	Rounds []Round
	// WarmUp is the account of the warm-up, which is not measured but must not
	// lose anything either.
	WarmUp Account
}

// OK reports whether each contender passed on each message exactly once.
func (r *Report) OK() bool { return r.account().OK() }

func (r *Report) account() Account {
	sum := r.WarmUp
	for _, round := range r.Rounds {
		sum = sum.plus(round.Account)
	}
	return sum
}

// Spread is the middle and the ends of some measurements.
type Spread struct{ Median, Min, Max float64 }

func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + median) / 2
	}
	return Spread{Median: median, Min: sorted[0], Max: sorted[len(sorted)-1]}
}

// Rates returns a contender's messages per second, and how many messages it had
// in a round.
func (r *Report) Rates(contender string) (rates Spread, messages int) {
	rounds := r.of(contender)
	if len(rounds) == 0 {
		return Spread{}, 0
	}
	return spread(ratesOf(rounds)), rounds[0].Messages
}

// Ratio returns how many times as fast as another a contender was, compared
// within each round: what slows down a machine for a while slows down both.
// False when one of them did not run.
func (r *Report) Ratio(contender, other string) (Spread, bool) {
	of, to := ratesOf(r.of(contender)), ratesOf(r.of(other))
	if len(of) == 0 || len(of) != len(to) {
		return Spread{}, false
	}
	ratios := make([]float64, len(of))
	for i := range of {
		ratios[i] = of[i] / to[i]
	}
	return spread(ratios), true
}

func (r *Report) of(contender string) (rounds []Round) {
	for _, round := range r.Rounds {
		if round.Contender == contender {
			rounds = append(rounds, round)
		}
	}
	return rounds
}

func ratesOf(rounds []Round) []float64 {
	rates := make([]float64, len(rounds))
	for i, round := range rounds {
		rates[i] = round.Rate()
	}
	return rates
}
