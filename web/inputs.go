package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"frontline/action"
	"frontline/answer"
	"frontline/fault"
	inputs "frontline/form"
	"frontline/journal"
	"frontline/people"
)

// Inputs is what the fields of an action's form are made of, beside its definition.
type Inputs interface {
	// Options returns what an input may be.
	Options(ctx context.Context, a people.Actor, q action.OptionQuery) (action.Options, error)
	// Upload takes a file for an input.
	Upload(ctx context.Context, a people.Actor, q action.UploadRequest, body io.Reader) (action.Upload, error)
	// Prefill returns the defaults that come from what a run is for.
	Prefill(ctx context.Context, a people.Actor, id string, about journal.Subject) (map[string]any, error)
}

// The names of an action's form: the inputs are kept apart from the form's own fields.
const (
	inputPrefix = "in."
	findPrefix  = "find." // what is searched for among an input's options
	filePrefix  = "file." // the file itself; in.NAME is its id
	namePrefix  = "name." // what the file that has been uploaded is called
)

// asked is what an action's form asks for as it is being filled in.
type asked struct {
	action.Definition
	given url.Values // what was typed so far; nil when nobody typed yet
}

// inputForm makes the form of an action. Lists that other actions return are read only once somebody asks for them.
func (s *Server) inputForm(ctx context.Context, v *visit, x asked) form {
	var f form
	values := inputs.Posted(x.Inputs, inputPrefix, x.given)
	for _, in := range x.Inputs {
		fd := inputField(x.Inputs, in)
		if !inputs.Applies(x.Inputs, in, values) {
			fd.Waits, fd.Value = fd.Value, "" // a default that is not asked for must not be sent
		}
		if fd.Kind == "file" {
			f.Files = true
		}
		if fd.Finds {
			fd.Action, f.Finds = x.ID, true
			s.offer(ctx, v, x, in, values, &fd)
		}
		f.Fields = append(f.Fields, fd)
	}
	hint := "It is kept with the run, for whoever reads about this night later."
	f.Fields = append(f.Fields, field{Name: "reason", Label: "Why", Hint: hint, Kind: "area", Optional: x.Risk != action.RiskDanger})
	if x.given == nil {
		return f
	}
	return f.typed(x.given)
}

// offer puts the options into a field. What cannot be read is said at the field; what was chosen stays chosen.
func (s *Server) offer(ctx context.Context, v *visit, x asked, in inputs.Input, values map[string]any, fd *field) {
	fd.Find = x.given.Get(findPrefix + in.Name)
	chosen := x.given[inputPrefix+in.Name]
	if in.From == nil || x.given != nil && inputs.Applies(x.Inputs, in, values) {
		o, err := s.deps.Actions.Options(ctx, v.Actor, action.OptionQuery{Action: x.ID, Input: in.Name, Given: values, Search: fd.Find})
		for _, c := range o.List {
			fd.Options = append(fd.Options, option{Value: c.Value, Label: c.Label})
		}
		if err != nil {
			fd.Empty = fault.Sentence(err)
			if fields := fault.FieldsOf(err); len(fields) > 0 {
				fd.Empty = fields[0].Say
			}
		}
		fd.More = o.More
	} else {
		fd.Empty = "Press Search to see what there is."
	}
	for _, c := range chosen {
		if c != "" && !slices.ContainsFunc(fd.Options, func(o option) bool { return o.Value == c }) {
			fd.Options = append(fd.Options, option{Value: c, Label: c})
		}
	}
}

