package chain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// rounds are three rounds at the given rates.
func rounds(contender string, rates ...int) (rounds []chain.Round) {
	for _, rate := range rates {
		rounds = append(rounds, chain.Round{Contender: contender, Messages: 2 * rate, Elapsed: 2 * time.Second})
	}
	return rounds
}

func ExampleReport() {
	contenders, _ := chain.Select(chain.Stock, chain.Millstream, chain.Ceiling)
	report := &chain.Report{Config: chain.Config{Contenders: contenders, Size: 200, Stages: 3, Concurrency: 1, Rounds: 3}}
	report.Rounds = append(report.Rounds, rounds(chain.Stock, 1000, 900, 500)...)
	report.Rounds = append(report.Rounds, rounds(chain.Millstream, 12000, 9000, 5000)...)
	report.Rounds = append(report.Rounds, rounds(chain.Ceiling, 20000, 12000, 10000)...)
	var text strings.Builder
	_, _ = report.WriteTo(&text)
	fmt.Print(text.String())
	// Output:
	// chain of 3 no-op stages, 200-byte payloads, concurrency 1, median of 3 rounds
	//
	//     contender   messages    msg/s         min – max
	//         stock      2,000      900       500 – 1,000
	//    millstream     24,000    9,000    5,000 – 12,000
	//       ceiling     40,000   12,000   10,000 – 20,000
	//
	//      millstream / stock      10.00   10.00 – 12.00
	//    millstream / ceiling       0.60     0.50 – 0.75
}

func TestMedianOfAnEvenNumberOfRoundsIsTheMeanOfTheMiddleTwo(t *testing.T) {
	report := &chain.Report{Rounds: rounds(chain.Stock, 10, 20, 40, 1000)}
	rates, _ := report.Rates(chain.Stock)
	assert.Equal(t, chain.Spread{Median: 30, Min: 10, Max: 1000}, rates)
}

func TestRatioNeedsBothToHaveRun(t *testing.T) {
	report := &chain.Report{Rounds: rounds(chain.Stock, 10)}
	_, ok := report.Ratio(chain.Millstream, chain.Stock)
	require.False(t, ok)
	rates, messages := report.Rates(chain.Millstream)
	assert.Zero(t, rates)
	assert.Zero(t, messages)
}
