package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/orders/internal/shop"
	"github.com/millstream-go/millstream/internal/otlptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

// count returns how many spans have a name, topic without prefix, and all attributes.
func count(spans []otlptest.Span, name string, attributes map[string]any) (n int) {
	for _, span := range spans {
		if strings.ReplaceAll(span.Name, "{orders}:", "") != name {
			continue
		}
		n++
		for key, value := range attributes {
			if span.Attributes[key] != value {
				n--
				break
			}
		}
	}
	return n
}

func TestAnOrderWhoseProcessWasKilledGoesOnInItsTrace(t *testing.T) {
	t.Parallel()
	server, collector := redistest.Start(t), otlptest.Start(t)
	orders := lineOf("plain", "tok_visa") + "\n" + lineOf("down", "tok_down") + "\n"
	args := []string{"-json", "-redis", server.URL(), "-in", file(t, []byte(orders))}
	env := to(collector, "OTEL_BSP_SCHEDULE_DELAY=1")

	one := startIn(t, env, nil, args...)
	// One order is done, and the bank does not answer for the other.
	first := collector.WaitForSpans(t, "an order to be done, and one to be on its way", func(spans []otlptest.Span) bool {
		return count(spans, "process express", nil) == 1 && count(spans, "process charged", nil) == 2 &&
			count(spans, "send validate", nil) == 2 && count(spans, "process placed", nil) == 2
	})
	// A span ends before what the handler did is committed.
	for _, topic := range []string{"charged", "express"} {
		awaitSettled(t, server.Client(t), topic)
	}
	one.Kill()
	if count(first, "process validate", nil) != 1 {
		t.Fatal("the bank answered")
	}
	other := startIn(t, env, nil, args...)
	if code := other.Wait(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, other.Stderr())
	}
	spans, ids := collector.Spans(), lineIDs(t, []byte(orders))
	traceOf(t, spans, ids[0]).expectTree(t, "plain", allKinds[0].tree)
	down := traceOf(t, spans, ids[1])
	// The attempt that the first process died in counts for how often the bank was asked,
	// and not for when to give up.
	again := strings.NewReplacer("at charge: attempt 1", "at charge: attempt 2", "poisoned 4", "poisoned 5")
	down.expectTree(t, "exhausted", again.Replace(allKinds[3].tree))
	if got := len(tracesIn(spans)); got != 2 {
		t.Errorf("%d traces of 2 orders", got)
	}
	if n := instances(down.spans); len(n) != 2 {
		t.Errorf("two processes are %d instances", len(n))
	}
}

// awaitSettled waits until every group of a topic has acknowledged all of it.
func awaitSettled(t *testing.T, client *redis.Client, topic string) {
	t.Helper()
	apptest.Await(t, topic+" is settled", func() bool {
		groups, err := client.XInfoGroups(t.Context(), shop.Prefix+topic).Result()
		return err == nil && len(groups) > 0 && !slices.ContainsFunc(groups, func(g redis.XInfoGroup) bool {
			return g.Pending > 0 || g.Lag > 0
		})
	})
}

func TestTwoProcessesOneAfterTheOtherMakeOneTraceForEachOrder(t *testing.T) {
	t.Parallel()
	server, collector := redistest.Start(t), otlptest.Start(t)
	orders := trouble(11, 3000)
	args := []string{"-json", "-redis", server.URL(), "-in", file(t, orders)}
	env := to(collector, "OTEL_BSP_SCHEDULE_DELAY=10", "OTEL_BSP_MAX_QUEUE_SIZE=100000")

	one := startIn(t, env, nil, args...)
	collector.WaitForSpans(t, "the first orders to be done", func(spans []otlptest.Span) bool {
		return count(spans, "process standard", nil) > 0
	})
	one.signal(t, os.Interrupt)
	if code := one.Wait(t); code != app.ExitInterrupted {
		t.Fatalf("exit code %d: %s", code, one.Stderr())
	}
	other := startIn(t, env, nil, args...)
	if code := other.Wait(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, other.Stderr())
	}
	if got, want := other.printed(t).Totals, expect(t, orders).totals; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	spans := collector.Spans()
	if n := instances(spans); len(n) != 2 {
		t.Errorf("two processes are %d instances", len(n))
	}
	expectWhole(t, spans, len(lineIDs(t, orders)))
	crossed := 0
	for _, trace := range tracesIn(spans) {
		if len(instances(trace.spans)) == 2 {
			crossed++
		}
	}
	t.Logf("%d orders went through both processes", crossed)
	if crossed == 0 {
		t.Error("no order went through both processes: give the test more orders")
	}
}

// expectWhole expects n traces, each of one message, and of each span the one that it
// is below.
func expectWhole(t *testing.T, spans []otlptest.Span, n int) {
	t.Helper()
	traces := tracesIn(spans)
	if len(traces) != n {
		t.Errorf("%d traces of %d orders", len(traces), n)
	}
	for id, trace := range traces {
		if roots := trace.children[""]; len(roots) != 1 || roots[0].Kind != "PRODUCER" || !strings.HasSuffix(roots[0].Name, ":placed") {
			t.Errorf("trace %s begins with %d spans:\n%s", id, len(roots), trace.tree(""))
			return
		}
		if shown := strings.Count(trace.tree(""), "\n"); shown != len(trace.spans) {
			t.Errorf("trace %s has %d spans, of which %d hang together:\n%s", id, len(trace.spans), shown, trace.tree(""))
			return
		}
		if n := count(trace.spans, "process placed", nil); n == 0 {
			t.Errorf("trace %s goes no further:\n%s", id, trace.tree(""))
			return
		}
		for _, parent := range trace.spans {
			for _, child := range trace.children[parent.SpanID] {
				if fault := misplaced(parent, child); fault != "" {
					t.Errorf("trace %s: %s below %s: %s", id, child.Name, parent.Name, fault)
				}
			}
		}
	}
}

// misplaced tells what is wrong with a span below another.
func misplaced(parent, child otlptest.Span) string {
	topic := func(s otlptest.Span) any { return s.Attributes["messaging.destination.name"] }
	switch {
	case child.Kind == "CONSUMER" && (parent.Kind != "PRODUCER" || topic(child) != topic(parent) || child.Attributes["messaging.message.id"] != parent.Attributes["messaging.message.id"]):
		return "it did not publish that message"
	case child.Kind == "PRODUCER" && parent.Kind != "CONSUMER":
		return "no handler published it"
	case !slices.Contains([]string{"CONSUMER", "PRODUCER"}, child.Kind):
		return "kind " + child.Kind
	case child.Start.Before(parent.Start):
		return fmt.Sprintf("it began %v before", parent.Start.Sub(child.Start))
	}
	return ""
}
