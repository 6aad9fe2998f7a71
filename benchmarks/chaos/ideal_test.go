package chaos_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/chaos"
	"github.com/millstream-go/millstream/pipeline"
)

// written is how many inputs the histories that are written by hand here have.
const written = 400

// ideal writes the history of a run without a fault. It says anew what is to
// become of each input, so a rule that is changed by mistake shows.
func ideal() chaos.History {
	h := chaos.History{Topics: map[string][]chaos.Entry{}, Added: map[string]int{}, Groups: map[string]chaos.Left{}}
	for _, stage := range []string{"check", "split", "finish", "archive", "ledger"} {
		h.Groups[stage] = chaos.Left{}
	}
	add := func(topic, item string) {
		h.Topics[topic] = append(h.Topics[topic], entry(topic, item))
		h.Added[topic]++
	}
	poison := func(stage, kind, item string) {
		h.Poison = append(h.Poison, chaos.Poisoned{Entry: entry("poison", item), Stage: stage, Kind: kind})
	}
	for n := range written {
		id := fmt.Sprint(n)
		add("in", id)
		switch n % 50 {
		case 13:
			poison("check", pipeline.KindMalformed, id)
			continue
		case 27:
			poison("check", pipeline.KindPermanent, id)
			continue
		}
		add("check", id)
		if n%70 == 41 {
			poison("ledger", pipeline.KindPermanent, id)
		} else {
			add("ledger", id)
		}
		for part := range n % 4 {
			item := fmt.Sprintf("%d.%d", n, part)
			add("split", item)
			if n%40 == 3 && part == 1 {
				poison("finish", pipeline.KindExhausted, item)
				continue
			}
			add("finish", item)
			add("records", item)
		}
	}
	return h
}

// entry returns an entry whose ids follow from what it holds.
func entry(topic, item string) chaos.Entry {
	return chaos.Entry{ID: "1-" + item, UUID: topic + "-" + item, Item: item}
}

// remove removes the entries of an item from a topic.
func remove(h chaos.History, topic, item string) {
	h.Topics[topic] = slices.DeleteFunc(h.Topics[topic], func(e chaos.Entry) bool { return e.Item == item })
}

// double adds an item to a topic once more.
func double(h chaos.History, topic, item string) {
	again := entry(topic, item)
	again.ID = "2-" + item
	h.Topics[topic] = append(h.Topics[topic], again)
}

// poisoned returns where in the poison topic an item is.
func poisoned(h chaos.History, item string) int {
	return slices.IndexFunc(h.Poison, func(p chaos.Poisoned) bool { return p.Item == item })
}

// text joins problems.
func text(problems []chaos.Problem) string {
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
