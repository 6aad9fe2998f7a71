package report

import (
	"context"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/millstream-go/millstream/benchmarks/server"
)

// Describe returns what the machine and the server are, as of now. What cannot be found
// out is left out. It takes 5 seconds at most. The name of the host is no part of it.
func Describe(ctx context.Context, s *server.Server) Environment {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	e := Environment{
		Time: time.Now().UTC().Truncate(time.Second),
		OS:   runtime.GOOS, Arch: runtime.GOARCH,
		Cores: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		Go: runtime.Version(),
		Redis: Redis{
			Description: s.Description,
			// Only an embedded one comes with a notice.
			Embedded: s.Notice != "",
			Settings: redisSettings(ctx, s.Options),
		},
	}
	if kernel, err := host.KernelVersionWithContext(ctx); err == nil {
		e.Kernel = kernel
	}
	if cpus, err := cpu.InfoWithContext(ctx); err == nil && len(cpus) > 0 {
		e.CPU = cpus[0].ModelName
	}
	if n, err := cpu.CountsWithContext(ctx, true); err == nil && n > 0 {
		e.Cores = n
	}
	if memory, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		e.Memory = memory.Total
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		e.Modules = modules(info)
	}
	return e
}

// telling are the settings of Redis that matter to what is measured.
var telling = []string{
	"appendonly", "appendfsync", "save", "maxmemory", "maxmemory-policy", "maxclients",
	"io-threads", "hz", "stream-node-max-bytes", "stream-node-max-entries",
	"client-output-buffer-limit",
}

// redisSettings leaves out what the server does not have or does not tell.
func redisSettings(ctx context.Context, options *redis.Options) map[string]string {
	own := *options
	own.MaxRetries, own.DialerRetries = -1, 1 // one try tells
	client := redis.NewClient(&own)
	defer client.Close()
	settings := map[string]string{}
	for _, name := range telling {
		values, err := client.ConfigGet(ctx, name).Result()
		if err != nil {
			continue
		}
		maps.Copy(settings, values)
	}
	return settings
}

const (
	self    = "github.com/millstream-go/millstream"
	changed = "+changes"
)

// measured are the modules whose speed is measured.
var measured = map[string]string{
	"github.com/ThreeDotsLabs/watermill":             "watermill",
	"github.com/ThreeDotsLabs/watermill-redisstream": "watermill-redisstream",
	"github.com/redis/go-redis/v9":                   "go-redis",
	self:                                             "millstream",
}

func modules(info *debug.BuildInfo) map[string]string {
	versions := map[string]string{}
	for _, module := range append(slices.Clone(info.Deps), &info.Main) {
		name, ok := measured[module.Path]
		switch {
		case !ok:
		case module.Replace != nil:
			versions[name] = strings.TrimSpace("replaced " + module.Replace.Version)
		case module.Version != "":
			versions[name] = module.Version
		}
	}
	if info.Main.Path == self {
		if revision := revision(info); revision != "" {
			versions["millstream"] = revision
		}
	}
	return versions
}

// revision returns the commit that the program was built of.
func revision(info *debug.BuildInfo) string {
	var revision, suffix string
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value[:min(len(setting.Value), 12)]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			suffix = changed
		}
	}
	if revision == "" {
		return ""
	}
	return revision + suffix
}
