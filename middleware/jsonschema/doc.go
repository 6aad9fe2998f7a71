// Package jsonschema makes checks for middleware.Validate of JSON Schemas, with
// github.com/santhosh-tekuri/jsonschema.
package jsonschema
