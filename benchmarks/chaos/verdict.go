package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Judge returns what is wrong with the history of a run with n inputs of which
// nothing was trimmed. Each stage is judged by what is in the topic that it reads,
// so what was lost shows up once, where it was lost.
func Judge(h History, n int) []Problem {
	j := judge{history: h}
	fed := make([]demand, n)
	for i := range fed {
		fed[i] = demand{id: strconv.Itoa(i)}
	}
	j.compare("feeder", topic(inputs), fed, h.Topics[inputs])
	for _, s := range steps {
		outputs, poison := j.demands(s, h.Topics[s.from])
		j.compare("stage "+s.name, topic(s.to), outputs, h.Topics[s.to])
		if s.inOrder {
			j.order(s, outputs)
		}
		j.poison(s, poison)
		j.left(s)
	}
	j.strangers()
	j.uuids()
	return j.problems
}

type judge struct {
	history  History
	problems []Problem
}

func (j *judge) add(where, what string, ids ...string) {
	j.problems = append(j.problems, Problem{where, what, ids})
}

// addAny adds a problem if there is any item that has it.
func (j *judge) addAny(where, what string, ids []string) {
	if len(ids) > 0 {
		j.add(where, what, ids...)
	}
}

// demand is an item that must be in a topic, because of an entry in another.
type demand struct{ id, because string }

// demands returns what a stage must make of entries, outputs and poison by its
// kind.
func (j *judge) demands(s step, entries []Entry) (outputs []demand, poison map[string][]demand) {
	poison = map[string][]demand{}
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.Item] || number(e.Item) < 0 {
			continue // a problem of the stage before
		}
		seen[e.Item] = true
		f := s.becomes(e.Item)
		for _, id := range f.outputs {
			outputs = append(outputs, demand{id, e.ID})
		}
		if f.poison != "" {
			poison[f.poison] = append(poison[f.poison], demand{e.Item, e.ID})
		}
	}
	return outputs, poison
}

// poison judges what a stage poisoned.
func (j *judge) poison(s step, demands map[string][]demand) {
	found := map[string][]Entry{}
	for _, p := range j.history.Poison {
		if p.Stage == s.name {
			found[p.Kind] = append(found[p.Kind], p.Entry)
		}
	}
	kinds := slices.Concat(slices.Collect(maps.Keys(demands)), slices.Collect(maps.Keys(found)))
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		j.compare("stage "+s.name, topic(poisonName)+" as "+kind, demands[kind], found[kind])
	}
}

// left expects that a stage has nothing left to do.
func (j *judge) left(s step) {
	left := j.history.Groups[s.name]
	for _, l := range []struct {
		what string
		n    int64
	}{{"undelivered", left.Undelivered}, {"pending", left.Pending}, {"parked", left.Parked}} {
		if l.n > 0 {
			j.add("stage "+s.name, fmt.Sprintf("%d messages are %s", l.n, l.what))
		}
	}
}

// compare expects each of the demanded items once, and nothing else.
func (j *judge) compare(where, in string, demands []demand, entries []Entry) {
	found := map[string][]string{}
	for _, e := range entries {
		found[e.Item] = append(found[e.Item], e.ID)
	}
	var missing, doubled, strange []string
	for _, d := range demands {
		switch ids, ok := found[d.id]; {
		case !ok && d.because == "":
			missing = append(missing, d.id)
		case !ok:
			missing = append(missing, d.id+" of entry "+d.because)
		case len(ids) > 1:
			doubled = append(doubled, d.id+" as entries "+strings.Join(ids, " and "))
		}
		delete(found, d.id)
	}
	for _, e := range entries {
		if _, ok := found[e.Item]; ok {
			strange = append(strange, fmt.Sprintf("%q as entry %s", e.Item, e.ID))
		}
	}
	j.addAny(where, "missing in "+in, missing)
	j.addAny(where, "doubled in "+in, doubled)
	j.addAny(where, "not to be in "+in, strange)
}

// order expects outputs in the order of the inputs. What is missing or doubled is
// no matter here.
func (j *judge) order(s step, demands []demand) {
	place := map[string]int{}
	for i, d := range demands {
		place[d.id] = i
	}
	last := -1
	var early []string
	for _, e := range j.history.Topics[s.to] {
		at, ok := place[e.Item]
		if !ok {
			continue
		}
		if at < last {
			early = append(early, fmt.Sprintf("%s as entry %s behind %s", e.Item, e.ID, demands[last].id))
		}
		last = max(last, at)
		delete(place, e.Item)
	}
	j.addAny("stage "+s.name, "out of order in "+topic(s.to), early)
}

// strangers finds poison of stages that there are not.
func (j *judge) strangers() {
	var ids []string
	for _, p := range j.history.Poison {
		if !slices.ContainsFunc(steps, func(s step) bool { return s.name == p.Stage }) {
			ids = append(ids, fmt.Sprintf("%q of stage %q as entry %s", p.Item, p.Stage, p.ID))
		}
	}
	j.addAny("poison", "not to be in "+topic(poisonName), ids)
}

// uuids expects that no two messages of a topic have the same id, unless their
// items are the same, which is a problem already.
func (j *judge) uuids() {
	for _, name := range slices.Sorted(maps.Keys(j.history.Topics)) {
		if name == records {
			continue // published by a handler, with a new id each time
		}
		entries := j.history.Topics[name]
		items := map[string]string{}
		var shared []string
		for _, e := range entries {
			if other, ok := items[e.UUID]; ok && other != e.Item {
				shared = append(shared, fmt.Sprintf("%s by %s and %s", e.UUID, other, e.Item))
			}
			items[e.UUID] = e.Item
		}
		j.addAny("topic "+topic(name), "message ids are shared", shared)
	}
}
