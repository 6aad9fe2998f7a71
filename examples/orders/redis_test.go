package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/internal/redistest"
)

// random returns a source of random numbers and says how to get the same again.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("ORDERS_TEST_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("ORDERS_TEST_SEED=%d gives the same random moments", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// between returns a random time.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// TestKilledAtAnyMoment kills the program again and again, and expects of the
// run that is not killed what an uninterrupted run would have come to.
func TestKilledAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	server := redistest.Start(t)
	client := server.Client(t)
	r := random(t)
	const kills = 4
	for _, latest := range []time.Duration{400 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second, 5 * time.Second} {
		orders := trouble(r.Uint64(), 10_000)
		args := []string{"-json", "-redis", server.URL(), "-in", file(t, orders)}
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		for range kills {
			p := start(t, nil, args...)
			pause := between(r, 20*time.Millisecond, latest)
			select {
			case <-time.After(pause):
			case <-p.Ended():
				t.Logf("done after %v, before it could be killed", time.Since(p.Started))
			}
			p.Kill()
			t.Logf("killed after %v: %s", pause, progress(t, client))
		}
		checkRun(t, client, orders, args)
	}
}

// progress tells how far a run came.
func progress(t *testing.T, client *redis.Client) string {
	t.Helper()
	var parts []string
	for _, name := range []string{"placed", "validate", "charged", "standard"} {
		n, err := client.XLen(t.Context(), "{orders}:"+name).Result()
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, fmt.Sprint(n, " ", name))
	}
	return strings.Join(parts, ", ")
}

// TestInterruptedAtAnyMoment does so with Ctrl-C, which has to end the program
// before long.
func TestInterruptedAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	server := redistest.Start(t)
	client := server.Client(t)
	r := random(t)
	orders := trouble(r.Uint64(), 10_000)
	args := []string{"-json", "-redis", server.URL(), "-in", file(t, orders)}
	whole := expect(t, orders).totals
	interruptions := 0
	for range 5 {
		p := start(t, nil, args...)
		select {
		case <-time.After(between(r, 250*time.Millisecond, 1200*time.Millisecond)):
			p.signal(t, os.Interrupt)
		case <-p.Ended():
		}
		signaled := time.Now()
		code := p.Wait(t)
		if took := time.Since(signaled); took > drainTimeout+5*time.Second {
			t.Errorf("it took %v to end", took)
		}
		t.Logf("exit code %d after %v: %s", code, signaled.Sub(p.Started), progress(t, client))
		so := p.totals(t)
		switch {
		case code == 0:
			// The work was done before the signal came, or just as it came.
			if so != whole {
				t.Errorf("done with %+v\nwant      %+v", so, whole)
			}
			continue
		case code != app.ExitInterrupted || p.Stderr() != "orders: interrupted; the same command goes on where this one stopped\n":
			t.Errorf("exit code %d: %s", code, p.Stderr())
		case so.Charged > whole.Charged || so.Poisoned > whole.Poisoned:
			t.Errorf("so far %+v, in all it is to be %+v", so, whole)
		}
		interruptions++
	}
	if interruptions == 0 {
		t.Error("every run was done before it was interrupted: give the test more orders")
	}
	checkRun(t, client, orders, args)
}

// TestTwoAtOnce runs the program twice at the same time, and kills one of them.
func TestTwoAtOnce(t *testing.T) {
	server := redistest.Start(t)
	r := random(t)
	orders := trouble(r.Uint64(), 10_000)
	args := []string{"-json", "-redis", server.URL(), "-in", file(t, orders)}
	one, other := start(t, nil, args...), start(t, nil, args...)
	time.Sleep(between(r, 250*time.Millisecond, 1500*time.Millisecond))
	other.Kill()
	if code := one.Wait(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, one.Stderr())
	}
	if got, want := one.totals(t), expect(t, orders).totals; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	checkRun(t, server.Client(t), orders, args)
}

