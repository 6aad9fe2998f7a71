package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/payments/internal/web"
)

// read reads a body and returns the status of what is wrong with it, 0 if nothing is.
func read(t *testing.T, kind, body string) (status int, text string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	var v struct {
		Name string `json:"name"`
	}
	if p := web.ReadJSON(httptest.NewRecorder(), r, &v); p != nil {
		return p.Status, p.Error()
	}
	return 0, v.Name
}

func TestABodyIsReadOrWhatIsWrongWithItIsSaid(t *testing.T) {
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		`{"name":"x"}`:   {0, "x"},
		`{"name":1}`:     {422, "name must be a string in quotes, not a number"},
		`{"nam":"x"}`:    {422, `nam there is no field "nam"`},
		`{"name":"x"} 1`: {400, "behind the JSON object"},
		`{"name":"x"`:    {400, "no JSON"},
		`[]`:             {400, "must be a JSON object"},
		`null`:           {400, "must be a JSON object"},
		``:               {400, "no JSON"},
		`{"name":"` + strings.Repeat("x", web.MaxBody) + `"}`: {413, "larger than 16384 bytes"},
	} {
		status, text := read(t, "application/json; charset=utf-8", body)
		assert.Equal(t, want.status, status, body)
		assert.Contains(t, text, want.text)
	}
	for _, kind := range []string{"", "text/plain", "application/jsonx", ";"} {
		status, _ := read(t, kind, `{}`)
		assert.Equal(t, http.StatusUnsupportedMediaType, status, kind)
	}
}
