package config

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"frontline/action"
	"frontline/define"
	"frontline/desk"
	"frontline/fault"
	"frontline/rule"
)

// File is one text of a folder.
type File = define.File

// Problem is one thing that is wrong, where, and what would be right.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Say    string `json:"say"`
}

// Place returns "file:line:column".
func (p Problem) Place() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// object is a definition and where it stands.
type object struct {
	kind  string
	id    string
	value definition
	file  string
	node  ast.Node // nil for a row of a CSV file
	line  int      // of a row of a CSV file
}

// read takes the definitions out of the files, and everything that is wrong with the files themselves.
func read(files []File) ([]object, []Problem) {
	var objects []object
	var problems []Problem
	for _, f := range files {
		var more []object
		var wrong []Problem
		if define.IsScript(f.Name) {
			continue
		}
		switch strings.ToLower(path.Ext(f.Name)) {
		case ".yaml", ".yml":
			more, wrong = readYAML(f)
		case ".csv":
			more, wrong = readCSV(f)
		}
		objects, problems = append(objects, more...), append(problems, wrong...)
	}
	problems = append(problems, twice(objects)...)
	return objects, append(problems, fillScripts(objects, files)...)
}

// Lint reads files as Apply does, and returns the actions in them, what is wrong, and what would be better. It does not ask whether what they
// refer to exists, for that may be configured elsewhere.
func Lint(files []File, known Known) (actions []action.Definition, wrong, better []Problem) {
	objects, wrong := read(files)
	c := &Config{known: known}
	for _, o := range objects {
		for _, f := range c.fields(o.value) {
			wrong = append(wrong, o.problem(f.Name, "%s", f.Say))
		}
		if d, ok := o.value.(action.Definition); ok {
			actions = append(actions, d)
			for _, f := range d.Advice() {
				better = append(better, o.problem(f.Name, "%s", f.Say))
			}
		}
	}
	return actions, append(wrong, lintAmong(objects, actions)...), better
}

// Placed puts warnings about actions where the files define them.
func Placed(files []File, warnings []Warning) (better []Problem) {
	objects, _ := read(files)
	for _, w := range warnings {
		for _, o := range objects {
			if o.kind == "action" && o.id == w.Action {
				better = append(better, o.problem("runner", "%s", w.Say))
			}
		}
	}
	return better
}

// lintAmong holds flows, and inputs whose options come from an action, against the actions of the same files; others may be configured elsewhere.
func lintAmong(objects []object, actions []action.Definition) (wrong []Problem) {
	find := func(id string) (action.Definition, bool) {
		i := slices.IndexFunc(actions, func(d action.Definition) bool { return d.ID == id })
		if i < 0 {
			return action.Definition{}, false
		}
		return actions[i], true
	}
	for _, o := range objects {
		if d, ok := o.value.(action.Definition); ok {
			for _, f := range append(d.CheckFlow(find), d.CheckSources(find)...) {
				wrong = append(wrong, o.problem(f.Name, "%s", f.Say))
			}
		}
	}
	return wrong
}

// ReadRules takes the rules out of a text as Apply would read it, for trying them before they are applied. A fault of kind Invalid lists what is
// wrong with it, with file, line and column.
func ReadRules(f File) ([]rule.Rule, error) {
	objects, problems := read([]File{f})
	var out []rule.Rule
	for _, o := range objects {
		r, ok := o.value.(rule.Rule)
		if !ok {
			continue
		}
		out = append(out, r)
		for _, w := range append(r.Check(), desk.CheckRule(r)...) {
			problems = append(problems, o.problem(w.Name, "%s", w.Say))
		}
	}
	if len(problems) == 0 && len(out) == 0 {
		problems = []Problem{{File: f.Name, Say: "There is no rule in it. Write a list under rules:, as in docs/rules.md."}}
	}
	if len(problems) > 0 {
		return nil, invalid("The rules cannot be read: %s. Mend the places below and try again.", problems)
	}
	return out, nil
}

// fillScripts gives actions the texts of the scripts that they name, which lie in the folder "scripts" beside them: a version of an action is
// everything it consists of.
func fillScripts(objects []object, files []File) (problems []Problem) {
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Name] = f.Content
	}
	for i, o := range objects {
		d, ok := o.value.(action.Definition)
		if !ok || len(d.Scripts) == 0 {
			continue
		}
		d.Texts = map[string]string{}
		for n, name := range d.Scripts {
			at := path.Join(path.Dir(o.file), "scripts", name)
			text, there := texts[at]
			if !there {
				problems = append(problems, o.problem(fmt.Sprintf("scripts[%d]", n), "There is no file %s. Put the script there, or name another.", at))
			}
			d.Texts[name] = text
		}
		objects[i].value = d
	}
	return problems
}

// readYAML reads one file. The YAML library panics on some odd texts (found by fuzzing); that is the file's problem and not the server's.
func readYAML(f File) (objects []object, problems []Problem) {
	defer func() {
		if p := recover(); p != nil {
			objects, problems = nil, []Problem{{File: f.Name, Say: "This is no YAML that can be read. Look for tags (!) and anchors (&) and write plain lists."}}
		}
	}()
	parsed, err := parser.ParseBytes([]byte(f.Content), 0)
	if err != nil {
		return nil, []Problem{syntax(f.Name, err)}
	}
	for _, doc := range parsed.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType {
			continue
		}
		for _, pair := range pairs(doc.Body) {
			more, wrong := readList(f.Name, pair)
			objects, problems = append(objects, more...), append(problems, wrong...)
		}
		if pairs(doc.Body) == nil {
			problems = append(problems, at(f.Name, doc.Body, "A file holds lists such as \"people:\". Known lists: %s.", strings.Join(keys(), ", ")))
		}
	}
	return objects, problems
}

