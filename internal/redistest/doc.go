// Package redistest runs a real redis-server for tests.
//
// A fake is quick, but only the real server tells the truth about consumer
// groups, scripts and restarts. So a test which needs one never skips: without
// a redis-server it fails, and says how to get it.
//
//	server := redistest.Start(t)
//	client := server.Client(t)
//
// A package whose tests can share a server starts it once, in TestMain, with
// [StartShared]. Faults are made with [Server.Kill], [Server.Restart] and
// [Server.Pause], and without a test with [Server.Crash], [Server.Revive] and
// [Server.Freeze]; those of the network with a [Link], which [Proxy] puts in
// front of the server.
//
// What a deployment has besides one server is here as well:
//
//	replica := server.Replica(t)                       // Promote makes it a master
//	sentinel := redistest.StartSentinel(t, server, replica)
//	cluster := redistest.StartCluster(t, 1)            // three masters, a replica each
//	secure := redistest.Start(t, redistest.TLS())
//
// A [Sentinel] and a [Cluster] replace a master that was killed, and have clients
// that follow. [Cluster.Failover] and [Cluster.Reshard] move what a master serves
// while it is in use.
//
// Every server has a loopback port and a directory of its own and writes
// nothing outside of it. All methods may be called concurrently.
package redistest
