// Package isnil finds values that are none.
package isnil

import "reflect"

// Value reports whether v is nil, or an interface with a nil pointer in it, which a
// comparison with nil does not see.
func Value(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}
