package demoredis_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/demoredis"
)

func TestStart(t *testing.T) {
	defer goleak.VerifyNone(t)
	client, stop, err := demoredis.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	ctx := t.Context()
	if n, err := client.DBSize(ctx).Result(); n != 0 || err != nil {
		t.Errorf("%d keys in a new server, %v", n, err)
	}
	if err := client.Set(ctx, "short", "lived", time.Second).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); client.Exists(ctx, "short").Val() == 1; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("keys do not expire")
		}
	}
	stop()
	stop() // is of no consequence
	if err := client.Ping(ctx).Err(); err == nil {
		t.Error("the client still works")
	}
}

func TestServersAreApart(t *testing.T) {
	one, stopOne, err := demoredis.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stopOne()
	two, stopTwo, err := demoredis.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer stopTwo()
	if err := one.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n := two.Exists(t.Context(), "key").Val(); n != 0 {
		t.Error("two servers share their keys")
	}
}
