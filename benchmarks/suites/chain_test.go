package suites

import (
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
)

// chainSuites are the suites that run chains.
var chainSuites = []string{"chain", "payload", "tracing", "middleware"}

// cases returns the cases of a suite.
func cases(t *testing.T, suite string, c Config) []bench.Case {
	t.Helper()
	c.Redis = &redis.Options{Addr: server.Addr()}
	require.NoError(t, c.Check())
	all := All()
	i := slices.IndexFunc(all, func(s Suite) bool { return s.Name == suite })
	require.GreaterOrEqual(t, i, 0, "there is no suite %s", suite)
	assert.NotEmpty(t, all[i].Question)
	return all[i].Cases(&c)
}

func names(cases []bench.Case) (names []string) {
	for _, c := range cases {
		names = append(names, c.Name)
	}
	return names
}

func contenders(c bench.Case) (names []string) {
	for _, contender := range c.Contenders {
		names = append(names, contender.Name)
	}
	return names
}

func TestChainSuitesLoseNothing(t *testing.T) {
	t.Run("all", func(t *testing.T) {
		for _, suite := range chainSuites {
			t.Run(suite, func(t *testing.T) {
				t.Parallel() // each round has keys of its own
				c := cases(t, suite, Config{Messages: 60, Size: 300, Stages: []int{2}})[0]
				results, err := bench.Measure(t.Context(), &c, bench.Settings{Rounds: 1})
				require.NoError(t, err)
				require.NotEmpty(t, results)
				for _, r := range results {
					assert.True(t, r.Exact(), "%+v", r)
					assert.Equal(t, r.Messages, r.Received, r.Contender)
					assert.Positive(t, r.Throughput, r.Contender)
					assert.Equal(t, 2, r.Stages)
				}
			})
		}
	})
	assertNoKeys(t, server.Client(t))
}

func TestChainSuitesHaveTheCasesAskedFor(t *testing.T) {
	assert.Equal(t, []string{"stages=1", "stages=3", "stages=10"}, names(cases(t, "chain", Config{})))
	assert.Equal(t, []string{"stages=2", "stages=4"}, names(cases(t, "chain", Config{Stages: []int{2, 4}})))
	assert.Equal(t, []string{"size=100", "size=1024", "size=10240", "size=102400", "size=1048576"},
		names(cases(t, "payload", Config{})))
	assert.Equal(t, []string{"size=500 stages=1", "size=500 stages=3"},
		names(cases(t, "payload", Config{Size: 500, Stages: []int{1, 3}})))
	for _, suite := range chainSuites {
		for _, c := range cases(t, suite, Config{}) {
			assert.Equal(t, suite, c.Suite)
			assert.NotEmpty(t, c.Title)
		}
	}
}

func TestCurvesOfPayloadsThroughChainsOfDifferentLengthsAreApart(t *testing.T) {
	all := cases(t, "payload", Config{Stages: []int{1, 3}})
	assert.Equal(t, "payload (bytes), through 1 stage", all[0].Axis)
	assert.Equal(t, "payload (bytes), through 3 stages", all[len(all)-1].Axis)
	assert.Equal(t, "payload (bytes)", cases(t, "payload", Config{})[0].Axis)
}

func TestRoundsThroughChainsFitIntoMemory(t *testing.T) {
	const most = 200_000_000
	for _, suite := range chainSuites {
		for _, config := range []Config{{}, {Quick: true}, {Messages: 10_000_000, Size: 1000}} {
			for _, c := range cases(t, suite, config) {
				size := 1000
				if config.Size == 0 {
					size = max(200, int(c.At))
				}
				assert.LessOrEqual(t, c.Messages*size*(c.Stages+1), most, "%s %s", suite, c.Name)
				assert.Positive(t, c.Messages)
			}
		}
	}
}

func TestChosenTransportsAloneTakePart(t *testing.T) {
	for _, test := range []struct {
		suite      string
		transports []string
		want       []string
	}{
		{"chain", nil, chainNames(chain.Contenders())},
		{"chain", []string{"stock", "pubsub-raw"}, []string{"stock", "pubsub-raw"}},
		{"chain", []string{"millstream"}, []string{"millstream", "millstream-json"}},
		{"payload", nil, Contenders()},
		{"payload", []string{"article"}, []string{"article"}},
		{"tracing", []string{"millstream"}, chainNames(chain.Traced())},
		{"middleware", []string{"millstream"}, chainNames(chain.Wrapped())},
	} {
		assert.Equal(t, test.want, contenders(cases(t, test.suite, Config{Transports: test.transports})[0]))
	}
	for _, suite := range []string{"tracing", "middleware"} {
		assert.Empty(t, cases(t, suite, Config{Transports: []string{"stock"}}), "pipelines on streams are compared with each other")
	}
}

func TestVariantsAreComparedWithTheBareOne(t *testing.T) {
	for _, suite := range []string{"tracing", "middleware"} {
		for _, c := range cases(t, suite, Config{}) {
			assert.Equal(t, c.Contenders[0].Name, c.Baseline)
		}
	}
}

func TestPayloadSuiteTellsBytes(t *testing.T) {
	c := cases(t, "payload", Config{Messages: 100, Size: 1000, Transports: []string{"ceiling"}})[0]
	results, err := bench.Measure(t.Context(), &c, bench.Settings{Rounds: 1})
	require.NoError(t, err)
	require.Len(t, results[0].Figures, 1)
	figure := results[0].Figures[0]
	assert.Equal(t, "MB/s", figure.Unit)
	assert.InEpsilon(t, results[0].Throughput*1000/1e6, figure.Median, 1e-9)
}

func chainNames(contenders []chain.Contender) (names []string) {
	for _, c := range contenders {
		names = append(names, c.Name())
	}
	return names
}
