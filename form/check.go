package form

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"frontline/fault"
)

// Check returns the values as their types want them, with defaults filled in, or an Invalid fault that names every wrong field in plain
// words. A value may be what JSON or YAML gives or the string of an HTML form. A missing value takes the default; an empty string or list is
// a field that somebody cleared: no value, not even the default. A value whose condition does not hold, and one that no input declares, are
// refused, whoever sends them. Whether an id or an option exists is not known here.
func Check(inputs []Input, given map[string]any) (map[string]any, error) {
	values, wrong := convert(inputs, given)
	if len(wrong) == 0 {
		var err error
		if wrong, err = validate(inputs, values); err != nil {
			return nil, err
		}
	}
	if len(wrong) == 0 {
		return values, nil
	}
	return nil, Refuse(inputs, wrong)
}

// Refuse is the fault for wrong fields, in the order of the form.
func Refuse(inputs []Input, wrong []fault.Field) error {
	order(inputs, wrong)
	return &fault.Error{Kind: fault.Invalid, Say: "Some inputs are not right. Correct them and try again.", Fields: wrong}
}

// convert brings each value to its type where that is possible; what is not a value of the type at all is a fault.
func convert(inputs []Input, given map[string]any) (map[string]any, []fault.Field) {
	values, wrong := map[string]any{}, []fault.Field{}
	unsure := map[string]bool{} // wrong ones, and those whose condition looks at a wrong one
	for _, in := range inputs {
		v := given[in.Name]
		switch {
		case in.When != nil && unsure[in.When.Input]:
			unsure[in.Name] = true
			continue
		case !in.When.holds(inputs, values):
			if !cleared(v) && v != nil {
				wrong = append(wrong, fault.Field{Name: in.Name, Say: in.When.explain(inputs) + " Leave it out."})
			}
			continue
		case v == nil:
			v = in.Default
		}
		if v == nil || cleared(v) {
			continue
		}
		got, say := in.value(v)
		if say != "" {
			wrong, unsure[in.Name] = append(wrong, fault.Field{Name: in.Name, Say: say}), true
			continue
		}
		values[in.Name] = got
	}
	for name := range given {
		if !slices.ContainsFunc(inputs, func(in Input) bool { return in.Name == name }) {
			wrong = append(wrong, fault.Field{Name: name, Say: undeclared(inputs, name)})
		}
	}
	return values, wrong
}

// Sofar returns the values that are right among those given so far, with defaults; the others are left out. Nothing is missed.
func Sofar(inputs []Input, given map[string]any) map[string]any {
	eased := slices.Clone(inputs)
	for i := range eased {
		eased[i].Required = false
	}
	values, _ := convert(eased, only(eased, given))
	wrong, err := validate(eased, values)
	if err != nil {
		return map[string]any{}
	}
	for _, f := range wrong {
		delete(values, f.Name)
	}
	return values
}

// cleared says whether somebody emptied the field.
func cleared(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case []string:
		return len(v) == 0
	}
	return false
}

func undeclared(inputs []Input, name string) string {
	if len(inputs) == 0 {
		return fmt.Sprintf("There is no input %q; this takes no inputs. Leave it out.", shown(name))
	}
	names := make([]string, len(inputs))
	for i, in := range inputs {
		names[i] = in.Name
	}
	return fmt.Sprintf("There is no input %q. Leave it out; the inputs are %s.", shown(name), strings.Join(names, ", "))
}

// value converts one value, or says in plain words what would be right.
func (in Input) value(v any) (any, string) {
	switch in.Type {
	case Number:
		return in.number(v)
	case Boolean:
		return boolean(v)
	case Choices:
		return several(v)
	case File:
		if facts, ok := v.(map[string]any); ok { // as a run tells of its files
			v = facts["id"]
		}
	}
	s, ok := v.(string)
	if !ok {
		return nil, "Give this as text, in quotes."
	}
	if !utf8.ValidString(s) {
		return nil, "This is not valid UTF-8 text. Save or send it as UTF-8."
	}
	if in.Type == Date {
		s = strings.TrimSpace(s)
	}
	if in.Type == Choice && in.From == nil && !slices.Contains(in.Choices, s) { // at once: what else is asked may depend on it
		return nil, in.explain(&kind.Enum{})
	}
	return s, ""
}

// several takes a list of texts, or one text.
func several(v any) (any, string) {
	var out []any
	switch v := v.(type) {
	case string:
		out = []any{v}
	case []string:
		out = list(v)
	case []any:
		out = v
	default:
		return nil, "Give this as a list of texts."
	}
	for _, one := range out {
		if s, ok := one.(string); !ok || !utf8.ValidString(s) {
			return nil, "Give this as a list of texts, each in quotes."
		}
	}
	return out, ""
}

func (in Input) number(v any) (any, string) {
	say := "This is a number, such as 12.5, with a point and no spaces."
	if in.Whole {
		say = "This is a whole number, such as 12."
	}
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case int:
		f = float64(v)
	case int64:
		f = float64(v)
	case uint64:
		f = float64(v)
	case json.Number:
		return in.number(string(v))
	case string:
		var err error
		if f, err = strconv.ParseFloat(strings.TrimSpace(v), 64); err != nil || strings.ContainsAny(v, "xXpP_") {
			return nil, say
		}
	default:
		return nil, say
	}
	if math.IsNaN(f) || math.IsInf(f, 0) || in.Whole && math.Abs(f) > mostWhole {
		return nil, say
	}
	return f, ""
}

