package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/incident"
	"frontline/people"
)

// RoomWords is what people say about an incident.
type RoomWords interface {
	WriteNote(ctx context.Context, a people.Actor, id, body string) (incident.Incident, error)
	WriteUpdate(ctx context.Context, a people.Actor, id string, d incident.Draft) (incident.Incident, error)
	// PreviewUpdate returns what Publish would publish, or its refusal.
	PreviewUpdate(ctx context.Context, a people.Actor, id string, d incident.Draft, now time.Time) (incident.Publication, error)
	Publish(ctx context.Context, a people.Actor, id string, d incident.Draft) (incident.Incident, error)
	PromiseNext(ctx context.Context, a people.Actor, id string, at time.Time) (incident.Incident, error)
}

// writeBox is where an update is written. It begins as internal; choosing public frames the whole box.
type writeBox struct {
	Form       form
	Shown      bool
	Inside     bool // internal updates can be written: the incident is open
	Public     bool // customers are chosen
	SeenInside int
	SeenPublic int
	Parts      []field // the affected components, each with its status
	More       []field // what else the status page shows
	Theirs     []said  // what somebody else said meanwhile
	Told       []string
	Zone       string
	NoPage     bool
}

func updateForm(titled bool) form {
	title := field{Name: "title", Label: "Title for customers", Hint: "In their words. It is the headline of the status page.", Autocomplete: "off", Optional: titled}
	return form{Fields: []field{
		title,
		{Name: "state", Label: "How far it is", Kind: "select", Options: wordOptions()},
		{Name: "body", Label: "What do you say?", Kind: "area"},
		{Name: "next", Label: "Next update", Kind: "radio", Value: "none", Options: nextOptions()},
		{Name: "next_at", Label: "By when", Kind: "datetime-local"},
	}}
}

func wordOptions() []option {
	var out []option
	for _, w := range incident.Words() {
		out = append(out, option{Value: string(w), Label: capital(string(w)) + ": " + publicWord(w)})
	}
	return out
}

// emptyBox is the box as it stands in the room: internal, nothing written, the rest as it would be for customers.
func emptyBox(book Book, inc incident.Incident, page incident.Published) writeBox {
	d := incident.Suggest(inc, page, inc.OpenedAt)
	box := writeBox{
		Form: updateForm(inc.Public.Title != "").with("title", d.Title).with("state", string(d.State)), Inside: inc.Open(), Public: !inc.Open(),
		Shown: inc.Open() || inc.StillPublic(), SeenInside: inc.Said, SeenPublic: inc.Public.Said, Told: stakeholders(book, inc), NoPage: !page.Exists(),
	}
	box.Parts, box.More = partFields(book, inc, page, d.Components)
	return box
}

// suggestedBox has customers chosen, and words to begin with.
func suggestedBox(v *visit, book Book, inc incident.Incident, page incident.Published) writeBox {
	box := emptyBox(book, inc, page)
	d := incident.Suggest(inc, page, v.Now)
	box.Public, box.Shown = true, true
	box.Form = box.Form.with("body", d.Body)
	if !d.NextBy.IsZero() {
		box.Form = box.Form.with("next", "60")
		if inc.Severity == incident.Critical {
			box.Form = box.Form.with("next", "30")
		}
	}
	return box
}

// with returns the form with a field's value set.
func (f form) with(name, value string) form {
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			f.Fields[i].Value = value
		}
	}
	return f
}

