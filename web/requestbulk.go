package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// RequestWork is what is done to one request or to many at once.
type RequestWork interface {
	Bulk(ctx context.Context, a people.Actor, refs []string, d desk.Deed) (desk.Became, error)
	TakeBack(ctx context.Context, a people.Actor, bulk string) (desk.Became, error)
	Do(ctx context.Context, a people.Actor, ref string, d desk.Deed, bulk string) (desk.Request, error)
	Macro(ctx context.Context, a people.Actor, id string) (desk.Deed, error)
	Preview(ctx context.Context, a people.Actor, ref, macro string) (desk.Deed, error)
	RequestFacts
	RequestEnds
}

// bulkBar is what can be done to the chosen rows: each select that stays empty does nothing.
type bulkBar struct {
	Picks []field
}

func bulkBarOf(book Book, demands []option) bulkBar {
	pick := func(name, label string, options []option) field {
		return field{Name: name, Label: label, Kind: "select", Options: append([]option{{Label: label}}, options...)}
	}
	bar := bulkBar{Picks: []field{
		pick("assignee", "Give to", append([]option{{Value: "me", Label: "Me"}, {Value: "nobody", Label: "Nobody"}}, supporterOptions(book)...)),
		pick("priority", "Priority", priorityOptions()),
		pick("type", "Type", typeOptions(book)),
		pick("wait", "Wait for", waitOptions()),
		pick("close", "Close as", outcomeOptions()),
		pick("macro", "Macro", macroOptions(book)),
	}}
	if len(demands) > 0 {
		bar.Picks = append(bar.Picks, pick("demand", "It was about", demands))
	}
	return bar
}

// demandOptions are the demands that requests may be closed with, for whoever closes them.
func (s *Server) demandOptions(ctx context.Context, v *visit) (out []option, err error) {
	if s.deps.Demands == nil {
		return nil, nil
	}
	register, err := s.deps.Demands.Demands(ctx, v.Actor)
	if err != nil {
		return nil, err
	}
	for _, d := range register {
		if d.Live() {
			out = append(out, option{Value: d.ID, Label: d.Title})
		}
	}
	if len(out) > 0 {
		out = append(out, option{Value: noDemand, Label: "None of these"})
	}
	return out, nil
}

// supporterOptions are the people who work on requests.
func supporterOptions(book Book) (out []option) {
	for _, p := range book.People() {
		if mayWorkRequests(people.As(p, "screen")) {
			out = append(out, option{Value: p.ID, Label: p.Name})
		}
	}
	return out
}

func priorityOptions() (out []option) {
	for _, p := range slices.Backward(desk.Priorities()) {
		out = append(out, option{Value: string(p), Label: capital(string(p))})
	}
	return out
}

func waitOptions() []option {
	return []option{{string(desk.Asker), "Whoever asked", ""}, {string(desk.Developers), "Developers", ""}, {string(desk.Others), "Somebody else", "A customer, a supplier, a date"}}
}

func outcomeOptions() (out []option) {
	for _, o := range desk.Outcomes() {
		out = append(out, option{Value: string(o), Label: outcomeWord(o)})
	}
	return out
}

func macroOptions(book Book) (out []option) {
	for _, m := range book.Macros() {
		out = append(out, option{Value: m.ID, Label: m.Title})
	}
	return out
}

// changed is the line after a bulk edit.
type changed struct {
	N    int
	Bulk string // to take it back with; empty when that is over
	Back string // the list without this line
	Not  []notDone
	Say  string // what was wrong with what was sent
}

// notDone is a request to which it could not be done, and why.
type notDone struct{ Name, Path, Why string }

// changedOf reads from the address what a bulk edit did.
func changedOf(q url.Values) *changed {
	n, err := strconv.Atoi(q.Get("changed"))
	if err != nil || n <= 0 || q.Get("bulk") == "" {
		return nil
	}
	return &changed{N: n, Bulk: q.Get("bulk"), Back: listPath(q, "", "")}
}

// deedOf reads the bulk bar. Macro and the other selects go together; the selects stand over the macro.
func (s *Server) deedOf(r *http.Request, v *visit) (d desk.Deed, err error) {
	posted := r.PostForm
	if m := posted.Get("macro"); m != "" {
		if d, err = s.deps.Requests.Macro(r.Context(), v.Actor, m); err != nil {
			return d, err
		}
	}
	if who := posted.Get("assignee"); who != "" {
		d.Assignee = &who
		switch who {
		case "me":
			d.Assignee = &v.Actor.ID
		case "nobody":
			d.Assignee = new(string)
		}
	}
	if p := desk.Priority(posted.Get("priority")); p != "" {
		d.Priority = &p
	}
	if t := posted.Get("type"); t != "" {
		d.Type = &t
	}
	if x := posted.Get("wait"); x != "" {
		d.WaitFor, d.Close = desk.Wait(x), nil
	}
	if x := posted.Get("close"); x != "" {
		d.Close, d.WaitFor = &desk.Ending{Outcome: desk.Outcome(x)}, ""
	}
	if coding := codingOf(posted); len(coding.Codes) > 0 || coding.None {
		if d.Close == nil {
			return d, fault.Wrong("bulk", "What they were about is said when they are closed. Choose Close as too, or change each by itself.")
		}
		d.Close.Coding = coding
	}
	if d == (desk.Deed{}) {
		return d, fault.Wrong("bulk", "Choose what shall be done with them: give, priority, type, wait, close or a macro.")
	}
	return d, nil
}

// bulkScreen shows what many askers will read, before they do.
type bulkScreen struct {
	head
	N      int
	Reply  string
	Does   []string
	Kept   []mistake // the fields as they go on: name and value
	Back   string
	Macro  string
	Writes string
}

