package config

import (
	"context"
	"encoding/json"

	"github.com/goccy/go-yaml"

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
	for _, k := range kinds() {
		var items []definition
		for _, d := range list(b, k.name, func(d definition) string { return idOf(d) }) {
			if r := b.rows[key{k.name, idOf(d)}]; folder == "*" || r.Folder == folder {
				items = append(items, d)
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
	return files, nil
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
