package redistest

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

func TestRestartWithAOFKeepsData(t *testing.T) {
	t.Parallel()
	server := Start(t, AOF())
	client := server.Client(t)
	mustSet(t, client, "key", "value")
	server.Kill(t)
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Fatal("a killed server answers")
	}
	server.Restart(t)
	if got, err := client.Get(t.Context(), "key").Result(); err != nil || got != "value" {
		t.Errorf("after the restart: %q, %v", got, err)
	}
}

func TestRestartWithoutAOFLosesData(t *testing.T) {
	t.Parallel()
	server := Start(t)
	client := server.Client(t)
	mustSet(t, client, "key", "value")
	server.Restart(t)
	if n, err := client.Exists(t.Context(), "key").Result(); err != nil || n != 0 {
		t.Errorf("after the restart: %d, %v", n, err)
	}
}

func TestPausedServerAnswersAfterResume(t *testing.T) {
	t.Parallel()
	server := Start(t)
	client := server.Client(t)
	mustSet(t, client, "key", "value")
	server.Pause(t)
	err := client.WithTimeout(50 * time.Millisecond).Ping(t.Context()).Err()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("paused: %v", err)
	}
	server.Resume(t)
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("resumed: %v", err)
	}
}

func TestPausedServerCanBeStopped(t *testing.T) {
	t.Parallel()
	Start(t, Supervised()).Pause(t)
}

func TestSupervisedServerComesBack(t *testing.T) {
	t.Parallel()
	server := Start(t, AOF(), Supervised())
	client := server.Client(t)
	mustSet(t, client, "key", "value")
	for range 3 {
		run(t, server.KillCommand())
		// The command has returned, so a single dial must do.
		mustPing(t, server)
	}
	if got, err := client.Get(t.Context(), "key").Result(); err != nil || got != "value" {
		t.Errorf("after the restarts: %q, %v", got, err)
	}
}

func TestKillCommandsAtOnce(t *testing.T) {
	t.Parallel()
	server := Start(t, Supervised())
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if out, err := command(server.KillCommand()).CombinedOutput(); err != nil {
				t.Errorf("kill command: %v\n%s", err, out)
			}
		})
	}
	running.Wait()
	server.Restart(t)
	mustPing(t, server)
}

func TestKilledServerStaysAwayThoughSupervised(t *testing.T) {
	t.Parallel()
	server := Start(t, Supervised())
	server.Kill(t)
	time.Sleep(200 * time.Millisecond)
	if err := server.Client(t).Ping(t.Context()).Err(); err == nil {
		t.Fatal("it came back by itself")
	}
	server.Restart(t)
	run(t, server.KillCommand()) // the successor is supervised as well
	mustPing(t, server)
}

func TestUnsupervisedServerStaysAway(t *testing.T) {
	t.Parallel()
	server := Start(t)
	run(t, server.KillCommand())
	time.Sleep(200 * time.Millisecond)
	if err := server.Client(t).Ping(t.Context()).Err(); err == nil {
		t.Fatal("it came back by itself")
	}
	server.Restart(t)
	mustPing(t, server)
}

func TestFaultsAtOnce(t *testing.T) {
	t.Parallel()
	server := Start(t, Supervised())
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() { server.Kill(t) })
		running.Go(func() { server.Restart(t) })
	}
	running.Wait()
	server.Restart(t)
	mustPing(t, server)
}

func run(t *testing.T, argv []string) {
	t.Helper()
	if out, err := command(argv).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
}

func command(argv []string) *exec.Cmd { return exec.Command(argv[0], argv[1:]...) }
