// Package arch answers whether the code keeps the import rule and the house rules. It reads the files itself, with go/parser:
// the answer of `go list` in a test would come from the cache.
package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Finding is one place that breaks a rule.
type Finding struct {
	Place string // file:line, or the folder
	Say   string // what is wrong there and what would be right
}

// String returns the place and the sentence.
func (f Finding) String() string { return f.Place + ": " + f.Say }

// folder is one package as it is read: without its tests.
type folder struct {
	path  string // below the root; "." is the root
	fset  *token.FileSet
	files []*ast.File
	pkg   string
	test  []string // names of its test files
	found *[]Finding
}

// Check reads every Go file below root and returns what breaks the table or the house rules, in the order of the folders.
func Check(root string, t Table) ([]Finding, error) {
	var found []Finding
	folders, err := read(root, &found)
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		f.checkComment()
		f.checkSizes()
		if t.proof(f.path) {
			continue
		}
		f.checkImports(t)
		if !strings.HasSuffix(f.path, "test") {
			f.checkCode()
		}
	}
	return found, nil
}

// read parses the folders that hold Go code.
func read(root string, found *[]Finding) ([]*folder, error) {
	var all []*folder
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		base := d.Name()
		if name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules") {
			return filepath.SkipDir
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f := &folder{path: filepath.ToSlash(below), fset: token.NewFileSet(), found: found}
		if err := f.parse(root); err != nil {
			return err
		}
		if len(f.files) > 0 || len(f.test) > 0 {
			all = append(all, f)
		}
		return nil
	})
	return all, err
}

func (f *folder) parse(root string) error {
	entries, err := os.ReadDir(filepath.Join(root, f.path))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(f.path, e.Name())
		if e.IsDir() || !strings.HasSuffix(name, ".go") {
			continue
		}
		if strings.HasSuffix(name, "_test.go") {
			f.test = append(f.test, name)
			continue
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(f.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f.files, f.pkg = append(f.files, file), file.Name.Name
	}
	return nil
}

func (f *folder) add(at token.Pos, say string, args ...any) {
	place := f.fset.Position(at)
	*f.found = append(*f.found, Finding{Place: fmt.Sprintf("%s:%d", place.Filename, place.Line), Say: fmt.Sprintf(say, args...)})
}

// checkImports holds every import against the table.
func (f *folder) checkImports(t Table) {
	rule, listed := t.rule(f.path)
	if !listed {
		*f.found = append(*f.found, Finding{Place: f.path, Say: "this folder is not in the table of arch/table.go; add a line that says what it may import"})
		return
	}
	for _, file := range f.files {
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser has refused it already
			}
			if say := rule.refuses(t, f.path, name); say != "" {
				f.add(spec.Pos(), "%s", say)
			}
		}
	}
}

// LongTests returns the test files that are longer than other files may be. They break no rule: a table of cases is long.
func LongTests(root string) ([]Finding, error) {
	folders, err := read(root, new([]Finding))
	if err != nil {
		return nil, err
	}
	var long []Finding
	for _, f := range folders {
		for _, name := range f.test {
			src, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				return nil, err
			}
			if n := bytes.Count(src, []byte("\n")); n > longestFile {
				long = append(long, Finding{Place: name, Say: fmt.Sprintf("the test file has %d lines", n)})
			}
		}
	}
	return long, nil
}

// proof says whether the folder only holds tests of the whole program.
func (t Table) proof(folder string) bool {
	return slices.ContainsFunc(t.Proof, func(p string) bool { return folder == p || strings.HasPrefix(folder, p+"/") })
}

// rule finds the folder's line with its groups spelled out. A conformance suite may import what the folder above it may, and that
// folder.
func (t Table) rule(folder string) (Package, bool) {
	if parent := path.Dir(folder); strings.HasSuffix(folder, "test") && parent != "." {
		p, ok := t.rule(parent)
		p.May = append(p.May, parent)
		p.Libraries = []string{"*"}
		return p, ok
	}
	for i, p := range t.Kernel {
		if p.Path == folder {
			p.May = paths(t.Kernel[:i])
			return p, true
		}
	}
	for i, p := range t.Domain {
		if p.Path == folder {
			p.May = append(paths(t.Kernel), paths(t.Domain[:i])...)
			p.Libraries = append(slices.Clone(t.Pure), p.Libraries...)
			return p, true
		}
	}
	for _, p := range t.Rest {
		if ok, _ := path.Match(p.Path, folder); ok {
			p.May = t.spell(p.May)
			return p, true
		}
	}
	return Package{}, false
}

// spell replaces the names of groups with their folders.
func (t Table) spell(may []string) []string {
	var all []string
	for _, m := range may {
		switch m {
		case kernel:
			all = append(all, paths(t.Kernel)...)
		case domain:
			all = append(all, paths(t.Domain)...)
		case integrations:
			all = append(all, "integration/*")
		default:
			all = append(all, m)
		}
	}
	return all
}

func paths(packages []Package) []string {
	var all []string
	for _, p := range packages {
		all = append(all, p.Path)
	}
	return all
}

// refuses says why the folder may not import name, or nothing.
func (p Package) refuses(t Table, folder, name string) string {
	if own, ok := strings.CutPrefix(name, t.Module+"/"); ok {
		if slices.ContainsFunc(p.May, func(m string) bool { ok, _ := path.Match(m, own); return ok }) {
			return ""
		}
		return fmt.Sprintf("%s may not import %s; see the import rule in arch/table.go", folder, own)
	}
	if standard(name) {
		r, ok := restricted()[name]
		if !ok || slices.Contains(r.allowed, folder) || strings.HasSuffix(folder, "test") {
			return ""
		}
		return fmt.Sprintf("%s may not import %s: %s", folder, name, r.why)
	}
	for _, l := range p.Libraries {
		if l == "*" || name == l || strings.HasPrefix(name, l+"/") {
			return ""
		}
	}
	return fmt.Sprintf("%s may not use the library %s; add it to its line in arch/table.go if that is meant", folder, name)
}

// standard says whether the import is of the standard library: its first part has no dot.
func standard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}
