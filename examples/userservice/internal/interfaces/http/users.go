package http

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

const (
	defaultPage = 20
	maxPage     = 100
	maxCounts   = 1000
)

// user is a user in answers.
type user struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Email        domain.Email `json:"email"`
	RegisteredAt time.Time    `json:"registered_at"`
}

func (a *API) register(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	if err := decode(w, r, &body); err != nil {
		a.fail(w, r, err)
		return
	}
	registered, err := a.Registration.Register(r.Context(), body.Name, body.Email)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/users/"+registered.ID)
	reply(w, "application/json", http.StatusCreated, user(registered))
}

func (a *API) user(w http.ResponseWriter, r *http.Request) {
	found, err := a.Users.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	ok(w, user(found))
}

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	limit, limitErr := number(r, "limit", defaultPage, maxPage)
	before, beforeErr := number(r, "before", 0, 1<<62)
	if wrong := append(limitErr, beforeErr...); len(wrong) > 0 {
		a.fail(w, r, Problem{Status: http.StatusBadRequest, Detail: "some parameters are not as they should be", Errors: wrong})
		return
	}
	users, next, err := a.Users.Page(r.Context(), before, int(limit))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := struct {
		Users []user  `json:"users"`
		Next  *string `json:"next"` // the path of the next page, null on the last
	}{Users: []user{}}
	for _, u := range users {
		answer.Users = append(answer.Users, user(u))
	}
	if next > 0 {
		path := fmt.Sprintf("/users?limit=%d&before=%d", limit, next)
		answer.Next = &path
	}
	ok(w, answer)
}

// number returns a parameter that is a number from 1 to most, or what is wrong with it.
func number(r *http.Request, name string, without, most int64) (int64, []Field) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, []Field{{name, fmt.Sprintf("must be a number from 1 to %d", most)}}
	}
	return n, nil
}

func (a *API) analytics(w http.ResponseWriter, r *http.Request) {
	type count struct {
		Day    string `json:"day"`
		Domain string `json:"domain"`
		Users  int64  `json:"users"`
	}
	counts, total, err := a.Tally.Counts(r.Context(), maxCounts)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answer := struct {
		Total  int64   `json:"total"`
		Counts []count `json:"counts"`
	}{total, []count{}}
	for _, c := range counts {
		answer.Counts = append(answer.Counts, count(c))
	}
	ok(w, answer)
}
