package http

import (
	"embed"
	"net/http"

	"github.com/millstream-go/millstream/examples/internal/web"
)

//go:embed static
var static embed.FS

// asset serves a file of the page, which needs nothing from elsewhere.
func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := static.ReadFile("static/" + name)
		if err != nil {
			web.Refuse(w, http.StatusNotFound, "the page is not complete")
			return
		}
		header := w.Header()
		header.Set("Content-Type", kind)
		header.Set("Cache-Control", "no-cache")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		_, _ = w.Write(text) // the client is gone
	}
}
