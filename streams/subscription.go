package streams

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/restraint"
)

// subscription is one topic read by one group. Its goroutines are
//
//	reader     reads new entries ahead of the lanes
//	claimer    takes over parked and abandoned entries
//	heartbeat  renews the hold on what was read and is not settled
//	lanes      deliver a message each and wait for its ack or nack
//	committer  settles what the lanes finished and did not settle at once, in batches
//	trimmer    deletes what all groups are done with
//	sweeper    removes consumers that are long gone
//
// and run, which owns and joins them all.
type subscription struct {
	config SubscriberConfig
	group  commit.Group
	domain domain
	poison string
	log    *slog.Logger
	count  *counters

	out       chan *message.Message
	feed      *feed
	holds     *holds
	committer *committer
	trimmer   *trimmer // nil: nothing is trimmed
	lengths   *lengths
	restraint *restraint.Restraint
	commits   commits
	collector *collector
	full      seldom
	parked    *alarm

	// suspect has an item while a message is run apart from other suspects.
	suspect chan struct{}

	// stopping is closed when nothing more is to be read or started, expired
	// when handlers are no longer waited for.
	stopping, expired chan struct{}
	closing           <-chan struct{}

	// lost is set when the reply of a read may have been lost, so that Redis
	// counts entries as this consumer's that it never got.
	lost atomic.Bool
	// inherited is closed when what an earlier process of the same name held was
	// found, before which nothing else is taken in this name.
	inherited chan struct{}

	mu         sync.Mutex
	unfinished []commit.Unfinished
}

func newSubscription(s *Subscriber, topic, consumer string) *subscription {
	stopping := make(chan struct{})
	sub := &subscription{
		config: s.config,
		group:  commit.Group{Client: s.domain.client, Stream: topic, Group: s.group, Consumer: consumer},
		domain: s.domain,
		poison: s.poisonTopic(topic),
		log:    s.config.Logger.With("topic", topic, "group", s.group, "consumer", consumer),
		count:  s.ledger.counters(topic, s.group),

		collector: s.ledger.collector,

		out:    make(chan *message.Message),
		feed:   newFeed(s.config.Concurrency, stopping),
		holds:  newHolds(),
		parked: newAlarm(),

		lengths:   newLengths(s.domain.client),
		restraint: restraint.New(),

		suspect:  make(chan struct{}, 1),
		stopping: stopping,
		expired:  make(chan struct{}),
		closing:  s.closing,

		inherited: make(chan struct{}),
	}
	sub.committer = newCommitter(sub)
	if s.config.Trim != nil {
		sub.trimmer = newTrimmer(sub)
	}
	sub.lost.Store(true) // for what an earlier process held
	return sub
}

// run runs the subscription until ctx ends or the subscriber closes.
func (s *subscription) run(ctx context.Context) {
	// Reading, renewing and committing go on while handlers finish after ctx has ended.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.committer.work = work

	var reading, lanes, committing, beating sync.WaitGroup
	reading.Go(func() { s.read(work) })
	reading.Go(func() { s.claim(work) })
	reading.Go(func() { s.sweep(work) })
	if s.trimmer != nil {
		reading.Go(func() { s.trimmer.run(work) })
	}
	for range s.config.Concurrency {
		lanes.Go(func() { s.lane(ctx) })
	}
	committing.Go(s.committer.run)
	beating.Go(func() { s.beat(work) })

	select {
	case <-ctx.Done():
	case <-s.closing:
	}
	close(s.stopping)
	deadline := time.AfterFunc(s.config.DrainTimeout, func() { close(s.expired) })

	lanes.Wait()
	deadline.Stop()
	reading.Wait()
	close(s.committer.queue)
	// What is finished is committed even when handlers used up the drain time.
	last := time.AfterFunc(commitGrace, cancel)
	committing.Wait()
	last.Stop()
	s.leave(context.WithoutCancel(ctx))
	cancel()
	beating.Wait()
	s.collector.end(context.WithoutCancel(ctx), s)
	close(s.out)
}

// commitGrace is how long a closing subscription tries to commit what its
// handlers finished, and then to hand back the rest.
const commitGrace = 5 * time.Second

// leave hands back what was read and not finished.
func (s *subscription) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, commitGrace)
	defer cancel()
	for _, entry := range s.feed.rest() {
		s.handBack(entry.ID, false)
	}
	s.mu.Lock()
	unfinished := s.unfinished
	s.mu.Unlock()
	n, err := s.group.Leave(ctx, unfinished)
	if err != nil {
		s.log.Warn("could not hand back unfinished messages, others take them over after the idle time",
			"messages", len(unfinished), "idle_time", s.config.IdleTime, "error", err)
		return
	}
	if s.trimmer != nil {
		s.trimmer.last(ctx)
	}
	if n > 0 {
		s.count.handedBack.Add(uint64(n))
		s.log.Info("handed unfinished messages back to the group", "messages", n)
	}
}

// handBack notes an entry to be handed back on leaving.
func (s *subscription) handBack(id string, started bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unfinished = append(s.unfinished, commit.Unfinished{ID: id, Started: started})
}

// isStopping reports whether nothing more is to be started.
func (s *subscription) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// sleep waits for d; it is cut short when the subscription stops and then
// returns false.
func (s *subscription) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.stopping:
		return false
	}
}
