package main

import (
	"net/url"
	"strings"

	"github.com/millstream-go/millstream/examples/internal/app"
)

// jaegerURL checks the address of a Jaeger, and returns it as links begin with it: a
// password is not to be shown.
func jaegerURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", app.Usage("JAEGER_URL or -jaeger is no URL of a Jaeger: want one like http://localhost:16686")
	}
	u.User = nil
	return strings.TrimRight(u.String(), "/"), nil
}
