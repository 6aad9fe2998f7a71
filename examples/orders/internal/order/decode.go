package order

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Parse decodes one order from its JSON. Its errors are for the person who
// wrote the order: they speak of the order's fields, not of Go's types.
func Parse(data []byte) (Order, error) {
	var o Order
	if err := json.Unmarshal(data, &o); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return Order{}, fmt.Errorf("not JSON: %w, at byte %d", err, syntax.Offset)
		}
		return Order{}, err
	}
	return o, nil
}

// UnmarshalJSON decodes o and says in plain words which field does not fit.
// Unlike the json package's own way with null, which leaves an empty order, it
// refuses it: null is no order.
func (o *Order) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return errors.New("it is null, want an object")
	}
	type plain Order // without this method, or it would call itself
	var decoded plain
	if err := json.Unmarshal(data, &decoded); err != nil {
		if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return wrongType(mismatch)
		}
		return err
	}
	*o = Order(decoded)
	return nil
}

func wrongType(err *json.UnmarshalTypeError) error {
	if err.Field == "" {
		return fmt.Errorf("it is %s, want an object", found(err.Value))
	}
	return fmt.Errorf("%s is %s, want %s", err.Field, found(err.Value), wanted(err.Type))
}

// found puts what the json package calls a value into words.
func found(value string) string {
	if number, ok := strings.CutPrefix(value, "number "); ok {
		return "the number " + clip(number)
	}
	switch value {
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	default:
		return "a " + value
	}
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		return "an object"
	default:
		return "a " + t.Kind().String()
	}
}
