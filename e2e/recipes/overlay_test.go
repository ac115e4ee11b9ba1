package recipes

import (
	"encoding/json"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// laid finds a block of code that a recipe lays over the repository: a whole new file, or lines that come after one that is there.
var laid = regexp.MustCompile("(?s)<!-- overlay: ([^ ,]+)(?:, after: ([^\n]*?))? -->\n```[a-z]+\n(.*?\n)```")

// TestTable runs what the recipe about tables builds, on both databases; -short leaves PostgreSQL out.
func TestTable(t *testing.T) {
	o := lay(t, "add-a-table.md")
	o.run(t, "TestHoldDrill", "./oncall")
	o.run(t, "TestDrills|TestDrillsRace", "./store")
}

// TestScreen builds the whole program with what the recipe about screens adds, and runs its test beside those that hold every route.
func TestScreen(t *testing.T) {
	o := lay(t, "add-a-table.md", "add-a-screen.md")
	o.run(t, "TestDrillsScreen|TestEveryRouteAgainstEveryRole", "./web")
	o.tool(t, "vet", "./app", "./web")
}

// overlay is the repository with the blocks of some recipes laid over it; go build, vet and test take it with -overlay.
type overlay struct {
	root, file string
	put        map[string]string // where a file seems to be → where it is
}

func lay(t *testing.T, recipes ...string) *overlay {
	t.Helper()
	where, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	watchSources(t)
	o := &overlay{root: where, file: filepath.Join(t.TempDir(), "overlay.json"), put: map[string]string{}}
	for _, recipe := range recipes {
		blocks := laid.FindAllStringSubmatch(read(t, filepath.Join(root, "docs/recipes", recipe)), -1)
		if len(blocks) == 0 {
			t.Fatalf("%s lays nothing over the repository", recipe)
		}
		for _, b := range blocks {
			o.lay(t, b[1], b[2], b[3])
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": o.put})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

// lay puts text at a path: as a new file, or after the one line that is given, whatever its spaces.
func (o *overlay) lay(t *testing.T, name, after, text string) {
	t.Helper()
	place := filepath.Join(o.root, name)
	if after == "" {
		if _, err := os.Stat(place); err == nil {
			t.Fatalf("%s is there already: the recipe needs another example", name)
		}
		if pretty, err := format.Source([]byte(text)); strings.HasSuffix(name, ".go") && (err != nil || string(pretty) != text) {
			t.Errorf("%s is not formatted as gofmt does: %v", name, err)
		}
	} else {
		text = o.inserted(t, name, after, text)
	}
	to := filepath.Join(t.TempDir(), filepath.Base(name))
	if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.put[place] = to
}

func (o *overlay) inserted(t *testing.T, name, after, text string) string {
	t.Helper()
	var out strings.Builder
	found := 0
	for line := range strings.Lines(read(t, filepath.Join(o.root, name))) {
		out.WriteString(line)
		if strings.Join(strings.Fields(line), " ") == after {
			out.WriteString(text)
			found++
		}
	}
	if found != 1 {
		t.Fatalf("%s has %d lines %q, the recipe needs one", name, found, after)
	}
	return out.String()
}

// run runs tests of a package of the overlaid repository, and fails unless each of them ran and passed.
func (o *overlay) run(t *testing.T, tests, pkg string) {
	t.Helper()
	args := []string{"-count=1", "-v", "-timeout", "3m", "-run", "^(" + tests + ")$"}
	if testing.Short() {
		args = append(args, "-short")
	}
	said := o.tool(t, "test", append(args, pkg)...)
	for test := range strings.SplitSeq(tests, "|") {
		if !strings.Contains(said, "--- PASS: "+test+" ") {
			t.Errorf("%s did not run:\n%s", test, said)
		}
	}
	if !testing.Short() && strings.Contains(said, "--- SKIP") {
		t.Errorf("something was skipped:\n%s", said)
	}
}

func (o *overlay) tool(t *testing.T, verb string, args ...string) string {
	t.Helper()
	began := time.Now()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{verb, "-overlay", o.file}, args...)...)
	cmd.Dir = o.root
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s %s: %v\n%s", verb, strings.Join(args, " "), err, said)
	}
	t.Logf("go %s %s took %s", verb, args[len(args)-1], time.Since(began).Round(time.Millisecond))
	return string(said)
}

// watchSources reads the sources that the overlay is compiled with, so that `go test` does not answer from its cache when only they have changed.
func watchSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist" || strings.HasPrefix(d.Name(), ".git")):
			return filepath.SkipDir
		case !d.IsDir() && (strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".sql") || strings.HasSuffix(name, ".html")):
			_, err = os.ReadFile(name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
