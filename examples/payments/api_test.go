package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/internal/web"
	httpapi "github.com/millstream-go/millstream/examples/payments/internal/api"
)

// problem reads an answer that is one.
func (a answer) problem(t *testing.T) web.Problem {
	t.Helper()
	assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	var p web.Problem
	require.NoError(t, json.Unmarshal([]byte(a.body), &p), a.body)
	assert.Equal(t, a.status, p.Status)
	return p
}

func TestWrongRequestsAreAnsweredWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	s, c := newSystem(t), httpClient(t)
	s.startAPI()
	for name, test := range map[string]struct {
		body   string
		status int
		want   []string // the wrong fields, or a part of the detail if there are none
	}{
		"no amount":      {`{"customer":"c-1","currency":"EUR","card":"tok_visa"}`, 422, []string{"amount"}},
		"zero":           {strings.Replace(good, "25.99", "0.00", 1), 422, []string{"amount"}},
		"negative":       {strings.Replace(good, "25.99", "-25.99", 1), 422, []string{"amount"}},
		"three decimals": {strings.Replace(good, "25.99", "25.999", 1), 422, []string{"amount"}},
		"too much":       {strings.Replace(good, "25.99", "1000000.01", 1), 422, []string{"amount"}},
		"beyond 64 bits": {strings.Replace(good, "25.99", "99999999999999999999.00", 1), 422, []string{"amount"}},
		"a number":       {strings.Replace(good, `"25.99"`, "25.99", 1), 422, []string{"amount"}},
		"a currency":     {strings.Replace(good, "EUR", "eur", 1), 422, []string{"currency"}},
		"an address":     {strings.Replace(good, "c-1", "a@b.c", 1), 422, []string{"customer"}},
		"all at once":    {`{}`, 422, []string{"customer", "amount", "currency", "card"}},
		"a misspelling":  {strings.Replace(good, "card", "cart", 1), 422, []string{"cart", "card"}},
		"wrong types":    {`{"customer":1,"amount":25.99,"currency":"XXX","card":null}`, 422, []string{"amount", "customer", "currency", "card"}},
		"no JSON":        {`{"customer":`, 400, []string{"no JSON"}},
		"nothing":        {``, 400, []string{"no JSON"}},
		"a list":         {`[]`, 400, []string{"object"}},
		"two":            {good + good, 400, []string{"after top-level value"}},
		"large":          {`{"customer":"` + strings.Repeat("c", httpapi.MaxBody) + `"}`, 413, []string{"larger than 16384 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := post(t, c, s.api, "k-1", test.body)
			assert.Equal(t, test.status, got.status, got.body)
			p := got.problem(t)
			var fields []string
			for _, field := range p.Errors {
				fields = append(fields, field.Field)
				assert.NotEmpty(t, field.Detail)
			}
			if fields == nil {
				assert.Contains(t, p.Detail, test.want[0])
				return
			}
			assert.Equal(t, test.want, fields)
		})
	}
	for _, key := range []string{"", "two words", strings.Repeat("k", 201)} {
		p := post(t, c, s.api, key, good).problem(t)
		assert.Equal(t, http.StatusBadRequest, p.Status)
		assert.Equal(t, "Idempotency-Key", p.Errors[0].Field)
	}
	assert.Equal(t, http.StatusUnsupportedMediaType, request(t, c, http.MethodPost, s.api+"/payments", good, "Idempotency-Key", "k").problem(t).Status)
	assert.Equal(t, http.StatusNotFound, request(t, c, http.MethodGet, s.api+"/payments/pay_none", "").problem(t).Status)
	assert.Equal(t, http.StatusNotFound, request(t, c, http.MethodGet, s.api+"/elsewhere", "").problem(t).Status)
	wrong := request(t, c, http.MethodDelete, s.api+"/payments", "")
	assert.Equal(t, http.StatusMethodNotAllowed, wrong.problem(t).Status)
	assert.Equal(t, "POST", wrong.header.Get("Allow"))
	s.expectExact(0)
}

func TestARequestThatIsRepeatedIsOnePayment(t *testing.T) {
	t.Parallel()
	s, c := newSystem(t), httpClient(t)
	s.startAPI()
	first := post(t, c, s.api, "k-1", good)
	require.Equal(t, http.StatusAccepted, first.status, first.body)
	assert.Contains(t, first.body, `"state":"accepted"`)
	assert.Equal(t, first.body, post(t, c, s.api, "k-1", good).body)
	p := post(t, c, s.api, "k-1", strings.Replace(good, "25.99", "26.00", 1)).problem(t)
	assert.Equal(t, http.StatusUnprocessableEntity, p.Status, "a key means one payment")
	assert.Equal(t, "Idempotency-Key", p.Errors[0].Field)

	s.processor("p1")
	s.expectExact(1)
	location := first.header.Get("Location")
	settled := request(t, c, http.MethodGet, s.api+location, "")
	assert.Contains(t, settled.body, `"state":"settled","customer":"c-1","amount":"25.99 EUR","charge_id":"ch_000001"`)
	assert.Equal(t, settled.body, post(t, c, s.api, "k-1", good).body, "it is known what became of it")

	require.Equal(t, http.StatusAccepted, post(t, c, s.api, "k-2", strings.Replace(good, "tok_visa", "tok_declined", 1)).status)
	s.expectExact(2)
	ledger := request(t, c, http.MethodGet, s.api+"/ledger", "").body
	assert.JSONEq(t, `{"payments":{"accepted":0,"declined":1,"settled":1},"processors":{"p1":2},
		"accounts":[{"account":"customer:c-1","balance":"-25.99 EUR"},{"account":"merchant","balance":"25.99 EUR"}]}`, ledger)
}

