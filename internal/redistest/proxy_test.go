package redistest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestLinkForwards(t *testing.T) {
	t.Parallel()
	_, client := linked(t)
	value := strings.Repeat("x\r\n", 100_000)
	mustSet(t, client, "key", value)
	if got, err := client.Get(t.Context(), "key").Result(); err != nil || got != value {
		t.Errorf("got %d bytes, want %d, %v", len(got), len(value), err)
	}
}

func TestLostReplyOfAnExecutedRequest(t *testing.T) {
	t.Parallel()
	link, client := linked(t)
	const times = 20
	for i := range int64(times) {
		if i%2 == 0 { // both on a fresh connection and on one that is in use
			if err := client.Ping(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
		link.LoseNextReply(contains("incr"))
		if err := client.Incr(t.Context(), "count").Err(); err == nil {
			t.Fatal("the reply was to be lost")
		}
		if n, err := client.Get(t.Context(), "count").Int64(); err != nil || n != i+1 {
			t.Fatalf("count is %d, %v, want %d", n, err, i+1)
		}
	}
	if link.Lost() != times {
		t.Errorf("%d replies lost, want %d", link.Lost(), times)
	}
}

func TestLostReplyOfALargeScript(t *testing.T) {
	t.Parallel()
	link, client := linked(t)
	link.LoseNextReply(contains("eval"))
	value := strings.Repeat("x", 1<<20)
	script := "return redis.call('SET', KEYS[1], ARGV[1])"
	if err := client.Eval(t.Context(), script, []string{"key"}, value).Err(); err == nil {
		t.Fatal("the reply was to be lost")
	}
	if n, err := client.StrLen(t.Context(), "key").Result(); err != nil || n != int64(len(value)) {
		t.Errorf("the script stored %d bytes, %v", n, err)
	}
	if link.Lost() != 1 {
		t.Errorf("%d replies lost, want 1", link.Lost())
	}
}

func TestRequestsThatDoNotMatchPass(t *testing.T) {
	t.Parallel()
	link, client := linked(t)
	link.LoseNextReply(contains("EVALSHA"))
	for range 10 {
		mustSet(t, client, "key", "value")
	}
	if link.Lost() != 0 {
		t.Errorf("%d replies lost, want none", link.Lost())
	}
}

func TestOneCallLosesOneReply(t *testing.T) {
	t.Parallel()
	link, client := linked(t)
	link.LoseNextReply(contains("incr"))
	link.LoseNextReply(contains("incr"))
	for i, lost := range []bool{true, true, false} {
		if err := client.Incr(t.Context(), "count").Err(); (err != nil) != lost {
			t.Errorf("request %d: %v, want lost %t", i, err, lost)
		}
	}
}

func TestCutClosesConnectionsAndTakesNewOnes(t *testing.T) {
	t.Parallel()
	server := Start(t)
	link := Proxy(t, server.Addr())
	direct, client := server.Client(t), clientOf(t, link)
	ended := make(chan error)
	go func() { ended <- client.BLPop(t.Context(), time.Minute, "list").Err() }()
	for blocked := ""; !strings.Contains(blocked, "blocked_clients:1"); {
		var err error
		if blocked, err = direct.Info(t.Context(), "clients").Result(); err != nil {
			t.Fatal(err)
		}
	}
	link.Cut()
	if err := <-ended; err == nil || errors.Is(err, redis.Nil) {
		t.Errorf("the blocked call outlived the cut: %v", err)
	}
	mustSet(t, client, "key", "value")
}

func TestLinkToAServerThatIsAway(t *testing.T) {
	t.Parallel()
	server := Start(t)
	link := Proxy(t, server.Addr())
	client := clientOf(t, link)
	server.Kill(t)
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("an answer from a server that is away")
	}
	server.Restart(t)
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func linked(t *testing.T) (*Link, *redis.Client) {
	t.Helper()
	link := Proxy(t, Start(t).Addr())
	return link, clientOf(t, link)
}

// clientOf returns a client that reports a lost reply instead of trying again.
func clientOf(t *testing.T, link *Link) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: link.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func contains(part string) func([]byte) bool {
	return func(request []byte) bool { return bytes.Contains(request, []byte(part)) }
}
