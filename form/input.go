// Package form answers what somebody has to fill in, and whether they filled it in right: declared inputs as JSON Schema 2020-12, and
// values checked against them for every caller alike.
package form

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"frontline/fault"
	"frontline/secret"
)

// Type is what sort of value an input takes.
type Type string

// The types. In Go values are string (Text, Date as 2006-01-02, Choice, Secret, the id of a Customer or Service, and the id of an uploaded
// File), float64 (Number), bool (Boolean) and []any of strings (Choices).
const (
	Text     Type = "text"
	Number   Type = "number"
	Boolean  Type = "boolean"
	Date     Type = "date"
	Choice   Type = "choice"  // one of
	Choices  Type = "choices" // several of
	Secret   Type = "secret"
	Customer Type = "customer" // of the catalog
	Service  Type = "service"  // of the catalog
	File     Type = "file"     // uploaded first
)

// Types lists the types.
func Types() []Type {
	return []Type{Text, Number, Boolean, Date, Choice, Choices, Secret, Customer, Service, File}
}

// typeWords are the types as a sentence lists them.
func typeWords() string {
	var all []string
	for _, t := range Types() {
		all = append(all, string(t))
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// Input is one thing to fill in.
type Input struct {
	Name      string   `json:"name" yaml:"name"` // lower case letters, digits and _: the key of its value
	Label     string   `json:"label,omitempty" yaml:"label,omitempty"`
	Help      string   `json:"help,omitempty" yaml:"help,omitempty"`
	Type      Type     `json:"type" yaml:"type"`
	Required  bool     `json:"required,omitempty" yaml:"required,omitempty"` // with When: required where it applies
	Default   any      `json:"default,omitempty" yaml:"default,omitempty"`
	Choices   []string `json:"choices,omitempty" yaml:"choices,omitempty"`     // for Choice and Choices, unless From says them
	Pattern   string   `json:"pattern,omitempty" yaml:"pattern,omitempty"`     // for Text and Secret: RE2, must match the whole value
	Example   string   `json:"example,omitempty" yaml:"example,omitempty"`     // a right value, shown when a wrong one is given
	Min       *float64 `json:"min,omitempty" yaml:"min,omitempty"`             // Number: least value; Text and Secret: least characters; Choices: how few
	Max       *float64 `json:"max,omitempty" yaml:"max,omitempty"`             // Number: greatest value; Text and Secret: most characters; Choices: how many; File: megabytes
	Whole     bool     `json:"whole,omitempty" yaml:"whole,omitempty"`         // Number without a fraction
	Multiline bool     `json:"multiline,omitempty" yaml:"multiline,omitempty"` // Text and Secret may have several lines
	Accept    []string `json:"accept,omitempty" yaml:"accept,omitempty"`       // File: media types ("text/csv", "image/*") or endings (".csv"); any when empty

	From        *From  `json:"from,omitempty" yaml:"from,omitempty"`                 // for Choice and Choices: where the options come from
	When        *When  `json:"when,omitempty" yaml:"when,omitempty"`                 // asked only then
	DefaultFrom string `json:"default_from,omitempty" yaml:"default_from,omitempty"` // of what the run is for: "service", "label.pod"; before Default
}

// Title is what people read beside the field.
func (in Input) Title() string {
	if in.Label != "" {
		return in.Label
	}
	return strings.ToUpper(in.Name[:min(1, len(in.Name))]) + strings.ReplaceAll(in.Name[min(1, len(in.Name)):], "_", " ")
}

// Longest values that are taken when the input sets no limit of its own, in characters.
const (
	longestLine = 4096
	longestText = 65536
)

func (in Input) longest() int {
	switch {
	case in.Max != nil:
		return int(*in.Max)
	case in.Multiline:
		return longestText
	}
	return longestLine
}

func (in Input) isText() bool { return in.Type == Text || in.Type == Secret }

func (in Input) isChoice() bool { return in.Type == Choice || in.Type == Choices }

var inputName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// CheckInputs says whether the inputs themselves are well declared. The faults name the input by its place and say what would be
// right: "inputs[2].pattern".
func CheckInputs(inputs []Input) []fault.Field {
	var wrong []fault.Field
	seen := map[string]bool{}
	for i, in := range inputs {
		at := fmt.Sprintf("inputs[%d].", i)
		for _, f := range append(in.check(), in.checkTies(inputs[:i])...) {
			wrong = append(wrong, fault.Field{Name: at + f.Name, Say: f.Say})
		}
		if seen[in.Name] {
			wrong = append(wrong, fault.Field{Name: at + "name", Say: fmt.Sprintf("The name %q is taken by an earlier input. Choose another.", in.Name)})
		}
		seen[in.Name] = true
	}
	return wrong
}

// check gathers what is wrong with one declaration.
func (in Input) check() (wrong []fault.Field) {
	bad := func(field, say string, args ...any) {
		wrong = append(wrong, fault.Field{Name: field, Say: fmt.Sprintf(say, args...)})
	}
	if !inputName.MatchString(in.Name) {
		bad("name", "A name is lower case letters, digits and _, begins with a letter and has at most 40 characters; %q is not.", in.Name)
	}
	if !slices.Contains(Types(), in.Type) {
		bad("type", "The type is one of %s; %q is not.", typeWords(), in.Type)
		return wrong
	}
	if in.isChoice() != (len(in.Choices) > 0 || in.From != nil) || len(in.Choices) > 0 && in.From != nil {
		bad("choices", "A choice, and nothing else, lists its choices or says where they come from.")
	}
	for i, c := range in.Choices {
		if c == "" || slices.Contains(in.Choices[:i], c) {
			bad(fmt.Sprintf("choices[%d]", i), "Each choice is given once and is not empty.")
		}
	}
	in.checkBounds(bad)
	in.checkPattern(bad)
	in.checkAccept(bad)
	in.checkDefaultFrom(bad)
	if len(wrong) == 0 && in.Default != nil {
		in.checkDefault(bad)
	}
	return wrong
}

func (in Input) checkBounds(bad func(field, say string, args ...any)) {
	counts := in.isText() || in.Type == Choices
	if in.Min != nil && in.Type != Number && !counts {
		bad("min", "Only a number, a text, a secret or choices have a min.")
	}
	if in.Max != nil && in.Type != Number && !counts && in.Type != File {
		bad("max", "Only a number, a text, a secret, choices or a file have a max.")
	}
	if in.Type == File && in.Max != nil && (*in.Max <= 0 || *in.Max > mostMegabytes) {
		bad("max", "The max of a file is in megabytes, above 0 and at most %d.", mostMegabytes)
	}
	if in.Min != nil && in.Max != nil && *in.Min > *in.Max {
		bad("min", "min is greater than max. Swap them.")
	}
	if counts && (fraction(in.Min) || fraction(in.Max)) {
		bad("min", "min and max of a text count characters, those of choices how many: whole numbers, not negative.")
	}
	if in.Whole && in.Type != Number {
		bad("whole", "Only a number can be whole.")
	}
	if in.Multiline && !in.isText() {
		bad("multiline", "Only a text or a secret can have several lines.")
	}
}

func fraction(f *float64) bool { return f != nil && (*f < 0 || *f != float64(int(*f))) }

func (in Input) checkPattern(bad func(field, say string, args ...any)) {
	if in.Pattern == "" {
		return
	}
	if !in.isText() {
		bad("pattern", "Only a text or a secret has a pattern.")
	}
	if _, err := regexp.Compile(whole(in.Pattern)); err != nil {
		bad("pattern", "The pattern is not a regular expression of RE2: %v.", err)
	}
}

func (in Input) checkDefault(bad func(field, say string, args ...any)) {
	if in.Type == Secret || in.Type == File {
		bad("default", "A %s has no default: it would stand in the definition for all to read.", in.Type)
		return
	}
	if in.Required {
		bad("default", "A required input has no default. Leave out one of the two.")
		return
	}
	in.When = nil // whether it is asked does not matter here
	if _, err := Check([]Input{in}, map[string]any{in.Name: in.Default}); err != nil {
		for _, f := range fault.FieldsOf(err) {
			bad("default", "The default is not a right value. %s", f.Say)
		}
	}
}

// whole makes a pattern match the whole value, as the browser's pattern attribute does.
func whole(pattern string) string { return "^(?:" + pattern + ")$" }

// Mask returns the values with *** for each secret that is given, for people and for storage.
func Mask(inputs []Input, values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	for k, v := range values {
		out[k] = v
	}
	for _, in := range inputs {
		if _, given := out[in.Name]; given && in.Type == Secret {
			out[in.Name] = secret.Text{}.String()
		}
	}
	return out
}

// Split parts checked values into those that may be seen and the secrets.
func Split(inputs []Input, values map[string]any) (map[string]any, map[string]secret.Text) {
	open, hidden := make(map[string]any, len(values)), map[string]secret.Text{}
	for k, v := range values {
		open[k] = v
	}
	for _, in := range inputs {
		if v, ok := open[in.Name].(string); ok && in.Type == Secret {
			hidden[in.Name] = secret.New(v)
			delete(open, in.Name)
		}
	}
	return open, hidden
}

// Posted takes the values of the inputs from a posted HTML form, whose fields are named prefix+name. Anything else under the prefix
// is passed on for Check to refuse. A browser leaves an unticked box out: it is false, or none of the choices. Line breaks come as CR LF and
// are meant as LF.
func Posted(inputs []Input, prefix string, posted map[string][]string) map[string]any {
	values := map[string]any{}
	for k, v := range posted {
		if name, ok := strings.CutPrefix(k, prefix); ok && len(v) > 0 {
			values[name] = strings.ReplaceAll(v[len(v)-1], "\r\n", "\n")
		}
	}
	for _, in := range inputs {
		switch in.Type {
		case Choices:
			values[in.Name] = ticked(posted[prefix+in.Name])
		case Boolean:
			if _, given := values[in.Name]; !given && Applies(inputs, in, values) {
				values[in.Name] = false
			}
		}
	}
	return values
}

// ticked are the boxes that are ticked. A field that only says that there are boxes is empty.
func ticked(values []string) []any {
	out := []any{}
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

func characters(s string) int { return utf8.RuneCountInString(s) }
