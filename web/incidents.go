package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/incident"
	"frontline/people"
)

// Rooms is where the screens read incidents, and where one begins.
type Rooms interface {
	RoomEdits
	RoomWords
	RoomEnds
	RoomHarm
	// Incidents returns those that the filter names, newest first.
	Incidents(ctx context.Context, a people.Actor, f incident.Filter) ([]incident.Incident, error)
	// Incident returns one by its id or its name ("INC-31").
	Incident(ctx context.Context, a people.Actor, id string) (incident.Incident, error)
	Room(ctx context.Context, a people.Actor, id string) (incident.Room, error)
	Declare(ctx context.Context, a people.Actor, d incident.Declaration) (incident.Incident, error)
}

type incidentsScreen struct {
	head
	Tabs     []tab
	Open     []incidentRow
	OpenSay  string // which open ones these are: "3 incidents, the worst first"
	MoreOpen bool   // there are more than those
	Over     []incidentRow
	ShowAll  bool // both lists; otherwise only the one of the tab
	View     string
	Pager    pager
	Blank    blank
	Declare  bool // the person may declare one
}

type incidentRow struct {
	Severity state
	Name     string
	Path     string
	Title    string
	Small    string
	State    state
	Promise  state // the next update; empty when none is promised
	At       moment
	Took     string
}

// incidentViews are the tabs of the list, by their word in the address.
func incidentViews() []struct{ word, label string } {
	return []struct{ word, label string }{{"", "All"}, {"open", "Open"}, {"resolved", "Resolved"}}
}

// On the first screen stand so many of the open incidents, and below them so many of the resolved ones.
const (
	worstOpen    = 25
	recentlyOver = 15
)

func (s *Server) showIncidents(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := incidentsScreen{
		head: head{Title: "Incidents", Wing: "/incidents", Topics: topics("incident", "")},
		View: r.URL.Query().Get("view"), Declare: people.May(v.Actor, people.DeclareIncident, people.Subject{}) == nil,
	}
	scr.Tabs = incidentTabs(scr.View)
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // nonsense shows the newest
	switch scr.View {
	case "open":
		scr.Open, err = s.incidentPage(r.Context(), v, book, before, &scr)
		scr.OpenSay = "the newest first"
	case "resolved":
		scr.Over, err = s.incidentPage(r.Context(), v, book, before, &scr)
	default:
		err = s.incidentsNow(r.Context(), v, book, &scr)
	}
	if err != nil {
		return err
	}
	scr.Blank = noIncidents(scr)
	return s.show(w, r, v, http.StatusOK, "incidents", scr)
}

// incidentPage returns one page of the view's incidents, newest first.
func (s *Server) incidentPage(ctx context.Context, v *visit, book Book, before int64, scr *incidentsScreen) ([]incidentRow, error) {
	found, err := s.deps.Rooms.Incidents(ctx, v.Actor, incident.Filter{State: scr.View, Before: before, Limit: pageSize + 1})
	if err != nil {
		return nil, err
	}
	more := len(found) > pageSize
	found = found[:min(len(found), pageSize)]
	scr.Pager = pager{Of: scr.View + " incidents", Say: plural(len(found), "incident", "incidents") + " shown"}
	if more {
		scr.Pager.Older = "/incidents?" + url.Values{"view": {scr.View}, "before": {strconv.FormatInt(found[len(found)-1].Number, 10)}}.Encode()
	}
	if before > 0 {
		scr.Pager.Newer = "/incidents?view=" + scr.View
	}
	return incidentRows(v, book, found), nil
}

