package streams

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

// findings are what a client lacks.
type findings struct {
	commands, keys []string
	// denied is Redis's own answer to one of them.
	denied error
	// types are the keys that may be of another type, mistyped Redis's answer.
	types    []wanted
	mistyped error
}

func (f *findings) addKeys(keys []wanted, said []error) {
	for i, err := range said {
		if isDenied(err) {
			f.keys = append(f.keys, keys[i].key)
			f.denied = err
		}
	}
}

func (f *findings) addCommands(needs []need, said []error) {
	for i, err := range said {
		switch {
		case isDenied(err):
			if !slices.Contains(f.commands, needs[i].command) {
				f.commands = append(f.commands, needs[i].command)
			}
			f.denied = err
		case needs[i].on.kind != "" && redis.HasErrorPrefix(err, "WRONGTYPE"):
			f.types = append(f.types, needs[i].on)
			f.mistyped = err
		}
	}
}

// elsewhere returns the needs with other keys in place of those that the user may
// not use; without such a key, the needs that have none.
func (f *findings) elsewhere(keys []wanted, needs []need) []need {
	i := slices.IndexFunc(keys, func(k wanted) bool { return !slices.Contains(f.keys, k.key) })
	var moved []need
	for _, n := range needs {
		if slices.Contains(f.keys, n.on.key) {
			if i < 0 {
				continue
			}
			n.on = keys[i]
		}
		moved = append(moved, n)
	}
	return moved
}

// error returns what was found; nil if it is nothing.
func (f *findings) error(ctx context.Context, d domain) error {
	if f.denied == nil {
		return d.explain(ctx, f.mistyped, f.types...)
	}
	var lacks, grants []string
	if len(f.commands) > 0 {
		lacks = append(lacks, "may not run "+strings.Join(f.commands, ", "))
		for _, command := range f.commands {
			grants = append(grants, "+"+command)
		}
	}
	if len(f.keys) > 0 {
		lacks = append(lacks, "may not use the keys "+strings.Join(f.keys, ", "))
		for _, key := range f.keys {
			if pattern := "~" + patternOf(key); !slices.Contains(grants, pattern) {
				grants = append(grants, pattern)
			}
		}
	}
	name := d.userName()
	if name == "" {
		name = "USER"
	}
	return fmt.Errorf("%w: %s %s: grant it with ACL SETUSER %s %s: %w",
		ErrPermission, d.user(), strings.Join(lacks, " and "), name, strings.Join(grants, " "), f.denied)
}

// patternOf returns a pattern for a key and those beside it.
func patternOf(key string) string {
	literal := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)
	tag := commit.HashTag(key)
	if tag == key {
		return literal.Replace(key)
	}
	before, _, _ := strings.Cut(key, "{")
	return literal.Replace(before+"{"+tag+"}") + "*"
}