// stakeholders are the people whom an internal update reaches by mail.
func stakeholders(book Book, inc incident.Incident) []string {
	var out []string
	for _, id := range inc.Services {
		sv, _ := book.Service(id)
		for _, p := range sv.Stakeholders {
			if name := book.Name("person", p); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// partFields are a select for each component that the status page shows: first those that are affected.
func partFields(book Book, inc incident.Incident, page incident.Published, suggested []incident.Affected) (first, rest []field) {
	onPage := map[string]bool{}
	for _, c := range page.Shown() {
		onPage[c.ID] = true
	}
	for _, c := range book.Components() {
		if !onPage[incident.PublicID("component", c.ID)] {
			continue
		}
		f := field{Name: "status-" + c.ID, Label: c.Name, Kind: "select", Value: string(nextStatus(c.ID, inc.Public.Components, suggested))}
		if f.Value == "" {
			f.Options = append(f.Options, option{Label: "Not affected"})
		}
		for _, st := range incident.Statuses() {
			f.Options = append(f.Options, option{Value: string(st), Label: statusWord(st)})
		}
		if f.Value == "" {
			rest = append(rest, f)
		} else {
			first = append(first, f)
		}
	}
	return first, rest
}

// nextStatus is what a component's select begins with: what customers were told, unless it works again; what is suggested when they were told
// nothing.
func nextStatus(id string, told, suggested []incident.Affected) incident.Status {
	of := func(all []incident.Affected) incident.Status {
		for _, a := range all {
			if a.Component == id {
				return a.Status
			}
		}
		return ""
	}
	before, next := of(told), of(suggested)
	if before == "" || next == incident.Operational {
		return next
	}
	return before
}

// written reads the box as it was posted.
func (s *Server) written(v *visit, posted url.Values) (incident.Draft, error) {
	d := incident.Draft{Body: posted.Get("body")}
	var err error
	d.NextBy, err = nextBy(v, posted.Get("next"), posted.Get("next_at"))
	if posted.Get("audience") != "public" {
		d.Seen = seenOf(posted, "seen_inside")
		return d, err
	}
	d.Seen = seenOf(posted, "seen_public")
	d.Title, d.State = posted.Get("title"), incident.Word(posted.Get("state"))
	for name := range posted {
		if id, ok := strings.CutPrefix(name, "status-"); ok && posted.Get(name) != "" {
			d.Components = append(d.Components, incident.Affected{Component: id, Status: incident.Status(posted.Get(name))})
		}
	}
	slices.SortFunc(d.Components, func(a, b incident.Affected) int { return strings.Compare(a.Component, b.Component) })
	return d, err
}

// seenOf is how many updates the writer knew of; one who does not say knows of all.
func seenOf(posted url.Values, name string) int {
	n, err := strconv.Atoi(posted.Get(name))
	if err != nil {
		return -1
	}
	return n
}

// writeUpdate sends an internal update. A public one is shown first as customers will read it: publishing is an act of its own.
func (s *Server) writeUpdate(w http.ResponseWriter, r *http.Request, v *visit) error {
	if r.PostForm.Get("change") != "" {
		return s.boxAgain(w, r, v, nil)
	}
	d, err := s.written(v, r.PostForm)
	switch {
	case err != nil:
		return s.boxAgain(w, r, v, err)
	case r.PostForm.Get("audience") == "public":
		return s.confirm(w, r, v, d, "publish")
	}
	inc, err := s.deps.Rooms.WriteUpdate(r.Context(), v.Actor, r.PathValue("ref"), d)
	if err != nil {
		return s.boxAgain(w, r, v, err)
	}
	say := "Internal update " + number(inc.Said) + " is sent."
	if book, failed := s.deps.Book(r.Context()); failed == nil {
		say += " " + plural(len(stakeholders(book, inc)), "stakeholder gets", "stakeholders get") + " it by mail."
	}
	return s.done(w, r, "/incidents/"+inc.Name(), say)
}

// publishUpdate makes an update public, from the screen that showed it.
func (s *Server) publishUpdate(w http.ResponseWriter, r *http.Request, v *visit) error {
	r.PostForm.Set("audience", "public")
	d, err := s.written(v, r.PostForm)
	if err != nil {
		return s.boxAgain(w, r, v, err)
	}
	inc, err := s.deps.Rooms.Publish(r.Context(), v.Actor, r.PathValue("ref"), d)
	if err != nil {
		return s.boxAgain(w, r, v, err)
	}
	return s.done(w, r, "/incidents/"+inc.Name(), "Published: customers read update "+number(inc.Public.Said)+" of "+inc.Name()+" now.")
}

// boxAgain shows the room with the box as it was written. When somebody else has written meanwhile, theirs is shown above it, and the next
// try is compared with what is there now.
func (s *Server) boxAgain(w http.ResponseWriter, r *http.Request, v *visit, err error) error {
	status, f, ok := http.StatusOK, form{}, true
	if err != nil {
		status = formStatus(err)
		if _, ok = f.refused(err); !ok {
			return err
		}
	}
	public := r.PostForm.Get("audience") == "public"
	return s.room(w, r, v, status, func(scr *roomScreen, room incident.Room, page incident.Published, book Book) {
		inc := room.Incident
		scr.Box = emptyBox(book, inc, page)
		scr.Box.Shown, scr.Box.Public = true, public || !inc.Open()
		scr.Box.typed(v, r.PostForm)
		if err != nil {
			scr.Box.Form, _ = scr.Box.Form.refused(err)
		}
		if fault.Is(err, fault.Conflict) {
			scr.Box.Theirs = meanwhile(v, book, room, r.PostForm, public)
		}
	})
}

// typed puts what was posted into the box.
func (b *writeBox) typed(v *visit, posted url.Values) {
	if at, err := time.Parse(time.RFC3339, posted.Get("next_at")); err == nil { // as the screen before publishing sends it
		posted.Set("next_at", at.In(v.Zone).Format(timeInput))
	}
	b.Form = b.Form.typed(posted)
	for _, fields := range [][]field{b.Parts, b.More} {
		for i := range fields {
			if posted.Has(fields[i].Name) {
				fields[i].Value = posted.Get(fields[i].Name)
			}
		}
	}
}

// meanwhile is what was said to the same readers after the writer had begun.
func meanwhile(v *visit, book Book, room incident.Room, posted url.Values, public bool) []said {
	name, to := "seen_inside", incident.Internal
	if public {
		name, to = "seen_public", incident.ForCustomers
	}
	var out []said
	for _, u := range slices.Backward(room.Updates) {
		if u.Audience == to && u.N > seenOf(posted, name) {
			x := saidUpdate(v, book, u)
			x.ID = ""
			out = append(out, x)
		}
	}
	return out
}

// confirmScreen shows exactly what customers will read, before they can.
type confirmScreen struct {
	head
	Ref     string
	Name    string
	Action  string // where it goes: "publish" or "resolve"
	Back    string // where it is changed: "updates" or "resolve"
	Reads   newsView
	Page    string
	Parts   []partView
	Warns   []note
	Kept    []mistake // the fields as they go on: name and value
	Address string
}

// confirm shows the draft as customers will read it. The moment of the next update is fixed here: what is shown is what goes out.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request, v *visit, d incident.Draft, action string) error {
	pub, err := s.deps.Rooms.PreviewUpdate(r.Context(), v.Actor, r.PathValue("ref"), d, v.Now)
	if err != nil && action == "resolve" {
		return s.resolveAgain(w, r, v, err)
	}
	if err != nil {
		return s.boxAgain(w, r, v, err)
	}
	inc, err := s.deps.Rooms.Incident(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	name := inc.Name()
	scr := confirmScreen{
		head: head{Title: "Publish to customers", Wing: "/incidents", Trail: trail("Incidents", "/incidents", name, "/incidents/"+name, "Publish to customers")},
		Ref:  name, Name: inc.Title, Action: action, Back: "updates", Page: pub.Page.Name, Address: pub.Page.URL,
	}
	if action == "resolve" {
		scr.Back = "resolve"
	}
	news := *pub.Incident
	news.Updates = []incident.PublishedUpdate{*pub.Update}
	scr.Reads = newsOf(news, v.Now.In(pub.Page.Location()))
	for _, c := range pub.Update.Affected {
		scr.Parts = append(scr.Parts, partView{Name: c.Name, State: statusState(c.New)})
	}
	scr.Warns = warnings(d)
	scr.Kept = keptFields(r.PostForm, d)
	return s.show(w, r, v, http.StatusOK, "publish", scr)
}

func warnings(d incident.Draft) []note {
	var out []note
	if d.NextBy.IsZero() && d.State != incident.WordResolved {
		out = append(out, newNote("warning", "clock", "No next update is promised", "Customers will not know how long they have to wait for news."))
	}
	if len(d.Components) == 0 && d.State != incident.WordResolved {
		out = append(out, newNote("warning", "warning", "No component is affected", "The status page will go on to say that every part works."))
	}
	return out
}

// keptFields are the posted fields, with the promise as the moment that is shown.
func keptFields(posted url.Values, d incident.Draft) []mistake {
	var out []mistake
	for name, values := range posted {
		if name == "next" || name == "next_at" || name == "confirmed" || name == "change" {
			continue
		}
		out = append(out, mistake{name, values[0]})
	}
	slices.SortFunc(out, func(a, b mistake) int { return strings.Compare(a.ID, b.ID) })
	if d.NextBy.IsZero() {
		return append(out, mistake{"next", "none"})
	}
	return append(out, mistake{"next", "at"}, mistake{"next_at", d.NextBy.Format(time.RFC3339)})
}

func noteForm() form {
	return form{Fields: []field{{Name: "body", Label: "Note for the timeline", Hint: "Nobody is told. Everybody who opens the incident reads it.", Kind: "area"}}}
}

func (s *Server) writeNote(w http.ResponseWriter, r *http.Request, v *visit) error {
	inc, err := s.deps.Rooms.WriteNote(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("body"))
	if err == nil {
		return s.done(w, r, "/incidents/"+inc.Name(), "The note is on the timeline.")
	}
	f, ok := noteForm().typed(r.PostForm).refused(err)
	if !ok {
		return err
	}
	return s.room(w, r, v, formStatus(err), func(scr *roomScreen, _ incident.Room, _ incident.Published, _ Book) { scr.Note = f })
}

type resolveScreen struct {
	head
	Ref     string
	Name    string
	Form    form
	Tell    string // "yes" or "no"
	CanTell bool
	Seen    int
	Follows []string // what happens then
	Warns   []note
	Told    state
}

func (s *Server) showResolve(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.resolve(w, r, v, http.StatusOK, nil)
}

// resolve shows how an incident is ended: what follows from it, and what customers are told with it.
func (s *Server) resolve(w http.ResponseWriter, r *http.Request, v *visit, status int, finish func(*resolveScreen)) error {
	inc, err := s.deps.Rooms.Incident(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	page, err := s.deps.Status.Published(r.Context(), time.Time{})
	if err != nil {
		return err
	}
	groups, err := s.groupsOf(r.Context(), v, inc)
	if err != nil {
		return err
	}
	scr := resolveScreenOf(v, book, inc, page)
	for _, g := range groups {
		if g.State != alert.Over {
			scr.Warns = append(scr.Warns, newNote("warning", "alert", g.Short()+" has not ended", g.Title+". If it is not over, somebody is paged again."))
		}
	}
	if finish != nil {
		finish(&scr)
	}
	return s.show(w, r, v, status, "resolve", scr)
}

func resolveScreenOf(v *visit, book Book, inc incident.Incident, page incident.Published) resolveScreen {
	name := inc.Name()
	after := inc
	after.State = incident.Resolved
	d := incident.Suggest(after, page, v.Now)
	scr := resolveScreen{
		head: head{Title: "Resolve " + name, Wing: "/incidents", Trail: trail("Incidents", "/incidents", name, "/incidents/"+name, "Resolve")},
		Ref:  name, Name: inc.Title, Tell: "no", CanTell: page.Exists() && people.May(v.Actor, people.PublishUpdate, people.Subject{Kind: "incident", ID: inc.ID}) == nil,
		Form: updateForm(inc.Public.Title != "").with("title", d.Title).with("body", d.Body), Seen: inc.Public.Said,
	}
	if inc.Public.State != "" && inc.Public.State != incident.WordResolved {
		scr.Tell = "yes"
	}
	who := stakeholders(book, inc)
	switch len(who) {
	case 0:
		scr.Follows = append(scr.Follows, "Nobody is told by mail: no affected service has stakeholders.")
	default:
		scr.Follows = append(scr.Follows, strings.Join(who, ", ")+" "+map[bool]string{true: "is", false: "are"}[len(who) == 1]+" told by mail.")
	}
	scr.Follows = append(scr.Follows, "The post-mortem is drafted, with the timeline and the figures already in it.",
		"The list of customers hurt is kept as it is now: "+plural(len(inc.Customers), "customer", "customers")+".")
	return scr
}

// resolveIncident ends the incident, after a look at what customers will read when they are told with it.
func (s *Server) resolveIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	if r.PostForm.Get("change") != "" {
		return s.resolveAgain(w, r, v, nil)
	}
	var say *incident.Draft
	if r.PostForm.Get("tell") == "yes" {
		d := incident.Draft{Title: r.PostForm.Get("title"), Body: r.PostForm.Get("body"), Seen: seenOf(r.PostForm, "seen_public"), State: incident.WordResolved}
		if r.PostForm.Get("confirmed") == "" {
			return s.confirm(w, r, v, d, "resolve")
		}
		say = &d
	}
	inc, err := s.deps.Rooms.Resolve(r.Context(), v.Actor, r.PathValue("ref"), say)
	if err != nil {
		return s.resolveAgain(w, r, v, err)
	}
	told := inc.Name() + " is resolved. Its stakeholders are being told, and the post-mortem is drafted."
	if say != nil {
		told = inc.Name() + " is resolved, and customers read so. The post-mortem is drafted."
	}
	return s.done(w, r, "/incidents/"+inc.Name(), told)
}

func (s *Server) resolveAgain(w http.ResponseWriter, r *http.Request, v *visit, err error) error {
	status := http.StatusOK
	if err != nil {
		status = formStatus(err)
		if _, ok := (form{}).refused(err); !ok {
			return err
		}
	}
	return s.resolve(w, r, v, status, func(scr *resolveScreen) {
		scr.Form = scr.Form.typed(r.PostForm)
		scr.Tell = r.PostForm.Get("tell")
		if err != nil {
			scr.Form, _ = scr.Form.refused(err)
		}
	})
}
