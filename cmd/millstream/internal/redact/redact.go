// Package redact keeps passwords out of what the command prints.
package redact

import "regexp"

// userinfo is what stands before the host of a URL, up to the last @: whoever forgets to
// escape a password may have any character in it.
var userinfo = regexp.MustCompile(`://\S*@`)

// Text returns text without the users and passwords of the URLs in it.
func Text(text string) string { return userinfo.ReplaceAllString(text, "://***@") }
