package millstream_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millstream-go/millstream/internal/redistest"
)

// block returns the one fenced block of the README in a language that contains
// a text.
func block(t *testing.T, language, containing string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.Contains(match[1], containing) {
			found = append(found, match[1])
		}
	}
	if len(found) != 1 {
		t.Fatalf("README.md has %d %s blocks with %q, want one", len(found), language, containing)
	}
	return found[0]
}

func build(t *testing.T, pkg string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", binary, pkg).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return binary
}

func TestReadmeHasNoGapsToFill(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if gap := regexp.MustCompile(`@@\w+@@`).Find(readme); gap != nil {
		t.Errorf("README.md has the placeholder %s", gap)
	}
}

func TestReadmeShowsTheFirstProgramAsItIs(t *testing.T) {
	source, err := os.ReadFile("examples/first/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if shown := block(t, "go", "package main"); shown != string(source) {
		t.Errorf("the program in README.md is not that of examples/first/main.go:\n%s", shown)
	}
}

func TestFirstProgramChargesOrdersAndStopsOnInterrupt(t *testing.T) {
	server := redistest.Start(t)
	first := exec.Command(build(t, "./examples/first"))
	first.Env = append(os.Environ(), "REDIS_URL="+server.URL())
	stdout, err := first.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	overdue := time.AfterFunc(30*time.Second, func() { _ = first.Process.Kill() })
	defer overdue.Stop()
	var lines []string
	for scanner := bufio.NewScanner(stdout); len(lines) < 2 && scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	slices.Sort(lines)
	if want := []string{"order o-1: paid 2599 cents", "order o-3: paid 120 cents"}; !slices.Equal(lines, want) {
		t.Errorf("printed %q, want %q", lines, want)
	}
	if err := first.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
}

func TestReadmeShowsWhatTheDemoPrints(t *testing.T) {
	orders := build(t, "./examples/orders")
	output := func(args ...string) string {
		cmd := exec.Command(orders, args...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "REDIS_URL=") })
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(fmt.Errorf("orders %v: %w", args, err))
		}
		return string(out)
	}
	if shown, graph := block(t, "mermaid", "flowchart"), output("-graph"); shown != graph {
		t.Errorf("the graph in README.md is not the program's:\n%s", graph)
	}
	if shown, table := block(t, "text", "ship-express"), output(); !strings.HasPrefix(table, shown) {
		t.Errorf("the table in README.md is not the program's:\n%s", table)
	}
}
