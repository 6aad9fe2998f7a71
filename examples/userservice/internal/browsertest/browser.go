// Package browsertest runs a headless Chromium for a test.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// variable names a browser that is not where one would look.
const variable = "MILLSTREAM_CHROMIUM"

// names are what the browser is called, or where it is.
var names = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// patience is for what is bound to happen, on a machine that is busy.
const patience = 2 * time.Minute

// Browser is a window of one. Use it from one goroutine.
type Browser struct {
	ctx context.Context

	mu     sync.Mutex
	faults []string
}

// Start starts a browser, which ends with the test and leaves nothing behind. Where there is
// none the test fails and says how to get one.
func Start(tb testing.TB) *Browser {
	tb.Helper()
	path, err := find()
	if err != nil {
		tb.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		// Chromium's sandbox refuses to run as root, as in containers. The pages are ours.
		options = append(options, chromedp.NoSandbox)
	}
	allocating, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeWindow := chromedp.NewContext(allocating)
	b := &Browser{ctx: ctx}
	tb.Cleanup(func() {
		// Asked to end it leaves no process behind; killed it might.
		asking, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := chromedp.Cancel(asking); err != nil {
			tb.Errorf("end the browser: %v", err)
		}
		closeWindow()
		end()
		chromedp.FromContext(ctx).Allocator.Wait()
	})
	// The first call starts the browser.
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		tb.Fatalf("start %s: %v", path, err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		tb.Fatalf("talk to %s: %v", path, err)
	}
	return b
}

// find returns the path of a browser.
func find() (string, error) {
	if name := os.Getenv(variable); name != "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("%s is no browser: %w", variable, err)
		}
		return path, nil
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("this test needs Chromium: apt-get install chromium (Debian, Ubuntu), brew install --cask chromium (macOS), or set %s to the path of one", variable)
}

// listen notes what the page complains about.
func (b *Browser) listen(event any) {
	fault := ""
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = event.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError && event.Entry.Source != log.EntrySourceNetwork {
			fault = event.Entry.Text
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

// Faults returns the errors of the page's scripts, and what its policy forbade. That a
// server cannot be reached is none.
func (b *Browser) Faults() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.faults...)
}

// Do does something in the window.
func (b *Browser) Do(tb testing.TB, steps ...chromedp.Action[chromedp.Void]) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tb.Fatal(err)
	}
}

// Await waits until an expression of JavaScript is true.
func (b *Browser) Await(tb testing.TB, expression string) {
	tb.Helper()
	const often = 20 * time.Millisecond
	poll := chromedp.Poll[bool](expression, chromedp.WithPollingInterval(often), chromedp.WithPollingTimeout(patience))
	if _, err := chromedp.Run(b.ctx, poll); err != nil {
		tb.Fatalf("%s never holds: %v", expression, err)
	}
}

// Holds evaluates an expression of JavaScript.
func (b *Browser) Holds(tb testing.TB, expression string) bool {
	tb.Helper()
	holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
	if err != nil {
		tb.Fatalf("%s: %v", expression, err)
	}
	return holds
}

// Text returns the text that somebody sees at a place.
func (b *Browser) Text(tb testing.TB, selector string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