// inputField is one input as a field, with its default.
func inputField(all []inputs.Input, in inputs.Input) field {
	x := field{Name: inputPrefix + in.Name, Label: in.Title(), Hint: in.Help, Optional: !in.Required}
	if in.Default != nil {
		x.Value = fmt.Sprint(in.Default)
	}
	switch in.Type {
	case inputs.Number:
		x.Kind = "number"
	case inputs.Boolean:
		x.Kind, x.Optional = "check", false
		if in.Default == false {
			x.Value = ""
		}
	case inputs.Secret:
		x.Kind, x.Autocomplete = "password", "off"
	case inputs.Choice, inputs.Customer, inputs.Service:
		x.Kind, x.Options = "select", []option{{Label: "Choose"}}
	case inputs.Choices:
		x.Kind, x.Value = "checks", ""
		chosen, _ := in.Default.([]any)
		for _, c := range chosen {
			x.Values = append(x.Values, fmt.Sprint(c))
		}
	case inputs.Date:
		x.Kind = "date"
	case inputs.File:
		x.Kind, x.MaxBytes, x.Accept = "file", in.MaxBytes(), strings.Join(in.Accept, ",")
		x.Hint = strings.TrimSpace(x.Hint + " At most " + action.Bytes(in.MaxBytes()) + ".")
	default:
		if in.Multiline {
			x.Kind = "area"
		}
	}
	for _, c := range in.Choices {
		x.Options = append(x.Options, option{Value: c, Label: c})
	}
	x.Finds = in.From != nil || in.Type == inputs.Customer || in.Type == inputs.Service
	if in.From != nil {
		x.Needs = strings.Join(in.From.Needs(), " ")
		for _, before := range all[:slices.IndexFunc(all, func(o inputs.Input) bool { return o.Name == in.Name })] {
			if before.Type == inputs.Customer { // it scopes what comes after it
				x.Needs = strings.TrimSpace(x.Needs + " " + before.Name)
			}
		}
	}
	x.when(all, in)
	return x
}

// when says at the field when it is asked. The script reads the same from the field's marks.
func (x *field) when(all []inputs.Input, in inputs.Input) {
	if in.When == nil {
		return
	}
	is := make([]string, len(in.When.Is))
	for i, v := range in.When.Is {
		is[i] = fmt.Sprint(v)
		if v == true {
			is[i] = "on"
		}
	}
	raw, err := json.Marshal(is)
	if err != nil { // texts can be written as JSON
		panic("condition: " + err.Error())
	}
	x.When, x.Is, x.Only = inputPrefix+in.When.Input, string(raw), "Only if "+in.When.Say(all)+"."
}

// filled fills in values by the inputs' names, in place of the defaults; secrets and files cannot be.
func (f form) filled(values map[string]any) form {
	f.Fields = slices.Clone(f.Fields)
	for i, x := range f.Fields {
		v, ok := values[strings.TrimPrefix(x.Name, inputPrefix)]
		if !ok || x.Kind == "password" || x.Kind == "file" || !strings.HasPrefix(x.Name, inputPrefix) {
			continue
		}
		f.Fields[i].Value, f.Fields[i].Waits = fmt.Sprint(v), ""
		if x.Kind == "checks" {
			f.Fields[i].Value, f.Fields[i].Values = "", []string{fmt.Sprint(v)}
		}
		if x.Kind == "select" && !slices.ContainsFunc(x.Options, func(o option) bool { return o.Value == f.Fields[i].Value }) {
			f.Fields[i].Options = append(slices.Clone(x.Options), option{Value: f.Fields[i].Value, Label: f.Fields[i].Value})
		}
	}
	return f
}

// prefill fills in what the address and the subject say: links of results and alerts lead to a form that is filled in.
func (s *Server) prefill(ctx context.Context, v *visit, d action.Definition, query url.Values, f form) (form, error) {
	about := subjectOf(query.Get("for"))
	values, err := s.deps.Actions.Prefill(ctx, v.Actor, d.ID, about)
	if err == nil && about.Kind == "request" {
		err = s.forRequest(ctx, v, d, about.ID, values)
	}
	if err != nil {
		return f, err
	}
	for _, in := range d.Inputs {
		if query.Has(inputPrefix + in.Name) {
			values[in.Name] = query.Get(inputPrefix + in.Name)
		}
	}
	return f.filled(values), nil
}

