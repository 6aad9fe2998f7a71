package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/examples/internal/web"
)

func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWhatHasNoRouteIsRefusedWithAProblem(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /things", func(http.ResponseWriter, *http.Request) {})
	h := web.Handler(mux)

	w := ask(h, "GET", "/nothing", "")
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Equal(t, 404, w.Code)
	assert.JSONEq(t, `{"title":"Not Found","status":404,"detail":"there is nothing at this path"}`, w.Body.String())

	w = ask(h, "DELETE", "/things", "")
	assert.Equal(t, 405, w.Code)
	assert.Equal(t, "GET, HEAD, POST", w.Header().Get("Allow"))
	assert.Contains(t, w.Body.String(), `"this path takes GET, HEAD, POST"`)
}

func TestABodyIsOneObjectOfFieldsThatAreKnown(t *testing.T) {
	var name string
	var count int
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		object, problem := web.ReadObject(w, r, 100)
		if problem != nil {
			problem.Write(w)
			return
		}
		wrong := object.Read(map[string]web.Want{"name": {&name, "a text"}, "count": {&count, "a number"}})
		if len(wrong) > 0 {
			web.Refuse(w, http.StatusUnprocessableEntity, "some fields are wrong", wrong...)
			return
		}
		web.Answer(w, http.StatusCreated, name)
	})
	h := web.Handler(mux)
	for body, want := range map[string]struct {
		status int
		says   string
	}{
		`{"name":"<ada>","count":2}`:            {201, `"<ada>"`},
		`{"name":1,"count":"x","nam":"b"}`:      {422, `"errors":[{"field":"count","detail":"must be a number"},{"field":"nam","detail":"is no field that can be set here"},{"field":"name","detail":"must be a text"}]`},
		`{"name":`:                              {400, "the body is no JSON object: unexpected end"},
		`{} {}`:                                 {400, "the body is no JSON object: invalid character"},
		`null`:                                  {400, "it is null"},
		`[1]`:                                   {400, "cannot unmarshal array"},
		`"` + strings.Repeat("a", 100):          {413, "the body is larger than 100 bytes"},
		``:                                      {415, "send JSON, with Content-Type: application/json"},
		`{"` + strings.Repeat("é", 41) + `":1}`: {422, strings.Repeat("é", 40) + "…"},
	} {
		w := ask(h, "POST", "/", body)
		assert.Equal(t, want.status, w.Code, body)
		assert.Contains(t, w.Body.String(), want.says, body)
	}
}

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connection := &slowConnection{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest("POST", "/", connection)
		r.Header.Set("Content-Type", "application/json")
		_, problem := web.ReadObject(connection, r, 100)
		require.NotNil(t, problem)
		assert.Equal(t, 408, problem.Status)
		assert.Equal(t, "the body did not come within 10s", problem.Detail)
	})
}

// slowConnection is one on which no body comes.
type slowConnection struct {
	*httptest.ResponseRecorder

	deadline time.Time
}

func (c *slowConnection) SetReadDeadline(at time.Time) error { c.deadline = at; return nil }

func (c *slowConnection) Read([]byte) (int, error) {
	time.Sleep(time.Until(c.deadline))
	return 0, os.ErrDeadlineExceeded
}

func TestAClientThatSendsTooMuchIsTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, problem := web.ReadBody(w, r, 100)
		problem.Write(w)
	}))
	defer server.Close()
	for range 20 {
		answer, err := server.Client().Post(server.URL, "text/plain", strings.NewReader(strings.Repeat("a", 3<<20)))
		require.NoError(t, err)
		assert.Equal(t, 413, answer.StatusCode)
		require.NoError(t, answer.Body.Close())
	}
}

func TestHealthSaysWhatIsMissingAndNotWhy(t *testing.T) {
	var log strings.Builder
	away := error(nil)
	h := web.Health(web.Checks{
		"redis": func(context.Context) error { return away },
		"store": func(context.Context) error { return nil },
	}, slog.New(slog.NewTextHandler(&log, nil)))
	w := ask(h, "GET", "/", "")
	assert.Equal(t, 200, w.Code)
	assert.JSONEq(t, `{"status":"ok","checks":{"redis":"ok","store":"ok"}}`, w.Body.String())
	away = errors.New("dial 10.0.0.1")
	w = ask(h, "GET", "/", "")
	assert.Equal(t, 503, w.Code)
	assert.JSONEq(t, `{"status":"failing","checks":{"redis":"failing","store":"ok"}}`, w.Body.String())
	assert.Contains(t, log.String(), "dial 10.0.0.1")
}

func TestAFailureIsLoggedAndNotTold(t *testing.T) {
	var log strings.Builder
	w := httptest.NewRecorder()
	web.Fail(w, httptest.NewRequest("GET", "/", nil), slog.New(slog.NewTextHandler(&log, nil)), errors.New("secret"))
	assert.Equal(t, 500, w.Code)
	assert.NotContains(t, w.Body.String(), "secret")
	assert.Contains(t, log.String(), "secret")
}

func TestARequestIsOneTraceFromClientToHandler(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	before, propagator := otel.GetTracerProvider(), otel.GetTextMapPropagator()
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	t.Cleanup(func() { otel.SetTracerProvider(before); otel.SetTextMapPropagator(propagator) })

	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		assert.True(t, trace.SpanContextFromContext(r.Context()).IsValid())
		web.Refuse(w, http.StatusInternalServerError, "broken")
	})
	mux.HandleFunc("GET /events", func(_ http.ResponseWriter, r *http.Request) {
		assert.False(t, trace.SpanContextFromContext(r.Context()).IsValid(), "an open route has no span")
	})
	server := httptest.NewServer(web.Handler(mux, "GET /events"))
	defer server.Close()
	client := &http.Client{Transport: web.Transport{Base: server.Client().Transport}}
	for _, path := range []string{"/things/secret?q=secret", "/events"} {
		answer, err := client.Get(server.URL + path)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	server.Close()
	ended := spans.Ended()
	require.Len(t, ended, 3)
	handled, asked := ended[0], ended[1]
	assert.Equal(t, "GET /things/{id}", handled.Name())
	assert.Equal(t, asked.SpanContext().SpanID(), handled.Parent().SpanID())
	assert.Equal(t, codes.Error, handled.Status().Code)
	assert.Equal(t, codes.Error, asked.Status().Code)
	assert.Contains(t, handled.Attributes(), attribute.String("error.type", "500"))
	for _, span := range ended {
		assert.NotContains(t, fmt.Sprint(span.Name(), span.Attributes()), "secret")
	}
}