// readList reads one list of definitions, such as everything under "people:".
func readList(file string, pair *ast.MappingValueNode) ([]object, []Problem) {
	key := pair.Key.String()
	k, ok := kindKeyed(key)
	if !ok {
		return nil, []Problem{at(file, pair.Key, "%q is no list that Frontline knows.%s Known lists: %s.", key, meant(key, keys()), strings.Join(keys(), ", "))}
	}
	if pair.Value.Type() == ast.NullType {
		return nil, nil
	}
	list, ok := pair.Value.(*ast.SequenceNode)
	if !ok {
		return nil, []Problem{at(file, pair.Value, "Under %q a list is expected: each entry begins with a dash.", key)}
	}
	var objects []object
	var problems []Problem
	for _, n := range list.Values {
		if wrong := unknownFields(file, n, k); len(wrong) > 0 {
			problems = append(problems, wrong...)
			continue
		}
		v, err := k.yaml(n)
		if err != nil {
			problems = append(problems, undecodable(file, n, err))
			continue
		}
		objects = append(objects, object{kind: k.name, id: idOf(v), value: v, file: file, node: n})
	}
	return objects, problems
}

// undecodable gives a decoding error its place. The library has none for a wrong duration, but quotes what it could not read.
func undecodable(file string, n ast.Node, err error) Problem {
	p := syntax(file, err)
	if p.Line > 0 {
		if strings.Contains(p.Say, "time.Duration") { // a bare number; the library's sentence is about Go
			p.Say = "A duration is expected here, with its unit, such as 30s, 5m or 1h30m."
		}
		return p
	}
	p = at(file, n, "This cannot be read: %s.", err)
	if m := quoted.FindStringSubmatch(err.Error()); m != nil {
		ast.Walk(scalars(func(s ast.ScalarNode) {
			if fmt.Sprint(s.GetValue()) == m[1] {
				p = at(file, s, "%q cannot be read here: %s. Durations are written like 30s, 5m or 1h30m.", m[1], strings.TrimPrefix(err.Error(), "time: "))
			}
		}), n)
	}
	return p
}

var quoted = regexp.MustCompile(`"([^"]*)"`)

// scalars visits every single value under a node.
type scalars func(ast.ScalarNode)

// Visit implements ast.Visitor.
func (f scalars) Visit(n ast.Node) ast.Visitor {
	if s, ok := n.(ast.ScalarNode); ok {
		f(s)
	}
	return f
}

// unknownFields finds misspelt keys of a definition itself; deeper ones are found while decoding.
func unknownFields(file string, n ast.Node, k kind) []Problem {
	var problems []Problem
	for _, p := range pairs(n) {
		if name := p.Key.String(); !slices.Contains(k.fields, name) && name != "<<" {
			problems = append(problems, at(file, p.Key, "A %s has no %q.%s Known: %s.", k.name, name, meant(name, k.fields), strings.Join(k.fields, ", ")))
		}
	}
	return problems
}

func pairs(n ast.Node) []*ast.MappingValueNode {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	case *ast.AnchorNode:
		return pairs(m.Value)
	}
	return nil
}

func keys() []string {
	var out []string
	for _, k := range kinds() {
		out = append(out, k.key)
	}
	return out
}

// twice finds definitions that stand in two places.
func twice(objects []object) []Problem {
	var problems []Problem
	first := map[string]object{}
	for _, o := range objects {
		key := o.kind + " " + o.id
		if before, ok := first[key]; ok {
			problems = append(problems, o.problem("id", "The %s %q stands in %s already. Keep one of them.", o.kind, o.id, before.place()))
			continue
		}
		first[key] = o
	}
	return problems
}

func (o object) place() string { return o.problem("", "").Place() }

// problem says what is wrong with a field of the object ("steps[0].after"; the whole object when empty or absent).
func (o object) problem(field, say string, args ...any) Problem {
	if o.node == nil {
		return Problem{File: o.file, Line: o.line, Column: 1, Say: fmt.Sprintf(say, args...)}
	}
	return at(o.file, deepest(o.node, field), say, args...)
}

// deepest finds the node of a field, or of the nearest thing around it that is there.
func deepest(n ast.Node, field string) ast.Node {
	for field != "" {
		if p, err := yaml.PathString("$." + field); err == nil {
			if found, err := p.FilterNode(n); err == nil && found != nil {
				return found
			}
		}
		field = field[:max(0, strings.LastIndexAny(field, ".["))]
	}
	return n
}

func at(file string, n ast.Node, say string, args ...any) Problem {
	p := Problem{File: file, Say: fmt.Sprintf(say, args...)}
	if t := start(n); t != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

// start is the first token of a node; a mapping's own token is the colon of its first pair.
func start(n ast.Node) *token.Token {
	if ps := pairs(n); len(ps) > 0 {
		return ps[0].Key.GetToken()
	}
	return n.GetToken()
}

// syntax turns an error of the YAML library into a problem with its place.
func syntax(file string, err error) Problem {
	p := Problem{File: file, Say: err.Error()}
	var e yaml.Error
	if errors.As(err, &e) {
		p.Say = "This cannot be read: " + e.GetMessage() + "."
		if t := e.GetToken(); t != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
	}
	return p
}

// meant suggests the known word nearest to a misspelt one.
func meant(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}

// distance is Levenshtein's: the least number of letters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := i
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// invalid makes one error of the problems, in the order of the files.
func invalid(say string, problems []Problem) error {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	e := fault.New(fault.Invalid, say, count(len(problems), "problem"))
	for _, p := range problems {
		e.Fields = append(e.Fields, fault.Field{Name: p.Place(), Say: p.Say})
	}
	return e
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
