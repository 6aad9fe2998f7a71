package suites

import (
	"context"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/shirou/gopsutil/v4/mem"
)

// bytesPerEntry is more than what Redis takes for an entry beside its payload, about 70.
const bytesPerEntry = 100

// largestEmbedded is the largest backlog for the embedded imitation of Redis, which looks
// through all of a stream to find something in it.
const largestEmbedded = 10_000

// largestBacklog returns how many entries with payloads of a size Redis has room for,
// and why there is no more.
func largestBacklog(ctx context.Context, options *redis.Options, size int) (entries int, reason string) {
	const timeout = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client := newClient(options)
	defer client.Close()
	info := client.InfoMap(ctx, "memory")
	used, ok := memoryField(info, "used_memory")
	if !ok {
		return largestEmbedded, "this server does not say how much memory it has"
	}
	room := math.MaxFloat64
	if most, ok := memoryField(info, "maxmemory"); ok && most > 0 {
		room = min(room, most-used)
	}
	if total, ok := memoryField(info, "total_system_memory"); ok && total > 0 {
		room = min(room, total-used)
	}
	if isLocal(options.Addr) {
		if memory, err := mem.VirtualMemoryWithContext(ctx); err == nil {
			room = min(room, float64(memory.Available))
		}
	}
	const share = 0.5 // others are there, too
	return int(max(0, share*room) / float64(size+bytesPerEntry)), "there is no memory for more"
}

func memoryField(info *redis.InfoCmd, name string) (float64, bool) {
	if info.Err() != nil {
		return 0, false
	}
	value, err := strconv.ParseFloat(info.Item("Memory", name), 64)
	return value, err == nil
}

// isLocal reports whether a server is on this machine, so that its memory is this one's.
func isLocal(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return true // a socket
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
