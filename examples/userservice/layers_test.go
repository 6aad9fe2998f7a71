package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/millstream-go/millstream/"
	inside = module + "examples/userservice/internal/"
)

func TestTheLayersKnowOnlyWhatIsFurtherInside(t *testing.T) {
	t.Parallel()
	for layer, allowed := range map[string][]string{
		"domain":          {},
		"application":     {inside + "domain"},
		"interfaces/http": {inside + "domain", inside + "application", module + "examples/internal/web", "go.opentelemetry.io/"},
	} {
		for _, name := range dependencies(t, layer) {
			assert.True(t, permitted(name, allowed), "%s depends on %s", layer, name)
		}
	}
	for _, layer := range []string{"domain", "application"} {
		names := dependencies(t, layer)
		assert.NotContains(t, names, "database/sql")
		assert.NotContains(t, names, "net/http")
	}
	// What the handlers use of others is HTTP, and nothing of ours from outside the layers.
	for _, layer := range []string{"infrastructure/sqlite", "infrastructure/messaging", "infrastructure/smtpmail", "infrastructure/fakesmtp"} {
		assert.NotContains(t, dependencies(t, layer), inside+"interfaces/http")
	}
}

// dependencies returns all packages that a layer needs, but for itself.
func dependencies(t *testing.T, layer string) (names []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./internal/"+layer).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for name := range strings.Lines(string(out)) {
		if name = strings.TrimSpace(name); name != inside+layer {
			names = append(names, name)
		}
	}
	require.NotEmpty(t, names)
	return names
}

// permitted reports whether a layer may need a package: those of the standard library it may.
func permitted(name string, allowed []string) bool {
	first, _, _ := strings.Cut(name, "/")
	if !strings.Contains(first, ".") {
		return true
	}
	for _, prefix := range append(allowed, "golang.org/x/sys", "github.com/cespare/xxhash", "github.com/go-logr/") {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
