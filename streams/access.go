package streams

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

// need is a command that is run in the course of work, by itself or in a script,
// in a form that changes nothing. Redis looks at permissions before it looks at
// arguments, and at types before ids, so that the form need not even be right.
type need struct {
	// command is its name, with "|" before the subcommand, as ACL rules have it.
	command string
	// on is the key, none if empty.
	on wanted
	// args are the arguments after the command's name, with thisKey in the key's place.
	args []any
}

// keyPlace marks where the key of a need goes.
type keyPlace struct{}

var thisKey keyPlace

// nobody is a consumer that never is.
const nobody = "millstream:nobody"

// Arguments that change nothing: an id that no entry has, and what is no id.
const none, noID = "0-0", "no id"

// subscriptionNeeds are the commands of a subscription. What a handler publishes,
// and marks of deduplication, are not known before.
func subscriptionNeeds(topic, group, poison string, config *SubscriberConfig) []need {
	in := wanted{topic, "stream"}
	parking := wanted{commit.ParkingKey(topic, group), "zset"}
	unfinished := wanted{commit.UnfinishedKey(topic, group), "hash"}
	out := wanted{poison, ""} // looked at by itself
	needs := []need{
		{"eval", wanted{}, []any{"return 1", 0}},
		{"evalsha", wanted{}, []any{strings.Repeat("0", 40), 0}},
		{"time", wanted{}, nil},
		// An in-memory Redis takes any id, but not these options.
		{"xgroup|create", in, []any{thisKey, group, noID, "ENTRIESREAD", "no number"}},
		{"xgroup|delconsumer", in, []any{thisKey, group, nobody}},
		{"xreadgroup", in, []any{"GROUP", group, nobody, "STREAMS", thisKey, noID}},
		{"xack", in, []any{thisKey, group, none}},
		{"xclaim", in, []any{thisKey, group, nobody, 0, none, "JUSTID"}},
		{"xpending", in, []any{thisKey, group}},
		{"xrange", in, []any{thisKey, none, none}},
		{"xinfo|groups", in, []any{thisKey}},
		{"xinfo|consumers", in, []any{thisKey, group}},
		{"zadd", parking, []any{thisKey, "XX", 0, none}},
		{"zrem", parking, []any{thisKey, none}},
		{"zrange", parking, []any{thisKey, 0, 0}},
		{"zrangebyscore", parking, []any{thisKey, 0, 0, "LIMIT", 0, 1}},
		{"zscore", parking, []any{thisKey, none}},
		{"hget", unfinished, []any{thisKey, none}},
		{"hset", unfinished, []any{thisKey, "a value", "is", "missing"}},
		{"hdel", unfinished, []any{thisKey, none}},
		{"pexpire", unfinished, []any{thisKey, "no number"}},
		{"xadd", out, []any{thisKey, none, "", ""}},
		{"xdel", out, []any{thisKey, none}},
	}
	if config.Ordered {
		needs = append(needs, need{"xread", in, []any{"STREAMS", thisKey, "$"}})
	}
	if config.Trim != nil {
		needs = append(needs, trimNeeds(topic)...)
	}
	return needs
}

func trimNeeds(topic string) []need {
	in, note := wanted{topic, "stream"}, wanted{commit.StalledKey(topic), "hash"}
	return []need{
		{"exists", in, []any{thisKey}},
		{"xlen", in, []any{thisKey}},
		{"xtrim", in, []any{thisKey, "MINID", none}},
		{"xdel", in, []any{thisKey, none}},
		{"hget", note, []any{thisKey, none}},
		{"hset", note, []any{thisKey, "a value", "is", "missing"}},
		{"hdel", note, []any{thisKey, none}},
		{"pexpire", note, []any{thisKey, "no number"}},
	}
}

// publisherNeeds are the commands of a publisher with idempotency keys, whose
// script does not always say itself that a permission lacks.
func publisherNeeds(topic, mark string) []need {
	out, key := wanted{topic, "stream"}, wanted{mark, ""}
	return []need{
		{"eval", wanted{}, []any{"return 1", 0}},
		{"evalsha", wanted{}, []any{strings.Repeat("0", 40), 0}},
		{"xadd", out, []any{thisKey, none, "", ""}},
		{"exists", key, []any{thisKey}},
		{"set", key, []any{thisKey, "", "no", "option"}},
	}
}

// checkAccess tries what is needed and returns an error that names everything
// that lacks: commands and keys that the user may not use, and keys that are of
// another type.
func (d domain) checkAccess(ctx context.Context, needs []need) error {
	keys := keysOf(needs)
	// A script may do anything with its keys, so whoever may run scripts and may
	// not run this one may not use its key.
	scripts := make([]need, len(keys))
	for i, key := range keys {
		scripts[i] = need{"eval", key, []any{"return 1", 1, thisKey}}
	}
	refusals, err := d.try(ctx, append(scripts, needs...))
	if err != nil {
		return err
	}
	onKeys, onNeeds := refusals[:len(keys)], refusals[len(keys):]
	f := findings{}
	if i := slices.IndexFunc(needs, func(n need) bool { return n.command == "eval" }); isDenied(onNeeds[i]) {
		onKeys = make([]error, len(keys)) // which says nothing about keys
	}
	f.addKeys(keys, onKeys)
	if len(f.keys) > 0 {
		// With a key that the user may use, the rest is about the commands.
		if needs = f.elsewhere(keys, needs); len(needs) > 0 {
			if onNeeds, err = d.try(ctx, needs); err != nil {
				return err
			}
		}
	}
	f.addCommands(needs, onNeeds)
	return f.error(ctx, d)
}

func keysOf(needs []need) []wanted {
	var keys []wanted
	for _, n := range needs {
		if n.on.key != "" && !slices.Contains(keys, n.on) {
			keys = append(keys, n.on)
		}
	}
	return keys
}

// try runs the commands and returns what Redis said to each.
func (d domain) try(ctx context.Context, needs []need) ([]error, error) {
	// An in-memory Redis may be at the end of a pipe, which buffers nothing.
	const together = 10
	said := make([]error, 0, len(needs))
	for some := range slices.Chunk(needs, together) {
		answers, err := d.tryTogether(ctx, some)
		if err != nil {
			return nil, err
		}
		said = append(said, answers...)
	}
	return said, nil
}

func (d domain) tryTogether(ctx context.Context, needs []need) ([]error, error) {
	pipe := d.client.Pipeline()
	for _, n := range needs {
		var args []any
		for word := range strings.SplitSeq(n.command, "|") {
			args = append(args, word)
		}
		for _, arg := range n.args {
			if arg == thisKey {
				arg = n.on.key
			}
			args = append(args, arg)
		}
		pipe.Do(ctx, args...)
	}
	commands, failure := pipe.Exec(ctx)
	said := make([]error, len(commands))
	answered := false
	for i, command := range commands {
		said[i] = command.Err()
		var reply redis.Error
		if said[i] != nil && !errors.As(said[i], &reply) || redis.HasErrorPrefix(said[i], "NOAUTH") {
			return nil, d.explain(ctx, said[i])
		}
		answered = answered || said[i] != nil
	}
	if failure != nil && !answered {
		// The connection was turned down, which marks no command.
		return nil, d.explain(ctx, failure)
	}
	return said, nil
}

func isDenied(err error) bool { return redis.HasErrorPrefix(err, "NOPERM") }
