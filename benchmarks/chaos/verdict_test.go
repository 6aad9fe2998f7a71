package chaos_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/chaos"
	"github.com/millstream-go/millstream/pipeline"
)

func TestAFaultlessHistoryPasses(t *testing.T) {
	require.Empty(t, text(chaos.Judge(ideal(), written)))
}

// Each of these must show up, where it happened and with the item's id, and
// nothing else may.
func TestAFaultInTheHistoryFails(t *testing.T) {
	for name, test := range map[string]struct {
		harm func(h *chaos.History)
		want []string
	}{
		"an input is lost": {
			func(h *chaos.History) { remove(*h, "in", "16"); without(*h, "16", "check", "ledger") },
			[]string{"feeder: missing in {chaos}:in (1): 16"},
		},
		"an input is doubled": {
			func(h *chaos.History) { double(*h, "in", "16") },
			[]string{"feeder: doubled in {chaos}:in (1): 16 as entries 1-16 and 2-16"},
		},
		"a stage loses an output": {
			func(h *chaos.History) { remove(*h, "check", "16"); remove(*h, "ledger", "16") },
			[]string{"stage check: missing in {chaos}:check (1): 16 of entry 1-16"},
		},
		"a stage doubles an output": {
			func(h *chaos.History) { double(*h, "finish", "6.1") },
			[]string{"stage finish: doubled in {chaos}:finish (1): 6.1 as entries 1-6.1 and 2-6.1"},
		},
		"one of several outputs is lost": {
			func(h *chaos.History) { without(*h, "7.1", "split", "finish", "records") },
			[]string{"stage split: missing in {chaos}:split (1): 7.1 of entry 1-7"},
		},
		"one of two groups misses a message": {
			func(h *chaos.History) { remove(*h, "ledger", "16") },
			[]string{"stage ledger: missing in {chaos}:ledger (1): 16 of entry 1-16"},
		},
		"a record is lost": {
			func(h *chaos.History) { remove(*h, "records", "6.1") },
			[]string{"stage archive: missing in {chaos}:records (1): 6.1 of entry 1-6.1"},
		},
		"a record is doubled": {
			func(h *chaos.History) { double(*h, "records", "6.1") },
			[]string{"stage archive: doubled in {chaos}:records (1): 6.1 as entries 1-6.1 and 2-6.1"},
		},
		"an output of nothing": {
			func(h *chaos.History) { double(*h, "finish", "8.0"); double(*h, "records", "8.0") },
			[]string{`stage finish: not to be in {chaos}:finish (1): "8.0" as entry 2-8.0`},
		},
		"a poisonous input is passed on": {
			func(h *chaos.History) { double(*h, "check", "27"); double(*h, "ledger", "27"); addAll(*h, "27.", 3) },
			[]string{`stage check: not to be in {chaos}:check (1): "27" as entry 2-27`},
		},
		"a message is poisoned that is good": {
			func(h *chaos.History) {
				without(*h, "6.1", "finish", "records")
				h.Poison = append(h.Poison, chaos.Poisoned{Entry: entry("poison", "6.1"), Stage: "finish", Kind: pipeline.KindExhausted})
			},
			[]string{
				"stage finish: missing in {chaos}:finish (1): 6.1 of entry 1-6.1",
				`stage finish: not to be in {chaos}:poison as exhausted (1): "6.1" as entry 1-6.1`,
			},
		},
		"poison is lost": {
			func(h *chaos.History) {
				i := poisoned(*h, "13")
				h.Poison = append(h.Poison[:i:i], h.Poison[i+1:]...)
			},
			[]string{"stage check: missing in {chaos}:poison as malformed (1): 13 of entry 1-13"},
		},
		"poison is doubled": {
			func(h *chaos.History) {
				again := h.Poison[poisoned(*h, "27")]
				again.ID = "2-27"
				h.Poison = append(h.Poison, again)
			},
			[]string{"stage check: doubled in {chaos}:poison as permanent (1): 27 as entries 1-27 and 2-27"},
		},
		"poison is of another kind": {
			func(h *chaos.History) { h.Poison[poisoned(*h, "27")].Kind = "crashed" },
			[]string{
				`stage check: not to be in {chaos}:poison as crashed (1): "27" as entry 1-27`,
				"stage check: missing in {chaos}:poison as permanent (1): 27 of entry 1-27",
			},
		},
		"poison is of an unknown stage": {
			func(h *chaos.History) {
				h.Poison = append(h.Poison, chaos.Poisoned{Entry: entry("poison", "6"), Stage: "nobody", Kind: "crashed"})
			},
			[]string{`poison: not to be in {chaos}:poison (1): "6" of stage "nobody" as entry 1-6`},
		},
		"two are out of order": {
			func(h *chaos.History) {
				l := h.Topics["ledger"]
				l[4], l[5] = l[5], l[4]
			},
			[]string{"stage ledger: out of order in {chaos}:ledger (1): 4 as entry 1-4 behind 5"},
		},
		"something is left": {
			func(h *chaos.History) { h.Groups["split"] = chaos.Left{Undelivered: 1, Pending: 2, Parked: 3} },
			[]string{
				"stage split: 1 messages are undelivered", "stage split: 2 messages are pending", "stage split: 3 messages are parked",
			},
		},
		"messages share an id": {
			func(h *chaos.History) { h.Topics["split"][0].UUID = h.Topics["split"][1].UUID },
			[]string{"topic {chaos}:split: message ids are shared (1): split-2.0 by 1.0 and 2.0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := ideal()
			test.harm(&h)
			problems := chaos.Judge(h, written)
			found := make([]string, len(problems))
			for i, p := range problems {
				found[i] = p.String()
			}
			require.Equal(t, test.want, found)
		})
	}
}

// without removes an item from several topics.
func without(h chaos.History, item string, topics ...string) {
	for _, topic := range topics {
		remove(h, topic, item)
	}
}

// addAll adds what comes of an item from split on.
func addAll(h chaos.History, prefix string, parts int) {
	for part := range parts {
		for _, topic := range []string{"split", "finish", "records"} {
			double(h, topic, prefix+string(rune('0'+part)))
		}
	}
}

func TestAProblemNamesSomeOfManyItems(t *testing.T) {
	h := ideal()
	h.Topics["records"] = nil
	problems := chaos.Judge(h, written)
	require.Len(t, problems, 1)
	require.Len(t, problems[0].IDs, len(h.Topics["finish"]))
	require.Less(t, len(problems[0].String()), 1000)
	require.Contains(t, problems[0].String(), ", ...")
}
