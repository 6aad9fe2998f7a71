package bench

import "slices"

// Spread is the middle and the ends of some measurements.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf returns the spread of values; that of none is zero.
func SpreadOf(values []float64) Spread {
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

// Ratio returns how many times as much as others some values are, each compared with
// the one of the same round: what slows down a machine for a while slows down both.
// False when there is not one for each.
func Ratio(values, others []float64) (Spread, bool) {
	if len(values) == 0 || len(values) != len(others) {
		return Spread{}, false
	}
	ratios := make([]float64, len(values))
	for i := range values {
		if others[i] == 0 {
			return Spread{}, false
		}
		ratios[i] = values[i] / others[i]
	}
	return SpreadOf(ratios), true
}
