package telemetry

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/internal/handoff"
)

// maxText is how much of an error's text is recorded, in bytes.
const maxText = 1 << 10

// typeOf returns the type of an error, below what only wraps it, or the one that it names
// itself: one of as many as there are in the program, whatever messages hold.
func typeOf(err error) string {
	if _, ok := errors.AsType[wm.RecoveredPanicError](err); ok {
		return "panic"
	}
	if named, ok := errors.AsType[interface {
		error
		ErrorType() string
	}](err); ok {
		return named.ErrorType()
	}
	for isWrapping(err) && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return fmt.Sprintf("%T", err)
}

// isWrapping reports whether an error only adds to what it wraps: text, or a verdict.
func isWrapping(err error) bool {
	typ := reflect.TypeOf(err)
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	path := typ.PkgPath()
	return path == "fmt" || path == Scope || strings.HasPrefix(path, Scope+"/")
}

// text returns what is recorded of an error's text. Errors of decoding quote the
// payload, so of them it is nothing.
func (t *Telemetry) text(err error) (text string) {
	defer func() {
		if recover() != nil { // as of a nil pointer in an error
			text = "the error has no text: it panicked"
		}
	}()
	if t.config.HideErrors || err == nil {
		return ""
	}
	if said, quotes := handoff.Unquoted(err); quotes {
		return said
	}
	text = err.Error()
	if p, ok := errors.AsType[wm.RecoveredPanicError](err); ok {
		text = fmt.Sprintf("panic: %v", p.V) // its own text has the stack
	}
	if len(text) <= maxText {
		return text
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "..."
}
