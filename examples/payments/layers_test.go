package main

import (
	"go/build"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheLayersKnowOnlyWhatIsBelowThem says which packages of this example, and which
// libraries for messages, each package may import. The standard library, OpenTelemetry's API
// and what is not named here are free.
func TestTheLayersKnowOnlyWhatIsBelowThem(t *testing.T) {
	const (
		ours = "github.com/millstream-go/millstream/"
		web  = "examples/internal/web"
	)
	for name, allowed := range map[string][]string{
		"payment": {},
		"bankapi": {"payment", web},
		"bank":    {"bankapi", "payment", web},
		"flow":    {"payment", "pipeline", "middleware"},
		"books":   {"payment", "github.com/redis/go-redis/v9"},
		"intake":  {"books", "flow", "payment", "streams", "tracing", "github.com/redis/go-redis/v9", "github.com/ThreeDotsLabs/watermill/message"},
		"api":     {"books", "intake", "payment", web},
		"client":  {"api", "payment", web},
		"naive":   {"bankapi", "payment", "github.com/redis/go-redis/v9"},
	} {
		pkg, err := build.ImportDir("internal/"+name, 0)
		require.NoError(t, err)
		for _, path := range pkg.Imports {
			short := strings.TrimPrefix(path, ours)
			short = strings.TrimPrefix(short, "examples/payments/internal/")
			first, _, _ := strings.Cut(path, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(path, "go.opentelemetry.io/otel") {
				continue
			}
			assert.True(t, slices.Contains(allowed, short), "%s imports %s", name, path)
		}
	}
}
