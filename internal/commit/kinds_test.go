package commit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// kinds are the ways in which deliveries are sent to the script: most of them as part of
// a run that are alike, the others one by one.
var kinds = map[string]func(s stage, e commit.Entry) commit.Delivery{
	"acknowledged":            func(_ stage, e commit.Entry) commit.Delivery { return publishes(e) },
	"acknowledged, again":     func(_ stage, e commit.Entry) commit.Delivery { return later(publishes(e)) },
	"one output":              func(s stage, e commit.Entry) commit.Delivery { return publishes(e, s.out("a")) },
	"one output of 3 fields":  func(s stage, e commit.Entry) commit.Delivery { return wide(s, e, 3) },
	"one output of 5 fields":  func(s stage, e commit.Entry) commit.Delivery { return wide(s, e, 5) },
	"one output, again":       func(s stage, e commit.Entry) commit.Delivery { return later(publishes(e, s.out("a"))) },
	"one output, by its key":  func(s stage, e commit.Entry) commit.Delivery { return once(publishes(e, s.out("a"))) },
	"two outputs":             func(s stage, e commit.Entry) commit.Delivery { return publishes(e, s.out("a"), s.out("b")) },
	"one output and one mark": func(s stage, e commit.Entry) commit.Delivery { return marked(publishes(e, s.out("a"))) },
	"put aside":               func(_ stage, e commit.Entry) commit.Delivery { return aside(publishes(e)) },
}

func later(d commit.Delivery) commit.Delivery {
	d.Attempt = 2
	return d
}

func once(d commit.Delivery) commit.Delivery {
	d.Effects.Outputs[0].Once = handoff.Mark{Key: d.ID, TTL: time.Minute}
	return d
}

func marked(d commit.Delivery) commit.Delivery {
	d.Effects.Marks = []handoff.Mark{{Key: d.ID, TTL: time.Minute}}
	return d
}

func aside(d commit.Delivery) commit.Delivery {
	d.Effects.Park, d.Effects.For = true, time.Hour
	return d
}

func wide(s stage, e commit.Entry, fields int) commit.Delivery {
	d := publishes(e, s.out("a"))
	for i := 1; i < fields; i++ {
		d.Effects.Outputs[0].Values = append(d.Effects.Outputs[0].Values, string(rune('a'+i)), i)
	}
	return d
}

// mixed returns deliveries of all kinds: each kind twice in a row, and all of them again.
func mixed(s stage, entries []commit.Entry) (deliveries []commit.Delivery, names []string) {
	order := make([]string, 0, len(kinds))
	for name := range kinds { // in any order
		order = append(order, name)
	}
	for _, name := range append(order, order...) {
		for range 2 {
			deliveries = append(deliveries, kinds[name](s, entries[len(deliveries)]))
			names = append(names, name)
		}
	}
	return deliveries, names
}

func TestABatchOfAllKindsIsSettledInOrderAndOnce(t *testing.T) {
	t.Parallel()
	n := 4 * len(kinds)
	s := newStage(t, n)
	deliveries, names := mixed(s, s.read("c", n))
	// Some are settled before: what comes after them is not mixed up.
	settled := []int{0, 3, n / 2, n - 1}
	for _, i := range settled {
		_, err := s.as("c").Commit(t.Context(), []commit.Delivery{publishes(commit.Entry{ID: deliveries[i].ID, Attempt: 1})})
		require.NoError(t, err)
	}
	first := outcomes(t, s.as("c"), deliveries...)
	again := outcomes(t, s.as("c"), deliveries...)
	added := map[string]int{}
	for i, outcome := range first {
		if slices.Contains(settled, i) {
			require.Equal(t, commit.Fenced, outcome, names[i])
			continue
		}
		require.Equal(t, commit.Done, outcome, names[i])
		if deliveries[i].Effects.Park {
			continue
		}
		for _, o := range deliveries[i].Effects.Outputs {
			added[o.Topic]++
		}
	}
	for i, outcome := range again {
		require.Equal(t, commit.Fenced, outcome, names[i])
	}
	for topic, n := range added {
		require.Equal(t, n, s.length(topic))
	}
	for id, consumer := range s.held() {
		i := slices.IndexFunc(deliveries, func(d commit.Delivery) bool { return d.ID == id })
		require.Equal(t, "put aside", names[i])
		require.Equal(t, "millstream:parked", consumer)
	}
}

func TestEveryKindTellsALostGroupFromAFence(t *testing.T) {
	t.Parallel()
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 2)
			entries := s.read("c", 2)
			require.NoError(t, s.client.XGroupDestroy(t.Context(), s.in, "g").Err())
			require.Equal(t, []commit.Outcome{commit.GroupGone, commit.GroupGone},
				outcomes(t, s.as("c"), kind(s, entries[0]), kind(s, entries[1])))
			require.Zero(t, s.length(s.out("a")))
		})
	}
}

// What cannot be added puts its own delivery back, wherever in the batch that is.
func TestARefusedOutputIsPutBackInABatchOfAllKinds(t *testing.T) {
	t.Parallel()
	n := 4 * len(kinds)
	s := newStage(t, n)
	require.NoError(t, s.client.Set(t.Context(), s.out("a"), "no stream", 0).Err())
	deliveries, names := mixed(s, s.read("c", n))
	results, err := s.as("c").Commit(t.Context(), deliveries)
	require.NoError(t, err)
	held := s.held()
	for i, r := range results {
		outputs := len(deliveries[i].Effects.Outputs) > 0
		switch {
		case outputs:
			require.Equal(t, commit.Failed, r.Outcome, names[i])
			require.ErrorContains(t, r.Err, "WRONGTYPE", names[i])
			require.Equal(t, "millstream:parked", held[deliveries[i].ID], names[i])
		default:
			require.Equal(t, commit.Done, r.Outcome, names[i])
		}
	}
	require.Zero(t, s.length(s.out("b")), "the other output of a delivery that failed")
}
