package chaos

import (
	"strconv"
	"strings"

	"github.com/millstream-go/millstream/pipeline"
)

// Names of the topics that no stage gives its name to.
const (
	inputs  = "in"
	records = "records"
)

// finishAttempts is how often finish tries what it cannot do.
const finishAttempts = 3

// step is a stage: what is to become of each item that it gets. It is what the
// handlers do and what the verdict expects, so it depends on nothing but the id.
type step struct {
	name, from, to string
	// inOrder: the outputs have the order of the inputs.
	inOrder bool
	becomes func(id string) fate
}

// fate is what becomes of an item in a stage: outputs, by their ids, or poison.
type fate struct {
	outputs []string
	poison  string // a kind of poison; empty: none
}

var (
	check   = step{name: "check", from: inputs, to: "check", becomes: checked}
	split   = step{name: "split", from: "check", to: "split", becomes: splitUp}
	finish  = step{name: "finish", from: "split", to: "finish", becomes: finished}
	archive = step{name: "archive", from: "finish", to: records, becomes: passedOn}
	ledger  = step{name: "ledger", from: "check", to: "ledger", inOrder: true, becomes: entered}

	steps = []step{check, split, finish, archive, ledger}
)

func checked(id string) fate {
	switch {
	case isMalformed(number(id)):
		return fate{poison: pipeline.KindMalformed}
	case number(id)%50 == 27:
		return fate{poison: pipeline.KindPermanent}
	}
	return passedOn(id)
}

// isMalformed tells which inputs the feeder publishes with a payload that cannot
// be decoded.
func isMalformed(n int) bool { return n%50 == 13 }

// splitUp makes none to three of one.
func splitUp(id string) fate {
	var f fate
	for i := range number(id) % 4 {
		f.outputs = append(f.outputs, id+"."+strconv.Itoa(i))
	}
	return f
}

func finished(id string) fate {
	if strings.HasSuffix(id, ".1") && number(id)%40 == 3 {
		return fate{poison: pipeline.KindExhausted}
	}
	return passedOn(id)
}

func entered(id string) fate {
	if number(id)%70 == 41 {
		return fate{poison: pipeline.KindPermanent}
	}
	return passedOn(id)
}

func passedOn(id string) fate { return fate{outputs: []string{id}} }

// number returns the number of the input that an item comes from; -1 if it comes
// from none.
func number(id string) int {
	text, _, _ := strings.Cut(id, ".")
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}
