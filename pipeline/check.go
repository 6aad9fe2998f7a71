package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/middleware"
)

// ErrFaulty is what the error of a pipeline whose graph has faults wraps.
var ErrFaulty = errors.New("the pipeline cannot run")

// Check returns all faults of the graph at once, or nil. Run does so too, before
// it does anything else.
func (p *Pipeline) Check() error {
	if p == nil {
		return fmt.Errorf("%w: it is nil: make it with pipeline.New", ErrFaulty)
	}
	faults := slices.Clone(p.faults)
	faults = append(faults, p.checkNames()...)
	faults = append(faults, p.checkStages()...)
	faults = append(faults, p.checkCycles()...)
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("pipeline %q: %w:\n%w", p.name, ErrFaulty, errors.Join(faults...))
}

// checkName refuses names that would not make good keys.
func checkName(what, name string) error {
	if name == "" {
		return fmt.Errorf("a %s has no name", what)
	}
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		default:
			return fmt.Errorf("%s name %q: use letters, digits, '-', '_' and '.'", what, name)
		}
	}
	return nil
}

// checkNames looks at the names of flows and stages. A stage with an output has
// the name of its flow; all others must differ.
func (p *Pipeline) checkNames() (faults []error) {
	seen := map[string]bool{}
	check := func(what, name string) {
		if err := checkName(what, name); err != nil {
			faults = append(faults, err)
			return
		}
		if name == poisonName {
			faults = append(faults, fmt.Errorf("%s name %q is taken by the poison topic", what, name))
		}
		if seen[name] {
			faults = append(faults, fmt.Errorf("name %q is used twice: sources, stages and branches each need their own", name))
		}
		seen[name] = true
	}
	for _, port := range p.ports {
		switch {
		case port.source:
			check("source", port.name)
		case port.producer == nil:
			check("branch", port.name)
			faults = append(faults, fmt.Errorf("branch %q belongs to no route: give it to one", port.name))
		case port.producer.shape == routeShape:
			check("branch", port.name)
		}
	}
	for _, n := range p.nodes {
		check("stage", n.name)
	}
	return faults
}

func (p *Pipeline) checkStages() (faults []error) {
	if len(p.nodes) == 0 {
		faults = append(faults, errors.New("there are no stages"))
	}
	for _, n := range p.nodes {
		if len(n.inputs) == 0 {
			faults = append(faults, fmt.Errorf("stage %q has no input: it hangs on a merge of nothing", n.name))
		}
		if n.settings.concurrency < 1 {
			faults = append(faults, fmt.Errorf("stage %q: a Concurrency of %d is not possible, 1 is the least", n.name, n.settings.concurrency))
		}
		if n.settings.ordered && n.settings.concurrency > 1 {
			faults = append(faults, fmt.Errorf("stage %q is Ordered, one message at a time, but has a Concurrency of %d", n.name, n.settings.concurrency))
		}
		if n.settings.maxAttempts < 1 {
			faults = append(faults, fmt.Errorf("stage %q: MaxAttempts of %d is not possible, 1 is the least", n.name, n.settings.maxAttempts))
		}
		if slices.ContainsFunc(n.settings.use, func(m message.HandlerMiddleware) bool { return m == nil }) {
			faults = append(faults, fmt.Errorf("stage %q: a middleware in Use is nil", n.name))
		}
		if slices.ContainsFunc(n.settings.chain, func(change func(*middleware.Chain)) bool { return change == nil }) {
			faults = append(faults, fmt.Errorf("stage %q: the function given to Chain is nil", n.name))
		}
	}
	for _, port := range p.ports {
		if port.codec == nil {
			faults = append(faults, fmt.Errorf("flow %q: the codec is nil", port.name))
		}
	}
	return faults
}

// checkCycles reports the ways round the graph that no stage with Loop is part
// of: those of the graph without these stages.
func (p *Pipeline) checkCycles() (faults []error) {
	const (
		unseen = iota
		open
		done
	)
	state := map[*node]int{}
	var path []*node
	var visit func(*node)
	visit = func(n *node) {
		state[n] = open
		path = append(path, n)
		for _, next := range p.readers(n) {
			switch {
			case next.settings.loop:
			case state[next] == unseen:
				visit(next)
			case state[next] == open:
				circle := path[slices.Index(path, next):]
				faults = append(faults, fmt.Errorf("the graph has a cycle, %s: if that is meant, give the route the option Loop", describe(circle)))
			}
		}
		path = path[:len(path)-1]
		state[n] = done
	}
	for _, n := range p.nodes {
		if state[n] == unseen && !n.settings.loop {
			visit(n)
		}
	}
	return faults
}

// readers returns the stages that read what n publishes.
func (p *Pipeline) readers(n *node) (readers []*node) {
	for _, candidate := range p.nodes {
		for _, in := range candidate.inputs {
			if slices.Contains(n.outputs, in) {
				readers = append(readers, candidate)
				break
			}
		}
	}
	return readers
}

func describe(circle []*node) string {
	names := make([]string, 0, len(circle)+1)
	for _, n := range append(slices.Clone(circle), circle[0]) {
		names = append(names, n.name)
	}
	return strings.Join(names, " → ")
}
