package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// RequestTriage is what is decided about a request that has just come in.
type RequestTriage interface {
	Accept(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Decline(ctx context.Context, a people.Actor, ref, reason string) (desk.Request, error)
	Snooze(ctx context.Context, a people.Actor, ref string, until time.Time) (desk.Request, error)
	DuplicateOf(ctx context.Context, a people.Actor, ref, other string) (desk.Request, error)
	NotDuplicate(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
}

// triageScreen is the inbox: one request after the other, four keys.
type triageScreen struct {
	head
	Tabs  []tab
	Rows  []triageRow
	Say   string
	One   *triageCard
	Blank blank
}

type triageRow struct {
	requestRow
	Here bool
	Open string // its address in the inbox
}

// triageCard is the request that is decided about.
type triageCard struct {
	requestRow
	Next    string // where one goes on
	Facts   []fact
	Talk    []talk
	Alike   []option // that it may be a duplicate of
	Snooze  []option
	Form    form
	Opened  string // the form that is open: what was refused
	Version int64
}

func (s *Server) showTriage(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.triage(w, r, v, http.StatusOK, r.URL.Query().Get("at"), nil)
}

// triage shows the inbox at a request, or at the first one.
func (s *Server) triage(w http.ResponseWriter, r *http.Request, v *visit, status int, at string, finish func(*triageCard)) error {
	ctx := r.Context()
	book, err := s.deps.Book(ctx)
	if err != nil {
		return err
	}
	f := inTriage()
	f.Order, f.Limit = desk.ByDue, pageSize
	found, err := s.deps.Requests.Requests(ctx, v.Actor, f)
	if err != nil {
		return err
	}
	scr := triageScreen{head: head{Title: "Triage", Wing: "/requests", Trail: trail("Requests", "/requests", "Triage"), Topics: topics("request", "")},
		Blank: newBlank("Nothing waits for triage", "What comes in appears here, oldest promise first. Accept it, say that it is a duplicate, decline it or snooze it: one key each.", "See what is open", "/requests")}
	if scr.Tabs, err = s.requestTabs(ctx, v, "triage", false); err != nil {
		return err
	}
	rows, err := s.rowsOf(ctx, v, book, found)
	if err != nil {
		return err
	}
	here := max(slices.IndexFunc(found, func(x desk.Request) bool { return x.Name() == at }), 0)
	for i, row := range rows {
		scr.Rows = append(scr.Rows, triageRow{row, i == here, triagePath(row.Name)})
	}
	if len(found) > 0 {
		if scr.One, err = s.triageCard(ctx, v, book, found, here, rows[here]); err != nil {
			return err
		}
		scr.Say = plural(len(found), "waits", "wait")
	}
	if finish != nil && scr.One != nil {
		finish(scr.One)
		scr.Topics = nil
	}
	return s.show(w, r, v, status, "triage", scr)
}

func triagePath(name string) string { return "/requests/triage?" + url.Values{"at": {name}}.Encode() }

func (s *Server) triageCard(ctx context.Context, v *visit, book Book, all []desk.Request, here int, row requestRow) (*triageCard, error) {
	r := all[here]
	c, err := s.deps.Requests.Conversation(ctx, v.Actor, r.ID)
	if err != nil {
		return nil, err
	}
	card := &triageCard{requestRow: row, Next: "/requests/triage", Facts: askedFacts(book, r), Talk: talkOf(v, book, c, nil, true), Snooze: snoozeOptions(v), Version: r.Version}
	if here+1 < len(all) {
		card.Next = triagePath(all[here+1].Name())
	}
	card.Alike, err = s.alike(ctx, v, r)
	return card, err
}

// alikeShown is how many requests one may choose from when one says that something is a duplicate.
const alikeShown = 6

// alike are open requests that it may be a duplicate of: those that are like it, then others of the same customer or service.
func (s *Server) alike(ctx context.Context, v *visit, r desk.Request) ([]option, error) {
	near, err := s.deps.Requests.Similar(ctx, v.Actor, r.ID, alikeShown)
	if err != nil {
		return nil, err
	}
	f := desk.Filter{States: unfinished(), Customer: r.Customer, Limit: alikeShown + 1}
	if r.Customer == "" {
		f.Service, f.Type = r.Service, r.Type
	}
	found, err := s.deps.Requests.Requests(ctx, v.Actor, f)
	if err != nil {
		return nil, err
	}
	var out []option
	add := func(x desk.Request, why string) {
		known := slices.ContainsFunc(out, func(o option) bool { return o.Value == x.Name() })
		if x.ID != r.ID && x.Open() && !known && len(out) < alikeShown {
			out = append(out, option{Value: x.Name(), Label: x.Name() + " " + x.Title, Hint: requestState(v, x).Word + ", " + v.at(x.ReceivedAt).Ago() + why})
		}
	}
	for _, n := range near {
		why := ""
		if len(n.Because) > 0 {
			why = ", because of: " + strings.Join(n.Because, ", ")
		}
		add(n.Request, why)
	}
	for _, x := range found {
		add(x, "")
	}
	return out, nil
}

// snoozeOptions are the usual times at which a request comes back.
func snoozeOptions(v *visit) []option {
	var out []option
	for _, x := range []struct{ word, label string }{{"1h", "In 1 hour"}, {"morning", "Tomorrow morning"}, {"monday", "Monday"}} {
		at, _ := snoozeUntil(v, url.Values{"until": {x.word}}) // its words are known
		out = append(out, option{x.word, x.label, v.at(at).Hour()})
	}
	return out
}

// morning is when people are back at work.
const morning = 9

// snoozeUntil reads the choice.
func snoozeUntil(v *visit, posted url.Values) (time.Time, error) {
	local := v.Now.In(v.Zone)
	in := func(days int) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day()+days, morning, 0, 0, 0, v.Zone)
	}
	switch posted.Get("until") {
	case "1h":
		return v.Now.Add(time.Hour), nil
	case "morning":
		return in(1), nil
	case "monday":
		return in(7 - (int(local.Weekday())+6)%7), nil
	}
	at, err := time.ParseInLocation(timeInput, posted.Get("at"), v.Zone)
	if err != nil {
		return at, fault.Wrong("until", "Choose when it shall come back.")
	}
	return at, nil
}

