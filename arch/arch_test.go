package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFrontline holds this repository against its own rules.
func TestFrontline(t *testing.T) {
	found, err := Check("..", Frontline())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
	long, err := LongTests("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range long {
		t.Log(f)
	}
}

var want = regexp.MustCompile(`// want (folder )?"([^"]*)"`)

// TestFindsPlantedFaults holds a tree of small packages against Frontline's own table. Each line that breaks a rule says so in a
// comment; every such line must be found, and no other.
func TestFindsPlantedFaults(t *testing.T) {
	const tree = "testdata/tree"
	found, err := Check(tree, Frontline())
	if err != nil {
		t.Fatal(err)
	}
	wants := planted(t, tree)
	for _, f := range found {
		i := slices.IndexFunc(wants, func(w Finding) bool { return w.Place == f.Place && strings.Contains(f.Say, w.Say) })
		if i < 0 {
			t.Errorf("found where nothing was planted: %s", f)
			continue
		}
		wants = slices.Delete(wants, i, i+1)
	}
	for _, w := range wants {
		t.Errorf("not found: %s", w)
	}
}

// planted reads the comments of the tree.
func planted(t *testing.T, tree string) []Finding {
	t.Helper()
	var all []Finding
	err := filepath.WalkDir(tree, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(tree, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(src), "\n") {
			if m := want.FindStringSubmatch(line); m != nil {
				place := fmt.Sprintf("%s:%d", filepath.ToSlash(below), i+1)
				if m[1] != "" {
					place = filepath.ToSlash(filepath.Dir(below))
				}
				all = append(all, Finding{Place: place, Say: m[2]})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("nothing is planted")
	}
	return all
}

// TestSizes makes files and functions at their limits and just over them.
func TestSizes(t *testing.T) {
	function := func(comment string, lines int) string {
		return comment + "\nfunc f() {" + strings.Repeat("\n", lines-1) + "}\n"
	}
	for name, c := range map[string]struct {
		src  string
		want string // empty: nothing
	}{
		"function at the limit": {function("// f does it.", longestFunction), ""},
		"function over it":      {function("// f does it.", longestFunction+1), "f has 61 lines, more than 60"},
		"function that says why": {function("// f is one straight line of steps, so it stays together.",
			longestFunction+1), ""},
		"file at the limit": {strings.Repeat("\n", longestFile-2), ""},
		"file over it":      {strings.Repeat("\n", longestFile-1), "the file has 501 lines, more than 500"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			src := "// Package fault answers what is wrong with a size.\npackage fault\n" + c.src
			write(t, filepath.Join(root, "fault", "fault.go"), src)
			found, err := Check(root, Frontline())
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != min(len(c.want), 1) || c.want != "" && !strings.Contains(found[0].Say, c.want) {
				t.Errorf("found %v, want %q", found, c.want)
			}
		})
	}
}

// TestLongTests reports a long test file and keeps quiet about a short one.
func TestLongTests(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "a", "short_test.go"), "package a\n")
	write(t, filepath.Join(root, "a", "long_test.go"), "package a\n"+strings.Repeat("\n", longestFile))
	found, err := LongTests(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Place != "a/long_test.go" {
		t.Errorf("found %v", found)
	}
}

// TestUnreadable fails on a file that does not parse instead of passing it over.
func TestUnreadable(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "fault", "fault.go"), "package\n")
	if found, err := Check(root, Frontline()); err == nil {
		t.Errorf("found %v and no error", found)
	}
}

func write(t *testing.T, name, src string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
}
