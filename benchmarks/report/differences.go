package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// differences returns what makes two reports hard to compare.
func differences(before, after *Report) (warnings []string) {
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	a, b := &before.Environment, &after.Environment
	if a.Time.IsZero() || b.Time.IsZero() {
		warn("At least one of the files does not tell where it was measured: compare what was measured on one machine only.")
	} else {
		for _, fact := range a.unlike(b) {
			warn("%s", fact)
		}
		if differing := before.Settings.unlike(&after.Settings); len(differing) > 0 {
			warn("Other settings: %s.", strings.Join(differing, "; "))
		}
	}
	for _, side := range []struct {
		name string
		of   *Environment
	}{{"Before", a}, {"After", b}} {
		if side.of.Redis.Embedded {
			warn("%s: measured on an embedded imitation of Redis, which says nothing about Redis.", side.name)
		}
		if n := side.of.Noise; n != nil && n.Noisy {
			warn("%s: %s", side.name, n)
		}
	}
	return warnings
}

// unlike returns how another environment differs where that matters. Another revision
// of Millstream does not: to see what it changes is why reports are compared.
func (e *Environment) unlike(o *Environment) (facts []string) {
	differ := func(what, was, is string) {
		if was != is {
			facts = append(facts, fmt.Sprintf("Other %s: %s, then %s.", what, quoted(was), quoted(is)))
		}
	}
	differ("CPU", e.CPU, o.CPU)
	differ("number of cores", fmt.Sprint(e.Cores), fmt.Sprint(o.Cores))
	differ("GOMAXPROCS", fmt.Sprint(e.GOMAXPROCS), fmt.Sprint(o.GOMAXPROCS))
	differ("system", e.OS+"/"+e.Arch, o.OS+"/"+o.Arch)
	differ("kernel", e.Kernel, o.Kernel)
	differ("Go", e.Go, o.Go)
	differ("Redis", e.Redis.Description, o.Redis.Description)
	for _, name := range keys(e.Redis.Settings, o.Redis.Settings) {
		differ("Redis setting "+name, e.Redis.Settings[name], o.Redis.Settings[name])
	}
	for _, name := range keys(e.Modules, o.Modules) {
		if name != measured[self] {
			differ("version of "+name, e.Modules[name], o.Modules[name])
		}
	}
	return facts
}

// unlike returns the settings that differ.
func (s *Settings) unlike(o *Settings) (differing []string) {
	differ := func(what string, was, is any) {
		if fmt.Sprint(was) != fmt.Sprint(is) {
			differing = append(differing, fmt.Sprintf("%s %v, then %v", what, was, is))
		}
	}
	differ("quick", s.Quick, o.Quick)
	differ("size", s.Size, o.Size)
	differ("concurrency", s.Concurrency, o.Concurrency)
	differ("rate", s.Rate, o.Rate)
	differ("messages", s.Messages, o.Messages)
	differ("stages", s.Stages, o.Stages)
	differ("transports", s.Transports, o.Transports)
	return differing
}

func quoted(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func keys(tables ...map[string]string) []string {
	all := map[string]bool{}
	for _, m := range tables {
		for name := range m {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
