package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// InputError says where in a file there is something that is no report.
type InputError struct {
	Path string
	// Line and Column count from 1; both are 0 if it is no one place.
	Line, Column int
	Err          error
}

func (e *InputError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.Path, e.Line, e.Column, e.Err)
}

func (e *InputError) Unwrap() error { return e.Err }

// Read returns the report in a file: what [Report.WriteDir] wrote as results.json, or
// the bare array of [Report.WriteJSON], which tells nothing of the environment. If the
// file is there and is neither, the error is an [*InputError].
func Read(path string) (*Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the report: %w", err)
	}
	r := &Report{}
	var into any = r
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		into = &r.Results
	}
	if err := decode(data, into); err != nil {
		line, column := position(data, err)
		return nil, &InputError{Path: path, Line: line, Column: column, Err: explain(data, err)}
	}
	for i := range r.Results {
		r.Environment.Redis.Embedded = r.Environment.Redis.Embedded || r.Results[i].Embedded
	}
	if err := check(r); err != nil {
		return nil, &InputError{Path: path, Err: err}
	}
	return r, nil
}

// decode reads all of data.
func decode(data []byte, into any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return errors.New("the file is empty: want the results.json of a run of millstream bench")
	}
	return json.Unmarshal(data, into)
}

// position returns line and column of what is wrong.
func position(data []byte, err error) (line, column int) {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var offset int64
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	default:
		return 0, 0
	}
	before := data[:max(0, min(int(offset)-1, len(data)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

// explain says in the terms of the file what the decoder says in those of Go.
func explain(data []byte, err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s cannot be a %s: %w", kind.Field, kind.Value, err)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)):
		return fmt.Errorf("the file ends too early: %w", err)
	default:
		return fmt.Errorf("no report of millstream bench: %w", err)
	}
}

// check looks for what the other functions of the package rely on.
func check(r *Report) error {
	if len(r.Results) == 0 {
		return errors.New(`there are no results in it: want the results.json of a run of millstream bench`)
	}
	type key struct{ suite, name, contender string }
	seen := map[key]int{}
	for i := range r.Results {
		result := &r.Results[i]
		if missing := missing(result); missing != "" {
			return fmt.Errorf("results[%d] has no %q", i, missing)
		}
		k := key{result.Suite, result.Case, result.Contender}
		if first, there := seen[k]; there {
			return fmt.Errorf("results[%d] and results[%d] are both of suite %s, case %s, contender %s",
				first, i, k.suite, k.name, k.contender)
		}
		seen[k] = i
	}
	return nil
}

func missing(r *bench.Result) string {
	switch "" {
	case r.Suite:
		return "suite"
	case r.Case:
		return "case"
	case r.Contender:
		return "contender"
	}
	return ""
}
