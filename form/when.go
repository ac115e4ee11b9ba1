package form

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// When is a condition: the input is asked only while an earlier one has one of the values. While that one is not asked itself, or is
// empty, the condition does not hold.
type When struct {
	Input string `json:"input" yaml:"input"`
	Is    []any  `json:"is" yaml:"is"` // of choices: at least one of them is chosen
}

// Applies says whether the input is asked, after the values of those before it, which need not be right.
func Applies(inputs []Input, in Input, given map[string]any) bool {
	if in.When == nil {
		return true
	}
	before := slices.IndexFunc(inputs, func(x Input) bool { return x.Name == in.Name })
	values, _ := convert(inputs[:max(before, 0)], only(inputs[:max(before, 0)], given))
	return in.When.holds(inputs, values)
}

// only keeps what the inputs declare.
func only(inputs []Input, given map[string]any) map[string]any {
	out := map[string]any{}
	for _, in := range inputs {
		if v, ok := given[in.Name]; ok {
			out[in.Name] = v
		}
	}
	return out
}

// holds says whether the condition is met by values that have been converted. No condition always is.
func (w *When) holds(inputs []Input, values map[string]any) bool {
	if w == nil {
		return true
	}
	has, given := values[w.Input]
	if !given {
		return false
	}
	wanted := w.values(inputs)
	if several, ok := has.([]any); ok {
		return slices.ContainsFunc(several, func(one any) bool { return slices.Contains(wanted, one) })
	}
	return slices.Contains(wanted, has)
}

// values are the values as the type of their input has them.
func (w *When) values(inputs []Input) []any {
	out := make([]any, 0, len(w.Is))
	i := slices.IndexFunc(inputs, func(in Input) bool { return in.Name == w.Input })
	if i < 0 {
		return out
	}
	for _, v := range w.Is {
		if got, say := inputs[i].single().value(v); say == "" && isComparable(got) {
			out = append(out, got)
		}
	}
	return out
}

func isComparable(v any) bool { return v != nil && reflect.TypeOf(v).Comparable() }

// single is the input as one of several choices is.
func (in Input) single() Input {
	if in.Type == Choices {
		in.Type = Choice
	}
	return in
}

// explain says when the input is asked.
func (w *When) explain(inputs []Input) string {
	return "This is asked only if " + w.Say(inputs) + "."
}

// Say is the condition in words: "Reason is refund or other".
func (w *When) Say(inputs []Input) string {
	title := w.Input
	if i := slices.IndexFunc(inputs, func(in Input) bool { return in.Name == w.Input }); i >= 0 {
		title = inputs[i].Title()
	}
	words := make([]string, 0, len(w.Is))
	for _, v := range w.values(inputs) {
		switch v := v.(type) {
		case bool:
			words = append(words, map[bool]string{true: "ticked", false: "not ticked"}[v])
		case float64:
			words = append(words, decimal(v))
		default:
			words = append(words, fmt.Sprint(v))
		}
	}
	if n := len(words); n > 1 {
		return title + " is " + strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return title + " is " + strings.Join(words, "")
}

// condition is the input's condition as JSON Schema: where it holds the input may be there, elsewhere it is not.
func (in Input) condition(inputs []Input) map[string]any {
	c := map[string]any{
		"if":   in.When.schema(inputs),
		"else": map[string]any{"properties": map[string]any{in.Name: false}},
	}
	if in.Required {
		c["then"] = map[string]any{"required": []any{in.Name}}
	}
	return c
}

// schema is what values keep for which the condition holds. An input that is left out has its default, if it is asked.
func (w *When) schema(inputs []Input) map[string]any {
	i := slices.IndexFunc(inputs, func(in Input) bool { return in.Name == w.Input })
	wanted := w.values(inputs)
	is := map[string]any{"enum": wanted}
	if inputs[i].Type == Choices {
		is = map[string]any{"contains": map[string]any{"enum": wanted}}
	}
	s := map[string]any{"properties": map[string]any{w.Input: is}}
	if !(&When{w.Input, w.Is}).holds(inputs, inputs[i].defaults()) {
		s["required"] = []any{w.Input}
	}
	if before := inputs[i].When; before != nil {
		return map[string]any{"allOf": []any{before.schema(inputs), s}}
	}
	return s
}

// defaults is the value that the input has when it is left out.
func (in Input) defaults() map[string]any {
	if in.Default == nil || cleared(in.Default) {
		return nil
	}
	if v, say := in.value(in.Default); say == "" {
		return map[string]any{in.Name: v}
	}
	return nil
}

// checkWhen holds the condition against the inputs before it.
func (in Input) checkWhen(before []Input, bad func(field, say string, args ...any)) {
	w := in.When
	if w == nil {
		return
	}
	i := slices.IndexFunc(before, func(x Input) bool { return x.Name == w.Input })
	if i < 0 {
		bad("when.input", "The condition looks at an input that stands before this one; %q does not.", shown(w.Input))
		return
	}
	if t := before[i].Type; t == Secret || t == File {
		bad("when.input", "A condition cannot look at a %s: what is asked would tell what is in it.", t)
		return
	}
	if len(w.Is) == 0 {
		bad("when.is", "Say for which values of %s this is asked: is: [refund].", w.Input)
	}
	one := before[i].single()
	one.When, one.Required, one.Min, one.Max = nil, false, nil, nil
	for n, v := range w.Is {
		if _, err := Check([]Input{one}, map[string]any{one.Name: v}); err != nil || v == nil || cleared(v) {
			bad(fmt.Sprintf("when.is[%d]", n), "This is not a value that %s can have.", w.Input)
		}
	}
}
