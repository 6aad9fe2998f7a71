package chaos_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/chaos"
	"github.com/millstream-go/millstream/pipeline"
)

// trimmed is a history without a fault of which all that was done is gone.
func trimmed() chaos.History {
	h := ideal()
	for _, topic := range []string{"in", "check", "split", "finish"} {
		h.Topics[topic] = nil
	}
	return h
}

func TestATrimmedHistoryWithoutAFaultPasses(t *testing.T) {
	require.Empty(t, text(chaos.JudgeTrimmed(trimmed(), written)))
}

func TestAFaultInATrimmedHistoryFails(t *testing.T) {
	for name, test := range map[string]struct {
		harm func(h *chaos.History)
		want string
	}{
		"an input is lost":        {func(h *chaos.History) { h.Added["in"]-- }, "topic {chaos}:in: 399 entries were added, want 400"},
		"an output is doubled":    {func(h *chaos.History) { h.Added["check"]++ }, "topic {chaos}:check: 385 entries were added, want 384"},
		"a record is lost":        {func(h *chaos.History) { remove(*h, "records", "6.1") }, "stage archive: missing in {chaos}:records (1): 6.1"},
		"a record is doubled":     {func(h *chaos.History) { double(*h, "records", "6.1") }, "stage archive: doubled in {chaos}:records (1): 6.1 as entries 1-6.1 and 2-6.1"},
		"one of two groups loses": {func(h *chaos.History) { remove(*h, "ledger", "16") }, "stage ledger: missing in {chaos}:ledger (1): 16"},
		"poison is lost":          {func(h *chaos.History) { h.Poison = h.Poison[1:] }, "stage finish: missing in {chaos}:poison as exhausted (1): 3.1"},
		"poison is a stranger's": {
			func(h *chaos.History) {
				h.Poison = append(h.Poison, chaos.Poisoned{Entry: entry("poison", "6"), Stage: "nobody", Kind: pipeline.KindPermanent})
			},
			`poison: not to be in {chaos}:poison (1): "6" of stage "nobody" as entry 1-6`,
		},
		"something is left": {func(h *chaos.History) { h.Groups["split"] = chaos.Left{Pending: 1} }, "stage split: 1 messages are pending"},
	} {
		t.Run(name, func(t *testing.T) {
			h := trimmed()
			test.harm(&h)
			require.Equal(t, test.want, text(chaos.JudgeTrimmed(h, written)))
		})
	}
}
