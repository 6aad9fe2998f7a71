package bank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// slowness is how long a slow charge takes before it begins.
const slowness = 500 * time.Millisecond

// Server is the bank's HTTP interface.
type Server struct {
	ledger *Ledger
	faults atomic.Pointer[bankapi.Faults]
	life   context.Context
	logger *slog.Logger
}

// NewServer returns a server of the ledger. Charges that it is to leave without an answer
// end with life.
func NewServer(life context.Context, ledger *Ledger, faults bankapi.Faults, logger *slog.Logger) *Server {
	s := &Server{ledger: ledger, life: life, logger: logger}
	s.SetFaults(faults)
	return s
}

// SetFaults has the bank do wrong from now on. It may be called at any time.
func (s *Server) SetFaults(faults bankapi.Faults) { s.faults.Store(&faults) }

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /charges", s.charge)
	routes.HandleFunc("GET /entries", s.entries)
	routes.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { web.Answer(w, http.StatusOK, s.faults.Load()) })
	routes.HandleFunc("PUT /faults", s.putFaults)
	routes.HandleFunc("GET /health", web.Health(web.Checks{
		"ledger": func(context.Context) error { return s.ledger.Broken() },
	}, s.logger))
	return web.Handler(routes, "GET /health")
}

func (s *Server) charge(w http.ResponseWriter, r *http.Request) {
	request, problem := readRequest(w, r)
	if problem != nil {
		problem.Write(w)
		return
	}
	faults := s.faults.Load()
	if happens(faults.Slow) {
		pause(r.Context(), s.life, slowness)
	}
	if happens(faults.Error) {
		web.Refuse(w, http.StatusServiceUnavailable, "the bank has a bad day")
		return
	}
	entry, err := s.ledger.Charge(r.Header.Get(bankapi.KeyHeader), request)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	if happens(faults.Lost) {
		pause(r.Context(), s.life, time.Hour)
		panic(http.ErrAbortHandler) // which closes the connection without an answer
	}
	if entry.Status == bankapi.Declined {
		web.Refuse(w, http.StatusPaymentRequired, "the card is declined")
		return
	}
	web.Answer(w, http.StatusOK, bankapi.Answer{ChargeID: entry.ChargeID, Status: entry.Status})
}

// maxBody is how large a request may be, in bytes.
const maxBody = 16 << 10

// readRequest reads a request for a charge and holds it against the domain's rules.
func readRequest(w http.ResponseWriter, r *http.Request) (request bankapi.Request, problem *web.Problem) {
	object, problem := web.ReadObject(w, r, maxBody)
	if problem != nil {
		return request, problem
	}
	wrong := object.Read(map[string]web.Want{
		"reference": {Into: &request.Reference, Be: "a text"},
		"customer":  {Into: &request.Customer, Be: "a text"},
		"amount":    {Into: &request.Amount, Be: `an object, such as {"cents":2599,"currency":"EUR"}`},
		"card":      {Into: &request.Card, Be: "a text"},
	})
	if wrong != nil {
		return request, web.NewProblem(http.StatusUnprocessableEntity, "the request makes no sense", wrong...)
	}
	order := payment.Order{ID: request.Reference, Customer: request.Customer, Amount: request.Amount, Card: request.Card}
	if err := order.Check(); err != nil {
		return request, web.NewProblem(http.StatusUnprocessableEntity, err.Error())
	}
	return request, nil
}

func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrReused):
		web.Refuse(w, http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, ErrFull):
		web.Refuse(w, http.StatusUnprocessableEntity, ErrFull.Error())
	default:
		s.logger.ErrorContext(r.Context(), "nothing can be charged", "err", err)
		web.Refuse(w, http.StatusServiceUnavailable, ErrBroken.Error())
	}
}

func (s *Server) entries(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(w)
	for _, entry := range s.ledger.Entries() {
		if err := encoder.Encode(entry); err != nil {
			return // the client is gone
		}
	}
}

func (s *Server) putFaults(w http.ResponseWriter, r *http.Request) {
	object, problem := web.ReadObject(w, r, maxBody)
	if problem != nil {
		problem.Write(w)
		return
	}
	var faults bankapi.Faults
	const share = "a share in percent, a whole number from 0 to 100"
	wrong := object.Read(map[string]web.Want{
		"slow":  {Into: &faults.Slow, Be: share},
		"error": {Into: &faults.Error, Be: share},
		"lost":  {Into: &faults.Lost, Be: share},
	})
	if wrong = append(wrong, wrongShares(faults)...); wrong != nil {
		web.Refuse(w, http.StatusUnprocessableEntity, "the faults cannot be set", wrong...)
		return
	}
	s.SetFaults(faults)
	web.Answer(w, http.StatusOK, faults)
}

// CheckFaults returns the first thing that is wrong with faults, or nil.
func CheckFaults(f bankapi.Faults) error {
	if wrong := wrongShares(f); wrong != nil {
		return fmt.Errorf("%s %s", wrong[0].Field, wrong[0].Detail)
	}
	return nil
}

func wrongShares(f bankapi.Faults) (wrong []web.Field) {
	for _, of := range []struct {
		name  string
		share int
	}{{"slow", f.Slow}, {"error", f.Error}, {"lost", f.Lost}} {
		if of.share < 0 || of.share > 100 {
			wrong = append(wrong, web.Field{Field: of.name, Detail: fmt.Sprintf("must be a share in percent, from 0 to 100, not %d", of.share)})
		}
	}
	return wrong
}

func happens(percent int) bool { return rand.IntN(100) < percent }

// pause waits, at most until one of the contexts ends.
func pause(one, other context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-one.Done():
	case <-other.Done():
	case <-timer.C:
	}
}
