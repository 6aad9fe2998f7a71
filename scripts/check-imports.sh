#!/bin/sh
# Checks who may depend on whom, directly or through other packages. Tests may
# import what they like. A package that does not exist breaks no rule.
set -eu
cd "$(dirname "$0")/.."

# A rule: packages, whether they may, and what they may depend on. A name stands
# for the package and all below it; without a dot in its first part it is one of
# ours. "*" is every package of ours, and "except" takes some out. What emits
# OpenTelemetry data knows its API only: the SDK and the exporters are large, and
# come with tracing for those who want them.
rules='
pipeline   never github.com/redis/go-redis streams pubsub middleware/redisstore tracing
streams    never pubsub middleware tracing pipeline
pubsub     never streams middleware tracing pipeline
middleware never streams pubsub tracing pipeline internal/commit
middleware never github.com/redis/go-redis except middleware/redisstore
tracing    never streams pubsub middleware pipeline
pipeline           never go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters go.opentelemetry.io/contrib
streams            never go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters go.opentelemetry.io/contrib
pubsub             never go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters go.opentelemetry.io/contrib
middleware         never go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters go.opentelemetry.io/contrib
internal/telemetry never go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters go.opentelemetry.io/contrib
examples/tasks/internal/task  never github.com/redis/go-redis github.com/ThreeDotsLabs pipeline streams pubsub middleware tracing modernc.org/sqlite github.com/blevesearch
examples/tasks/internal/store never github.com/redis/go-redis github.com/ThreeDotsLabs pipeline streams pubsub middleware tracing github.com/blevesearch
examples/tasks/internal/index never github.com/redis/go-redis github.com/ThreeDotsLabs pipeline streams pubsub middleware tracing modernc.org/sqlite
examples/tasks/internal/rest  never github.com/redis/go-redis github.com/ThreeDotsLabs pipeline streams pubsub middleware tracing modernc.org/sqlite github.com/blevesearch
examples/tasks/internal/find  never github.com/redis/go-redis github.com/ThreeDotsLabs pipeline streams pubsub middleware tracing modernc.org/sqlite
examples/tasks/internal/flow  never modernc.org/sqlite github.com/blevesearch
examples/alerts/internal/alert   never github.com go.opentelemetry.io streams pubsub middleware pipeline tracing
examples/alerts/internal/oncall  never streams pubsub tracing examples/alerts/internal/webhook examples/alerts/internal/receiver
examples/alerts/internal/webhook never github.com/redis/go-redis github.com/ThreeDotsLabs/watermill streams middleware pipeline
examples/payments/internal/payment never github.com go.opentelemetry.io
examples/payments/internal/bank    never github.com/redis/go-redis github.com/ThreeDotsLabs pipeline streams pubsub middleware tracing
examples/payments/internal/flow    never github.com/redis/go-redis streams pubsub tracing
*          never internal/otlptest
*          never github.com/alicebob/miniredis except internal/demoredis examples benchmarks cmd
*          never examples benchmarks cmd except examples benchmarks cmd
'

graph=$(go list -deps -f '{{.ImportPath}} {{join .Imports " "}}' ./...)
printf '%s\n' "$graph" | RULES=$rules awk -v module="$(go list -m)" '
function full(name) { return name ~ /^[^\/]*\./ ? name : module "/" name }

function within(pkg, name) {
	name = full(name)
	return pkg == name || index(pkg, name "/") == 1
}

# Walks the imports from pkg, nearest first, and reports the shortest way to
# every forbidden name that it reaches.
function check(pkg, names, n,    queue, head, tail, via, at, i, k, parts, way) {
	queue[tail = 1] = pkg
	via[pkg] = ""
	for (head = 1; head <= tail; head++) {
		at = queue[head]
		for (i = 1; i <= n; i++) {
			if (at == pkg || !within(at, names[i]) || (pkg, i) in reported) continue
			reported[pkg, i] = 1
			way = at
			for (k = via[at]; k != ""; k = via[k]) way = k " -> " way
			print pkg " must not depend on " names[i] ":\n\t" way
			bad = 1
		}
		k = split(imports[at], parts, " ")
		for (i = 1; i <= k; i++) {
			if (parts[i] in via) continue
			via[parts[i]] = at
			queue[++tail] = parts[i]
		}
	}
}

function apply(rule,    words, count, i, n, names, e, except, pkg, skip) {
	count = split(rule, words, " ")
	for (i = 3; i <= count && words[i] != "except"; i++) names[++n] = words[i]
	for (i++; i <= count; i++) except[++e] = words[i]
	split("", reported)
	for (pkg in imports) {
		if (!within(pkg, words[1]) && !(words[1] == "*" && index(pkg "/", module "/") == 1)) continue
		skip = 0
		for (i = 1; i <= e; i++) if (within(pkg, except[i])) skip = 1
		if (!skip) check(pkg, names, n)
	}
}

{ pkg = $1; $1 = ""; imports[pkg] = $0 }

END {
	n = split(ENVIRON["RULES"], rule, "\n")
	for (r = 1; r <= n; r++) if (rule[r] != "") apply(rule[r])
	exit bad
}' || {
	echo "The import rules are broken." >&2
	exit 1
}
