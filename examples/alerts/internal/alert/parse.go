package alert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Parse decodes an alert from its JSON. Its errors are for the person who wrote it: they
// speak of fields, not of Go's types.
func Parse(data []byte) (Alert, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) && json.Valid(data) {
		return Alert{}, errors.New("it is JSON, but no object: want one such as {\"severity\":\"critical\",\"summary\":\"disk full\"}")
	}
	var a Alert
	err := json.Unmarshal(data, &a)
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	mismatch, isMismatch := errors.AsType[*json.UnmarshalTypeError](err)
	wrongTime, isTime := errors.AsType[*time.ParseError](err)
	switch {
	case err == nil:
		return a, nil
	case isSyntax:
		return Alert{}, fmt.Errorf("not JSON: %w, at byte %d", err, syntax.Offset)
	case isMismatch:
		kind, _, _ := strings.Cut(mismatch.Value, " ")
		return Alert{}, Invalid{{mismatch.Field, "is of the JSON type " + kind + ": want a string"}}
	case isTime:
		return Alert{}, Invalid{{"raised_at", "is " + quote(wrongTime.Value) + ": want a time such as 2026-01-31T12:00:00Z"}}
	default: // a time that is not even a string, or has a year that JSON cannot show
		return Alert{}, Invalid{{"raised_at", "is no time: want one such as 2026-01-31T12:00:00Z"}}
	}
}
