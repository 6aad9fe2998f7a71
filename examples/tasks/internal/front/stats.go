package front

import (
	"context"
	"net/http"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/audit"
)

// Stats are about the whole system. What is changed while they are gathered may be told as
// a difference.
type Stats struct {
	Store struct {
		Tasks int `json:"tasks"`
		// Outbox is how many events are not in Redis yet.
		Outbox int `json:"outbox"`
	} `json:"store"`
	Indexes map[string]Index `json:"indexes"`
}

// Index is about one index.
type Index struct {
	// Online is whether its process answers; without, there is nothing else.
	Online bool `json:"online"`
	// Differences from the store.
	Differences *audit.Report `json:"differences,omitempty"`
	// Process is what the process itself counts, since it began.
	Process map[string]any `json:"process,omitempty"`
}

// Stats gathers them.
func (f *Front) Stats(ctx context.Context) (Stats, error) {
	stats := Stats{Indexes: make(map[string]Index)}
	if err := f.API(ctx, "/stats", &stats.Store); err != nil {
		return stats, err
	}
	kept, err := f.client.All(ctx, f.api.Address(), "/tasks")
	if err != nil {
		return stats, err
	}
	for _, part := range f.indexes {
		var x Index
		indexed, err := f.client.All(ctx, part.Address(), "/documents")
		if err == nil {
			err = f.client.Get(ctx, part.Address()+"/stats", &x.Process)
		}
		if x.Online = err == nil; x.Online {
			differences, err := audit.Compare(kept, indexed)
			if err != nil {
				return stats, err
			}
			x.Differences = &differences
		}
		stats.Indexes[part.Name()] = x
	}
	return stats, nil
}

// API decodes what the API has at the path into v.
func (f *Front) API(ctx context.Context, path string, v any) error {
	return f.client.Get(ctx, f.api.Address()+path, v)
}

func (f *Front) stats(w http.ResponseWriter, r *http.Request) {
	stats, err := f.Stats(r.Context())
	if err != nil {
		away(w, f.api)
		return
	}
	web.Answer(w, http.StatusOK, stats)
}
