package browsertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/userservice/internal/browsertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestABrowserLeavesNoProcessBehind(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	// Below a directory for temporary files of its own, whose name is in the arguments of all
	// its processes.
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Run("with a browser", func(t *testing.T) {
		browser := browsertest.Start(t)
		browser.Do(t, chromedp.Navigate("data:text/html,<p>hello"))
		assert.Equal(t, "hello", browser.Text(t, "p"))
		assert.True(t, browser.Holds(t, "1 + 1 === 2"))
		assert.Empty(t, browser.Faults())
		assert.NotEmpty(t, processes(t, dir))
	})
	require.Eventually(t, func() bool { return len(processes(t, dir)) == 0 }, 20*time.Second, 10*time.Millisecond)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestWhatAPageDoesWrongIsNoted(t *testing.T) {
	browser := browsertest.Start(t)
	browser.Do(t, chromedp.Navigate(`data:text/html,<script>setTimeout(() => { document.title = "thrown"; throw new Error("oh") })</script>`))
	browser.Await(t, `document.title === "thrown"`)
	require.Eventually(t, func() bool { return len(browser.Faults()) == 1 }, 20*time.Second, 10*time.Millisecond)
}

// processes returns those that have a word in their arguments.
func processes(t *testing.T, word string) (found []string) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range names {
		// One that is gone has none.
		text, _ := os.ReadFile(name)
		if strings.Contains(string(text), word) && !strings.HasPrefix(name, fmt.Sprintf("/proc/%d/", os.Getpid())) {
			found = append(found, name)
		}
	}
	return found
}