func TestWithoutRedisTheHealthIsBadAndAllGoesOnWhenItIsBack(t *testing.T) {
	t.Parallel()
	s, c := newSystem(t), httpClient(t)
	s.startAPI()
	_, processor := s.start("process", "-bank", s.bank.url, "-name", "p1", "-idle", idleInTests.String())
	healthy := func(url string) bool {
		return request(t, c, http.MethodGet, url+"/health", "").status == http.StatusOK
	}
	require.True(t, healthy(s.api))
	require.True(t, healthy(processor))
	// A processor that has not begun yet ends when Redis does. This one has.
	for key, card := range map[string]string{"a": "tok_visa", "b": "tok_declined"} {
		require.Equal(t, http.StatusAccepted, post(t, c, s.api, key, strings.Replace(good, "tok_visa", card, 1)).status)
	}
	s.expectExact(2)
	s.redis.Kill(t)
	for _, url := range []string{s.api, processor} {
		health := request(t, c, http.MethodGet, url+"/health", "")
		assert.Equal(t, http.StatusServiceUnavailable, health.status)
		assert.Contains(t, health.body, `"redis":"failing"`)
	}
	away := post(t, c, s.api, "k-1", good)
	assert.Equal(t, http.StatusServiceUnavailable, away.problem(t).Status)
	assert.Equal(t, "1", away.header.Get("Retry-After"))
	s.redis.Restart(t)
	apptest.Await(t, "they are well again", func() bool { return healthy(s.api) && healthy(processor) })
	require.Equal(t, http.StatusAccepted, post(t, c, s.api, "k-1", good).status)
	s.expectExact(3)
}

func TestAnOrderThatItsAPIDidNotSendBeforeItDiedIsSentByTheNext(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	const id = "pay_0123"
	order := `{"id":"` + id + `","customer":"c-1","amount":{"cents":100,"currency":"EUR"},"card":"tok_visa"}`
	client := s.client()
	require.NoError(t, client.HSet(t.Context(), "{payments}:requests", id, `{"customer":"c-1","amount":{"cents":100,"currency":"EUR"}}`).Err())
	require.NoError(t, client.HSet(t.Context(), "{payments}:unsent", id, order).Err())
	s.processor("p1")
	s.startAPI()
	s.expectExact(1)
}

func TestOrderAndAuditAreThereOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.startAPI()
	s.processor("p1")
	run := func(args ...string) *apptest.Process {
		return apptest.Start(t, apptest.Command{Args: args, Env: s.env})
	}
	for _, state := range []string{"settled", "declined"} {
		card := map[string]string{"settled": "tok_visa", "declined": "tok_declined"}[state]
		p := run("order", "-api", s.api, "-customer", "c-1", "-amount", "12.30", "-card", card)
		assert.Zero(t, p.Wait(t), p.Stderr())
		assert.Regexp(t, fmt.Sprintf(`^pay_\w+: 12.30 EUR, %s/payments/pay_\w+\npay_\w+: %s\n$`, s.api, state), p.Stdout())
	}
	refused := run("order", "-api", s.api, "-customer", "c-1", "-amount", "1", "-key", "one")
	assert.Zero(t, refused.Wait(t))
	refused = run("order", "-api", s.api, "-customer", "c-1", "-amount", "2", "-key", "one")
	assert.Equal(t, 1, refused.Wait(t))
	assert.Contains(t, refused.Stderr(), "this is not the request that came with this key before")

	audit := run("audit", "-bank", s.bank.url)
	assert.Zero(t, audit.Wait(t), audit.Stderr())
	assert.Contains(t, audit.Stdout(), "exact to the cent")
	require.NoError(t, s.client().HIncrBy(t.Context(), "{payments}:balances", "merchant:EUR", 1).Err())
	audit = run("audit", "-bank", s.bank.url)
	assert.Equal(t, 1, audit.Wait(t))
	assert.Contains(t, audit.Stdout(), "account merchant: 13.30 EUR in the bank, 13.31 EUR in the books")
	assert.Contains(t, audit.Stdout(), "the accounts of the books do not come to zero")
}

func TestWhatIsNoOrderIsGivenUpAndSaid(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.startAPI()
	client := s.client()
	for _, payload := range []string{
		"not JSON", `{"id":"x","customer":"c-1","amount":{"cents":-5,"currency":"EUR"}}`,
		`{"id":"y","customer":"a@b.c","amount":{"cents":5,"currency":"EUR"}}`,
	} {
		require.NoError(t, client.XAdd(t.Context(), xadd("{payments}:ordered", payload)).Err())
	}
	p1 := s.processor("p1")
	s.place(1)
	s.await()
	audit := apptest.Start(t, apptest.Command{Args: []string{"audit", "-bank", s.bank.url}, Env: s.env})
	assert.Equal(t, 1, audit.Wait(t))
	assert.Contains(t, audit.Stdout(), "order x: -5 cents cannot be charged")
	assert.Contains(t, audit.Stdout(), "3 differences")
	assert.NotContains(t, p1.Stderr()+audit.Stdout(), "a@b.c", "an address is nothing for logs")
}
