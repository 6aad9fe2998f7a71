package benchcmd

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/millstream-go/millstream/benchmarks/suites"
)

const longBefore = `Measure Millstream on this machine and Redis, next to what you would use instead,
and show what it does and does not cost. Name the suites to run, one takes a minute
or a few; without a name all of them run, a good quarter of an hour, in this order:

`

const longAfter = `
The contenders, of which --transports chooses:

  ceiling      a loop written by hand on go-redis, with Millstream's atomic script
  millstream   Millstream on Redis Streams
  stock        watermill-redisstream in Watermill's router
  article      what tutorials show: XREADGROUP, then XADD and XACK for each message
  pubsub       Millstream on Redis Pub/Sub, which loses what nobody listens to
  pubsub-raw   a loop written by hand on go-redis: SUBSCRIBE and PUBLISH

They take turns, round by round, so that what slows down the machine for a while
slows down all of them. Figures are medians of the rounds, with the lowest and the
highest beside them. Every message is accounted for.

Without --redis a redis-server is started for the time being: that of the PATH, or
of MILLSTREAM_REDIS_SERVER. Where there is none, an imitation inside the process
stands in, whose figures say nothing about Redis. REDIS_URL is deliberately not
read, so that nobody measures on production by accident. On a Redis given with
--redis suites use keys with names of their own, {chain-...} and {bench-...}, which
they remove, and flush nothing; but they load it as much as they can, with up to a
few hundred MB, and the suite backlog with 2 GB.

Ctrl-C ends it: what is finished is reported, and a second one kills.

Exit codes: 0 all went well; 1 something could not be measured, or a message was
lost, doubled or spoilt where none may be; 2 the command line is wrong;
130 interrupted.`

const examples = `  # The first look, a minute or two
  millstream bench chain --quick
  # Where messages get lost: Pub/Sub beside streams
  millstream bench pubsub-vs-streams --quick
  # Everything, a good quarter of an hour, with a report and plots to show around
  millstream bench --redis redis://localhost:6379/0 --out report
  # What a change brought: enough rounds to tell it from noise
  millstream bench chain --rounds 8 --out before
  millstream bench chain --rounds 8 --out after
  millstream bench compare before/results.json after/results.json
  # For other programs
  millstream bench latency --rate 5000 --json | jq '.[] | {contender, p99_us}'`

func long(all []suites.Suite) string { return longBefore + list(all) + longAfter }

// list returns a line for each suite.
func list(all []suites.Suite) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	for _, s := range all {
		fmt.Fprintf(table, "  %s\t%s\n", s.Name, s.Question)
	}
	_ = table.Flush() // a Builder takes everything
	return text.String()
}
