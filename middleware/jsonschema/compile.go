package jsonschema

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	js "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/millstream-go/millstream/internal/handoff"
)

// ErrNotLoaded is returned by [Compile] for a schema that refers to another that is not
// in it.
var ErrNotLoaded = errors.New("schemas are not loaded from files or the network: put it into this one, under $defs")

// unnamed is what the schema is called here. What it names by a relative path is
// beside it, where nothing is.
const unnamed = "schema:///unnamed"

// Compile returns a check that payloads are JSON and fit the schema, of draft 4, 6, 7,
// 2019-09 or 2020-12, as its $schema says; by default the last. It fails when the schema
// is not JSON, is no schema, has a pattern that Go's regexp does not know, or refers
// to another: with ErrNotLoaded, for it reads neither files nor the network. What a
// "format" asks for is checked if the schema's draft says so: up to draft 7.
//
// The check's error names for each fault the place in the payload, as a JSON pointer,
// and the rule in the schema that it breaks, another. Of the payload it has the names of
// properties, in the pointers, but no values. A payload that is no JSON at all is
// malformed. The check may be called concurrently.
func Compile(schema []byte) (check func(*message.Message) error, err error) {
	document, err := js.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("the schema is not JSON: %w", err)
	}
	compiler := js.NewCompiler()
	compiler.UseLoader(nowhere{})
	if err := compiler.AddResource(unnamed, document); err != nil {
		return nil, fmt.Errorf("compile the schema: %w", err)
	}
	compiled, err := compiler.Compile(unnamed)
	if load, ok := errors.AsType[*js.LoadURLError](err); ok {
		return nil, fmt.Errorf("the schema refers to %s: %w", load.URL, load.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("compile the schema: %w", err)
	}
	return func(msg *message.Message) error {
		// It keeps numbers as they are written, and wants nothing behind the value.
		value, err := js.UnmarshalJSON(bytes.NewReader(msg.Payload))
		if err != nil {
			return handoff.Malformed(fmt.Errorf("the payload is not JSON%s", whereabouts(err)))
		}
		return describe(compiled.Validate(value))
	}, nil
}

// nowhere is a loader that has no schemas.
type nowhere struct{}

func (nowhere) Load(string) (any, error) { return nil, ErrNotLoaded }
