package config

import (
	"context"
	"encoding/json"
	"maps"
	"path"
	"slices"

	"github.com/goccy/go-yaml"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
)

// Export writes what a folder owns back as files, one for each kind; applying them again changes nothing. An empty folder name exports
// what the screens own, "*" everything.
func (c *Config) Export(ctx context.Context, actor people.Actor, folder string) ([]File, error) {
	if err := people.May(actor, people.ExportConfig, people.Subject{Kind: "configuration"}); err != nil {
		return nil, err
	}
	b, err := c.Book(ctx)
	if err != nil {
		return nil, err
	}
	var files []File
	scripts := map[string]string{}
	for _, k := range kinds() {
		var items []definition
		for _, d := range list(b, k.name, func(d definition) string { return idOf(d) }) {
			if r := b.rows[key{k.name, idOf(d)}]; folder == "*" || r.Folder == folder {
				items = append(items, withScripts(d, scripts))
			}
		}
		if len(items) == 0 {
			continue
		}
		text, err := yaml.MarshalWithOptions(map[string]any{k.key: items}, yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "The %s cannot be written as YAML. Report this.", k.key)
		}
		files = append(files, File{Name: k.key + ".yaml", Content: string(text)})
	}
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		files = append(files, File{Name: path.Join("scripts", name), Content: scripts[name]})
	}
	return files, nil
}

// withScripts adds an action's scripts to those that are to be written. Two folders may have called different ones the same: then the
// action's id comes before the name.
func withScripts(d definition, scripts map[string]string) definition {
	a, ok := d.(action.Definition)
	if !ok || len(a.Scripts) == 0 {
		return d
	}
	a.Scripts = slices.Clone(a.Scripts)
	for i, name := range a.Scripts {
		if there, taken := scripts[name]; taken && there != a.Texts[name] {
			a.Scripts[i] = path.Join(a.ID, name)
		}
		scripts[a.Scripts[i]] = a.Texts[name]
	}
	return a
}

// Folders lists who owns definitions, and how many.
func (b *Book) Folders() map[string]int {
	out := map[string]int{}
	for _, r := range b.rows {
		if !r.Retired {
			out[r.Folder]++
		}
	}
	return out
}

// Owner returns the folder that owns a definition, and whether there is one; an empty folder is the screens'.
func (b *Book) Owner(kind, id string) (string, bool) {
	r, ok := b.rows[key{kind, id}]
	return r.Folder, ok && !r.Retired
}

// Body encodes a definition as the store keeps it.
func Body(d any) (string, error) {
	raw, err := json.Marshal(d)
	return string(raw), err
}
