// Package recipes keeps docs/recipes true: every block of code in a recipe that names a file is that file, compiled and tested here.
package recipes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// quoted finds a comment that names a file, and the block of code after it.
var quoted = regexp.MustCompile("(?s)<!-- (e2e/recipes/[^ ]+) -->\n```[a-z]+\n(.*?)\n```")

// TestBlocksAreTheFiles compares every quoted file with its recipe. The recipes about sources and channels must quote all their Go files.
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
	for _, folder := range []string{"uptimekuma", "gotify"} {
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
