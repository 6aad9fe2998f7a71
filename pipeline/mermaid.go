package pipeline

import (
	"fmt"
	"slices"
	"strings"
)

// Mermaid returns the graph as a Mermaid flowchart: sources and open ends are
// round, routes are diamonds, topics of other transports have a double edge, and each
// arrow is a topic that a stage reads. What
// Check reports, it draws as well as it can.
func (p *Pipeline) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids := map[any]string{}
	declare := func(key any, name, open, closing string) {
		ids[key] = fmt.Sprintf("n%d", len(ids))
		fmt.Fprintf(&b, "    %s%s\"%s\"%s\n", ids[key], open, name, closing)
	}
	for _, port := range p.ports {
		if port.producer == nil {
			declare(port, port.name, "([", "])")
		}
	}
	for _, port := range p.elsewhere() {
		declare(port, port.name, "[[", "]]")
	}
	for _, n := range p.nodes {
		switch n.shape {
		case routeShape:
			declare(n, n.name, "{", "}")
		case sinkShape:
			declare(n, n.name, "[/", "/]")
		default:
			declare(n, n.name, "[", "]")
		}
	}
	for _, port := range p.ports {
		if port.producer != nil && len(p.readersOf(port)) == 0 {
			declare(port, port.name, "([", "])")
		}
	}
	for _, port := range append(p.elsewhere(), p.ports...) {
		from, label := ids[port], ""
		if port.producer != nil {
			from = ids[port.producer]
			if port.name != port.producer.name {
				label = "|" + port.name + "|"
			}
		}
		readers := p.readersOf(port)
		for _, n := range readers {
			fmt.Fprintf(&b, "    %s -->%s %s\n", from, label, ids[n])
		}
		if len(readers) == 0 && port.producer != nil {
			fmt.Fprintf(&b, "    %s -->%s %s\n", from, label, ids[port])
		}
	}
	return b.String()
}

// elsewhere returns the topics of other transports that are read.
func (p *Pipeline) elsewhere() (ports []*port) {
	for _, n := range p.nodes {
		for _, in := range n.inputs {
			if in.transport != nil {
				ports = append(ports, in)
			}
		}
	}
	return ports
}

// readersOf returns the stages that read a flow.
func (p *Pipeline) readersOf(in *port) (readers []*node) {
	for _, n := range p.nodes {
		if slices.Contains(n.inputs, in) {
			readers = append(readers, n)
		}
	}
	return readers
}
