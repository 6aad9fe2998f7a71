package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/webhook"
	"github.com/millstream-go/millstream/examples/internal/web"
)

// Unowned is the service that nobody is on call for: pages and tickets about it are refused
// for good.
const Unowned = "legacy"

const (
	maxBody = 64 << 10 // bytes of a request
	maxKey  = 300      // bytes
)

// The routes that are asked all the time: they have no spans.
const (
	receivedRoute = "GET /received"
	healthRoute   = "GET /health"
)

// errDown is what keeps it from taking anything.
var errDown = errors.New("down, as it was told to be")

// Receiver is the server. It may be used concurrently.
type Receiver struct {
	book    *Book
	latency time.Duration
	logger  *slog.Logger
	down    atomic.Bool
	// turnedAway counts what came while it was down, refused what was wrong.
	turnedAway, refused atomic.Int64
}

// Received is what the server tells of itself.
type Received struct {
	Counts
	Refused    int64 `json:"refused"`
	TurnedAway int64 `json:"turned_away"`
	Down       bool  `json:"down"`
}

// New returns a receiver that writes into a book, and then takes a while for each answer.
func New(book *Book, latency time.Duration, logger *slog.Logger) *Receiver {
	return &Receiver{book: book, latency: latency, logger: logger}
}

// SetDown has it answer 503 from now on, or no longer.
func (r *Receiver) SetDown(down bool) { r.down.Store(down) }

// Handler returns what serves it.
func (r *Receiver) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+webhook.PagesPath, r.taking(page))
	mux.HandleFunc("POST "+webhook.TicketsPath, r.taking(ticket))
	mux.HandleFunc("PUT /mood", r.mood)
	mux.HandleFunc(receivedRoute, r.received)
	mux.HandleFunc(healthRoute, web.Health(web.Checks{"notifier": func(context.Context) error {
		if r.down.Load() {
			return errDown
		}
		return nil
	}}, r.logger))
	return web.Handler(mux, receivedRoute, healthRoute)
}

// taking takes what decode makes of a request.
func (r *Receiver) taking(decode func([]byte) (Receipt, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		if r.down.Load() {
			r.turnedAway.Add(1)
			w.Header().Set("Retry-After", "1")
			web.Refuse(w, http.StatusServiceUnavailable, errDown.Error())
			return
		}
		receipt, problem := read(w, request, decode)
		if problem != nil {
			r.refused.Add(1)
			problem.Write(w)
			return
		}
		first, err := r.book.Take(receipt)
		if err != nil {
			web.Fail(w, request, r.logger, err)
			return
		}
		select {
		case <-time.After(r.latency):
		case <-request.Context().Done():
		}
		web.Answer(w, http.StatusOK, map[string]bool{"first": first})
	}
}

// read returns what is asked for, or what is wrong with that. A field that it does not know
// is left: whoever calls may be newer.
func read(w http.ResponseWriter, request *http.Request, decode func([]byte) (Receipt, error)) (Receipt, *web.Problem) {
	object, problem := web.ReadObject(w, request, maxBody)
	if problem != nil {
		return Receipt{}, problem
	}
	key := request.Header.Get(webhook.KeyHeader)
	if key == "" || len(key) > maxKey {
		return Receipt{}, web.NewProblem(http.StatusBadRequest, "the header "+webhook.KeyHeader+" must say which call this is, in 1 to 300 bytes")
	}
	body, err := json.Marshal(object)
	if err != nil {
		return Receipt{}, web.NewProblem(http.StatusBadRequest, err.Error())
	}
	receipt, err := decode(body)
	receipt.Key = key
	if faults, ok := errors.AsType[alert.Invalid](err); ok {
		return receipt, invalid(faults)
	}
	if err != nil {
		return receipt, web.NewProblem(http.StatusBadRequest, err.Error())
	}
	return receipt, nil
}

// invalid tells what is wrong with the fields.
func invalid(faults alert.Invalid) *web.Problem {
	fields := make([]web.Field, len(faults))
	for i, fault := range faults {
		fields[i] = web.Field{Field: fault.Field, Detail: fault.Reason}
	}
	return web.NewProblem(http.StatusUnprocessableEntity, faults.Error(), fields...)
}

// page decodes a page.
func page(body []byte) (Receipt, error) {
	a, err := alert.Parse(body)
	if err != nil {
		return Receipt{}, err
	}
	if err := a.Validate(time.Now()); err != nil {
		return Receipt{}, err
	}
	return Receipt{Kind: Page}, owned(a.Service)
}

// ticket decodes a ticket.
func ticket(body []byte) (Receipt, error) {
	var t alert.Ticket
	err := json.Unmarshal(body, &t)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Receipt{}, alert.Invalid{{Field: mismatch.Field, Reason: "must not be of the JSON type " + mismatch.Value}}
	}
	if err != nil {
		return Receipt{}, alert.Invalid{{Field: "from, to", Reason: "must be times such as 2026-01-31T12:00:00Z"}}
	}
	var faults alert.Invalid
	if t.Service == "" {
		faults = append(faults, alert.Fault{Field: "service", Reason: "is missing"})
	}
	if t.Warnings < 1 {
		faults = append(faults, alert.Fault{Field: "warnings", Reason: "must be positive"})
	}
	if len(faults) > 0 {
		return Receipt{}, faults
	}
	return Receipt{Kind: Ticket, Warnings: t.Warnings}, owned(t.Service)
}

// owned returns an error for the service that nobody is on call for.
func owned(service string) error {
	if service == Unowned {
		return alert.Invalid{{Field: "service", Reason: "is not known: nobody is on call for it"}}
	}
	return nil
}

func (r *Receiver) received(w http.ResponseWriter, _ *http.Request) {
	web.Answer(w, http.StatusOK, Received{r.book.Counts(), r.refused.Load(), r.turnedAway.Load(), r.down.Load()})
}

// mood has it go down, or come back.
func (r *Receiver) mood(w http.ResponseWriter, request *http.Request) {
	object, problem := web.ReadObject(w, request, maxBody)
	if problem != nil {
		problem.Write(w)
		return
	}
	const want = "true or false"
	var down *bool
	wrong := object.Read(map[string]web.Want{"down": {Into: &down, Be: want}})
	if len(wrong) == 0 && down == nil {
		wrong = []web.Field{{Field: "down", Detail: "must be " + want}}
	}
	if len(wrong) > 0 {
		web.Refuse(w, http.StatusUnprocessableEntity, `want {"down":true} or {"down":false}`, wrong...)
		return
	}
	r.SetDown(*down)
	w.WriteHeader(http.StatusNoContent)
}
