package main

import (
	"fmt"
	"slices"
	"strings"
)

// wanted are the traces of the orders, as [trace.shape] draws them.
var wanted = []struct{ order, shape string }{
	{"plain", begins + `
      process {orders}:validate consumer charge acked
        send {orders}:charged producer` + shipped},
	{"retried", begins + `
      process {orders}:validate consumer charge acked retries=2 [millstream.retry 1] [millstream.retry 2]
        send {orders}:charged producer` + shipped},
	{"poisoned", begins + `
      process {orders}:validate consumer charge poisoned exhausted retries=3 error [millstream.retry 1] [millstream.retry 2] [millstream.retry 3] [millstream.poisoned 4 exhausted]
        send {orders}:poison producer
`},
}

const begins = `create {orders}:placed producer
  process {orders}:placed consumer validate acked
    send {orders}:validate producer`

const shipped = `
          process {orders}:charged consumer receipt acked
          process {orders}:charged consumer speed acked
            send {orders}:standard producer
              process {orders}:standard consumer ship-standard acked
`

// compare tells what is missing or more than wanted among the traces of a run, and
// whether the retried order's is the one that the example named.
func compare(traces []*trace, named string) error {
	var shapes []string
	ids := make(map[string]string)
	for _, t := range traces {
		if t.isBatch() {
			continue
		}
		shapes = append(shapes, t.shape())
		ids[t.shape()] = t.id
	}
	for _, w := range wanted {
		i := slices.Index(shapes, w.shape)
		if i < 0 {
			return fmt.Errorf("no trace is that of the %s order, which is\n%s\nthere are %d others\n%s",
				w.order, w.shape, len(shapes), strings.Join(shapes, "\n"))
		}
		if w.order == "retried" && ids[w.shape] != named {
			return fmt.Errorf("the example names trace %s as that of the %s order, which is %s", named, w.order, ids[w.shape])
		}
		shapes = slices.Delete(shapes, i, i+1)
	}
	if len(shapes) > 0 {
		return fmt.Errorf("there are %d traces of no order\n%s", len(shapes), strings.Join(shapes, "\n"))
	}
	for _, t := range traces {
		for _, s := range t.spans {
			if missing := s.missing(); missing != "" {
				return fmt.Errorf("trace %s: span %s lacks the attribute %s", t.id, s.name, missing)
			}
		}
	}
	return nil
}

// isBatch reports whether a trace is that of the publishing of several orders.
func (t *trace) isBatch() bool {
	return len(t.spans) > 0 && t.spans[0].attributes["messaging.batch.message_count"] != nil
}

// shape draws a trace with what is the same each time.
func (t *trace) shape() string {
	var out strings.Builder
	for _, s := range t.spans {
		out.WriteString(strings.Repeat("  ", s.depth) + s.name + " " + s.kind)
		for _, key := range []string{"millstream.handler", "millstream.outcome", "millstream.poison_kind"} {
			if text := s.text(key); text != "" {
				out.WriteString(" " + text)
			}
		}
		if n := s.attributes["millstream.retries"]; n != nil {
			fmt.Fprintf(&out, " retries=%v", n)
		}
		if s.failed() {
			out.WriteString(" error")
		}
		for _, e := range s.events {
			out.WriteString(" [" + e.label() + "]")
		}
		out.WriteString("\n")
	}
	return out.String()
}

// label is an event's name and what tells it from others like it.
func (e event) label() string {
	parts := []string{e.name}
	for _, key := range []string{"millstream.attempt", "millstream.poison_kind"} {
		if value := e.attributes[key]; value != nil {
			parts = append(parts, fmt.Sprint(value))
		}
	}
	return strings.Join(parts, " ")
}

// missing returns the name of an attribute that a span ought to have, and has not.
func (s *span) missing() string {
	keys := []string{"messaging.system", "messaging.operation.name", "messaging.operation.type", "messaging.destination.name"}
	if s.kind == "client" { // a batch
		keys = append(keys, "messaging.batch.message_count")
	} else {
		keys = append(keys, "messaging.message.id", "messaging.message.body.size")
	}
	if s.kind == "consumer" {
		keys = append(keys, "messaging.consumer.group.name", "messaging.client.id", "millstream.entry_id", "millstream.attempt", "millstream.wait_ms")
	}
	for _, key := range keys {
		if s.attributes[key] == nil {
			return key
		}
	}
	return ""
}
