package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
)

// startProfiles starts the profiles that were asked for. stop writes them.
func (o options) startProfiles() (stop func() error, err error) {
	var cpu *os.File
	if o.cpuProfile != "" {
		if cpu, err = os.Create(o.cpuProfile); err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(cpu); err != nil {
			return nil, errors.Join(err, cpu.Close())
		}
	}
	return func() error {
		var err error
		if cpu != nil {
			pprof.StopCPUProfile()
			err = cpu.Close()
		}
		if o.memProfile != "" {
			err = errors.Join(err, writeAllocations(o.memProfile))
		}
		return err
	}, nil
}

func writeAllocations(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	runtime.GC() // what was allocated last shows up only after one
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