// incidentsNow fills the first screen: what is open, the worst first and the newest of equals first, and what was resolved lately.
func (s *Server) incidentsNow(ctx context.Context, v *visit, book Book, scr *incidentsScreen) error {
	open, err := s.deps.Rooms.Incidents(ctx, v.Actor, incident.Filter{State: "open", Limit: 200})
	if err != nil {
		return err
	}
	over, err := s.deps.Rooms.Incidents(ctx, v.Actor, incident.Filter{State: "resolved", Limit: recentlyOver})
	if err != nil {
		return err
	}
	slices.SortStableFunc(open, func(a, b incident.Incident) int {
		return slices.Index(incident.Severities(), a.Severity) - slices.Index(incident.Severities(), b.Severity)
	})
	scr.OpenSay = plural(len(open), "incident", "incidents") + ", the worst first"
	if scr.MoreOpen = len(open) > worstOpen; scr.MoreOpen {
		open, scr.OpenSay = open[:worstOpen], fmt.Sprintf("the worst %d", worstOpen)
	}
	scr.Open, scr.Over = incidentRows(v, book, open), incidentRows(v, book, over)
	return nil
}

func incidentRows(v *visit, book Book, found []incident.Incident) []incidentRow {
	var out []incidentRow
	for _, i := range found {
		out = append(out, incidentRowOf(v, book, i))
	}
	return out
}

func incidentTabs(view string) []tab {
	var out []tab
	for _, x := range incidentViews() {
		path := "/incidents"
		if x.word != "" {
			path += "?view=" + x.word
		}
		out = append(out, tab{link: link{Word: x.label, Path: path}, N: -1, Here: x.word == view})
	}
	return append(out, tab{link: link{Word: "Post-mortems", Path: "/postmortems"}, N: -1})
}

func noIncidents(scr incidentsScreen) blank {
	if scr.View == "resolved" {
		return newBlank("No incident was resolved yet", "Here is looked up what was broken before, and what was learnt from it.", "See open incidents", "/incidents")
	}
	return newBlank("Nothing is broken, as far as we know", "Declare an incident as soon as several people have to know of the same disturbance, alert or not. Everybody in the company may.", "Declare an incident", "/incidents/new")
}

func incidentRowOf(v *visit, book Book, i incident.Incident) incidentRow {
	row := incidentRow{Severity: severityOf(i.Severity), Name: i.Name(), Path: "/incidents/" + i.Name(), Title: i.Title, At: v.at(i.DetectedAt), State: stateOf(i.State)}
	var small []string
	for _, id := range i.Services {
		small = append(small, book.Name("service", id))
	}
	switch {
	case i.Lead != "":
		small = append(small, book.Name("person", i.Lead)+" leads")
	case i.Open():
		small = append(small, "nobody leads")
	}
	row.Small = strings.Join(small, ", ")
	if !i.Open() {
		row.At, row.Took = v.at(i.ResolvedAt), duration(i.ResolvedAt.Sub(i.DetectedAt).Truncate(time.Minute))
		if i.StillPublic() {
			row.Promise = newState("warning", "Still open for customers", "globe")
		}
		return row
	}
	if p, ok := i.Promise(); ok {
		row.Promise = promiseState(v, p)
	}
	return row
}

func promiseState(v *visit, p incident.Promise) state {
	at := v.at(p.At)
	switch p.Face(v.Now) {
	case incident.Broken:
		return newState("critical", "Update "+at.Left()+" late", "clock")
	case incident.Soon:
		return newState("warning", "Update in "+at.Left(), "clock")
	}
	return newState("calm", "Update in "+at.Left(), "clock")
}

func severityOf(s incident.Severity) state {
	switch s {
	case incident.Critical:
		return newState("critical", "Critical")
	case incident.Major:
		return newState("warning", "Major")
	}
	return newState("calm", "Minor", "info")
}

func stateOf(s incident.State) state {
	switch s {
	case incident.Resolved:
		return newState("ok", "Resolved")
	case incident.Monitoring:
		return newState("calm", stateWord(s), "pulse")
	}
	return newState("calm", stateWord(s), "incident")
}

