package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
)

func TestWhoRegistersIsListedCountedAndSentAMail(t *testing.T) {
	t.Parallel()
	s := serve(t, "-backoff", "10ms")
	ada := s.register(t, " Ada Lovelace ", "Ada@Example.COM")
	assert.Equal(t, "Ada Lovelace", ada.Name)
	assert.Equal(t, "ada@example.com", ada.Email)
	one := s.ask(t, http.MethodGet, "/users/"+ada.ID, "")
	assert.Equal(t, http.StatusOK, one.status)
	assert.Contains(t, one.body, `"email":"ada@example.com"`)

	again := s.ask(t, http.MethodPost, "/users", `{"name":"Another","email":"ADA@example.com"}`)
	assert.Equal(t, http.StatusConflict, again.status)
	assert.Equal(t, "application/problem+json", again.header.Get("Content-Type"))
	assert.JSONEq(t, `{"title":"Conflict","status":409,"detail":"the e-mail address is registered already",
		"errors":[{"field":"email","detail":"is registered already"}]}`, again.body)

	s.register(t, "Grace", "grace@flaky.example")
	s.register(t, "Edsger", "edsger@down.example")
	s.register(t, "Nobody", "nobody@rejects.example")
	apptest.Await(t, "all are counted", func() bool { return s.counted(t) == 4 })
	apptest.Await(t, "every mail is taken or given up", func() bool {
		mails := s.mails(t)
		return len(mails.Taken) == 2 && len(mails.DeadLetters) == 2
	})
	mails := s.mails(t)
	// Three refusals of the flaky one, five of one that is down, one for good.
	assert.Equal(t, 3+5+1, mails.Refused)
	dead := map[string]string{}
	for _, letter := range mails.DeadLetters {
		assert.Equal(t, "email", letter.Service)
		dead[letter.Kind] = fmt.Sprint(letter.Attempts, " ", letter.Reason)
	}
	assert.Equal(t, map[string]string{
		"exhausted": "5 given up after 5 attempts: the mail server answered 451: not now",
		"permanent": "1 the mail server rejects the mail for good: it answered 550",
	}, dead)
	s.end(t)
}

func TestMailsOfAnOutageAreGivenUpAfterFiveAttemptsAndLaterOnesAreTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, "-backoff", "10ms")
	got := s.ask(t, http.MethodPost, "/mails/outage", `{"seconds":3600}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
	s.register(t, "Ada", "ada@example.com")
	apptest.Await(t, "the mail is given up", func() bool { return len(s.mails(t).DeadLetters) == 1 })
	assert.Equal(t, 5, s.mails(t).Refused)
	require.Equal(t, http.StatusOK, s.ask(t, http.MethodPost, "/mails/outage", `{"seconds":0}`).status)
	s.register(t, "Grace", "grace@example.com")
	apptest.Await(t, "the next is taken", func() bool { return len(s.mails(t).Taken) == 1 })
	s.end(t)
}

func TestUsersAreListedByPagesTheNewestFirst(t *testing.T) {
	t.Parallel()
	s := serve(t)
	empty := s.ask(t, http.MethodGet, "/users", "")
	assert.JSONEq(t, `{"users":[],"next":null}`, empty.body)
	for i := range 5 {
		s.register(t, fmt.Sprint("User ", i), fmt.Sprintf("user%d@example.com", i))
	}
	var seen []string
	for path := "/users?limit=2"; path != ""; {
		var page struct {
			Users []userSeen
			Next  string
		}
		s.ask(t, http.MethodGet, path, "").into(t, &page)
		for _, user := range page.Users {
			seen = append(seen, user.Name)
		}
		assert.LessOrEqual(t, len(page.Users), 2)
		path = page.Next
	}
	assert.Equal(t, []string{"User 4", "User 3", "User 2", "User 1", "User 0"}, seen)
	s.end(t)
}

func TestWrongRequestsAreAnsweredWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const users = "POST /users"
	for _, test := range []struct {
		request, body string
		status        int
		says          string
		header        []string
	}{
		{users, `{"name":"","email":"x"}`, 422, `"errors":[{"field":"name","detail":"is missing"},{"field":"email","detail":"is not a plain address such as ada@example.com"}]`, nil},
		{users, `{}`, 422, `{"field":"email","detail":"is missing"}`, nil},
		{users, `{"name":1,"email":"ada@example.com"}`, 422, `{"field":"name","detail":"must be a string"}`, nil},
		{users, `{"name":"Ada","email":"ada@example.com","admin":true}`, 422, `{"field":"admin","detail":"is no field that can be set here"}`, nil},
		{users, `{"name":`, 400, "the body is no JSON object", nil},
		{users, `[]`, 400, "the body is no JSON object", nil},
		{users, `{"name":"Ada","email":"ada@example.com"} {}`, 400, "the body is no JSON object", nil},
		{users, `{"name":"` + strings.Repeat("a", 9000) + `"}`, 413, "the body is larger than 8192 bytes", nil},
		{users, `name=Ada`, 415, "send JSON, with Content-Type: application/json", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{users, `{"name":"Ada","email":"ada@example.com"}`, 403, "another site", []string{"Sec-Fetch-Site", "cross-site"}},
		{"DELETE /users", "", 405, "this path takes GET, HEAD, POST", nil},
		{"POST /events", "{}", 405, "this path takes GET, HEAD", nil},
		{"GET /mails/outage", "", 405, "this path takes POST", nil},
		{"POST /mails/outage", `{"seconds":-1}`, 422, `{"field":"seconds","detail":"must be a number from 0 to 3600"}`, nil},
		{"GET /users/unknown", "", 404, "no such user", nil},
		{"GET /nothing", "", 404, "there is nothing at this path", nil},
		{"GET /users?limit=0&before=x", "", 400, `"errors":[{"field":"limit","detail":"must be a number from 1 to 100"},{"field":"before"`, nil},
	} {
		method, path, _ := strings.Cut(test.request, " ")
		got := s.ask(t, method, path, test.body, test.header...)
		about := fmt.Sprintf("%s %.60s", test.request, test.body)
		assert.Equal(t, test.status, got.status, about)
		assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"), about)
		assert.Contains(t, got.body, test.says, about)
		if test.status == http.StatusMethodNotAllowed {
			assert.Equal(t, strings.TrimPrefix(test.says, "this path takes "), got.header.Get("Allow"))
		}
	}
	assert.EqualValues(t, 0, s.counted(t))
	s.end(t)
}
