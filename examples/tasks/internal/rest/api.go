package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/params"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Store keeps tasks. Package store has one.
type Store interface {
	Create(context.Context, task.Draft) (task.Task, error)
	Get(ctx context.Context, id string) (task.Task, error)
	List(context.Context, task.Filter) ([]task.Task, error)
	Update(ctx context.Context, id string, version int64, draft task.Draft) (task.Task, error)
	Delete(ctx context.Context, id string, version int64) (task.Task, error)
	Count(context.Context) (int64, error)
	Waiting(context.Context) (int64, error)
}

// How many tasks a page has.
const defaultLimit, maxLimit = 50, 500

type api struct {
	store  Store
	logger *slog.Logger
}

// New returns the handler of the interface. Its GET /health is about the checks.
func New(tasks Store, checks web.Checks, logger *slog.Logger) http.Handler {
	a := &api{tasks, logger}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tasks", a.create)
	mux.HandleFunc("GET /tasks", a.list)
	mux.HandleFunc("GET /tasks/{id}", a.get)
	mux.HandleFunc("PUT /tasks/{id}", a.update)
	mux.HandleFunc("DELETE /tasks/{id}", a.delete)
	mux.HandleFunc("GET /stats", a.stats)
	mux.HandleFunc("GET /health", web.Health(checks, logger))
	return web.Handler(mux, "GET /health")
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	draft, ok := read(w, r)
	if !ok {
		return
	}
	t, err := a.store.Create(r.Context(), draft)
	if err != nil {
		web.Fail(w, r, a.logger, err)
		return
	}
	w.Header().Set("Location", "/tasks/"+t.ID)
	show(w, http.StatusCreated, t)
}

// page is a part of the list.
type page struct {
	Tasks []task.Task `json:"tasks"`
	// Next is where the list goes on, empty at its end.
	Next string `json:"next,omitempty"`
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	p := params.Of(r, "status", "after", "limit")
	filter := task.Filter{Status: p.Status("status"), After: p.Text("after"), Limit: p.Number("limit", defaultLimit, 1, maxLimit)}
	if p.Wrong(w) {
		return
	}
	limit := filter.Limit
	filter.Limit++ // shows whether there is more
	tasks, err := a.store.List(r.Context(), filter)
	if err != nil {
		web.Fail(w, r, a.logger, err)
		return
	}
	answer := page{Tasks: tasks}
	if len(tasks) > limit {
		answer.Tasks = tasks[:limit]
		next := url.Values{"after": {tasks[limit-1].ID}, "limit": {strconv.Itoa(limit)}}
		if filter.Status != "" {
			next.Set("status", string(filter.Status))
		}
		answer.Next = "/tasks?" + next.Encode()
	}
	web.Answer(w, http.StatusOK, answer)
}

func (a *api) get(w http.ResponseWriter, r *http.Request) {
	t, err := a.store.Get(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		a.refuse(w, r, t, err)
	case r.Header.Get("If-None-Match") == tag(t.Version):
		w.Header().Set("ETag", tag(t.Version))
		w.WriteHeader(http.StatusNotModified)
	default:
		show(w, http.StatusOK, t)
	}
}

func (a *api) update(w http.ResponseWriter, r *http.Request) {
	version, ok := ifMatch(w, r)
	if !ok {
		return
	}
	draft, ok := read(w, r)
	if !ok {
		return
	}
	t, err := a.store.Update(r.Context(), r.PathValue("id"), version, draft)
	if err != nil {
		a.refuse(w, r, t, err)
		return
	}
	show(w, http.StatusOK, t)
}

func (a *api) delete(w http.ResponseWriter, r *http.Request) {
	version, ok := ifMatch(w, r)
	if !ok {
		return
	}
	if t, err := a.store.Delete(r.Context(), r.PathValue("id"), version); err != nil {
		a.refuse(w, r, t, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// stats tells how many tasks there are, and how many events wait in the outbox.
func (a *api) stats(w http.ResponseWriter, r *http.Request) {
	tasks, err := a.store.Count(r.Context())
	waiting, waitingErr := a.store.Waiting(r.Context())
	if err := errors.Join(err, waitingErr); err != nil {
		web.Fail(w, r, a.logger, err)
		return
	}
	web.Answer(w, http.StatusOK, map[string]int64{"tasks": tasks, "outbox": waiting})
}

// refuse answers with the error of a store. t is the task as it is if somebody changed it.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, t task.Task, err error) {
	switch {
	case errors.Is(err, task.ErrNotFound):
		web.Refuse(w, http.StatusNotFound, "there is no task with this id, or it was deleted")
	case errors.Is(err, task.ErrChanged):
		w.Header().Set("ETag", tag(t.Version))
		web.Refuse(w, http.StatusPreconditionFailed,
			"somebody has changed the task: it is at version "+tag(t.Version)+"; get it, and apply your change to that")
	default:
		web.Fail(w, r, a.logger, err)
	}
}

func show(w http.ResponseWriter, status int, t task.Task) {
	w.Header().Set("ETag", tag(t.Version))
	web.Answer(w, status, t)
}
