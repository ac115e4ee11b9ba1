// Package recipes keeps docs/recipes true: every block of code in a recipe that names a file is that file, compiled and tested here.
package recipes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"frontline/action"
	"frontline/clock"
	"frontline/e2e/recipes/consul"
	"frontline/integration/exec"
	"frontline/integration/kubernetes"
	"frontline/integration/rabbitmq"
)

const root = "../.."

// quoted finds a comment that names a file, and the block of code after it.
var quoted = regexp.MustCompile("(?s)<!-- (e2e/recipes/[^ ]+) -->\n```[a-z]+\n(.*?)\n```")

// TestBlocksAreTheFiles compares every quoted file with its recipe. The recipes about sources, channels and action kinds must quote all their Go files.
func TestBlocksAreTheFiles(t *testing.T) {
	recipes, err := filepath.Glob(root + "/docs/recipes/*.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, recipe := range recipes {
		text := read(t, recipe)
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			seen[m[1]] = true
			if d := cmp.Diff(strings.TrimSpace(read(t, filepath.Join(root, m[1]))), m[2]); d != "" {
				t.Errorf("%s does not show %s as it is (-file +recipe):\n%s", recipe, m[1], d)
			}
		}
	}
	for _, folder := range []string{"uptimekuma", "gotify", "consul"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) != 2 {
			t.Fatalf("%s holds %q: %v", folder, files, err)
		}
		for _, f := range files {
			if name := "e2e/recipes/" + f; !seen[name] {
				t.Errorf("no recipe shows %s", name)
			}
		}
	}
}

// definitions are the YAML blocks of a page.
var definitions = regexp.MustCompile("(?s)```yaml\n(.*?)\n```")

// TestDefinitionsAreRight checks the actions that the pages about kinds show, as `frontline apply` does.
func TestDefinitionsAreRight(t *testing.T) {
	kinds, err := action.NewKinds(append(kubernetes.Kinds(clock.Real{}),
		consul.NewSet(clock.Real{}), rabbitmq.NewPark(clock.Real{}), exec.New(clock.Real{}, os.Getenv, exec.Self()))...)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"recipes/add-an-action-kind.md", "kinds/rabbitmq.park.md", "kinds/exec.md", "kinds/kubernetes.md"} {
		blocks := definitions.FindAllStringSubmatch(read(t, root+"/docs/"+page), -1)
		if len(blocks) != 1 {
			t.Errorf("%s shows %d definitions", page, len(blocks))
		}
		for _, b := range blocks {
			var shown struct{ Actions []action.Definition }
			if err := yaml.UnmarshalWithOptions([]byte(b[1]), &shown, yaml.Strict()); err != nil || len(shown.Actions) == 0 {
				t.Fatalf("%s shows %d actions: %v", page, len(shown.Actions), err)
			}
			for _, a := range shown.Actions {
				if wrong := kinds.Check(a); len(wrong) > 0 {
					t.Errorf("%s shows the action %s, which is refused: %v", page, a.ID, wrong)
				}
			}
		}
	}
}

// commands are the shell blocks of a recipe.
var commands = regexp.MustCompile("(?s)```sh\n(.*?)\n```")

// TestCommandsNameWhatExists holds the flags and variables that the recipes tell readers to use against the code that reads them.
func TestCommandsNameWhatExists(t *testing.T) {
	source := read(t, root+"/docs/recipes/add-a-source.md")
	all := ""
	for _, m := range commands.FindAllStringSubmatch(source, -1) {
		all += m[1] + "\n"
	}
	suite := read(t, root+"/alert/alerttest/run.go")
	for _, name := range regexp.MustCompile(`FRONTLINE_[A-Z_]+`).FindAllString(all, -1) {
		if !strings.Contains(suite, `"`+name+`"`) {
			t.Errorf("the recipe sets %s, which the suite does not read", name)
		}
	}
	if !strings.Contains(all, "-fuzz FuzzParse") || !strings.Contains(read(t, "uptimekuma/uptimekuma_test.go"), "func FuzzParse(") {
		t.Error("the recipe's fuzz target does not exist")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRoomsAreListed wants every folder at the top that holds Go code in the table of ARCHITECTURE.md.
func TestRoomsAreListed(t *testing.T) {
	_, table, _ := strings.Cut(read(t, root+"/ARCHITECTURE.md"), "```\n")
	table, _, _ = strings.Cut(table, "```")
	listed := map[string]bool{}
	for line := range strings.Lines(table) {
		rooms, _, _ := strings.Cut(line, "  ") // what it is for follows after two spaces
		for word := range strings.FieldsSeq(rooms) {
			name, _, _ := strings.Cut(word, "/")
			listed[name] = true
		}
	}
	folders, err := filepath.Glob(root + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		name := filepath.Base(folder)
		if holdsGo(t, folder) && !listed[name] {
			t.Errorf("ARCHITECTURE.md has no room %s", name)
		}
	}
	for _, name := range []string{"app", "web", "wire", "store"} {
		if !listed[name] {
			t.Errorf("the table was not read: it lacks %s", name)
		}
	}
}

func holdsGo(t *testing.T, folder string) bool {
	t.Helper()
	for _, pattern := range []string{"/*.go", "/*/*.go"} {
		files, err := filepath.Glob(folder + pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) > 0 {
			return true
		}
	}
	return false
}
