package form

import (
	"fmt"
	"maps"
	"mime"
	"regexp"
	"slices"
	"strings"

	"frontline/fault"
)

// From says where the options of a choice come from: the first table that another action, of risk read, results in.
type From struct {
	Action string `json:"action" yaml:"action"`
	// Inputs are those of the action: fixed values, or "{name}" for the value of an earlier input of this form.
	Inputs map[string]any `json:"inputs,omitempty" yaml:"inputs,omitempty"`
	Value  string         `json:"value,omitempty" yaml:"value,omitempty"` // the column that holds the value; the first when empty
	Label  string         `json:"label,omitempty" yaml:"label,omitempty"` // the column that people read; the value's when empty
}

var slot = regexp.MustCompile(`^\{([a-z][a-z0-9_]*)\}$`)

// Slot returns the name of the earlier input that a value of From.Inputs stands for.
func Slot(v any) (string, bool) {
	s, _ := v.(string)
	m := slot.FindStringSubmatch(s)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// Needs lists the earlier inputs that the options depend on, in order of their names.
func (f *From) Needs() []string {
	var names []string
	for _, v := range f.Inputs {
		if name, ok := Slot(v); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// checkTies gathers what is wrong with how an input depends on those before it.
func (in Input) checkTies(before []Input) (wrong []fault.Field) {
	bad := func(field, say string, args ...any) {
		wrong = append(wrong, fault.Field{Name: field, Say: fmt.Sprintf(say, args...)})
	}
	in.checkWhen(before, bad)
	if in.From == nil {
		return wrong
	}
	if in.From.Action == "" {
		bad("from.action", "Name the action whose table has the options.")
	}
	for _, name := range slices.Sorted(maps.Keys(in.From.Inputs)) {
		field := "from.inputs." + name
		stands, ok := Slot(in.From.Inputs[name])
		if !ok {
			continue
		}
		i := slices.IndexFunc(before, func(x Input) bool { return x.Name == stands })
		switch {
		case i < 0:
			bad(field, "{%s} means an input that stands before this one; there is none of that name.", shown(stands))
		case before[i].Type == Secret || before[i].Type == File:
			bad(field, "A %s cannot be passed on to another action.", before[i].Type)
		}
	}
	return wrong
}

var subjectWord = regexp.MustCompile(`^(?:service|customer|severity|title|number|label\..{1,200}|field\.[a-z0-9_]{1,64})$`)

func (in Input) checkDefaultFrom(bad func(field, say string, args ...any)) {
	switch {
	case in.DefaultFrom == "":
	case in.Type == Secret || in.Type == File:
		bad("default_from", "A %s has no default.", in.Type)
	case !subjectWord.MatchString(in.DefaultFrom):
		bad("default_from", "default_from is service, customer, severity, title, number, label.NAME or field.NAME; %q is none of them.", shown(in.DefaultFrom))
	}
}

// A file is this big at most when the input sets no limit of its own, and no limit is higher, in megabytes of 1,000,000 bytes.
const (
	usualMegabytes = 10
	mostMegabytes  = 100
)

// MaxBytes is how big a file of the input may be.
func (in Input) MaxBytes() int64 {
	if in.Max != nil {
		return int64(*in.Max * 1e6)
	}
	return usualMegabytes * 1e6
}

func (in Input) checkAccept(bad func(field, say string, args ...any)) {
	if len(in.Accept) > 0 && in.Type != File {
		bad("accept", "Only a file says what it accepts.")
	}
	for i, a := range in.Accept {
		kind, params, err := mime.ParseMediaType(a)
		ending := strings.HasPrefix(a, ".") && len(a) > 1 && !strings.ContainsAny(a, "/\\ ,;")
		if !ending && (err != nil || len(params) > 0 || !strings.Contains(kind, "/") || kind != strings.ToLower(a)) {
			bad(fmt.Sprintf("accept[%d]", i), "Write a media type such as text/csv or image/*, or an ending such as .csv.")
		}
	}
}

// Accepts says whether a file of the name and the declared content type is one that the input takes. It is a help against mistakes: what is
// inside is for whoever reads the file to see.
func (in Input) Accepts(name, contentType string) bool {
	if len(in.Accept) == 0 {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = ""
	}
	return slices.ContainsFunc(in.Accept, func(a string) bool {
		if strings.HasPrefix(a, ".") {
			return len(name) > len(a) && strings.EqualFold(name[len(name)-len(a):], a)
		}
		family, any := strings.CutSuffix(a, "/*")
		return a == kind || any && strings.HasPrefix(kind, family+"/")
	})
}
