package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"frontline/answer"
	"frontline/fault"
)

// form is what a person fills in: its fields in order, what was typed, and what is wrong with it.
type form struct {
	Fields []field
	Files  bool      // it has files, and is sent in parts
	Finds  bool      // it has buttons that search: Enter must not press the first of them
	Say    string    // what is wrong as a whole; empty when all is well
	Wrong  []mistake // the same sentences as at the fields, for the summary above the form
}

// mistake is one line of the summary.
type mistake struct {
	ID  string // of the field, to jump to; empty when there is none
	Say string
}

// field is one input with its label.
type field struct {
	Name         string
	Label        string
	Hint         string
	Kind         string // "text" when empty, "email", "password", "number", "date", "area", "select", "radio", "check", "checks", "file"
	Value        string
	Autocomplete string // lets password managers and browsers fill it: "username", "new-password"
	Options      []option
	Optional     bool
	Locked       bool // shown, not to be changed here; Hint says where
	Veiled       bool // of an area: dots for letters, and never sent back
	Focus        bool // the cursor starts here
	Wrong        string

	Values []string // of checks: what is ticked
	When   string   // the field that it depends on: it is asked only while that one has one of the values in Is
	Is     string   // a JSON list
	Only   string   // the same in words
	Waits  string   // its default, once it is asked

	Finds  bool   // its options are searched for
	Action string // whose options they are
	Find   string // what was searched for
	Needs  string // the inputs that the options depend on, with spaces between
	Empty  string // why there are no options
	More   bool   // there are more than are shown

	MaxBytes int64  // of a file
	Accept   string // of a file: media types and endings
	Was      string // of a file: what has been uploaded, for people
}

// Has says whether a value is ticked.
func (f field) Has(value string) bool { return slices.Contains(f.Values, value) }

// Input is the name of the input that the field is for.
func (f field) Input() string { return strings.TrimPrefix(f.Name, inputPrefix) }

// option is one choice of a select or of radio buttons.
type option struct{ Value, Label, Hint string }

// ID is the field's id in the document.
func (f field) ID() string { return "f-" + f.Name }

// About is the aria-describedby of the field.
func (f field) About() string {
	switch {
	case f.Wrong != "" && (f.Hint != "" || f.Only != ""):
		return f.ID() + "-hint " + f.ID() + "-wrong"
	case f.Wrong != "":
		return f.ID() + "-wrong"
	case f.Hint != "" || f.Only != "":
		return f.ID() + "-hint"
	}
	return ""
}

// Field returns one field by name, for a template that places its fields itself.
func (f form) Field(name string) field {
	for _, x := range f.Fields {
		if x.Name == name {
			return x
		}
	}
	return field{Name: name, Label: name}
}

// typed returns the form with what was posted; passwords are never sent back.
func (f form) typed(posted url.Values) form {
	fields := append([]field(nil), f.Fields...)
	for i, x := range fields {
		if x.Kind != "password" && !x.Veiled && !x.Locked {
			fields[i].Value, fields[i].Values = posted.Get(x.Name), posted[x.Name]
			fields[i].Was = posted.Get(namePrefix + x.Input())
		}
	}
	f.Fields = fields
	return f
}

// refused puts err's sentences into the form and says whether it is about what was typed: if not, it belongs to the
// error screen.
func (f form) refused(err error) (form, bool) {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.TooMany, fault.Unauthenticated, fault.TooLarge:
	default:
		return f, false
	}
	f.Fields = append([]field(nil), f.Fields...)
	f.Say = fault.Sentence(err)
	for _, wrong := range fault.FieldsOf(err) {
		m := mistake{Say: wrong.Say}
		for i, x := range f.Fields {
			if x.Name == wrong.Name {
				f.Fields[i].Wrong, m.ID = wrong.Say, x.ID()
			}
		}
		f.Wrong = append(f.Wrong, m)
	}
	if len(f.Wrong) == 0 {
		f.Wrong = []mistake{{Say: f.Say}}
	}
	return f, true
}

// again shows a form's screen once more after err, with what was typed and the sentences at the fields. build makes the screen from
// the refused form. An error that is not about the form is returned.
func (s *Server) again(w http.ResponseWriter, r *http.Request, v *visit, name string, f form, err error, build func(form) (screen, error)) error {
	f, ok := f.refused(err)
	if !ok {
		return err
	}
	scr, failed := build(f)
	if failed != nil {
		return failed
	}
	return s.show(w, r, v, formStatus(err), name, scr)
}

// formStatus is the status of a form that is shown again. Wrong credentials are 422 as well: 401 would ask a browser or Turbo to sign in.
func formStatus(err error) int {
	if k := fault.KindOf(err); k == fault.TooMany || k == fault.Conflict {
		return answer.Status(k)
	}
	return http.StatusUnprocessableEntity
}