// posted reads an action's form with its files. A file is uploaded at once: an error elsewhere in the form does not lose it.
func (s *Server) posted(w http.ResponseWriter, r *http.Request, v *visit, d action.Definition) (url.Values, error) {
	parts, err := r.MultipartReader()
	if err != nil { // no files
		return r.PostForm, nil
	}
	most := int64(formLimit)
	for _, in := range d.Inputs {
		if in.Type == inputs.File {
			most += in.MaxBytes() + formLimit
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	posted, room := url.Values{}, int64(formLimit)
	var failed error
	for {
		p, err := parts.NextPart()
		if err == io.EOF {
			r.PostForm = posted
			return posted, failed
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "What was sent could not be read as a form, or its file is far too large. Go back and send it again.")
		}
		name, isFile := strings.CutPrefix(p.FormName(), filePrefix)
		switch {
		case isFile && p.FileName() != "":
			u, err := s.deps.Actions.Upload(r.Context(), v.Actor, action.UploadRequest{Action: d.ID, Input: name, Name: p.FileName(), Type: p.Header.Get("Content-Type")}, p)
			if err != nil {
				failed = err
				continue
			}
			posted.Set(inputPrefix+name, u.ID)
			posted.Set(namePrefix+name, uploadedAs(u))
		case !isFile:
			raw, err := io.ReadAll(io.LimitReader(p, room+1))
			if room -= int64(len(raw)); err != nil || room < 0 {
				return nil, fault.Wrap(err, fault.TooLarge, "That is more than %d KB of text. Shorten it and send it again.", formLimit>>10)
			}
			posted.Add(p.FormName(), string(raw))
		}
	}
}

func uploadedAs(u action.Upload) string { return u.Name + ", " + action.Bytes(u.Size) }

// streams says whether the handler reads the body itself: files are not held in memory.
func (rt Route) streams(r *http.Request) bool {
	switch rt.Pattern {
	case "POST /uploads/{id...}":
		return true
	case "POST /actions/{id...}", "POST /requests", "POST /requests/{ref}/say", "POST /requests/{ref}/add":
		return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
	}
	return false
}

// lostNothing shows the form again after any error, with what was typed; the cause of what is broken goes to the log.
func (s *Server) lostNothing(w http.ResponseWriter, r *http.Request, v *visit, x asked, err error) error {
	kind := fault.KindOf(err)
	if kind == fault.NotFound || kind == fault.Unauthenticated || kind == fault.Forbidden || r.Context().Err() != nil {
		return err
	}
	f := s.inputForm(r.Context(), v, x)
	if kind == fault.Unavailable || kind == fault.Internal {
		ref := s.refer(r, v, err)
		err = &fault.Error{Kind: fault.Conflict, Say: fault.Sentence(err) + " Reference " + ref + ".", Fields: fault.FieldsOf(err), Cause: err}
	}
	f, _ = f.refused(prefixed(err))
	scr, failed := s.action(r.Context(), v, x.Definition, f, x.given.Get("for"))
	if failed != nil {
		return failed
	}
	return s.show(w, r, v, formStatus(err), "action", scr)
}

// answerJSON is for the scripts of a form.
func answerJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}

// listOptions answers what an input may be, for the script that searches while somebody types. The form's values come in the body, so that
// they stand in no log of addresses.
func (s *Server) listOptions(w http.ResponseWriter, r *http.Request, v *visit) error {
	type one struct {
		Value string `json:"value"`
		Label string `json:"label"`
	}
	answer := struct {
		Options []one  `json:"options"`
		More    bool   `json:"more"`
		Say     string `json:"say"`
	}{Options: []one{}}
	d, err := s.deps.Actions.Action(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	name := r.PostForm.Get("input")
	o, err := s.deps.Actions.Options(r.Context(), v.Actor, action.OptionQuery{Action: d.ID, Input: name, Search: r.PostForm.Get("search"),
		Given: inputs.Posted(d.Inputs, inputPrefix, r.PostForm)})
	for _, x := range o.List {
		answer.Options = append(answer.Options, one(x))
	}
	answer.More = o.More
	if err != nil {
		answer.Say = sentenceAt(err, name)
	}
	return answerJSON(w, http.StatusOK, answer)
}

// uploadFile takes one file for an input from the script, which shows how far it is.
func (s *Server) uploadFile(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	u, err := s.deps.Actions.Upload(r.Context(), v.Actor, action.UploadRequest{Action: r.PathValue("id"), Input: q.Get("input"), Name: q.Get("name"),
		Type: cmp.Or(r.Header.Get("Content-Type"), "application/octet-stream")}, r.Body)
	if err != nil {
		return answerJSON(w, answer.Status(fault.KindOf(err)), map[string]string{"say": sentenceAt(err, q.Get("input"))})
	}
	return answerJSON(w, http.StatusCreated, map[string]string{"id": u.ID, "name": uploadedAs(u), "size": strconv.FormatInt(u.Size, 10)})
}

func sentenceAt(err error, name string) string {
	for _, f := range fault.FieldsOf(err) {
		if f.Name == name {
			return f.Say
		}
	}
	return fault.Sentence(err)
}
