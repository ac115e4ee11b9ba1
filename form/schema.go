package form

import (
	"encoding/json"
	"math"
	"strings"
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
	properties, required, conditions := map[string]any{}, []any{}, []any{}
	for _, in := range inputs {
		properties[in.Name] = in.schema()
		switch {
		case in.When != nil:
			conditions = append(conditions, in.condition(inputs))
		case in.Required:
			required = append(required, in.Name)
		}
	}
	s := map[string]any{
		"$schema":              dialect,
		"type":                 "object",
		"properties":           properties,
		"required":             required,
		"additionalProperties": false,
	}
	if len(conditions) > 0 {
		s["allOf"] = conditions
	}
	return s
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
		if in.Whole { // beyond 2^53 a float64 cannot tell two neighbours apart
			s["type"], s["minimum"], s["maximum"] = "integer", -mostWhole, mostWhole
		}
		if in.Min != nil {
			s["minimum"] = max(*in.Min, least(in))
		}
		if in.Max != nil {
			s["maximum"] = min(*in.Max, -least(in))
		}
	case Boolean:
		s["type"] = "boolean"
	case Date:
		s["type"], s["format"] = "string", "date"
	case Choice:
		in.optionSchema(s)
	case Choices:
		in.choicesSchema(s)
	case Customer, Service:
		s["type"], s["minLength"], s["maxLength"], s["pattern"] = "string", 1, longestID, noControl
	case File:
		s["type"], s["pattern"] = "string", fileID
		put("contentMediaType", strings.Join(in.Accept, ", "), len(in.Accept) > 0)
	default:
		in.textSchema(s)
	}
	return s
}

// optionSchema is that of one choice. Which ones there are is in the schema unless they come from another action.
func (in Input) optionSchema(s map[string]any) {
	s["type"] = "string"
	if in.From == nil {
		s["enum"] = list(in.Choices)
		return
	}
	s["minLength"], s["maxLength"], s["pattern"] = 1, longestLine, noControl
}

func (in Input) choicesSchema(s map[string]any) {
	item := map[string]any{}
	in.optionSchema(item)
	s["type"], s["items"], s["uniqueItems"] = "array", item, true
	if in.Required {
		s["minItems"] = 1
	}
	if in.Min != nil {
		s["minItems"] = max(int(*in.Min), lo(in.Required))
	}
	s["maxItems"] = mostChoices
	if in.Max != nil {
		s["maxItems"] = min(int(*in.Max), mostChoices)
	}
}

// lo is how many of something that is required there are at least.
func lo(required bool) int {
	if required {
		return 1
	}
	return 0
}

// least is the least number that the input can take.
func least(in Input) float64 {
	if in.Whole {
		return -mostWhole
	}
	return -math.MaxFloat64
}

const (
	mostWhole   = 1 << 53
	mostChoices = 1000
	longestID   = 64
	fileID      = `^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`
)

// noControl refuses control characters, which no system behind an action takes well: argv cannot hold NUL, a header no line break.
const (
	noControl = `^[^\x00-\x1f\x7f-\x9f]*$`
	noneButLF = `^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$` // tab, line feed and carriage return are part of a text of several lines
)

func (in Input) textSchema(s map[string]any) {
	s["type"] = "string"
	s["maxLength"] = in.longest()
	if in.Min != nil || in.Required {
		s["minLength"] = lo(in.Required)
	}
	if in.Min != nil {
		s["minLength"] = max(int(*in.Min), lo(in.Required))
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
