package pubsub

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"sync"
)

// remembered is how many topics without a subscription a ledger keeps apart. Names of
// topics may come from users, as many as there are of them.
const remembered = 1000

// ledger keeps the counts of many topics, also of those whose subscriptions have
// ended.
type ledger struct {
	mu     sync.Mutex
	topics map[string]*account
	// ended are the accounts without a subscription, the longest ended first.
	ended *list.List
	// others are the counts of those that are no longer kept apart.
	others Stats

	collector *collector
}

// account has the counts of a topic.
type account struct {
	past Stats
	live map[counter]struct{}
	// ended is its place among the ended; nil while anything is live.
	ended *list.Element

	labels *labels
	told   told
}

// stats returns what was counted of the topic.
func (a *account) stats() Stats {
	s := a.past
	for c := range a.live {
		s.add(c.stats())
	}
	return s
}

// counter is a part of a subscription that counts.
type counter interface{ stats() Stats }

// newLedger returns a ledger for subscribers with this configuration.
func newLedger(config *SubscriberConfig) *ledger {
	l := &ledger{topics: map[string]*account{}, ended: list.New()}
	l.collector = newCollector(l, config)
	return l
}

// begin counts what c does from now on.
func (l *ledger) begin(topic string, c counter) {
	l.collector.begin()
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.topics[topic]
	if a == nil {
		a = &account{past: Stats{Topic: topic}, live: map[counter]struct{}{}, labels: l.collector.labelsOf(topic)}
		l.topics[topic] = a
	}
	if a.ended != nil {
		l.ended.Remove(a.ended)
		a.ended = nil
	}
	a.live[c] = struct{}{}
}

// end keeps the counts of what has ended.
func (l *ledger) end(topic string, c counter) {
	l.settle(topic, c)
	l.collector.end()
}

func (l *ledger) settle(topic string, c counter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.topics[topic]
	delete(a.live, c)
	a.past.add(c.stats())
	s := a.stats()
	a.told.tell(context.Background(), l.collector.instruments, &s, a.labels)
	if len(a.live) == 0 {
		a.ended = l.ended.PushBack(a)
	}
	for l.ended.Len() > remembered {
		oldest := l.ended.Remove(l.ended.Front()).(*account)
		l.others.add(oldest.past)
		delete(l.topics, oldest.past.Topic)
	}
}

// stats returns what was counted, in the order of topics.
func (l *ledger) stats() []Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Stats, 0, len(l.topics)+1)
	if l.others != (Stats{}) {
		all = append(all, l.others)
	}
	for _, a := range l.topics {
		all = append(all, a.stats())
	}
	slices.SortFunc(all, func(a, b Stats) int { return cmp.Compare(a.Topic, b.Topic) })
	return all
}