// bulkRequests does one thing to the chosen requests. Words that leave the desk are shown first: sending them to many is an act of its own.
func (s *Server) bulkRequests(w http.ResponseWriter, r *http.Request, v *visit) error {
	refs := r.PostForm["pick"]
	d, err := s.deedOf(r, v)
	if err == nil && len(refs) == 0 {
		err = fault.Wrong("pick", "Choose requests first: tick them, or press x.")
	}
	if err != nil {
		return s.listAgain(w, r, v, &changed{Say: sentenceAt(err, "bulk")})
	}
	if d.Reply != "" && r.PostForm.Get("sure") == "" {
		return s.showBulk(w, r, v, d, refs)
	}
	became, err := s.deps.Requests.Bulk(r.Context(), v.Actor, refs, d)
	if err != nil {
		return err
	}
	return s.became(w, r, v, became)
}

func (s *Server) showBulk(w http.ResponseWriter, r *http.Request, v *visit, d desk.Deed, refs []string) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := bulkScreen{head: head{Title: "Answer " + plural(len(refs), "request", "requests"), Wing: "/requests", Trail: trail("Requests", "/requests", "Answer many")},
		N: len(refs), Reply: d.Reply, Does: deedWords(book, v, d), Back: inside(r.PostForm.Get("back"))}
	about, err := s.counting(r.Context(), v, nil, d.Close)
	if err != nil {
		return err
	}
	for _, o := range about {
		scr.Does = append(scr.Does, "it counts for "+o.Label)
	}
	for _, name := range []string{"assignee", "priority", "type", "wait", "close", "macro", "demand", "back", "pick"} {
		for _, value := range r.PostForm[name] {
			scr.Kept = append(scr.Kept, mistake{name, value})
		}
	}
	return s.show(w, r, v, http.StatusUnprocessableEntity, "requestbulk", scr) // 422: what Turbo takes for a screen after a form
}

// deedWords says what a deed does beside its words.
func deedWords(book Book, v *visit, d desk.Deed) (out []string) {
	if d.Assignee != nil {
		switch *d.Assignee {
		case "":
			out = append(out, "nobody has it any more")
		case v.Actor.ID:
			out = append(out, "you have it")
		default:
			out = append(out, book.Name("person", *d.Assignee)+" has it")
		}
	}
	if d.Priority != nil {
		out = append(out, "priority "+string(*d.Priority))
	}
	if d.Type != nil {
		out = append(out, "type "+book.Name("request_type", *d.Type))
	}
	if d.WaitFor != "" {
		out = append(out, "it waits for "+waitWord(d.WaitFor))
	}
	if d.Close != nil {
		out = append(out, "it is closed: "+outcomeWord(d.Close.Outcome))
	}
	return out
}

func waitWord(x desk.Wait) string {
	switch x {
	case desk.Asker:
		return "whoever asked"
	case desk.Developers:
		return "developers"
	}
	return "somebody else"
}

// became goes back to the list when all of it was done, and otherwise says what was not and why.
func (s *Server) became(w http.ResponseWriter, r *http.Request, v *visit, b desk.Became) error {
	back, err := url.Parse(inside(r.PostForm.Get("back")))
	if err != nil {
		return err
	}
	if len(b.Not) > 0 {
		c := &changed{N: len(b.Done), Bulk: b.Bulk, Back: listPath(back.Query(), "", "")}
		for _, ref := range sortedErrors(b.Not) {
			c.Not = append(c.Not, s.notDoneOf(r.Context(), v, ref, b.Not[ref]))
		}
		return s.listAgain(w, r, v, c)
	}
	q := back.Query()
	q.Del("bulk")
	q.Del("changed")
	if b.Bulk != "" {
		q.Set("changed", strconv.Itoa(len(b.Done)))
		q.Set("bulk", b.Bulk)
	}
	back.RawQuery = q.Encode()
	say := ""
	if b.Bulk == "" {
		say = plural(len(b.Done), "request is", "requests are") + " as before."
	}
	return s.done(w, r, back.RequestURI(), say)
}

func sortedErrors(not map[string]error) []string {
	var out []string
	for ref := range not {
		out = append(out, ref)
	}
	slices.Sort(out)
	return out
}

func (s *Server) notDoneOf(ctx context.Context, v *visit, ref string, why error) notDone {
	x := notDone{Name: ref, Why: fault.Sentence(why)}
	if r, err := s.deps.Requests.Request(ctx, v.Actor, ref); err == nil {
		x.Name, x.Path = r.Name()+" "+r.Title, "/requests/"+r.Name()
	}
	return x
}

// listAgain shows the list that the form came from, with what became of it, and with the same rows chosen.
func (s *Server) listAgain(w http.ResponseWriter, r *http.Request, v *visit, c *changed) error {
	back, err := url.Parse(inside(r.PostForm.Get("back")))
	if err != nil {
		return err
	}
	scr, err := s.requestList(r.Context(), v, back.Query())
	if err != nil {
		return err
	}
	for i := range scr.Rows {
		scr.Rows[i].Ticked = c.Say != "" && slices.Contains(r.PostForm["pick"], scr.Rows[i].Name)
	}
	scr.Changed, scr.Topics, scr.Here = c, nil, back.RequestURI()
	return s.show(w, r, v, http.StatusUnprocessableEntity, "requests", scr)
}

// takeBackBulk undoes a bulk edit of the person's own.
func (s *Server) takeBackBulk(w http.ResponseWriter, r *http.Request, v *visit) error {
	became, err := s.deps.Requests.TakeBack(r.Context(), v.Actor, r.PostForm.Get("bulk"))
	if err != nil {
		return err
	}
	return s.became(w, r, v, became)
}
