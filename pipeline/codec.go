package pipeline

import "encoding/json"

// Codec turns values into payloads and back. Its methods must be safe for
// concurrent use.
type Codec interface {
	Marshal(v any) ([]byte, error)
	// Unmarshal decodes data into v, a non-nil pointer. A failure poisons the
	// message as malformed.
	Unmarshal(data []byte, v any) error
}

// JSON is the default [Codec]: encoding/json. A value with data behind it is an
// error, unknown fields are not.
type JSON struct{}

// Marshal encodes v as JSON.
func (JSON) Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// Unmarshal decodes JSON into v.
func (JSON) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }
