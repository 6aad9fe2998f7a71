package browsertest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWithoutABrowserItIsSaidHowToGetOne(t *testing.T) {
	t.Setenv(variable, "/no/such/browser")
	_, err := find()
	assert.ErrorContains(t, err, "MILLSTREAM_CHROMIUM is no browser")

	t.Setenv(variable, "")
	t.Setenv("PATH", t.TempDir())
	// One that has a place of its own is found even so.
	if _, err = find(); err != nil {
		assert.ErrorContains(t, err, "apt-get install chromium")
	}
}
