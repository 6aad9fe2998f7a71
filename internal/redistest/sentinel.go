package redistest

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// MasterName is the name that a [Sentinel] knows its master by.
const MasterName = "main"

// Sentinel is a server that watches over a master and promotes its replica when
// the master is away. Its own methods are those of a [Server].
type Sentinel struct{ *Server }

// StartSentinel runs a sentinel for a master until the test ends. It takes half a
// second of silence for the master's end. Start the replicas first: it returns
// when it could promote any of them.
func StartSentinel(tb testing.TB, master *Server, replicas ...*Server) *Sentinel {
	tb.Helper()
	host, port, err := net.SplitHostPort(master.addr)
	if err != nil {
		tb.Fatal(err)
	}
	s := &Sentinel{Start(tb, func(s *Server) {
		s.config = fmt.Sprintf("sentinel monitor %[1]s %[2]s %[3]s 1\n"+
			"sentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 2000\n", MasterName, host, port)
	})}
	client := s.sentinelClient(tb)
	await(tb, "the sentinel to know its servers", func() bool {
		known, err := client.Replicas(tb.Context(), MasterName).Result()
		if err != nil || len(known) != len(replicas) {
			return false
		}
		for _, replica := range known {
			if replica["flags"] != "slave" || replica["master-link-status"] != "ok" {
				return false
			}
		}
		return true
	})
	return s
}

// FailoverClient returns a new client of whichever server is the master, closed
// when the test ends.
func (s *Sentinel) FailoverClient(tb testing.TB) *redis.Client {
	tb.Helper()
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:    MasterName,
		SentinelAddrs: []string{s.addr},
		DialTimeout:   time.Second,
		DialerRetries: 1,
	})
	closeAtEnd(tb, client)
	return client
}

// Master returns the address of the server that the sentinel takes for the master.
func (s *Sentinel) Master(tb testing.TB) string {
	tb.Helper()
	return master(tb, s.sentinelClient(tb))
}

// AwaitMaster waits until the sentinel takes a server for the master.
func (s *Sentinel) AwaitMaster(tb testing.TB, server *Server) {
	tb.Helper()
	client := s.sentinelClient(tb)
	await(tb, server.addr+" to be the master", func() bool { return master(tb, client) == server.addr })
}

func master(tb testing.TB, client *redis.SentinelClient) string {
	tb.Helper()
	addr, err := client.GetMasterAddrByName(tb.Context(), MasterName).Result()
	if err != nil {
		tb.Fatalf("ask the sentinel: %v", err)
	}
	return net.JoinHostPort(addr[0], addr[1])
}

func (s *Sentinel) sentinelClient(tb testing.TB) *redis.SentinelClient {
	tb.Helper()
	client := redis.NewSentinelClient(&redis.Options{Addr: s.addr})
	tb.Cleanup(func() {
		if err := client.Close(); err != nil {
			tb.Errorf("close the client of the sentinel: %v", err)
		}
	})
	return client
}
