package benchcmd

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"

	"github.com/spf13/pflag"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// profiles are the names of files, each empty if it was not asked for.
type profiles struct {
	cpu, memory string
}

func (p *profiles) register(f *pflag.FlagSet) {
	f.StringVar(&p.cpu, "cpuprofile", "", "`file` for a CPU profile, its samples labelled with suite, case and contender")
	f.StringVar(&p.memory, "memprofile", "", "`file` for a profile of allocations")
}

// start starts the profiles that were asked for. stop writes them.
func (p *profiles) start() (stop func() error, err error) {
	cpu, err := create(p.cpu)
	if err != nil {
		return nil, err
	}
	memory, err := create(p.memory)
	if err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	if p.cpu != "" {
		if err := pprof.StartCPUProfile(cpu); err != nil {
			return nil, errors.Join(err, cpu.Close(), memory.Close())
		}
	}
	return func() error {
		var err error
		if p.cpu != "" {
			pprof.StopCPUProfile()
		}
		if p.memory != "" {
			runtime.GC() // what was allocated last shows up only after one
			err = pprof.Lookup("allocs").WriteTo(memory, 0)
		}
		return errors.Join(err, cpu.Close(), memory.Close())
	}, nil
}

// create creates a file; without a name, that which takes everything.
func create(name string) (*os.File, error) {
	if name == "" {
		name = os.DevNull
	}
	return os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
}

// labelled returns the case with contenders whose goroutines carry their names in CPU
// profiles.
func labelled(c bench.Case) bench.Case {
	c.Contenders = slices.Clone(c.Contenders)
	for i, contender := range c.Contenders {
		labels := pprof.Labels("suite", c.Suite, "case", c.Name, "contender", contender.Name)
		c.Contenders[i].Measure = func(ctx context.Context, messages int) (round bench.Round, err error) {
			pprof.Do(ctx, labels, func(ctx context.Context) { round, err = contender.Measure(ctx, messages) })
			return round, err
		}
	}
	return c
}
