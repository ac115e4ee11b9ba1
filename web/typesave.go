package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"frontline/config"
	"frontline/desk"
	"frontline/fault"
	inputs "frontline/form"
	"frontline/search"
)

func whenWords(is []any) string {
	out := make([]string, len(is))
	for i, x := range is {
		switch x {
		case true:
			out[i] = "yes"
		case false:
			out[i] = "no"
		default:
			out[i] = fmt.Sprint(x)
		}
	}
	return strings.Join(out, "\n")
}

// mostInputs is how many things the editor takes for one form.
const mostInputs = 40

// typePosted is the type as it was filled in. What the editor does not show of it stays as it was.
func typePosted(book *config.Book, posted url.Values) desk.Type {
	id := posted.Get("id")
	var t desk.Type
	if posted.Get("seen") != "" {
		t, _ = book.RequestType(id)
	}
	t.ID, t.Title, t.Help, t.Team, t.Service = id, strings.TrimSpace(posted.Get("title")), strings.TrimSpace(posted.Get("help")), posted.Get("team"), posted.Get("service")
	t.Priority, t.Trusted = desk.Priority(posted.Get("priority")), posted.Get("trusted") != ""
	t.Visibility = ""
	if posted.Get("visibility") == "team" {
		t.Visibility = "team"
	}
	how, rotation, _ := strings.Cut(posted.Get("assign"), ":")
	t.Assign = desk.Assign{How: desk.AssignHow(how), Rotation: rotation}
	if t.ID == "" {
		t.ID = slug(t.Title, "-")
	}
	t.Inputs = inputsPosted(t.Inputs, posted)
	return t
}

// inputsPosted are the rows of the editor in the order that was given, without those that are empty or taken out.
func inputsPosted(were []inputs.Input, posted url.Values) []inputs.Input {
	type placed struct {
		inputs.Input
		place int
	}
	var rows []placed
	for i := range mostInputs {
		get := func(name string) string { return strings.TrimSpace(posted.Get(fmt.Sprintf("i%d.%s", i, name))) }
		if get("label") == "" || get("drop") != "" {
			continue
		}
		in := inputPosted(were, get)
		place, err := strconv.Atoi(get("place"))
		if err != nil {
			place = i + 1
		}
		rows = append(rows, placed{in, place})
	}
	slices.SortStableFunc(rows, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	var out []inputs.Input
	for _, x := range rows {
		in := x.Input
		for n := 2; slices.ContainsFunc(out, func(o inputs.Input) bool { return o.Name == in.Name }); n++ {
			in.Name = slug(x.Name, "_") + "_" + strconv.Itoa(n)
		}
		in.When = conditionOf(in.When, out)
		out = append(out, in)
	}
	return out
}

// inputPosted is one row; what the editor does not show of an input, such as its bounds, stays as it was.
func inputPosted(were []inputs.Input, get func(string) string) inputs.Input {
	var in inputs.Input
	if at := slices.IndexFunc(were, func(o inputs.Input) bool { return o.Name == get("name") }); at >= 0 {
		in = were[at]
	}
	kind := inputs.Type(get("type"))
	several := kind == "area"
	if several {
		kind = inputs.Text
	}
	if kind != in.Type {
		in = inputs.Input{Name: in.Name}
	}
	in.Name, in.Label, in.Help, in.Type, in.Multiline, in.Required = first(in.Name, get("name"), slug(get("label"), "_")), get("label"), get("help"), kind, several, get("required") != ""
	in.Choices = nil
	if kind == inputs.Choice || kind == inputs.Choices {
		in.Choices = lines(get("choices"))
	}
	in.When = nil
	if get("when") != "" {
		in.When = &inputs.When{Input: get("when")}
		for _, x := range lines(get("is")) {
			in.When.Is = append(in.When.Is, x)
		}
	}
	return in
}

func lines(text string) []string {
	var out []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// conditionOf gives the values of a condition the type of the input that they are of.
func conditionOf(w *inputs.When, before []inputs.Input) *inputs.When {
	if w == nil {
		return nil
	}
	at := slices.IndexFunc(before, func(in inputs.Input) bool { return in.Name == w.Input })
	if at < 0 {
		return w
	}
	out := &inputs.When{Input: w.Input}
	for _, x := range w.Is {
		text := fmt.Sprint(x)
		n, err := strconv.ParseFloat(text, 64)
		switch kind := before[at].Type; {
		case kind == inputs.Boolean:
			out.Is = append(out.Is, slices.Contains([]string{"yes", "true", "1"}, strings.ToLower(text)))
		case kind == inputs.Number && err == nil:
			out.Is = append(out.Is, n)
		default:
			out.Is = append(out.Is, text)
		}
	}
	return out
}

// slug makes a short name of what people call something.
func slug(title, dash string) string {
	var b strings.Builder
	for _, r := range search.Fold(title) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), dash):
			b.WriteString(dash)
		}
		if b.Len() >= 38 {
			break
		}
	}
	out := strings.Trim(b.String(), dash)
	if out != "" && dash == "_" && out[0] >= '0' && out[0] <= '9' {
		out = "f_" + out
	}
	return out
}

// saveType keeps a type, or shows what its form would look like.
func (s *Server) saveType(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Types.Book(r.Context())
	if err != nil {
		return err
	}
	posted := r.PostForm
	t := typePosted(book, posted)
	shown := t
	shown.ID = posted.Get("id")
	scr := s.typeScreen(v, book, shown, posted.Get("seen"))
	scr.Topics = nil
	if posted.Get("do") != "save" { // more fields, or a look
		preview := askScreenOf(book, t.ID, t, askForm(book, t))
		scr.Preview = &preview
		return s.show(w, r, v, http.StatusUnprocessableEntity, "type", scr) // 422: what Turbo takes for a form that is shown again
	}
	err = s.deps.Types.SaveType(r.Context(), v.Actor, t, posted.Get("seen"))
	if err == nil {
		return s.done(w, r, typePath(t.ID), "It is saved, and can be asked from now on.")
	}
	f, ok := scr.Form.refused(err)
	if !ok {
		return err
	}
	scr.Form, scr.Say, scr.Wrong = f, f.Say, f.Wrong
	scr.placeWrong(err)
	return s.show(w, r, v, formStatus(err), "type", scr)
}

// placeWrong puts what is wrong with an input at its row.
func (scr *typeScreen) placeWrong(err error) {
	for _, f := range fault.FieldsOf(err) {
		rest, ok := strings.CutPrefix(f.Name, "inputs[")
		number, _, closed := strings.Cut(rest, "]")
		at, wrong := strconv.Atoi(number)
		if ok && closed && wrong == nil && at >= 0 && at < len(scr.Inputs) {
			scr.Inputs[at].Wrong = append(scr.Inputs[at].Wrong, f.Say)
		}
	}
}

func (s *Server) retireType(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PostForm.Get("id")
	if err := s.deps.Types.RetireType(r.Context(), v.Actor, id, r.PostForm.Get("seen")); err != nil {
		return err
	}
	return s.done(w, r, "/types", "It cannot be asked any more. Its requests stay as they are.")
}
