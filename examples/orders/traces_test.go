package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/internal/otlptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

// lineOf returns an order whose parts are found wherever they turn up.
func lineOf(id, card string) string {
	return fmt.Sprintf(`{"id":"o-unseen-%s","customer":"ada.unseen@example.com","lines":[{"sku":"unseen kettle","quantity":1,"unit_cents":7654321}],"card":%q}`, id, card)
}

// allKinds is an order of each kind, and what its trace looks like.
var allKinds = []struct{ what, line, tree string }{
	{"plain", lineOf("plain", "tok_visa"), `
create placed PRODUCER
	process placed CONSUMER at validate: attempt 1, acked
		send validate PRODUCER
			process validate CONSUMER at charge: attempt 1, acked
				send charged PRODUCER
					process charged CONSUMER at receipt: attempt 1, acked
					process charged CONSUMER at speed: attempt 1, acked
						send express PRODUCER
							process express CONSUMER at ship-express: attempt 1, acked`},
	{"flaky", lineOf("flaky", "tok_flaky"), `
create placed PRODUCER
	process placed CONSUMER at validate: attempt 1, acked
		send validate PRODUCER
			process validate CONSUMER at charge: attempt 1, acked [retry 1 bank.HungUp] [retry 2 bank.HungUp]
				send charged PRODUCER
					process charged CONSUMER at receipt: attempt 1, acked
					process charged CONSUMER at speed: attempt 1, acked
						send express PRODUCER
							process express CONSUMER at ship-express: attempt 1, acked`},
	{"declined", lineOf("declined", "tok_declined"), `
create placed PRODUCER
	process placed CONSUMER at validate: attempt 1, acked
		send validate PRODUCER
			process validate CONSUMER at charge: attempt 1, acked
				send declined PRODUCER
					process declined CONSUMER at record-declined: attempt 1, acked`},
	{"exhausted", lineOf("down", "tok_down"), `
create placed PRODUCER
	process placed CONSUMER at validate: attempt 1, acked
		send validate PRODUCER
			process validate CONSUMER at charge: attempt 1, poisoned exhausted, context.deadlineExceededError, ERROR` +
		` [retry 1 context.deadlineExceededError] [retry 2 context.deadlineExceededError] [retry 3 context.deadlineExceededError]` +
		` [poisoned 4 exhausted context.deadlineExceededError]
				send poison PRODUCER`},
	{"invalid", strings.Replace(lineOf("invalid", "tok_visa"), "ada.unseen@example.com", "nobody unseen", 1), `
create placed PRODUCER
	process placed CONSUMER at validate: attempt 1, poisoned permanent, order.Fault, ERROR [poisoned 1 permanent order.Fault]
		send poison PRODUCER`},
	{"duplicate", strings.Replace(lineOf("plain", "tok_declined"), "kettle", "piano", 1), `
create placed PRODUCER
	process placed CONSUMER at validate: attempt 1, duplicate [duplicate]`},
	{"malformed", lineOf("malformed", "tok_visa")[:100], `
create placed PRODUCER
	process placed CONSUMER at validate: attempt 1, poisoned malformed, *json.SyntaxError, ERROR [poisoned 1 malformed *json.SyntaxError]
		send poison PRODUCER`},
}

