package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, main) }

// runHere runs the program inside the test, and returns its exit code and what it wrote.
func runHere(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = app.Run("payments", program, args, app.IO{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err})
	return code, out.String(), err.String()
}

// httpClient returns a client whose connections end with the test.
func httpClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// request asks for something.
func request(t *testing.T, client *http.Client, method, url, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got, err := client.Do(r)
	require.NoError(t, err)
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return answer{got.StatusCode, got.Header, string(text)}
}

// post asks for a payment.
func post(t *testing.T, client *http.Client, api, key, body string) answer {
	t.Helper()
	return request(t, client, http.MethodPost, api+"/payments", body, "Content-Type", "application/json", "Idempotency-Key", key)
}

const good = `{"customer":"c-1","amount":"25.99","currency":"EUR","card":"tok_visa"}`

func TestTheGraphIsThatOfTheReadme(t *testing.T) {
	code, graph, stderr := runHere("-graph")
	require.Zero(t, code, stderr)
	apptest.Graph(t, graph)
}

func TestHelpTellsOfEveryRole(t *testing.T) {
	code, _, help := runHere("-h")
	assert.Zero(t, code)
	for role := range roles {
		assert.Contains(t, help, role)
		code, _, help := runHere(role, "-h")
		assert.Zero(t, code)
		assert.Contains(t, help, "usage: payments "+role)
	}
}

func TestWrongUseIsAnsweredWithWhatIsWrong(t *testing.T) {
	t.Setenv("REDIS_URL", "")
	for want, line := range map[string]string{
		`there is no role "bark"`:                                  "bark",
		`unexpected argument "more"`:                               "-chaos more",
		"flag provided but not defined: -speed":                    "-speed 9",
		"-n must be from 1 to 100000, not -1":                      "-n -1",
		"this role shares a Redis with the others":                 "process",
		"give -redis URL or REDIS_URL":                             "api",
		`-bank "localhost:1": want a URL like`:                     "audit -bank localhost:1",
		"-idle must be 100ms or more, not 1ms":                     "process -redis redis://127.0.0.1:1 -idle 1ms",
		"-crash must be a share in percent":                        "process -redis redis://127.0.0.1:1 -crash 101",
		"-crash must be a share in percent, from 0 to 100, not -1": "naive -redis redis://127.0.0.1:1 -crash -1",
		"-wait must be more than 0, not -1s":                       "audit -redis redis://127.0.0.1:1 -wait -1s",
		"-n must be from 1 to 100000, not 0":                       "-n 0",
		"-ledger is missing":                                       "bank",
		"-slow must be a share in percent, from 0 to 100, not 200": "bank -ledger x -slow 200",
		"amount is missing":                                        "order -customer c-1",
		"amount must be more than 0":                               "order -customer c-1 -amount 0",
		`amount must be more than 0, not "-2.50"`:                  "order -customer c-1 -amount -2.50",
		`amount "1.005" has 3 decimals`:                            "order -customer c-1 -amount 1.005",
		`amount "1e3" is no amount`:                                "order -customer c-1 -amount 1e3",
		`is more than the 1000000.00`:                              "order -customer c-1 -amount 1000000.01",
		`currency must be one of CHF, EUR, GBP or USD, not "XXX"`:  "order -customer c-1 -amount 1 -currency XXX",
		`customer must be an identifier such as "c-1042"`:          "order -customer a@b.c -amount 1",
		`-api "here": want a URL`:                                  "order -customer c-1 -amount 1 -api here",
	} {
		code, stdout, stderr := runHere(strings.Fields(line)...)
		assert.Equal(t, app.ExitUsage, code, line)
		assert.Empty(t, stdout, line)
		assert.Contains(t, stderr, want, line)
	}
}

func TestWhatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	for want, line := range map[string]string{
		"no Redis at 127.0.0.1:1": "process -redis redis://127.0.0.1:1",
		"no such file":            "bank -listen localhost:0 -ledger /no/such/directory/ledger",
		"which cannot charge tw":  "order -customer c-1 -amount 1 -api http://127.0.0.1:1 -wait 10ms",
	} {
		p := apptest.Start(t, apptest.Command{Args: strings.Fields(line)})
		assert.Equal(t, app.ExitFailed, p.Wait(t), line)
		assert.Contains(t, p.Stderr(), want, line)
	}
}
