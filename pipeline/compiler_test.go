package pipeline_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// exported returns an importer of this package and all below it, as built.
var exported = sync.OnceValues(func() (func(*token.FileSet) types.Importer, error) {
	list, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(list)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return func(fset *token.FileSet) types.Importer {
		return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
			data, err := os.ReadFile(files[path])
			return io.NopCloser(bytes.NewReader(data)), err
		})
	}, nil
})

// compile type-checks statements that compose a pipeline.
func compile(t *testing.T, statements string) error {
	t.Helper()
	imports, err := exported()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "snippet.go", `package snippet

import (
	"context"

	"github.com/millstream-go/millstream/pipeline"
)

func intToString(context.Context, int) (string, error)    { panic(0) }
func intToInts(context.Context, int) ([]int, error)       { panic(0) }
func intToRoute(context.Context, int) (pipeline.Routed, error) { panic(0) }
func intToNothing(context.Context, int) error             { panic(0) }

var (
	p       = pipeline.New("p")
	ints    = pipeline.Source[int](p, "ints")
	strings = pipeline.Source[string](p, "strings")
	branch  = pipeline.NewBranch[int](p, "branch")
	transport pipeline.Transport
)

func compose(ctx context.Context) {
`+statements+`
}`, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: imports(fset)}
	_, err = config.Check("snippet", fset, []*ast.File{file}, nil)
	return err
}

func TestTheCompilerRefusesStagesThatDoNotFit(t *testing.T) {
	t.Parallel()
	for name, snippet := range map[string]struct{ statements, refused string }{
		"a stage on a flow of another type": {
			`pipeline.Stage(strings, "stage", intToString)`,
			"type func(context.Context, int) (string, error) of intToString does not match",
		},
		"a sink on a flow of another type": {
			`pipeline.Sink(strings, "sink", intToNothing)`, "intToNothing does not match",
		},
		"an expansion on a flow of another type": {
			`pipeline.Expand(strings, "expand", intToInts)`, "intToInts does not match",
		},
		"a route on a flow of another type": {
			`pipeline.Route(strings, "route", intToRoute, pipeline.Branches(branch))`, "intToRoute does not match",
		},
		"a stage on the output of one that does not fit": {
			`pipeline.Stage(pipeline.Stage(ints, "one", intToString), "two", intToString)`, "intToString does not match",
		},
		"a handler that is of another kind": {
			`pipeline.Expand(ints, "expand", intToString)`, "intToString does not match",
		},
		"a merge of flows of two types": {
			`pipeline.Merge(ints, strings)`, "type pipeline.Flow[string] of strings does not match",
		},
		"a value that is not the branch's": {
			`branch.To("text")`, `cannot use "text"`,
		},
		"a branch that is none": {
			`pipeline.Branches(ints)`, "does not implement pipeline.AnyBranch",
		},
		"an option of a stage on a pipeline": {
			`pipeline.New("p", pipeline.Ordered())`, "does not implement pipeline.Option",
		},
		"an option of a pipeline on a stage": {
			`pipeline.Sink(ints, "sink", intToNothing, pipeline.Logger(nil))`, "does not implement pipeline.StageOption",
		},
		"an option of a stage on a run": {
			`p.Run(ctx, transport, pipeline.Concurrency(1))`, "does not implement pipeline.RunOption",
		},
		"a value that is not the source's": {
			`publisher, _ := pipeline.NewPublisher(ints, transport); publisher.Publish(ctx, "text")`, `cannot use "text"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := compile(t, snippet.statements)
			if err == nil {
				t.Fatal("it compiles")
			}
			if !strings.Contains(err.Error(), snippet.refused) {
				t.Errorf("refused because of %v\nwant %s", err, snippet.refused)
			}
		})
	}
}

func TestTheCompilerTakesStagesThatFit(t *testing.T) {
	t.Parallel()
	err := compile(t, `
		texts := pipeline.Stage(ints, "text", intToString, pipeline.Concurrency(2), pipeline.Ordered())
		all := pipeline.Merge(texts, strings)
		var _ pipeline.Flow[string] = all
		pipeline.Route(pipeline.Expand(ints, "expand", intToInts), "route", intToRoute, pipeline.Branches(branch), pipeline.Loop())
		pipeline.Sink(branch.Flow(), "sink", intToNothing, pipeline.Use(), pipeline.MaxAttempts(1))
	`)
	if err != nil {
		t.Error(err)
	}
}
