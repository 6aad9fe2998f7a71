package commit_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
)

// entryID is an id as numbers.
type entryID struct{ ms, seq uint64 }

func parseID(id string) entryID {
	ms, seq, _ := strings.Cut(id, "-")
	m, _ := strconv.ParseUint(ms, 10, 64)
	n, _ := strconv.ParseUint(seq, 10, 64)
	return entryID{m, n}
}

func (a entryID) less(b entryID) bool { return a.ms < b.ms || a.ms == b.ms && a.seq < b.seq }

// world is a stream that rapid does things to, and what Redis says of it.
type world struct {
	t      *rapid.T
	client *redis.Client
	stream string
}

var someGroups, someConsumers = []string{"g", "h", "i"}, []string{"a", "b"}

func must[T any](w world, value T, err error) T {
	if err != nil {
		w.t.Fatal(err)
	}
	return value
}

func (w world) entries() []string {
	entries, err := w.client.XRange(context.Background(), w.stream, "-", "+").Result()
	all := make([]string, len(entries))
	for i, e := range must(w, entries, err) {
		all[i] = e.ID
	}
	return all
}

func (w world) groups() []redis.XInfoGroup {
	groups, err := w.client.XInfoGroups(context.Background(), w.stream).Result()
	return must(w, groups, err)
}

func (w world) pending(group string) []redis.XPendingExt {
	pending, err := w.client.XPendingExt(context.Background(), &redis.XPendingExtArgs{
		Stream: w.stream, Group: group, Start: "-", End: "+", Count: 10_000,
	}).Result()
	return must(w, pending, err)
}

func (w world) parking(d redis.XPendingExt) bool { return d.Consumer == "millstream:parked" }

func (w world) group(name, consumer string) commit.Group {
	return commit.Group{Client: w.client, Stream: w.stream, Group: name, Consumer: consumer}
}

func (w world) anyGroup() string { return rapid.SampledFrom(w.groups()).Draw(w.t, "group").Name }

func (w world) anyConsumer() string { return rapid.SampledFrom(someConsumers).Draw(w.t, "consumer") }

// add adds entries, with ids of Redis's making or of odd forms.
func (w world) add() {
	last, err := w.client.XInfoStream(context.Background(), w.stream).Result()
	at := parseID(must(w, last, err).LastGeneratedID)
	for range rapid.IntRange(1, 12).Draw(w.t, "n") {
		switch rapid.IntRange(0, 9).Draw(w.t, "form") {
		case 0:
			if at.seq == ^uint64(0) {
				at.ms++
			}
			at.seq = ^uint64(0)
		case 1:
			at = entryID{at.ms + rapid.Uint64Range(1, 100).Draw(w.t, "ms"), rapid.Uint64().Draw(w.t, "seq")}
		default:
			at.seq++
		}
		if at.seq == 0 {
			at.ms++ // all that fit into the millisecond before are used up
		}
		id := fmt.Sprintf("%d-%d", at.ms, at.seq)
		added, err := w.client.XAdd(context.Background(), &redis.XAddArgs{Stream: w.stream, ID: id, Values: []any{"f", "v"}}).Result()
		must(w, added, err)
	}
}

func (w world) read() {
	_, err := w.group(w.anyGroup(), w.anyConsumer()).Read(context.Background(), rapid.IntRange(1, 10).Draw(w.t, "n"), -1)
	must(w, 0, err)
}

// settle acknowledges or parks what a consumer holds.
func (w world) settle() {
	group := w.anyGroup()
	park := rapid.IntRange(0, 3).Draw(w.t, "park") == 0
	for _, p := range w.pending(group) {
		if w.parking(p) || rapid.IntRange(0, 4).Draw(w.t, "leave") == 0 {
			continue
		}
		d := commit.Delivery{ID: p.ID, Attempt: 1, Effects: handoff.Effects{Park: park, Aside: handoff.Aside{For: time.Hour}}}
		results, err := w.group(group, p.Consumer).Commit(context.Background(), []commit.Delivery{d})
		must(w, results, err)
	}
}

// claim hands any pending entry, a parked one also, to any consumer.
func (w world) claim() {
	group := w.anyGroup()
	pending := w.pending(group)
	if len(pending) == 0 {
		return
	}
	p := rapid.SampledFrom(pending).Draw(w.t, "entry")
	_, err := w.client.XClaimJustID(context.Background(), &redis.XClaimArgs{
		Stream: w.stream, Group: group, Consumer: w.anyConsumer(), Messages: []string{p.ID},
	}).Result()
	must(w, 0, err)
}

func (w world) del() {
	if all := w.entries(); len(all) > 0 {
		must(w, 0, w.client.XDel(context.Background(), w.stream, rapid.SampledFrom(all).Draw(w.t, "entry")).Err())
	}
}

// regroup makes a group, destroys one or sets where it goes on.
func (w world) regroup() {
	name := rapid.SampledFrom(someGroups).Draw(w.t, "group")
	start := rapid.SampledFrom(append(w.entries(), "0", "$")).Draw(w.t, "start")
	exists := slices.ContainsFunc(w.groups(), func(g redis.XInfoGroup) bool { return g.Name == name })
	switch {
	case !exists:
		must(w, 0, w.client.XGroupCreate(context.Background(), w.stream, name, start).Err())
	case rapid.Bool().Draw(w.t, "set"):
		must(w, 0, w.client.XGroupSetID(context.Background(), w.stream, name, start).Err())
	case len(w.groups()) > 1:
		must(w, 0, w.client.XGroupDestroy(context.Background(), w.stream, name).Err())
	}
}