// stateWord is a state as people say it, with an upper-case letter.
func stateWord(s incident.State) string {
	word := string(s)
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

type declareScreen struct {
	head
	Form     form
	Services []pick
	Request  link // that it is declared from; the request becomes a part of it
}

// pick is one of several things that can be ticked.
type pick struct {
	Value, Label, Hint string
	Ticked             bool
}

func declareForm() form {
	return form{Fields: []field{
		{Name: "title", Label: "What is broken?", Hint: "One line, as you would say it to a colleague. It can be changed later.", Autocomplete: "off", Focus: true},
		{Name: "severity", Label: "How bad is it?", Kind: "radio", Value: string(incident.Major), Options: []option{
			{string(incident.Critical), "Critical", "Customers cannot use a part of the product"},
			{string(incident.Major), "Major", "They can, but it fails often or is slow"},
			{string(incident.Minor), "Minor", "A few notice, or nobody yet"},
		}},
	}}
}

func (s *Server) declareScreen(ctx context.Context, f form, services []string) (declareScreen, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return declareScreen{}, err
	}
	scr := declareScreen{head: head{Title: "Declare an incident", Wing: "/incidents", Trail: trail("Incidents", "/incidents", "Declare an incident")}, Form: f}
	for _, x := range book.Services() {
		scr.Services = append(scr.Services, servicePick(book, x.ID, services))
	}
	return scr, nil
}

func servicePick(book Book, id string, ticked []string) pick {
	x, _ := book.Service(id)
	p := pick{Value: id, Label: x.Name, Ticked: slices.Contains(ticked, id)}
	switch told := len(x.Stakeholders); told {
	case 0:
		p.Hint = "nobody is told by mail"
	default:
		p.Hint = plural(told, "stakeholder is", "stakeholders are") + " told by mail"
	}
	if n := len(customersOf(book, x)); n > 0 {
		p.Hint += fmt.Sprintf(", %s on it", plural(n, "customer", "customers"))
	}
	return p
}

func (s *Server) showDeclare(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := declareForm()
	from, title, err := s.declaredFrom(r.Context(), v, r.URL.Query().Get("request"))
	if err != nil {
		return err
	}
	if title != "" {
		f = f.with("title", title)
	}
	scr, err := s.declareScreen(r.Context(), f, r.URL.Query()["service"])
	if err != nil {
		return err
	}
	scr.Request = from
	return s.show(w, r, v, http.StatusOK, "declare", scr)
}

// declaredFrom is the request that an incident is declared from, and its title; nothing when it is declared by itself.
func (s *Server) declaredFrom(ctx context.Context, v *visit, ref string) (link, string, error) {
	if ref == "" {
		return link{}, "", nil
	}
	r, err := s.deps.Requests.Request(ctx, v.Actor, ref)
	return link{Word: r.Name(), Path: "/requests/" + r.Name()}, r.Title, err
}

func (s *Server) declare(w http.ResponseWriter, r *http.Request, v *visit) error {
	f := declareForm().typed(r.PostForm)
	from, _, err := s.declaredFrom(r.Context(), v, r.PostForm.Get("request"))
	if err != nil {
		return err
	}
	d := incident.Declaration{Title: f.Field("title").Value, Severity: incident.Severity(f.Field("severity").Value), Services: r.PostForm["service"]}
	inc, err := s.deps.Rooms.Declare(r.Context(), v.Actor, d)
	if err != nil {
		return s.again(w, r, v, "declare", f, err, func(f form) (screen, error) {
			scr, err := s.declareScreen(r.Context(), f, d.Services)
			scr.Request = from
			return scr, err
		})
	}
	if from.Path != "" {
		if _, err := s.deps.Requests.PartOf(r.Context(), v.Actor, from.Word, inc.ID); unseen(err) != nil { // a bystander declares it all the same
			return err
		}
	}
	say := inc.Name() + " is open."
	if len(inc.Told) > 0 {
		say += " " + plural(len(inc.Told), "stakeholder is", "stakeholders are") + " being told."
	}
	return s.done(w, r, "/incidents/"+inc.Name(), say)
}
