package redistest

import (
	"net"
	"strconv"
	"testing"
)

// Replica starts a server that follows s, and returns it when it has all that s
// has. The options are those of [Start].
func (s *Server) Replica(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	replica := Start(tb, opts...)
	replica.Follow(tb, s)
	return replica
}

// Follow makes s a replica of master, dropping what it has, and returns when it
// has all that master has. It lasts until [Server.Promote] or the end of the
// process: a restarted server follows nobody.
func (s *Server) Follow(tb testing.TB, master *Server) {
	tb.Helper()
	host, port, err := net.SplitHostPort(master.addr)
	if err != nil {
		tb.Fatal(err)
	}
	client := s.Client(tb)
	if err := client.ReplicaOf(tb.Context(), host, port).Err(); err != nil {
		tb.Fatalf("make %s a replica of %s: %v", s.addr, master.addr, err)
	}
	s.CatchUp(tb, master)
}

// CatchUp waits until s, a replica of master, has all that master has now.
func (s *Server) CatchUp(tb testing.TB, master *Server) {
	tb.Helper()
	ctx, replica := tb.Context(), s.Client(tb)
	now, err := master.Client(tb).InfoMap(ctx, "replication").Result()
	if err != nil {
		tb.Fatalf("look for the replicas of %s: %v", master.addr, err)
	}
	behind := offset(tb, now["Replication"]["master_repl_offset"])
	await(tb, s.addr+" to catch up with "+master.addr, func() bool {
		info := replica.InfoMap(ctx, "replication").Val()["Replication"]
		return info["master_link_status"] == "up" && offset(tb, info["slave_repl_offset"]) >= behind
	})
}

// CutReplicas ends the replication to all replicas of s: what is written from now
// on is lost when s is killed. It lasts until s restarts.
func (s *Server) CutReplicas(tb testing.TB) {
	tb.Helper()
	client := s.Client(tb)
	for _, args := range [][]any{{"ACL", "SETUSER", "default", "-psync", "-sync"}, {"CLIENT", "KILL", "TYPE", "replica"}} {
		if err := client.Do(tb.Context(), args...).Err(); err != nil {
			tb.Fatalf("%v on %s: %v", args, s.addr, err)
		}
	}
}

func offset(tb testing.TB, text string) int64 {
	tb.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		tb.Fatalf("replication offset: %v", err)
	}
	return n
}

// Promote makes a replica a master of its own.
func (s *Server) Promote(tb testing.TB) {
	tb.Helper()
	if err := s.Client(tb).ReplicaOf(tb.Context(), "NO", "ONE").Err(); err != nil {
		tb.Fatalf("promote %s: %v", s.addr, err)
	}
}
