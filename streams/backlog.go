package streams

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

// askFor returns how much there is to do for a group; false when that is not known.
func (s *survey) askFor(ctx context.Context, g *surveyed) (commit.Backlog, bool) {
	found, ok, err := commit.BacklogOf(ctx, g.domain.client, commit.Reading{Stream: g.topic, Group: g.group})
	if err == nil {
		return found, ok
	}
	if _, reply := errors.AsType[redis.Error](err); reply && !s.denied.Load() {
		// Scripts on Redis 7.0 do not say which permission lacks.
		lacks := g.domain.checkAccess(ctx, backlogNeeds(g.reading))
		if errors.Is(lacks, ErrPermission) && s.denied.CompareAndSwap(false, true) {
			g.log.Warn("Redis cannot be asked how much there is to do, these metrics are missing and all else goes on", "error", lacks)
			return commit.Backlog{}, false
		}
	}
	// The pipeline says it louder if it has the same trouble.
	g.log.Debug("Redis cannot be asked how much there is to do, these metrics are missing", "error", err)
	return commit.Backlog{}, false
}

// backlogNeeds are the commands of asking for a group.
func backlogNeeds(r reading) []need {
	in := wanted{r.topic, "stream"}
	return []need{
		{"eval", wanted{}, []any{"return 1", 0}},
		{"evalsha", wanted{}, []any{strings.Repeat("0", 40), 0}},
		{"time", wanted{}, nil},
		{"xlen", in, []any{thisKey}},
		{"xinfo|groups", in, []any{thisKey}},
		{"xrange", in, []any{thisKey, none, none}},
		{"xpending", in, []any{thisKey, r.group}},
	}
}