// askedFacts are what a request is about, and what its form asked for.
func askedFacts(book Book, r desk.Request) []fact {
	var out []fact
	add := func(name, value, path string) {
		if value != "" {
			out = append(out, fact{Name: name, Value: value, Path: path})
		}
	}
	kind, known := book.RequestType(r.Type)
	if known {
		add("Type", kind.Title, "")
	}
	if r.Customer != "" {
		add("Customer", book.Name("customer", r.Customer), "/requests?"+url.Values{"customer": {r.Customer}, "view": {"open"}}.Encode())
	}
	if r.Service != "" {
		add("Service", book.Name("service", r.Service), "/requests?"+url.Values{"service": {r.Service}, "view": {"open"}}.Encode())
	}
	add("Team", teamName(book, r.Team), "")
	return append(out, formFacts(book, kind, r)...)
}

func teamName(book Book, id string) string {
	if id == "" {
		return ""
	}
	return book.Name("team", id)
}

// refusedDeed shows the screen that a deed came from again, with the sentence at its form: the inbox or the request.
func (s *Server) refusedDeed(w http.ResponseWriter, r *http.Request, v *visit, which string, f form, err error) error {
	f, ok := f.typed(r.PostForm).refused(err)
	if !ok {
		return err
	}
	if strings.HasPrefix(r.PostForm.Get("back"), "/requests/triage") {
		return s.triage(w, r, v, formStatus(err), r.PathValue("ref"), func(c *triageCard) { c.Form, c.Opened = f, which })
	}
	return s.request(w, r, v, formStatus(err), func(scr *requestScreen) {
		scr.Deeds.Form, scr.Deeds.Opened, scr.Refused = f, which, &refusal{Say: f.Say}
	})
}

// requestDone goes on after a deed: where its form says, or to the request.
func (s *Server) requestDone(w http.ResponseWriter, r *http.Request, req desk.Request, say string) error {
	to := r.PostForm.Get("back")
	if to == "" {
		to = "/requests/" + req.Name()
	}
	return s.done(w, r, to, req.Name()+" "+say)
}

func (s *Server) acceptRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.Accept(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return s.refusedDeed(w, r, v, "accept", form{}, err)
	}
	return s.requestDone(w, r, req, "is accepted.")
}

func declineForm() form {
	return form{Fields: []field{{Name: "reason", Label: "Why not?", Hint: "Whoever asked reads exactly this.", Kind: "area"}}}
}

func (s *Server) declineRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.Decline(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("reason"))
	if err != nil {
		return s.refusedDeed(w, r, v, "decline", declineForm(), err)
	}
	return s.requestDone(w, r, req, "is declined. Whoever asked is being told why.")
}

func snoozeForm() form {
	return form{Fields: []field{{Name: "until", Label: "Until when?"}, {Name: "at", Label: "Another time", Kind: "datetime-local"}}}
}

func (s *Server) snoozeRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	until, err := snoozeUntil(v, r.PostForm)
	var req desk.Request
	if err == nil {
		req, err = s.deps.Requests.Snooze(r.Context(), v.Actor, r.PathValue("ref"), until)
	}
	if err != nil {
		return s.refusedDeed(w, r, v, "snooze", snoozeForm(), err)
	}
	return s.requestDone(w, r, req, "comes back "+v.at(until).Hour()+", or when whoever asked writes again.")
}

func duplicateForm() form {
	return form{Fields: []field{{Name: "of", Label: "Of which request?", Hint: "Its number, such as R-1042.", Autocomplete: "off"}}}
}

func (s *Server) duplicateRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	of := firstOf(r.PostForm["of"])
	req, err := s.deps.Requests.DuplicateOf(r.Context(), v.Actor, r.PathValue("ref"), of)
	if err != nil {
		return s.refusedDeed(w, r, v, "duplicate", duplicateForm(), err)
	}
	return s.requestDone(w, r, req, "is a duplicate of "+of+" now. Its asker gets the answers too.")
}

// firstOf is the first value that says something: what was typed stands over what was chosen.
func firstOf(values []string) string {
	for _, x := range slices.Backward(values) {
		if x = strings.TrimSpace(x); x != "" {
			if name, ok := requestNamed(x); ok {
				return name
			}
			return x
		}
	}
	return ""
}

func (s *Server) notDuplicateRequest(w http.ResponseWriter, r *http.Request, v *visit) error {
	req, err := s.deps.Requests.NotDuplicate(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.requestDone(w, r, req, "stands for itself again.")
}
