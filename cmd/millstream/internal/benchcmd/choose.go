package benchcmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
)

// choose returns the suites with the names in the order of the names, or all.
func choose(all []suites.Suite, names []string) ([]suites.Suite, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []suites.Suite
	var faults []error
	for _, name := range unique(names) {
		i := slices.IndexFunc(all, func(s suites.Suite) bool { return s.Name == name })
		switch {
		case i >= 0:
			chosen = append(chosen, all[i])
		case strings.Contains(name, "://"):
			faults = append(faults, errors.New("a URL is no suite: say which Redis to use with --redis URL"))
		default:
			faults = append(faults, fmt.Errorf("there is no suite %q, only %s", name, strings.Join(suiteNames(all), ", ")))
		}
	}
	return chosen, errors.Join(faults...)
}

func suiteNames(all []suites.Suite) []string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// cases returns what there is to measure, and the names of the suites that have nothing
// to do for the contenders.
func cases(chosen []suites.Suite, config *suites.Config) (all []bench.Case, idle []string) {
	for _, s := range chosen {
		some := s.Cases(config)
		if len(some) == 0 {
			idle = append(idle, s.Name)
		}
		for _, c := range some {
			all = append(all, labelled(c))
		}
	}
	return all, idle
}
