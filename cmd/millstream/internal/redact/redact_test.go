package redact_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/cmd/millstream/internal/redact"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"no URL, but a@b":                           "no URL, but a@b",
		"redis://localhost:6379/0 is away":          "redis://localhost:6379/0 is away",
		"redis://user:secret@host:1/0":              "redis://***@host:1/0",
		`"-redis=rediss://:se/cr@et@host" and more`: `"-redis=rediss://***@host" and more`,
		"a://b:c@d then e://f:g@h":                  "a://***@d then e://***@h",
	} {
		assert.Equal(t, want, redact.Text(text))
	}
}
