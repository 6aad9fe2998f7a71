package http

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
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
	var name, email string
	if !read(w, r, map[string]web.Want{"name": {Into: &name, Be: "a string"}, "email": {Into: &email, Be: "a string"}}) {
		return
	}
	registered, err := a.Registration.Register(r.Context(), name, email)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/users/"+registered.ID)
	web.Answer(w, http.StatusCreated, user(registered))
}

func (a *API) user(w http.ResponseWriter, r *http.Request) {
	found, err := a.Users.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	web.Answer(w, http.StatusOK, user(found))
}

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	limit, limitErr := number(r, "limit", defaultPage, maxPage)
	before, beforeErr := number(r, "before", 0, 1<<62)
	if wrong := append(limitErr, beforeErr...); len(wrong) > 0 {
		web.Refuse(w, http.StatusBadRequest, "some parameters are not as they should be", wrong...)
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
	web.Answer(w, http.StatusOK, answer)
}

// number returns a parameter that is a number from 1 to most, or what is wrong with it.
func number(r *http.Request, name string, without, most int64) (int64, []web.Field) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, []web.Field{{Field: name, Detail: fmt.Sprintf("must be a number from 1 to %d", most)}}
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
	web.Answer(w, http.StatusOK, answer)
}