// ofAllKinds runs an order of each kind, and returns the spans.
func ofAllKinds(t *testing.T) (p call, spans []otlptest.Span) {
	t.Helper()
	server, collector := redistest.Start(t), otlptest.Start(t)
	if err := server.Client(t).Do(t.Context(), "ACL", "SETUSER", "shop", "on", ">unseen", "~*", "&*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	var orders []string
	for _, kind := range allKinds {
		orders = append(orders, kind.line)
	}
	p = startIn(t, to(collector), nil, "-in", file(t, []byte(strings.Join(orders, "\n")+"\n")),
		"-redis", "redis://shop:unseen@"+strings.TrimPrefix(server.URL(), "redis://"))
	if code := p.Wait(t); code != 0 || len(p.Stderr()) > 0 {
		t.Fatalf("exit code %d: %s", code, p.Stderr())
	}
	return p, collector.Spans()
}

func TestEachOrderHasOneTraceThatTellsItsWay(t *testing.T) {
	t.Parallel()
	p, spans := ofAllKinds(t)
	var lines []string
	for _, kind := range allKinds {
		lines = append(lines, kind.line)
	}
	ids := lineIDs(t, []byte(strings.Join(lines, "\n")))
	for i, kind := range allKinds {
		traceOf(t, spans, ids[i]).expectTree(t, kind.what, kind.tree)
	}
	if got := len(tracesIn(spans)); got != len(allKinds) {
		t.Errorf("%d traces of %d orders", got, len(allKinds))
	}
	if n := instances(spans); len(n) != 1 {
		t.Errorf("one process is %d instances", len(n))
	}
	flaky := traceOf(t, spans, ids[1])
	for _, want := range []string{
		"charged at attempt 3 and then shipped", "order     o-unseen-flaky", "trace id  " + flaky.id + "\n",
		"Jaeger    http://localhost:16686/trace/" + flaky.id + "\n",
	} {
		if !strings.Contains(p.Stdout(), want) {
			t.Errorf("%q is not in\n%s", want, p.Stdout())
		}
	}
	for _, span := range spans {
		expectConventions(t, span)
	}
}

// expectConventions checks what all spans have, by the semantic conventions and ours.
func expectConventions(t *testing.T, span otlptest.Span) {
	t.Helper()
	operation, topic, _ := strings.Cut(span.Name, " ")
	want := map[string]any{
		"messaging.system": "redis", "messaging.operation.name": operation, "messaging.operation.type": operation,
		"messaging.destination.name": topic,
	}
	if operation == "process" {
		want["messaging.consumer.group.name"] = span.Attributes["millstream.handler"]
	}
	for key, value := range want {
		if got := span.Attributes[key]; got != value {
			t.Errorf("%s: %s is %v, want %v", span.Name, key, got, value)
		}
	}
	if span.Service != "orders" || span.Scope != "github.com/millstream-go/millstream" || span.End.Before(span.Start) {
		t.Errorf("%s is of service %s and scope %s, from %v to %v", span.Name, span.Service, span.Scope, span.Start, span.End)
	}
	if span.Attributes["messaging.batch.message_count"] != nil {
		if span.Kind != "CLIENT" || int64(len(span.Links)) != span.Attributes["messaging.batch.message_count"] {
			t.Errorf("a batch: %+v", span)
		}
		return
	}
	texts, numbers := []string{"messaging.message.id"}, []string{"messaging.message.body.size"}
	if operation == "process" {
		texts = append(texts, "millstream.entry_id", "messaging.client.id", "millstream.outcome")
		numbers = append(numbers, "millstream.wait_ms", "millstream.attempt")
	}
	for _, key := range texts {
		if text, ok := span.Attributes[key].(string); !ok || text == "" {
			t.Errorf("%s: %s is %v", span.Name, key, span.Attributes[key])
		}
	}
	for _, key := range numbers {
		if n, ok := span.Attributes[key].(int64); !ok || n < 0 {
			t.Errorf("%s: %s is %v", span.Name, key, span.Attributes[key])
		}
	}
}

func TestNothingOfAnOrderAndNoSecretIsExported(t *testing.T) {
	t.Parallel()
	_, spans := ofAllKinds(t)
	ours := regexp.MustCompile(`(?i)unseen|7654321|tok_`)
	if !ours.MatchString(lineOf("plain", "")) {
		t.Fatal("the orders have nothing to be found")
	}
	for _, span := range spans {
		if found := ours.FindString(fmt.Sprintf("%+v", span)); found != "" {
			t.Errorf("%q is in %+v", found, span)
		}
	}
}

func TestAnOrderWaitsForClosedBooksWithinItsTrace(t *testing.T) {
	collector := otlptest.Start(t)
	line := lineOf("plain", "tok_visa")
	runWithClosedBooks(t, collector, line)
	trace := traceOf(t, collector.Spans(), lineIDs(t, []byte(line))[0])
	trace.expectTree(t, "waiting", `
send placed PRODUCER
	process placed CONSUMER at validate: attempt 1, acked
		send validate PRODUCER
			process validate CONSUMER at charge: attempt 1, acked
				send charged PRODUCER
					process charged CONSUMER at receipt: attempt 1, acked
					process charged CONSUMER at speed: attempt 1, acked
						send express PRODUCER
							process express CONSUMER at ship-express: attempt 1, parked [parked]
							process express CONSUMER at ship-express: attempt 2, parked [parked]
							process express CONSUMER at ship-express: attempt 3, acked`)
	i := slices.IndexFunc(trace.spans, func(s otlptest.Span) bool { return s.Attributes["millstream.attempt"] == int64(2) })
	if i < 0 || trace.spans[i].Events[0].Attributes["millstream.delay_ms"] != int64(500) {
		t.Errorf("the wait is not told: %+v", trace.spans)
	}
}
