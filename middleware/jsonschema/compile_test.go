package jsonschema_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/jsonschema"
)

const order = `{
	"type": "object",
	"required": ["id", "cents"],
	"additionalProperties": false,
	"properties": {
		"id": {"type": "string", "pattern": "^o-[0-9]+$"},
		"cents": {"type": "integer", "minimum": 1},
		"lines": {"type": "array", "maxItems": 20, "items": {"$ref": "#/$defs/line"}},
		"ship": {"anyOf": [{"const": "express"}, {"const": "standard"}]},
		"notes": {"type": "object", "additionalProperties": {"type": "string"}}
	},
	"$defs": {"line": {"enum": ["book", "lamp"]}}
}`

func TestACheckNamesThePlaceAndTheRule(t *testing.T) {
	t.Parallel()
	check, err := jsonschema.Compile([]byte(order))
	require.NoError(t, err)
	for name, c := range map[string]struct{ payload, want string }{
		"what fits":                    {`{"id": "o-1", "cents": 5, "lines": ["book"], "ship": "express"}`, ""},
		"a number beyond float64":      {`{"id": "o-1", "cents": 123456789012345678901234567890}`, ""},
		"something missing":            {`{"cents": 5}`, `"" lacks id, against #/required`},
		"another type":                 {`{"id": "o-1", "cents": "secret"}`, `"/cents" is string, not integer, against #/properties/cents/type`},
		"a value out of bounds":        {`{"id": "o-1", "cents": -4711}`, `"/cents" breaks the rule #/properties/cents/minimum`},
		"a text of another form":       {`{"id": "secret", "cents": 5}`, `"/id" breaks the rule #/properties/id/pattern`},
		"what a reference forbids":     {`{"id": "o-1", "cents": 5, "lines": ["book", "secret"]}`, `"/lines/1" breaks the rule #/$defs/line/enum`},
		"none of the alternatives":     {`{"id": "o-1", "cents": 5, "ship": "secret"}`, `"/ship" breaks the rule #/properties/ship/anyOf`},
		"a property too many":          {`{"id": "o-1", "cents": 5, "secret": 1}`, `"" breaks the rule #/additionalProperties`},
		"two faults":                   {`{"id": "secret", "cents": 0}`, `"/cents" breaks the rule #/properties/cents/minimum; "/id" breaks the rule #/properties/id/pattern`},
		"a name that has to be quoted": {`{"id": "o-1", "cents": 5, "notes": {"a/b\n": 4711}}`, `"/notes/a~1b\n" is number, not string, against #/properties/notes/additionalProperties/type`},
		"no JSON":                      {`{"id": secret}`, `the payload is not JSON, from byte 8 on`},
		"nothing":                      {``, `the payload is not JSON`},
		"more than a value":            {`{"id": "o-1", "cents": 5} secret`, `the payload is not JSON`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := check(message.NewMessage("1", message.Payload(c.payload)))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "secret")
			require.NotContains(t, err.Error(), "4711")
		})
	}
}

func TestACheckToldOfManyFaultsTellsOfSome(t *testing.T) {
	t.Parallel()
	check, err := jsonschema.Compile([]byte(`{"items": {"type": "string"}, "additionalProperties": {"type": "string"}}`))
	require.NoError(t, err)
	err = check(message.NewMessage("1", message.Payload("["+strings.Repeat("1,", 999)+"1]")))
	require.Equal(t, 5, strings.Count(err.Error(), "/items/type"))
	require.True(t, strings.HasSuffix(err.Error(), "; and more"))
	err = check(message.NewMessage("1", message.Payload(`{"`+strings.Repeat("ä", 10_000)+`": 1}`)))
	require.Less(t, len(err.Error()), 400)
}

func TestAPayloadThatIsNotJSONIsMalformedAndOneThatDoesNotFitIsPermanentlyWrong(t *testing.T) {
	t.Parallel()
	check, err := jsonschema.Compile([]byte(order))
	require.NoError(t, err)
	handler := middleware.Validate(check)(func(*message.Message) ([]*message.Message, error) {
		t.Error("the handler ran")
		return nil, nil
	})
	for payload, want := range map[string]string{"{": handoff.KindMalformed, "{}": handoff.KindPermanent} {
		_, err := handler(message.NewMessage("1", message.Payload(payload)))
		kind, _ := handoff.PoisonKind(err)
		require.Equal(t, want, kind)
	}
}

func TestOnlyASchemaThatIsWholeIsCompiled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ schema, want string }{
		"no JSON":                     {`{`, "the schema is not JSON"},
		"nothing":                     {``, "the schema is not JSON"},
		"no schema":                   {`{"type": "text"}`, "compile the schema"},
		"a pattern Go does not know":  {`{"pattern": "(?=a)"}`, "compile the schema"},
		"a reference to a file":       {`{"$ref": "file:///etc/passwd"}`, jsonschema.ErrNotLoaded.Error()},
		"a reference to a neighbour":  {`{"$ref": "other.json"}`, jsonschema.ErrNotLoaded.Error()},
		"a reference to the network":  {`{"$ref": "https://example.com/schema.json"}`, jsonschema.ErrNotLoaded.Error()},
		"a meta-schema from nowhere":  {`{"$schema": "https://example.com/meta.json"}`, jsonschema.ErrNotLoaded.Error()},
		"a neighbour of a named one":  {`{"$id": "https://example.com/a.json", "$ref": "b.json"}`, jsonschema.ErrNotLoaded.Error()},
		"a reference into the schema": {`{"$ref": "#/$defs/missing"}`, "compile the schema"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check, err := jsonschema.Compile([]byte(c.schema))
			require.ErrorContains(t, err, c.want)
			require.Nil(t, check)
			if c.want == jsonschema.ErrNotLoaded.Error() {
				require.ErrorIs(t, err, jsonschema.ErrNotLoaded)
			}
		})
	}
}

func TestANamedSchemaMayReferToItself(t *testing.T) {
	t.Parallel()
	check, err := jsonschema.Compile([]byte(`{"$id": "https://example.com/tree.json", "items": {"$ref": "tree.json"}, "type": "array"}`))
	require.NoError(t, err)
	require.NoError(t, check(message.NewMessage("1", message.Payload(`[[],[[]]]`))))
	require.EqualError(t, check(message.NewMessage("1", message.Payload(`[[],[1]]`))),
		`"/1/0" is number, not array, against #/type`)
}

func TestACheckMayBeCalledConcurrently(t *testing.T) {
	t.Parallel()
	check, err := jsonschema.Compile([]byte(order))
	require.NoError(t, err)
	var checks sync.WaitGroup
	for range 8 {
		checks.Go(func() {
			for range 100 {
				if check(message.NewMessage("1", message.Payload(`{"id": "o-1", "cents": 5}`))) != nil ||
					check(message.NewMessage("1", message.Payload(`{}`))) == nil {
					t.Error("the check is wrong")
				}
			}
		})
	}
	checks.Wait()
}
