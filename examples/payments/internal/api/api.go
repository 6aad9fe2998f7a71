// Package api is the merchant's HTTP interface: it takes payments on and tells what became
// of them.
package api

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/intake"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// KeyHeader names the payment that a request means, so that it can be repeated.
const KeyHeader = "Idempotency-Key"

// MaxBody is how large a request may be, in bytes.
const MaxBody = 16 << 10

// patience is how long Redis may take before a client is told to come again.
const patience = 3 * time.Second

// Server is the interface.
type Server struct {
	desk   *intake.Desk
	books  *books.Books
	logger *slog.Logger
}

// NewServer returns a server.
func NewServer(desk *intake.Desk, kept *books.Books, logger *slog.Logger) *Server {
	return &Server{desk: desk, books: kept, logger: logger}
}

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /payments", s.place)
	routes.HandleFunc("GET /payments/{id}", s.show)
	routes.HandleFunc("GET /ledger", s.ledger)
	routes.HandleFunc("GET /health", web.Health(web.Checks{"redis": s.books.Ping}, s.logger))
	return web.Handler(routes, "GET /health")
}

// Payment is what the interface shows of one.
type Payment struct {
	ID       string        `json:"id"`
	State    payment.State `json:"state"`
	Customer string        `json:"customer"`
	Amount   string        `json:"amount"`
	ChargeID string        `json:"charge_id,omitempty"`
}

func shown(o payment.Outcome) Payment {
	return Payment{ID: o.ID, State: o.State, Customer: o.Customer, Amount: o.Amount.String(), ChargeID: o.ChargeID}
}

// place takes a payment on. The answer is that it will be seen to, not that it was.
func (s *Server) place(w http.ResponseWriter, r *http.Request) {
	order, problem := read(w, r)
	if problem != nil {
		problem.Write(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := s.desk.Place(ctx, order); err != nil {
		s.failed(w, r, err)
		return
	}
	found, err := s.books.Find(ctx, order.ID)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	w.Header().Set("Location", "/payments/"+order.ID)
	web.Answer(w, http.StatusAccepted, shown(found))
}

// read reads the order that a request is, or tells all that is wrong with it.
func read(w http.ResponseWriter, r *http.Request) (payment.Order, *web.Problem) {
	object, problem := web.ReadObject(w, r, MaxBody)
	if problem != nil {
		return payment.Order{}, problem
	}
	var request payment.Request
	wrong := object.Read(map[string]web.Want{
		"customer": {Into: &request.Customer, Be: "a text"},
		"amount":   {Into: &request.Amount, Be: `a text, such as "25.99": numbers in JSON are floats to many`},
		"currency": {Into: &request.Currency, Be: "a text"},
		"card":     {Into: &request.Card, Be: "a text"},
	})
	order, err := request.Check(r.Header.Get(KeyHeader))
	if wrong == nil && err == nil {
		return order, nil
	}
	return order, refusal(wrong, err)
}

// refusal says what is wrong with a request: the fields that are none or of the wrong type,
// and what its check says of the others.
func refusal(wrong []web.Field, err error) *web.Problem {
	status := http.StatusUnprocessableEntity
	faults, _ := errors.AsType[payment.Faults](err)
	for _, fault := range faults {
		if fault.Field == KeyHeader {
			status = http.StatusBadRequest
		}
		if !slices.ContainsFunc(wrong, func(f web.Field) bool { return f.Field == fault.Field }) {
			wrong = append(wrong, web.Field{Field: fault.Field, Detail: fault.Reason})
		}
	}
	return web.NewProblem(status, "the payment cannot be taken on", wrong...)
}

func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, books.ErrAnother):
		web.Refuse(w, http.StatusUnprocessableEntity, "this is not the request that came with this key before",
			web.Field{Field: KeyHeader, Detail: "use another key for another payment"})
	case errors.Is(err, books.ErrUnknown):
		web.Refuse(w, http.StatusNotFound, "there is no payment with this id")
	default:
		s.logger.WarnContext(r.Context(), "a request cannot be answered", "err", err)
		w.Header().Set("Retry-After", "1")
		web.Refuse(w, http.StatusServiceUnavailable, "try again, with the same key: a payment that was taken on is not taken twice")
	}
}

func (s *Server) show(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	found, err := s.books.Find(ctx, r.PathValue("id"))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	web.Answer(w, http.StatusOK, shown(found))
}

// Ledger is what the interface shows of the books.
type Ledger struct {
	Payments   map[payment.State]int64 `json:"payments"`
	Accounts   []Account               `json:"accounts"`
	Processors map[string]int64        `json:"processors"` // payments that each settled or declined
}

// Account is one account's balance: below zero is what a customer paid.
type Account struct {
	Account string `json:"account"`
	Balance string `json:"balance"`
}

func (s *Server) ledger(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	contents, err := s.books.Read(ctx)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	ledger := Ledger{
		Payments: map[payment.State]int64{payment.Accepted: 0, payment.Charged: 0, payment.Refused: 0},
		Accounts: make([]Account, 0, len(contents.Balances)), Processors: contents.Shares,
	}
	for id := range contents.Requests {
		state := payment.Accepted
		if outcome, ok := contents.Outcomes[id]; ok {
			state = outcome.State
		}
		ledger.Payments[state]++
	}
	for _, b := range contents.Balances {
		ledger.Accounts = append(ledger.Accounts, Account{b.Account, b.Amount.String()})
	}
	slices.SortFunc(ledger.Accounts, func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Balance, b.Balance))
	})
	web.Answer(w, http.StatusOK, ledger)
}
