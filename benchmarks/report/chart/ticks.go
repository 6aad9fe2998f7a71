package chart

import (
	"math"

	"gonum.org/v1/plot"
)

// ticks choose round numbers between the ends of an axis.
type ticks struct {
	log    bool
	format func(float64) string
	// at, if set, are the only places.
	at []float64
}

// few is about how many marks an axis has.
const few = 6

func (t ticks) Ticks(least, most float64) (marks []plot.Tick) {
	places := t.at
	if len(places) == 0 {
		places = roundNumbers(least, most)
		if t.log {
			places = roundPowers(least, most)
		}
	}
	last := math.Inf(-1)
	for _, place := range places {
		if place < least*(1-1e-9) || place > most*(1+1e-9) {
			continue
		}
		mark := plot.Tick{Value: place}
		if share := t.share(least, most, place); share-last >= apart {
			mark.Label, last = t.format(place), share
		}
		marks = append(marks, mark)
	}
	return marks
}

// apart is the part of an axis that a label needs to be told from the one before.
const apart = 0.045

// share returns at what part of the axis a place is.
func (t ticks) share(least, most, place float64) float64 {
	if t.log {
		return plot.LogScale{}.Normalize(least, most, place)
	}
	return plot.LinearScale{}.Normalize(least, most, place)
}

// roundNumbers returns multiples of 1, 2 or 5 times a power of ten.
func roundNumbers(least, most float64) (places []float64) {
	step := roundUp((most - least) / few)
	for i := math.Ceil(least / step); i*step <= most; i++ {
		places = append(places, i*step)
	}
	return places
}

// roundPowers returns powers of ten, and 2 and 5 times of them if there are few.
func roundPowers(least, most float64) (places []float64) {
	from, to := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	factors, every := []float64{1}, 1.0
	switch decades := math.Log10(most / least); {
	case decades <= 2.5:
		factors = []float64{1, 2, 5}
	case decades > 2*few:
		every = math.Ceil(decades / few)
	}
	for e := from; e <= to; e += every {
		for _, factor := range factors {
			places = append(places, factor*math.Pow(10, e))
		}
	}
	return places
}

// roundUp returns the next of 1, 2 and 5 times a power of ten.
func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= v*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// roundDown is the same to the other side.
func roundDown(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, factor := range []float64{5, 2} {
		if factor*power <= v*(1+1e-9) {
			return factor * power
		}
	}
	return power
}
