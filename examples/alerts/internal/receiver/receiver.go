package receiver

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/web"
	"github.com/millstream-go/millstream/examples/alerts/internal/webhook"
)

// Unowned is the service that nobody is on call for: pages and tickets about it are refused
// for good.
const Unowned = "legacy"

const (
	// maxBody is how large a request may be.
	maxBody    = 64 << 10
	maxKey     = 300
	moodPath   = "/mood"
	takenPath  = "/received"
	healthPath = "/health"
)

// Receiver is the server. It may be used concurrently.
type Receiver struct {
	book    *Book
	latency time.Duration
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
func New(book *Book, latency time.Duration) *Receiver { return &Receiver{book: book, latency: latency} }

// SetDown has it answer 503 from now on, or no longer.
func (r *Receiver) SetDown(down bool) { r.down.Store(down) }

// Handler returns what serves it.
func (r *Receiver) Handler() http.Handler {
	get := func(handle http.HandlerFunc) http.Handler { return web.Only(http.MethodGet, handle) }
	mux := http.NewServeMux()
	mux.Handle(webhook.PagesPath, web.Only(http.MethodPost, r.taking(r.page)))
	mux.Handle(webhook.TicketsPath, web.Only(http.MethodPost, r.taking(r.ticket)))
	mux.Handle(takenPath, get(r.received))
	mux.Handle(moodPath, web.Only(http.MethodPut, http.HandlerFunc(r.mood)))
	mux.Handle(healthPath, get(r.health))
	mux.Handle("/", web.NotFound(webhook.PagesPath, webhook.TicketsPath, takenPath, moodPath, healthPath))
	return web.Traced(mux)
}

// taking takes what decode makes of a request.
func (r *Receiver) taking(decode func([]byte) (Receipt, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		if r.down.Load() {
			r.turnedAway.Add(1)
			w.Header().Set("Retry-After", "1")
			web.Refuse(w, http.StatusServiceUnavailable, "down, as it was told to be", nil)
			return
		}
		body, ok := r.body(w, request)
		if !ok {
			return
		}
		key := request.Header.Get(webhook.KeyHeader)
		if key == "" || len(key) > maxKey {
			r.refuse(w, http.StatusBadRequest, "the header "+webhook.KeyHeader+" must say which call this is, in 1 to 300 bytes")
			return
		}
		receipt, err := decode(body)
		faults, invalid := errors.AsType[alert.Invalid](err)
		switch {
		case invalid:
			r.refuse(w, http.StatusUnprocessableEntity, faults.Error(), faults...)
			return
		case err != nil:
			r.refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		receipt.Key = key
		first, err := r.book.Take(receipt)
		if err != nil {
			web.Refuse(w, http.StatusInternalServerError, err.Error(), nil)
			return
		}
		select {
		case <-time.After(r.latency):
		case <-request.Context().Done():
		}
		web.Answer(w, http.StatusOK, map[string]bool{"first": first})
	}
}

func (r *Receiver) refuse(w http.ResponseWriter, status int, detail string, faults ...alert.Fault) {
	r.refused.Add(1)
	var errors any
	if len(faults) > 0 {
		errors = faults
	}
	web.Refuse(w, status, detail, errors)
}

// body returns the JSON of a request, or answers what is wrong with it.
func (r *Receiver) body(w http.ResponseWriter, request *http.Request) ([]byte, bool) {
	if kind, _, err := mime.ParseMediaType(request.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		r.refuse(w, http.StatusUnsupportedMediaType, "want the Content-Type application/json")
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLarge:
		r.refuse(w, http.StatusRequestEntityTooLarge, "want at most 64 KiB")
	case err != nil:
		r.refuse(w, http.StatusBadRequest, "the body does not end")
	}
	return body, err == nil
}

// page decodes a page.
func (r *Receiver) page(body []byte) (Receipt, error) {
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
func (r *Receiver) ticket(body []byte) (Receipt, error) {
	var t alert.Ticket
	if err := json.Unmarshal(body, &t); err != nil {
		return Receipt{}, errors.New("it is no ticket in JSON")
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
	body, ok := r.body(w, request)
	if !ok {
		return
	}
	var mood struct{ Down *bool }
	if err := json.Unmarshal(body, &mood); err != nil || mood.Down == nil {
		web.Refuse(w, http.StatusBadRequest, `want {"down":true} or {"down":false}`, nil)
		return
	}
	r.SetDown(*mood.Down)
	w.WriteHeader(http.StatusNoContent)
}

func (r *Receiver) health(w http.ResponseWriter, _ *http.Request) {
	if r.down.Load() {
		web.Refuse(w, http.StatusServiceUnavailable, "down, as it was told to be", nil)
		return
	}
	web.Answer(w, http.StatusOK, map[string]string{"status": "up"})
}
