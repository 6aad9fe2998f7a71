package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/userservice/internal/browsertest"
	"github.com/millstream-go/millstream/internal/redistest"
)

// shownNames is what the page shows, the newest first.
const shownNames = `[...document.querySelectorAll("#feed .name")].map(e => e.textContent).join()`

// state is what the page says about its connection.
func state(is string) string {
	return fmt.Sprintf(`document.getElementById("connection").dataset.state === %q`, is)
}

func TestThePageShowsRegistrationsAsTheyHappen(t *testing.T) {
	t.Parallel()
	server, file := redistest.Start(t), database(t)
	args := []string{"-redis", server.URL(), "-db", file}
	s := serve(t, args...)
	s.register(t, "Ada", "ada@example.com")
	browser := browsertest.Start(t)
	browser.Do(t, chromedp.Navigate(s.url))
	browser.Await(t, state("live"))
	browser.Await(t, shownNames+` === "Ada"`)
	assert.Equal(t, "Registrations", browser.Text(t, "h1"))
	assert.Equal(t, "Connected", browser.Text(t, "#connection"))

	// Somebody registers on the page, and is shown by way of the outbox, Streams and Pub/Sub.
	browser.Do(t,
		chromedp.SendKeys(chromedp.CSS("#name"), "Grace <b>Hopper</b>"),
		chromedp.SendKeys(chromedp.CSS("#email"), "grace@example.com"),
		chromedp.Click(chromedp.CSS("button")),
	)
	browser.Await(t, shownNames+` === "Grace <b>Hopper</b>,Ada"`)
	browser.Await(t, `document.getElementById("outcome").textContent.includes("is registered")`)
	assert.NotContains(t, browser.Text(t, "#feed"), "grace@example.com", "strangers see no addresses")
	// And somebody elsewhere.
	s.register(t, "Barbara", "barbara@example.com")
	browser.Await(t, shownNames+` === "Barbara,Grace <b>Hopper</b>,Ada"`)

	// What is wrong is said at the field.
	browser.Do(t,
		chromedp.SendKeys(chromedp.CSS("#name"), "Ada again"),
		chromedp.SendKeys(chromedp.CSS("#email"), "ADA@example.com"),
		chromedp.Click(chromedp.CSS("button")),
	)
	browser.Await(t, `document.getElementById("email-error").textContent === "E-mail address is registered already."`)
	browser.Await(t, `document.activeElement.id === "email" && document.activeElement.getAttribute("aria-invalid") === "true"`)
	assert.Empty(t, browser.Faults())

	// The server dies, is there again, and what happened meanwhile is shown.
	s.Kill()
	browser.Await(t, state("lost"))
	assert.Contains(t, browser.Text(t, "#connection"), "Connection lost")
	other := serve(t, args...)
	other.register(t, "Edsger", "edsger@example.com")
	other.end(t)
	s = service{serve(t, append(args, "-listen", strings.TrimPrefix(s.url, "http://"))...).Process, s.url}
	browser.Await(t, state("live"))
	browser.Await(t, shownNames+` === "Edsger,Barbara,Grace <b>Hopper</b>,Ada"`)
	assert.Empty(t, browser.Faults())
	// It ends although the page still listens.
	s.end(t)
	browser.Await(t, state("lost"))
}

func TestThePageHasTheNewestFirstAndNoMoreThanSomebodyReads(t *testing.T) {
	t.Parallel()
	s, browser := serve(t), browsertest.Start(t)
	browser.Do(t, chromedp.Navigate(s.url))
	browser.Await(t, state("live"))
	// Of times with more and fewer digits the longer text is not the later one.
	for _, at := range []string{"00.1Z", "00.12Z", "00Z", "00.2Z", "00.12Z"} {
		browser.Holds(t, fmt.Sprintf(`add({ id: %q, name: %q, email: "", registered_at: "2026-05-01T12:00:" + %q }), true`, at, at, at))
	}
	assert.True(t, browser.Holds(t, shownNames+` === "00.2Z,00.12Z,00.1Z,00Z"`))
	// Those that are pushed out are forgotten, and not shown again either.
	browser.Holds(t, `[...Array(60).keys()].forEach(n => add({ id: String(n), name: String(n), email: "", registered_at: new Date(Date.UTC(2027, 0, 1, 0, n)).toISOString() })), true`)
	browser.Holds(t, `add({ id: "0", name: "0", email: "", registered_at: "2027-01-01T00:00:00Z" }), true`)
	assert.True(t, browser.Holds(t, shownNames+` === [...Array(50).keys()].map(n => 59 - n).join()`))
	assert.True(t, browser.Holds(t, `shown.size === 50`))
	s.end(t)
}

func TestThePageIsFitForScreenReaders(t *testing.T) {
	t.Parallel()
	s, browser := serve(t), browsertest.Start(t)
	browser.Do(t, chromedp.EmulateViewport(360, 640), chromedp.Navigate(s.url))
	for what, expression := range map[string]string{
		"new registrations are read out":   `document.getElementById("feed").getAttribute("aria-live") === "polite"`,
		"the connection's state is, too":   `document.getElementById("connection").getAttribute("role") === "status"`,
		"the language is known":            `document.documentElement.lang === "en"`,
		"every input has a label":          `[...document.querySelectorAll("input")].every(e => e.labels.length === 1)`,
		"errors belong to their inputs":    `[...document.querySelectorAll("input")].every(e => document.getElementById(e.getAttribute("aria-describedby")))`,
		"there is nothing from elsewhere":  `performance.getEntriesByType("resource").every(e => e.name.startsWith(location.origin) || e.name.startsWith("data:"))`,
		"it fits the width of a telephone": `document.documentElement.scrollWidth <= innerWidth`,
	} {
		assert.True(t, browser.Holds(t, expression), what)
	}
	s.end(t)
}