func boolean(v any) (any, string) {
	switch v := v.(type) {
	case bool:
		return v, ""
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "true", "on", "yes", "1":
			return true, ""
		case "false", "off", "no", "0":
			return false, ""
		}
	}
	return nil, "This is yes or no: true or false."
}

// validate holds the values against the schema, which is the one truth of what is right.
func validate(inputs []Input, values map[string]any) ([]fault.Field, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema(inputs)))
	if err != nil {
		return nil, broken(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("form:inputs", doc); err != nil {
		return nil, broken(err)
	}
	sch, err := c.Compile("form:inputs")
	if err != nil {
		return nil, broken(err)
	}
	err = sch.Validate(values)
	bad, ok := err.(*jsonschema.ValidationError)
	if err != nil && !ok {
		return nil, broken(err)
	}
	return fields(inputs, bad), nil
}

func broken(err error) error {
	return fault.Wrap(err, fault.Invalid, "The inputs of this form are not well declared. Ask its owner to check the definition.")
}

// fields turns the leaves of a validation error into one sentence for each input.
func fields(inputs []Input, bad *jsonschema.ValidationError) []fault.Field {
	var out []fault.Field
	add := func(name, say string) {
		if !slices.ContainsFunc(out, func(f fault.Field) bool { return f.Name == name }) {
			out = append(out, fault.Field{Name: name, Say: say})
		}
	}
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			walk(cause)
		}
		switch k := e.ErrorKind.(type) {
		case *kind.Required:
			for _, name := range k.Missing {
				add(name, "This is required. Fill it in.")
			}
		default:
			if len(e.Causes) > 0 || len(e.InstanceLocation) == 0 {
				return
			}
			name := e.InstanceLocation[0]
			if i := slices.IndexFunc(inputs, func(in Input) bool { return in.Name == name }); i >= 0 {
				add(name, inputs[i].explain(e.ErrorKind))
			}
		}
	}
	if bad != nil {
		walk(bad)
	}
	return out
}

// explain says what would be right. It never repeats the value: it may be a secret, or ten megabytes.
func (in Input) explain(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Enum:
		return "Choose " + in.of() + ": " + strings.Join(in.Choices, ", ") + "."
	case *kind.UniqueItems:
		return "One choice is given twice. Give each once."
	case *kind.MinItems:
		return fmt.Sprintf("Choose at least %d; %s.", k.Want, chosen(k.Got))
	case *kind.MaxItems:
		return fmt.Sprintf("Choose at most %d; %s.", k.Want, chosen(k.Got))
	case *kind.Format:
		return "This is a date, written year-month-day: 2026-11-24."
	case *kind.Minimum:
		return fmt.Sprintf("This is at least %s.", decimal(*in.Min))
	case *kind.Maximum:
		return fmt.Sprintf("This is at most %s.", decimal(*in.Max))
	case *kind.MinLength:
		return fmt.Sprintf("This has at least %s; it has %d.", count(k.Want), k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("This has at most %s; it has %d.", count(k.Want), k.Got)
	case *kind.Type:
		return "This is a whole number, such as 12."
	case *kind.FalseSchema:
		return "This is not asked here. Leave it out."
	case *kind.Pattern:
		return in.explainPattern(k.Want)
	}
	return "This is not a right value."
}

func (in Input) explainPattern(pattern string) string {
	switch {
	case in.Type == File:
		return "Upload the file first, and give the id that the upload returned."
	case pattern == noControl:
		return "This is a single line without control characters. Remove line breaks and tabs."
	case pattern == noneButLF:
		return "This has a control character that cannot be printed. Remove it."
	case in.Example != "":
		return fmt.Sprintf("This does not have the right form. Write it like %s.", in.Example)
	}
	return fmt.Sprintf("This does not have the right form. It has to match %s.", in.Pattern)
}

func (in Input) of() string {
	if in.Type == Choices {
		return "from"
	}
	return "one of"
}

func chosen(n int) string {
	switch n {
	case 0:
		return "nothing is chosen"
	case 1:
		return "1 is chosen"
	}
	return strconv.Itoa(n) + " are chosen"
}

func count(n int) string {
	if n == 1 {
		return "1 character"
	}
	return strconv.Itoa(n) + " characters"
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// shown is what of a foreign name is repeated to people.
func shown(name string) string {
	if characters(name) > 40 {
		return string([]rune(name)[:40]) + "…"
	}
	return name
}

// order sorts the faults as the inputs stand in the form; undeclared ones last, by name.
func order(inputs []Input, wrong []fault.Field) {
	place := func(name string) int {
		if i := slices.IndexFunc(inputs, func(in Input) bool { return in.Name == name }); i >= 0 {
			return i
		}
		return len(inputs)
	}
	slices.SortStableFunc(wrong, func(a, b fault.Field) int {
		if d := place(a.Name) - place(b.Name); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
}
