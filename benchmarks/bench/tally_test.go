package bench_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

func TestTallyKnowsWhatBecameOfEachMessage(t *testing.T) {
	tally := bench.NewTally(5)
	for _, i := range []int{0, 1, 1, 1, 3, 3, 5, -1} {
		tally.Came(i)
	}
	tally.Spoilt()
	assert.Equal(t, 3, tally.Received())
	assert.Equal(t, bench.Account{Sent: 5, Received: 3, Lost: 2, Doubled: 3, Spoilt: 3}, tally.Account())

	odd := func(i int) bool { return i%2 == 1 }
	assert.Equal(t, bench.Account{Sent: 2, Failed: 3, Received: 2, Doubled: 3, Spoilt: 3}, tally.AccountOf(odd))
	even := func(i int) bool { return i%2 == 0 }
	assert.Equal(t, bench.Account{Sent: 3, Failed: 2, Received: 1, Lost: 2, Spoilt: 3}, tally.AccountOf(even),
		"what came of messages whose sending failed counts in no other field")
}

func TestTallyTellsWhenAllHaveCome(t *testing.T) {
	const messages, receivers = 100, 4
	tally := bench.NewTally(messages)
	var receiving sync.WaitGroup
	for r := range receivers {
		receiving.Go(func() {
			for i := r; i < messages; i += receivers {
				select {
				case <-tally.All():
					t.Error("all before the last")
				default:
				}
				tally.Came(i)
				tally.Came(r) // again, which counts for nothing
			}
		})
	}
	<-tally.All()
	receiving.Wait()
	assert.Equal(t, messages, tally.Received())
	<-bench.NewTally(0).All()
}

func TestAccountInWords(t *testing.T) {
	a := bench.Account{Sent: 3, Received: 2, Lost: 1, Doubled: 4}
	assert.Equal(t, "3 sent, 2 received, 1 lost, 4 doubled", a.String())
	a.Failed, a.Spoilt = 5, 6
	assert.Equal(t, "3 sent, 2 received, 1 lost, 4 doubled, 5 failed, 6 spoilt", a.String())
}
