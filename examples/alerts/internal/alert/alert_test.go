package alert_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func good() alert.Alert {
	return alert.Alert{
		ID: "a-1", Severity: alert.Critical, Host: "web-1", Service: "checkout", Summary: "disk full", RaisedAt: noon,
	}
}

func TestAGoodAlertIsTaken(t *testing.T) {
	for _, severity := range alert.Severities() {
		a := good()
		a.Severity = severity
		assert.NoError(t, a.Validate(noon))
	}
}

func TestAllFaultsAreToldAtOnceByField(t *testing.T) {
	err := alert.Alert{ID: "-x", Severity: "fatal", Host: " ", Summary: strings.Repeat("ü", 1001)}.Validate(noon)
	var faults alert.Invalid
	require.True(t, errors.As(err, &faults))
	fields := make([]string, len(faults))
	for i, fault := range faults {
		fields[i] = fault.Field
	}
	assert.Equal(t, []string{"id", "severity", "host", "service", "summary", "raised_at"}, fields)
	assert.ErrorContains(t, err, `severity is "fatal": want critical, warning or info; host is missing`)
}

func TestClocksMayDifferALittle(t *testing.T) {
	a := good()
	a.RaisedAt = noon.Add(5 * time.Minute)
	assert.NoError(t, a.Validate(noon))
	a.RaisedAt = noon.Add(5*time.Minute + 1)
	assert.ErrorContains(t, a.Validate(noon), "raised_at is more than 5m0s in the future")
}

func TestOfALongTextOnlyTheBeginningIsShown(t *testing.T) {
	a := good()
	a.Severity = alert.Severity(strings.Repeat("x", 1000))
	assert.Less(t, len(a.Validate(noon).Error()), 200)
}

func TestWhatIsNoAlertIsSaidInItsOwnWords(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                        "not JSON: unexpected end of JSON input, at byte 1",
		`null`:                     "it is JSON, but no object",
		`[1]`:                      "it is JSON, but no object",
		`{"host":7}`:               "host is of the JSON type number: want a string",
		`{"severity":[]}`:          "severity is of the JSON type array: want a string",
		`{"raised_at":"tomorrow"}`: `raised_at is "tomorrow": want a time such as`,
		`{"raised_at":7}`:          "raised_at is no time",
	} {
		_, err := alert.Parse([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
	a, err := alert.Parse([]byte(` {"id":"a","raised_at":"2026-03-01T13:00:00+01:00"}`))
	require.NoError(t, err)
	assert.True(t, a.RaisedAt.Equal(noon))
}

func TestAProducerCompletesWhatIsLeftOut(t *testing.T) {
	origin := alert.Origin{
		Host: "web-1", Service: "checkout",
		NewID: func() string { return "new" }, Now: func() time.Time { return noon },
	}
	got := origin.Complete(alert.Alert{Severity: alert.Info, Summary: "up"})
	assert.Equal(t, alert.Alert{ID: "new", Severity: alert.Info, Host: "web-1", Service: "checkout", Summary: "up", RaisedAt: noon}, got)
	assert.Equal(t, good(), origin.Complete(good()), "what is there stays")
}

func TestWindowsFollowEachOtherWithoutGaps(t *testing.T) {
	at := noon
	for range 3 {
		w := alert.WindowOf("mail", at, time.Minute)
		assert.Equal(t, w, alert.WindowOf("mail", w.To.Add(-1), time.Minute))
		at = w.To
		assert.Equal(t, w.To, alert.WindowOf("mail", at, time.Minute).From)
	}
	w := alert.WindowOf("mail", noon, time.Minute)
	assert.NotEqual(t, w.Key(), alert.WindowOf("mail", noon, time.Hour).Key())
	assert.NotEqual(t, w.Key(), alert.WindowOf("web", noon, time.Minute).Key())
}

func TestATicketCountsTheWarningsOfItsService(t *testing.T) {
	ticket := alert.NewTicket(alert.WindowOf("checkout", noon, time.Minute))
	for _, host := range []string{"web-1", "web-2", "web-1", "web-2", "web-3"} {
		a := good()
		a.Host = host
		ticket.Add(a)
	}
	other := good()
	other.Service = "mail"
	ticket.Add(other)
	assert.Equal(t, 5, ticket.Warnings)
	assert.Equal(t, []string{"web-1", "web-2", "web-3"}, ticket.Hosts)
	assert.Len(t, ticket.First, 3)
}
