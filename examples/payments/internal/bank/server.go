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

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
	"github.com/millstream-go/millstream/examples/payments/internal/web"
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
	routes.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { web.WriteJSON(w, http.StatusOK, s.faults.Load()) })
	routes.HandleFunc("PUT /faults", s.putFaults)
	routes.HandleFunc("GET /health", web.Health(map[string]func(context.Context) error{
		"ledger": func(context.Context) error { return s.ledger.Broken() },
	}))
	return web.Handler(routes)
}

func (s *Server) charge(w http.ResponseWriter, r *http.Request) {
	var request bankapi.Request
	if problem := web.ReadJSON(w, r, &request); problem != nil {
		problem.Write(w)
		return
	}
	if err := check(request); err != nil {
		web.NewProblem(http.StatusUnprocessableEntity, err.Error()).Write(w)
		return
	}
	faults := s.faults.Load()
	if happens(faults.Slow) {
		pause(r.Context(), s.life, slowness)
	}
	if happens(faults.Error) {
		web.NewProblem(http.StatusServiceUnavailable, "the bank has a bad day").Write(w)
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
		web.NewProblem(http.StatusPaymentRequired, "the card is declined").Write(w)
		return
	}
	web.WriteJSON(w, http.StatusOK, bankapi.Answer{ChargeID: entry.ChargeID, Status: entry.Status})
}

// check holds a request against the domain's rules.
func check(r bankapi.Request) error {
	return payment.Order{ID: r.Reference, Customer: r.Customer, Amount: r.Amount, Card: r.Card}.Check()
}

func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrReused):
		web.NewProblem(http.StatusUnprocessableEntity, err.Error()).Write(w)
	case errors.Is(err, ErrFull):
		web.NewProblem(http.StatusUnprocessableEntity, ErrFull.Error()).Write(w)
	default:
		s.logger.ErrorContext(r.Context(), "nothing can be charged", "err", err)
		web.NewProblem(http.StatusServiceUnavailable, ErrBroken.Error()).Write(w)
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
	var faults bankapi.Faults
	if problem := web.ReadJSON(w, r, &faults); problem != nil {
		problem.Write(w)
		return
	}
	if err := CheckFaults(faults); err != nil {
		web.NewProblem(http.StatusUnprocessableEntity, err.Error()).Write(w)
		return
	}
	s.SetFaults(faults)
	web.WriteJSON(w, http.StatusOK, faults)
}

// CheckFaults returns what is wrong with faults.
func CheckFaults(f bankapi.Faults) error {
	for name, share := range map[string]int{"slow": f.Slow, "error": f.Error, "lost": f.Lost} {
		if share < 0 || share > 100 {
			return fmt.Errorf("%s must be a share in percent, from 0 to 100, not %d", name, share)
		}
	}
	return nil
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