// needs returns which entries are needed by a group, and which by none below all
// that are, parked ones aside: those may be deleted.
func (w world) needs() (needed, done map[string]bool) {
	needed, done = map[string]bool{}, map[string]bool{}
	floor := entryID{^uint64(0), ^uint64(0)}
	all := w.entries()
	for _, g := range w.groups() {
		at := parseID(g.LastDeliveredID)
		for _, id := range all {
			if at.less(parseID(id)) {
				needed[id] = true
				if parseID(id).less(floor) {
					floor = parseID(id)
				}
			}
		}
		for _, p := range w.pending(g.Name) {
			needed[p.ID] = true
			if id := parseID(p.ID); !w.parking(p) && id.less(floor) {
				floor = id
			}
		}
	}
	for _, id := range all {
		if !needed[id] && parseID(id).less(floor) {
			done[id] = true
		}
	}
	return needed, done
}

// young returns which of the entries are to be kept however done they are.
func (w world) young(all []string, t commit.Trim) map[string]bool {
	young := map[string]bool{}
	for _, id := range all[max(0, len(all)-int(t.KeepEntries)):] {
		young[id] = true
	}
	if t.KeepFor > 0 {
		from := uint64(must(w, w.client.Time(context.Background()).Val(), nil).Add(-t.KeepFor).UnixMilli())
		for _, id := range all {
			if parseID(id).ms >= from {
				young[id] = true
			}
		}
	}
	return young
}

func (w world) trim(nodeSize int) {
	trim := commit.Trim{Limits: commit.Limits{
		Most:   rapid.IntRange(nodeSize, 20).Draw(w.t, "most"),
		Singly: rapid.IntRange(1, 20).Draw(w.t, "singly"),
		Parked: rapid.SampledFrom([]int{1, 7, 200}).Draw(w.t, "parked"),
	}}
	if rapid.Bool().Draw(w.t, "keep entries") {
		trim.KeepEntries = rapid.Int64Range(1, 20).Draw(w.t, "KeepEntries")
	}
	if rapid.IntRange(0, 3).Draw(w.t, "keep for") == 0 {
		trim.KeepFor = time.Duration(rapid.IntRange(1, 100).Draw(w.t, "KeepFor")) * time.Hour
	}
	group, once := w.anyGroup(), rapid.IntRange(0, 3).Draw(w.t, "once") == 0
	// The first walk may have been begun by an earlier call, and may have missed
	// what was done behind it.
	for call, walks := 0, 0; ; call++ {
		before := w.entries()
		needed, done := w.needs()
		young := w.young(before, trim)
		got, err := w.group(group, "a").Trim(context.Background(), trim)
		must(w, got, err)
		after := w.entries()
		if len(before)-len(after) != got.Deleted {
			w.t.Fatalf("%d are gone, but %d were counted", len(before)-len(after), got.Deleted)
		}
		for _, id := range before {
			if !slices.Contains(after, id) && (needed[id] || !done[id] || young[id]) {
				w.t.Fatalf("%s was deleted: needed %v, done %v, young %v", id, needed[id], done[id], young[id])
			}
		}
		if once {
			return
		}
		if !got.More {
			walks++
		}
		if walks == 2 {
			w.complete(trim, nodeSize)
			return
		}
		if call > 2000 {
			w.t.Fatal("there is always more")
		}
	}
}

// complete checks that all is deleted that may be.
func (w world) complete(trim commit.Trim, nodeSize int) {
	_, done := w.needs()
	all := w.entries()
	young := w.young(all, trim)
	left := 0
	for id := range done {
		if !young[id] {
			left++
		}
	}
	slack := 0
	if trim.KeepEntries > 0 {
		// Only whole nodes go, and parked ones come on top.
		slack = nodeSize
		for _, g := range w.groups() {
			for _, p := range w.pending(g.Name) {
				if w.parking(p) {
					slack++
				}
			}
		}
	}
	if left > slack {
		w.t.Fatalf("%d entries could be deleted and are not: %v", left, done)
	}
}

func TestTrimNeverDeletesWhatIsNeededAndAllThatIsNot(t *testing.T) {
	t.Parallel()
	const nodeSize = 3
	own := redistest.Start(t, redistest.Args("--stream-node-max-entries", strconv.Itoa(nodeSize)))
	client := own.Client(t)
	streams := 0
	rapid.Check(t, func(rt *rapid.T) {
		streams++
		w := world{t: rt, client: client, stream: fmt.Sprintf("{%d}", streams)}
		start := rapid.SampledFrom([]uint64{0, 9, 9007199254740992, uint64(time.Now().Add(-50*time.Hour - 30*time.Minute).UnixMilli())}).Draw(rt, "start")
		must(w, 0, client.XGroupCreateMkStream(context.Background(), w.stream, "g", "0").Err())
		must(w, 0, client.Do(context.Background(), "XSETID", w.stream, fmt.Sprintf("%d-1", start)).Err())
		actions := map[string]func(){
			"add": w.add, "read": w.read, "settle": w.settle, "claim": w.claim, "delete": w.del, "regroup": w.regroup,
			"trim": func() { w.trim(nodeSize) },
		}
		// The first ones more often than the rest.
		names := []string{"add", "add", "read", "read", "read", "settle", "settle", "settle", "trim", "trim", "claim", "delete", "regroup"}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			actions[rapid.SampledFrom(names).Draw(rt, "action")]()
		}
		must(w, 0, client.Del(context.Background(), w.stream, commit.StalledKey(w.stream)).Err())
	})
}
