package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// recorded returns what a real Jaeger answered after a run of the example.
func recorded(t *testing.T) []byte {
	t.Helper()
	answer, err := os.ReadFile("testdata/traces.json")
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func decode(t *testing.T, answer []byte) (traces []*trace) {
	t.Helper()
	var found struct {
		Data []traceJSON `json:"data"`
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Data {
		traces = append(traces, f.trace())
	}
	return traces
}

// retriedOf returns the trace of the order that was retried.
func retriedOf(t *testing.T, traces []*trace) *trace {
	t.Helper()
	for _, found := range traces {
		if found.shape() == wanted[1].shape {
			return found
		}
	}
	t.Fatal("there is none")
	return nil
}

func TestARecordedRunIsAsItShouldBe(t *testing.T) {
	traces := decode(t, recorded(t))
	if err := compare(traces, retriedOf(t, traces).id); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNotAsItShouldBeIsTold(t *testing.T) {
	named := retriedOf(t, decode(t, recorded(t))).id
	for name, test := range map[string]struct{ old, new, named, want string }{
		"a span less":           {`"operationName":"send {orders}:poison"`, `"operationName":"send {orders}:elsewhere"`, named, "no trace is that of the poisoned order"},
		"another kind":          {`"value":"producer"`, `"value":"internal"`, named, "no trace is that of the plain order"},
		"an event less":         {`"value":"millstream.retry"`, `"value":"something else"`, named, "no trace is that of the retried order"},
		"an attribute less":     {`"key":"millstream.entry_id"`, `"key":"entry_id"`, named, "lacks the attribute millstream.entry_id"},
		"another trace's name":  {"", "", "0000", "the example names trace 0000 as that of the retried order"},
		"a parent that is gone": {`"CHILD_OF","traceID":"` + named, `"CHILD_OF","traceID":"0000`, named, "no trace is that of the retried order"},
	} {
		answer := recorded(t)
		if test.old != "" {
			if answer = bytes.ReplaceAll(answer, []byte(test.old), []byte(test.new)); bytes.Equal(answer, recorded(t)) {
				t.Fatalf("%s: nothing is changed", name)
			}
		}
		if err := compare(decode(t, answer), test.named); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	one := decode(t, recorded(t))
	if err := compare(append(one, retriedOf(t, one)), named); err == nil || !strings.Contains(err.Error(), "1 traces of no order") {
		t.Errorf("a trace more: got %v", err)
	}
}

func TestAParentThatIsToldAsALinkIsFound(t *testing.T) {
	want := retriedOf(t, decode(t, recorded(t))).shape()
	linked := bytes.ReplaceAll(recorded(t), []byte("CHILD_OF"), []byte("FOLLOWS_FROM"))
	if got := retriedOf(t, decode(t, linked)).shape(); got != want {
		t.Errorf("got %s", got)
	}
}

// serve is a Jaeger that answers all questions alike, until the test ends.
func serve(t *testing.T, status int, answer []byte) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/services" {
			fmt.Fprint(w, `{"data":["orders"]}`)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	t.Setenv("JAEGER_URL", server.URL+"/")
}

// alone returns the answer to a question for one trace.
func alone(t *testing.T) []byte {
	t.Helper()
	id := retriedOf(t, decode(t, recorded(t))).id
	var found struct {
		Data []json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(recorded(t), &found); err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Data {
		if bytes.Contains(f, []byte(`{"traceID":"`+id)) {
			return fmt.Appendf(nil, `{"data":[%s]}`, f)
		}
	}
	t.Fatal("there is none")
	return nil
}

func TestATraceIsPrintedAndDrawn(t *testing.T) {
	serve(t, http.StatusOK, alone(t))
	file := filepath.Join(t.TempDir(), "trace.svg")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-trace", "0a", "-svg", file}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/retried.txt", out.Bytes())
	golden(t, "testdata/retried.svg", drawn)
	for decoder := xml.NewDecoder(bytes.NewReader(drawn)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("not what is in %s (run with -update if it should be):\n%s", name, got)
	}
}

func TestWhatIsWrongWithJaegerIsSaid(t *testing.T) {
	ask := func(want string) {
		t.Helper()
		err := run(t.Context(), []string{"-trace", "0a"}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	t.Setenv("JAEGER_URL", "http://127.0.0.1:1")
	ask("no Jaeger at http://127.0.0.1:1: ")
	ask("docker compose up -d --wait jaeger")
	t.Setenv("JAEGER_URL", "http://user:secret@127.0.0.1:1/ui")
	ask("no Jaeger at http://user:xxxxx@127.0.0.1:1/ui: ")
	t.Setenv("JAEGER_URL", "localhost:16686")
	ask("want one like http://localhost:16686")
	serve(t, http.StatusOK, []byte("<html>"))
	ask("is no Jaeger: GET /api/traces/0a: 200 OK")
	serve(t, http.StatusNotFound, []byte(`{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}`))
	ask("has no trace 0a")
	serve(t, http.StatusInternalServerError, []byte(`{"data":null,"errors":[{"code":500,"msg":"out of paper"}]}`))
	ask("out of paper")
}
