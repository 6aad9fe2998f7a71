package live_test

import (
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// dropOldest makes a subscriber with the buffer and the overflow that it has by default.
func dropOldest(c *redis.Client, _ string) (message.Subscriber, error) {
	return pubsub.NewSubscriber(c, pubsub.SubscriberConfig{Logger: quiet})
}

// keyed makes a publisher that adds nothing twice, however often go-redis repeats a call.
func keyed(c *redis.Client) (message.Publisher, error) {
	return streams.NewPublisher(c, streams.PublisherConfig{
		IdempotencyKey: func(_ string, msg *message.Message) string { return msg.UUID },
	})
}

// scene is a publisher and a listener to which a fault happens.
type scene struct {
	*testing.B
	server  *redistest.Server
	carrier carrier
	client  *redis.Client
	topic   string
	takes   time.Duration

	publisher message.Publisher
	// stop ends the listener.
	stop func()

	mu      sync.Mutex
	sent    map[uint64]bool // whether the call succeeded
	handled map[uint64]int
	runs    int
	last    time.Time // when a message was handled
	pause   time.Duration

	// ended are the counts of listeners that have ended.
	ended []pubsub.Stats
}

// play returns what became of all messages.
func play(b *testing.B, server *redistest.Server, c carrier, f fault) account {
	b.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	s := &scene{
		B: b, server: server, carrier: c, client: client, topic: newTopic(), takes: f.takes,
		sent: map[uint64]bool{}, handled: map[uint64]int{},
	}
	var err error
	s.publisher, err = c.publisher(client)
	require.NoError(b, err)
	s.start()
	halfway, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.publishSteadily(halfway)
	}()
	<-halfway
	f.happens(s)
	<-ended
	published := time.Now()
	s.settle()
	s.stop()
	return s.account(published)
}

// start begins a listener.
func (s *scene) start() {
	subscriber, err := s.carrier.subscriber(s.client, "group")
	require.NoError(s, err)
	stop := attend(s.B, subscriber, s.topic, s.handle)
	s.stop = func() {
		stop()
		if p, ok := subscriber.(*pubsub.Subscriber); ok {
			s.ended = append(s.ended, p.Stats()...)
		}
	}
}

func (s *scene) handle(msg *message.Message) {
	if s.takes > 0 {
		time.Sleep(s.takes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handled[binary.BigEndian.Uint64(msg.Payload)]++
	s.runs++
	now := time.Now()
	if !s.last.IsZero() {
		s.pause = max(s.pause, now.Sub(s.last))
	}
	s.last = now
}

func (s *scene) publish(id uint64) {
	payload := make([]byte, payloadSize)
	binary.BigEndian.PutUint64(payload, id)
	err := s.publisher.Publish(s.topic, newMessage(payload))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent[id] = err == nil
}

// publishSteadily keeps its pace when calls take long, and returns when all have ended.
func (s *scene) publishSteadily(halfway chan<- struct{}) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	var calls sync.WaitGroup
	for id := range uint64(lossMessages) {
		if id%perTick == 0 {
			<-ticker.C
		}
		if id == lossMessages/2 {
			close(halfway)
		}
		calls.Go(func() { s.publish(id) })
	}
	calls.Wait()
}

// settle returns when nothing more is to come: a message that was published last has
// been handled. On Pub/Sub that came behind all others; on a stream, where one may
// come again after that, all are waited for.
func (s *scene) settle() {
	for id := uint64(lossMessages); ; id++ {
		s.publish(id)
		if s.await(2*time.Second, func() bool { return s.handled[id] > 0 }) {
			break
		}
		require.Less(s, id, uint64(lossMessages)+30, "nothing comes any more")
	}
	if s.carrier.name == "streams" {
		s.await(patience, func() bool { return s.lost() == 0 })
	}
}

// await reports whether a condition came to hold in time.
func (s *scene) await(most time.Duration, condition func() bool) bool {
	holds := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return condition()
	}
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}

// lost returns how many were sent and not handled.
func (s *scene) lost() (n int) {
	for id, ok := range s.sent {
		if ok && s.handled[id] == 0 {
			n++
		}
	}
	return n
}