// TestSampleOnRedis runs the sample twice, and once more after the file has
// grown.
func TestSampleOnRedis(t *testing.T) {
	server := redistest.Start(t)
	for _, orders := range [][]byte{
		[]byte(sample),
		[]byte(sample),
		append([]byte(sample), trouble(3, 50)...),
	} {
		checkRun(t, server.Client(t), orders, []string{"-json", "-redis", server.URL(), "-in", file(t, orders)})
	}
}

// checkRun runs the program to its end and expects the outcome of the orders,
// in what it prints and in what is in Redis, and the same when it runs again.
func checkRun(t *testing.T, client *redis.Client, orders []byte, args []string) {
	t.Helper()
	want := expect(t, orders)
	for range 2 {
		if got := mustRun(t, nil, args...).totals(t); got != want.totals {
			t.Errorf("got  %+v\nwant %+v", got, want.totals)
		}
		checkStreams(t, client, orders, want)
	}
}

// checkStreams looks at what went over the streams: every line and every event
// once.
func checkStreams(t *testing.T, client *redis.Client, orders []byte, want outcome) {
	t.Helper()
	var lines []string
	for line := range bytes.Lines(orders) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, string(line))
		}
	}
	placed := entries(t, client, "placed")
	if len(placed) != len(lines) {
		t.Errorf("%d lines are published, want %d", len(placed), len(lines))
		return
	}
	for i, msg := range placed {
		if got := string(bytes.TrimSpace(msg.Payload)); got != lines[i] {
			t.Errorf("published as number %d is %s, want %s", i, got, lines[i])
			return
		}
	}

	events := map[string][]string{"validate": nil, "charged": nil, "declined": nil, "express": nil, "standard": nil, "down": nil}
	for id, way := range want.way {
		events["validate"] = append(events["validate"], id)
		events[way] = append(events[way], id)
		if way == "express" || way == "standard" {
			events["charged"] = append(events["charged"], id)
		}
	}
	for topic, ids := range events {
		if topic != "down" {
			checkEvents(t, topic, entries(t, client, topic), ids, want)
		}
	}
	poison := entries(t, client, "poison")
	if len(poison) != want.totals.Poisoned {
		t.Errorf("%d messages are poisoned, want %d", len(poison), want.totals.Poisoned)
	}
	var exhausted []*message.Message
	for _, msg := range poison {
		if msg.Metadata.Get("handler_poisoned") == "charge" {
			exhausted = append(exhausted, msg)
		}
	}
	checkEvents(t, "poison of charge", exhausted, events["down"], want)
}

// checkEvents expects one event for each of the orders and no other, with the
// total of the order's first valid line.
func checkEvents(t *testing.T, topic string, events []*message.Message, ids []string, want outcome) {
	t.Helper()
	seen := make(map[string]int)
	for _, msg := range events {
		var event struct {
			ID         string `json:"id"`
			TotalCents int64  `json:"total_cents"`
		}
		if err := json.Unmarshal(msg.Payload, &event); err != nil {
			t.Fatalf("%s: %v", topic, err)
		}
		if seen[event.ID]++; seen[event.ID] == 2 {
			t.Errorf("%s has order %s twice", topic, event.ID)
		}
		if total := totalOf(t, want.accepted[event.ID]); total != event.TotalCents {
			t.Errorf("%s has order %s with a total of %d, its first valid line has %d", topic, event.ID, event.TotalCents, total)
		}
	}
	for _, id := range ids {
		if seen[id] == 0 {
			t.Errorf("%s lacks order %s", topic, id)
		}
	}
	if len(events) != len(ids) {
		t.Errorf("%s has %d orders, want %d", topic, len(events), len(ids))
	}
}

