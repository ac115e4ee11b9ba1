package form

import (
	"encoding/json"
)

const dialect = "https://json-schema.org/draft/2020-12/schema"

// Schema returns the JSON Schema 2020-12 that the values of the inputs keep: what Check enforces, for callers that build a form or a
// client of their own.
func Schema(inputs []Input) json.RawMessage {
	raw, err := json.Marshal(schema(inputs))
	if err != nil { // defaults come from YAML or JSON and can be written as JSON again
		raw = []byte(`false`)
	}
	return raw
}

func schema(inputs []Input) map[string]any {
	properties, required := map[string]any{}, []any{}
	for _, in := range inputs {
		properties[in.Name] = in.schema()
		if in.Required {
			required = append(required, in.Name)
		}
	}
	return map[string]any{
		"$schema":              dialect,
		"type":                 "object",
		"properties":           properties,
		"required":             required,
		"additionalProperties": false,
	}
}

func (in Input) schema() map[string]any {
	s := map[string]any{"title": in.Title()}
	put := func(key string, v any, given bool) {
		if given {
			s[key] = v
		}
	}
	put("description", in.Help, in.Help != "")
	put("default", in.Default, in.Default != nil)
	put("examples", []any{in.Example}, in.Example != "" && in.Type != Number)
	switch in.Type {
	case Number:
		s["type"] = "number"
		put("type", "integer", in.Whole)
		if in.Min != nil {
			s["minimum"] = *in.Min
		}
		if in.Max != nil {
			s["maximum"] = *in.Max
		}
	case Boolean:
		s["type"] = "boolean"
	case Date:
		s["type"], s["format"] = "string", "date"
	case Choice:
		s["type"] = "string"
		s["enum"] = list(in.Choices)
	default:
		in.textSchema(s)
	}
	return s
}

// noControl refuses control characters, which no system behind an action takes well: argv cannot hold NUL, a header no line break.
const (
	noControl = `^[^\x00-\x1f\x7f-\x9f]*$`
	noneButLF = `^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$` // tab, line feed and carriage return are part of a text of several lines
)

func (in Input) textSchema(s map[string]any) {
	s["type"] = "string"
	s["maxLength"] = in.longest()
	if in.Min != nil {
		s["minLength"] = int(*in.Min)
	}
	if in.Required && in.Min == nil {
		s["minLength"] = 1
	}
	s["pattern"] = noControl
	if in.Multiline {
		s["pattern"] = noneButLF
	}
	if in.Pattern != "" {
		s["allOf"] = []any{map[string]any{"pattern": whole(in.Pattern)}}
	}
	if in.Type == Secret {
		s["writeOnly"], s["format"] = true, "password"
	}
}

func list(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}
