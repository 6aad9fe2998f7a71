package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/tasks/internal/front"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
)

func TestATaskIsFoundAsSoonAsItIsThere(t *testing.T) {
	t.Parallel()
	p, w := serve(t)
	path := w.create("Mend the <b>roof</b>")
	w.create("Mend the fence")
	for _, index := range []string{"streams", "pubsub"} {
		w.awaitFound("q=mend&index="+index, 2)
	}
	w.awaitFound("q=mending+-fence&status=open", 1)
	got := w.call("GET", "/search?q=roof", "")
	var found struct {
		Hits []struct{ Fragments map[string][]string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &found))
	assert.Equal(t, []string{"Mend the &lt;b&gt;<mark>roof</mark>&lt;/b&gt;"}, found.Hits[0].Fragments["title"])

	// Pages lead from one to the next.
	var next struct{ Next string }
	got = w.call("GET", "/search?q=mend&limit=1&index=pubsub", "")
	require.NoError(t, json.Unmarshal([]byte(got.body), &next))
	assert.Contains(t, next.Next, "index=pubsub")
	got = w.call("GET", next.Next, "")
	assert.NotContains(t, got.body, `"next"`)

	assert.Equal(t, 412, w.call("PUT", path, `{"title":"x"}`, `If-Match: "7"`).status)
	assert.Equal(t, 200, w.call("PUT", path, `{"title":"Mend the roof","status":"done"}`, `If-Match: "1"`).status)
	for _, index := range []string{"streams", "pubsub"} {
		w.awaitFound("q=roof&status=done&index="+index, 1)
	}
	assert.Equal(t, 204, w.call("DELETE", path, "", `If-Match: "2"`).status)
	for _, index := range []string{"streams", "pubsub"} {
		w.awaitFound("q=roof&index="+index, 0)
	}
	assert.Equal(t, 200, w.call("GET", "/health", "").status)
	ends(t, p)
}

func TestWrongRequestsAreExplained(t *testing.T) {
	t.Parallel()
	_, w := serve(t)
	for request, want := range map[string]struct {
		status int
		says   string
	}{
		`GET /search`:                            {400, `the query is malformed: it is empty`},
		`GET /search?q=` + url.QueryEscape(`"a`): {400, `write words, \"a phrase\"`},
		`GET /search?q=colour:red`:               {400, `there is no field \"colour\"`},
		`GET /search?q=a&limit=1000`:             {400, `{"field":"limit","detail":"must be a number from 1 to 100"}`},
		`GET /search?q=a&status=lost`:            {400, `must be one of [open doing done]`},
		`GET /search?q=a&index=kafka`:            {400, `must be streams or pubsub`},
		`GET /search?q=a&sort=title`:             {400, `is no parameter here`},
		`GET /tasks?limit=x`:                     {400, `must be a number`},
		`GET /tasks/nobody`:                      {404, `there is no task`},
		`GET /nothing`:                           {404, `there is nothing at this path`},
		`PATCH /tasks`:                           {405, `this path takes GET, HEAD, POST`},
		`DELETE /search`:                         {405, `this path takes GET, HEAD`},
		`POST /tasks`:                            {415, `application/json`},
		`POST /indexes/kafka/rebuild`:            {404, `there is no such index`},
	} {
		method, path, _ := strings.Cut(request, " ")
		got := w.call(method, path, "")
		assert.Equal(t, want.status, got.status, request)
		assert.Contains(t, got.body, want.says, request)
		assert.Equal(t, "application/problem+json", got.headers.Get("Content-Type"), request)
	}
	got := w.call("POST", "/tasks", `{"title":"","due":"soon"}`)
	assert.Equal(t, 422, got.status)
	assert.Contains(t, got.body, `"field":"due"`)
	assert.Contains(t, got.body, `"field":"title"`)
	got = w.call("GET", "/search?q=%zz", "")
	assert.Equal(t, 400, got.status)
	assert.Contains(t, got.body, "the query of the URL is malformed")
	large := `{"title":"` + strings.Repeat("x", 3<<20) + `"}`
	for range 10 {
		assert.Equal(t, 413, w.call("POST", "/tasks", large).status)
		assert.Equal(t, 413, w.call("POST", "/tasks", large, chunked).status)
	}
}

// stats returns what the front tells.
func (w site) stats() (stats front.Stats) {
	w.t.Helper()
	got := w.call("GET", "/stats", "")
	require.Equal(w.t, 200, got.status, got.body)
	require.NoError(w.t, json.Unmarshal([]byte(got.body), &stats))
	return stats
}

func TestAProcessThatDiesComesBackAndTheDataToo(t *testing.T) {
	t.Parallel()
	redis, dir := redistest.Start(t), t.TempDir()
	p, w := serve(t, "-redis", redis.URL(), "-data", dir)
	w.create("early")
	w.awaitFound("q=early", 1)
	for _, expression := range []string{`kill -9 (\d+)`, `(\d+) on the stream`} {
		pid, err := strconv.Atoi(p.Await(t, expression))
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	w.awaitStatus("/health", 503)
	w.awaitStatus("/health", 200)
	w.create("late")
	w.awaitFound("q=early+late", 2)
	ends(t, p)

	// Of the index that is lost, all is in the stream; of the other, in its directory.
	require.NoError(t, os.RemoveAll(filepath.Join(dir, indexPrefix+fromStreams)))
	p, w = serve(t, "-redis", redis.URL(), "-data", dir)
	w.awaitFound("q=early+late&index=streams", 2)
	w.awaitFound("q=early+late&index=pubsub", 2)
	ends(t, p)

	// Other tasks on the same Redis would be mixed with these.
	p = run(t, "serve", "-http", "localhost:0", "-redis", redis.URL(), "-data", t.TempDir())
	assert.Equal(t, 1, p.Wait(t))
	assert.Contains(t, p.Stderr(), "give the -data that belongs to it")
	p = run(t, "-http", "localhost:0", "-redis", redis.URL())
	assert.Equal(t, 1, p.Wait(t))
	assert.Contains(t, p.Stderr(), "or -reset to delete them if that run has ended")
	_, w = serve(t, "-redis", redis.URL(), "-data", dir, "-reset")
	assert.Zero(t, w.stats().Store.Tasks)
}

func TestWhatIsNoEventStopsNothing(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	client := redis.Client(t)
	_, w := serve(t, "-redis", redis.URL())
	publisher, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{})
	require.NoError(t, err)
	defer publisher.Close()
	for i := range 20 {
		require.NoError(t, publisher.Publish("tasks.event.created", message.NewMessage("", fmt.Appendf(nil, "%d", i))))
	}
	w.create("fine")
	w.awaitFound("q=fine&index=pubsub", 1)
	apptest.Await(t, "what was wrong is kept", func() bool { return client.XLen(t.Context(), "{tasks}:poison").Val() == 20 })
}