func totalOf(t *testing.T, line string) (total int64) {
	t.Helper()
	var placed struct {
		Lines []struct {
			Quantity int64 `json:"quantity"`
			Cents    int64 `json:"unit_cents"`
		} `json:"lines"`
	}
	if err := json.Unmarshal([]byte(line), &placed); err != nil {
		t.Fatalf("no accepted order: %q", line)
	}
	for _, l := range placed.Lines {
		total += l.Quantity * l.Cents
	}
	return total
}

// entries returns all messages of a topic.
func entries(t *testing.T, client *redis.Client, name string) []*message.Message {
	t.Helper()
	all, err := client.XRange(t.Context(), "{orders}:"+name, "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	messages := make([]*message.Message, len(all))
	for i, entry := range all {
		if messages[i], err = (redisstream.DefaultMarshallerUnmarshaller{}).Unmarshal(entry.Values); err != nil {
			t.Fatal(err)
		}
	}
	return messages
}

func TestReset(t *testing.T) {
	server := redistest.Start(t)
	client := server.Client(t)
	ctx := t.Context()
	others := []string{"orders", "{orders}", "orders:placed", "{order}:placed", "x{orders}:placed"}
	for _, key := range append(others, "{orders}:old", "{orders}:") {
		if err := client.Set(ctx, key, "value", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	orders := trouble(5, 1500) // more keys than one page of SCAN
	args := []string{"-json", "-redis", server.URL(), "-in", file(t, orders)}
	mustRun(t, nil, args...)
	mustRun(t, nil, "-json", "-reset", "-in", "-", "-redis", server.URL())
	if n := client.Exists(ctx, others...).Val(); n != int64(len(others)) {
		t.Errorf("of %d other keys %d are left", len(others), n)
	}
	for _, key := range client.Keys(ctx, "{orders}:*").Val() {
		// The second run had a group on each empty stream, and nothing else.
		if n, err := client.XLen(ctx, key).Result(); err != nil || n > 0 {
			t.Errorf("%s is left, with %d entries (%v)", key, n, err)
		}
	}
	checkRun(t, client, orders, args)
}

func TestPassword(t *testing.T) {
	server := redistest.Start(t)
	client := server.Client(t)
	if err := client.Do(t.Context(), "ACL", "SETUSER", "shop", "on", ">right", "~*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(server.URL(), "redis://")
	p := start(t, strings.NewReader(""), "-in", "-", "-redis", "redis://shop:s3cr3t@"+address)
	code, message := p.Wait(t), p.Stderr()
	if code != 1 || !strings.Contains(message, "WRONGPASS") || strings.Contains(message, "s3cr3t") || strings.Count(message, "\n") != 1 {
		t.Errorf("exit code %d: %s", code, message)
	}
	mustRun(t, strings.NewReader(""), "-in", "-", "-redis", "redis://shop:right@"+address)
}

// TestLongLines sends orders of several megabytes.
func TestLongLines(t *testing.T) {
	server := redistest.Start(t)
	var orders bytes.Buffer
	for i := range 2 {
		fmt.Fprintf(&orders, `{"id":"long-%d","customer":"a@b.c","card":"tok_visa","lines":[{"sku":"mug","quantity":1,"unit_cents":0}%s]}`+"\n",
			i, strings.Repeat(`,{"sku":"mug","quantity":1,"unit_cents":1}`, 50_000))
		fmt.Fprintln(&orders, strings.Repeat("not JSON ", 500_000))
		fmt.Fprintf(&orders, `{"id":"%s","customer":"%s","card":"tok_visa","lines":[]}`+"\n", strings.Repeat("i", 1<<20), strings.Repeat("c", 1<<20))
	}
	args := []string{"-json", "-redis", server.URL(), "-in", file(t, orders.Bytes())}
	checkRun(t, server.Client(t), orders.Bytes(), args)
	for _, msg := range entries(t, server.Client(t), "poison") {
		if reason := msg.Metadata.Get("reason_poisoned"); len(reason) > 500 {
			t.Errorf("a reason of %d bytes", len(reason))
		}
	}
}
