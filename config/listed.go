package config

import (
	"cmp"
	"slices"

	"github.com/goccy/go-yaml"

	"frontline/define"
)

// Listed is a definition as a list of all of them names it.
type Listed struct {
	Kind   string // "person"
	Key    string // "people": what YAML calls several of them
	ID     string
	Name   string
	Folder string // which owns it; empty: the screens
}

// Detail is one definition, with what it names and what names it.
type Detail struct {
	Listed
	Text    string // as YAML that could be applied
	Names   []Listed
	NamedBy []Listed
}

// Listed returns everything that is in force: by kind in the order of files, then by name.
func (b *Book) Listed() []Listed {
	var out []Listed
	for _, k := range kinds() {
		from := len(out)
		for _, id := range b.ids(k.name) {
			out = append(out, b.listed(k, id))
		}
		slices.SortFunc(out[from:], func(x, y Listed) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
	}
	return out
}

func (b *Book) listed(k kind, id string) Listed {
	return Listed{Kind: k.name, Key: k.key, ID: id, Name: b.Name(k.name, id), Folder: b.rows[key{k.name, id}].Folder}
}

// Detail finds one definition that is in force.
func (b *Book) Detail(kindName, id string) (Detail, bool) {
	k, ok := kindNamed(kindName)
	if !ok || !b.has(kindName, id) {
		return Detail{}, false
	}
	d := b.objects[key{kindName, id}]
	text, err := yaml.MarshalWithOptions(map[string]any{k.key: []definition{d}}, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return Detail{}, false // it came from YAML, so it goes back
	}
	out := Detail{Listed: b.listed(k, id), Text: string(text), Names: b.named(d.Refs())}
	for _, other := range b.Listed() {
		if slices.ContainsFunc(b.objects[key{other.Kind, other.ID}].Refs(), func(r define.Ref) bool { return r.Kind == kindName && r.ID == id }) {
			out.NamedBy = append(out.NamedBy, other)
		}
	}
	return out, true
}

// named are the definitions that the references lead to, each once.
func (b *Book) named(refs []define.Ref) []Listed {
	var out []Listed
	for _, r := range refs {
		k, ok := kindNamed(r.Kind)
		if !ok || !b.has(r.Kind, r.ID) {
			continue
		}
		if l := b.listed(k, r.ID); !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
