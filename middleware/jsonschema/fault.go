package jsonschema

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	js "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

const (
	// mostFaults is how many faults an error tells of.
	mostFaults = 5
	// longestPointer is how much of a place it tells: names in it are the payload's.
	longestPointer = 200
)

// describe tells what is wrong with a payload, and nothing that is in it. The library's
// own text quotes values.
func describe(err error) error {
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*js.ValidationError](err)
	if !ok {
		return errors.New("the payload cannot be checked against the schema")
	}
	all := leaves(invalid)
	slices.SortStableFunc(all, inOrder)
	var faults []string
	for _, fault := range all {
		if len(faults) == mostFaults {
			faults = append(faults, "and more")
			break
		}
		faults = append(faults, tell(fault))
	}
	return errors.New(strings.Join(faults, "; "))
}

// leaves returns the faults that are not made of others, all of which have to be
// mended. Of alternatives none fits, and why each does not is not told.
func leaves(e *js.ValidationError) []*js.ValidationError {
	switch e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
	default:
		return []*js.ValidationError{e}
	}
	var all []*js.ValidationError
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// inOrder makes the text of an error the same each time: properties have no order.
func inOrder(a, b *js.ValidationError) int {
	return cmp.Or(
		slices.Compare(a.InstanceLocation, b.InstanceLocation),
		cmp.Compare(a.SchemaURL, b.SchemaURL),
		slices.Compare(a.ErrorKind.KeywordPath(), b.ErrorKind.KeywordPath()),
	)
}

func tell(e *js.ValidationError) string {
	what := "breaks the rule"
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		what = fmt.Sprintf("is %s, not %s, against", k.Got, strings.Join(k.Want, " or "))
	case *kind.Required:
		what = fmt.Sprintf("lacks %s, against", strings.Join(k.Missing, ", "))
	}
	rule := strings.TrimPrefix(e.SchemaURL, unnamed)
	if !strings.Contains(rule, "#") {
		rule += "#"
	}
	return fmt.Sprintf("%q %s %s", pointer(e.InstanceLocation), what, rule+pointer(e.ErrorKind.KeywordPath()))
}

// pointer writes a path as a JSON pointer.
func pointer(path []string) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteByte('/')
		b.WriteString(escape.Replace(name))
		if b.Len() > longestPointer {
			return strings.ToValidUTF8(b.String()[:longestPointer], "") + "..."
		}
	}
	return b.String()
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// whereabouts tells where JSON ends to be JSON. The parser's text quotes a part of it.
func whereabouts(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf(", from byte %d on", syntax.Offset)
	}
	return ""
}
