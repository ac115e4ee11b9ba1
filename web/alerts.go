package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"frontline/action"
	"frontline/alert"
	"frontline/fault"
	"frontline/incident"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// Alerts is where the screens read alerts.
type Alerts interface {
	Matters
	Groups(ctx context.Context, q alert.Query) ([]alert.Group, error)
	CountGroups(ctx context.Context) (alert.Counts, error)
	GroupNumbered(ctx context.Context, n int64) (alert.Group, error)
	GroupOfAlert(ctx context.Context, n int64) (alert.Group, error)
	Body(ctx context.Context, id string) ([]byte, error)
}

// Handling is what people do with alerts.
type Handling interface {
	Acknowledge(ctx context.Context, a people.Actor, group string) (alert.Group, error)
	Resolve(ctx context.Context, a people.Actor, group string) (alert.Group, error)
}

// Paging is what the screens know of pages.
type Paging interface {
	Answers
	PagesAbout(ctx context.Context, a people.Actor, about journal.Subject) ([]oncall.Page, error)
}

// Incidents is what an alert's screen asks of incidents.
type Incidents interface {
	// IncidentOf returns the open incident that a group belongs to, otherwise the last one; false when there is none.
	IncidentOf(ctx context.Context, a people.Actor, group string) (incident.Incident, bool, error)
	// OpenFromGroup opens the group's incident, or returns the one that is open.
	OpenFromGroup(ctx context.Context, a people.Actor, group string) (incident.Incident, error)
}

// Journal is where the screens read what happened.
type Journal interface {
	JournalOf(ctx context.Context, subjects []journal.Subject, limit int) ([]journal.Entry, error)
	JournalPage(ctx context.Context, before journal.Entry, verb, actor string, limit int) ([]journal.Entry, error)
}

const pageSize = 50

type alertsScreen struct {
	head
	Service string // of which alone they are; empty for all
	Here    string
	Tabs    []tab
	Rows    []alertRow
	Pager   pager
	Blank   blank
}

// tab is one of several views of a list.
type tab struct {
	link
	N    int // how many; not shown when negative
	Here bool
}

type alertRow struct {
	State   state
	No      string
	Path    string
	Title   string
	Small   string
	At      moment
	CanTake bool
}

// Shown is how many, as far as anybody counts.
func (t tab) Shown() string {
	if t.N >= mostCounted {
		return "99+"
	}
	return number(t.N)
}

// views are the tabs of the list, by their word in the address.
func views() []struct{ word, label string } {
	return []struct{ word, label string }{{"live", "Live"}, {"unrouted", "Unrouted"}, {"resolved", "Resolved"}, {"all", "All"}}
}

func (s *Server) showAlerts(w http.ResponseWriter, r *http.Request, v *visit) error {
	view, service := cmp.Or(r.URL.Query().Get("view"), "live"), r.URL.Query().Get("service")
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // nonsense shows the newest
	groups, err := s.deps.Alerts.Groups(r.Context(), query(view, service, before))
	if err != nil {
		return err
	}
	counts, err := s.deps.Alerts.CountGroups(r.Context())
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := alertsScreen{head: head{Title: "Alerts", Wing: "/alerts", Topics: topics("group", "")}, Tabs: alertTabs(view, service, counts), Blank: noAlerts(view), Here: r.URL.RequestURI()}
	if service != "" {
		scr.Service = book.Name("service", service)
	}
	more := len(groups) > pageSize
	groups = groups[:min(len(groups), pageSize)]
	for _, g := range groups {
		scr.Rows = append(scr.Rows, alertRowOf(v, book, g))
	}
	scr.Pager = pager{Of: "alerts", Say: plural(len(groups), "alert", "alerts") + " shown"}
	if more {
		scr.Pager.Older = alertsPath(view, service, groups[len(groups)-1].Number)
	}
	if before > 0 {
		scr.Pager.Newer = alertsPath(view, service, 0)
	}
	return s.show(w, r, v, http.StatusOK, "alerts", scr)
}

// alertsPath is the address of the list: a view, of one service or of all, from before a number on.
func alertsPath(view, service string, before int64) string {
	q := url.Values{"view": {view}}
	if service != "" {
		q.Set("service", service)
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return "/alerts?" + q.Encode()
}

func query(view, service string, before int64) alert.Query {
	q := alert.Query{Service: service, Before: before, Limit: pageSize + 1}
	switch view {
	case "resolved":
		q.State = alert.Over
	case "unrouted":
		q.State, q.Unrouted = alert.Live, true
	case "all":
	default:
		q.State = alert.Live
	}
	return q
}

// alertTabs counts what is live only where all services are shown.
func alertTabs(view, service string, c alert.Counts) []tab {
	n := map[string]int{"live": c.Open + c.Acknowledged, "unrouted": c.Unrouted, "resolved": -1, "all": -1}
	if service != "" {
		n["live"], n["unrouted"] = -1, -1
	}
	var out []tab
	for _, x := range views() {
		out = append(out, tab{link: link{Word: x.label, Path: alertsPath(x.word, service, 0)}, N: n[x.word], Here: x.word == view})
	}
	return out
}

func noAlerts(view string) blank {
	switch view {
	case "unrouted":
		return newBlank("Every alert found its service", "An alert is listed here when no service matches its labels. Nobody is paged about it, so look here now and then.", "See live alerts", "/alerts")
	case "resolved", "all":
		return newBlank("No alert yet", "Alerts appear here the moment a source sends them. Sources are configured with frontline apply.", "See live alerts", "/alerts")
	}
	return newBlank("Nothing is on fire", "Alerts appear here the moment a source sends them, without a reload.", "See resolved alerts", "/alerts?view=resolved")
}

func alertRowOf(v *visit, book Book, g alert.Group) alertRow {
	row := alertRow{State: groupState(g), No: g.Short(), Path: "/alerts/" + g.Short(), Title: g.Title, At: v.at(g.OpenedAt), CanTake: g.State == alert.Open && mayHandle(v.Actor)}
	var small []string
	if g.Routed() {
		small = append(small, book.Name("service", g.Service))
	} else {
		small = append(small, "no service matches, nobody is paged")
	}
	if g.Total > 1 {
		small = append(small, fmt.Sprintf("%d of %s open", g.Open, plural(g.Total, "alert", "alerts")))
	}
	if g.State == alert.Taken {
		small = append(small, book.Name("person", g.AckedBy)+" has it")
	}
	row.Small = strings.Join(small, ", ")
	return row
}

func mayHandle(a people.Actor) bool {
	return people.May(a, people.HandleAlerts, people.Subject{Kind: "group"}) == nil
}

func groupState(g alert.Group) state {
	switch g.State {
	case alert.Taken:
		return newState("warning", "Taken", "person")
	case alert.Over:
		return newState("ok", "Resolved")
	}
	return severityState(g.Severity, state{})
}

// groupOf finds the group of an address: "G-7" or one of its alerts, "A-12".
func (s *Server) groupOf(ctx context.Context, ref string) (alert.Group, error) {
	kind, digits, _ := strings.Cut(ref, "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err == nil && kind == "G":
		return s.deps.Alerts.GroupNumbered(ctx, n)
	case err == nil && kind == "A":
		return s.deps.Alerts.GroupOfAlert(ctx, n)
	}
	return alert.Group{}, fault.New(fault.NotFound, "Alerts are called G-7 or A-12; %q is neither. Look in the list of alerts.", ref)
}

type alertScreen struct {
	head
	State    state
	Short    string
	Group    alertRow
	Since    moment
	Service  link
	Facts    []fact
	Text     []string
	Links    []answerLink
	CanAct   bool
	CanTake  bool
	CanEnd   bool
	Escalate string
	Incident link
	Actions  []link
	Knows    []entry
	Next     string
	Alerts   []singleAlert
	Left     int
	Runs     []foundRun
	Line     []entry
	Hurt     []fact
	HurtMore int
}

// singleAlert is one alert of the group.
type singleAlert struct {
	State  state
	No     string
	Title  string
	Labels []fact
	At     moment
	Count  string
	Raw    string
}

func (s *Server) showAlert(w http.ResponseWriter, r *http.Request, v *visit) error {
	g, err := s.groupOf(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := people.May(v.Actor, people.SeeAlerts, g.Topic()); err != nil {
		return err
	}
	scr, err := s.alert(r.Context(), v, g)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "alert", scr)
}

func (s *Server) alert(ctx context.Context, v *visit, g alert.Group) (alertScreen, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return alertScreen{}, err
	}
	alerts, err := s.deps.Alerts.AlertsOf(ctx, g.ID, 100)
	if err != nil {
		return alertScreen{}, err
	}
	scr := alertScreen{head: head{Title: g.Title, Wing: "/alerts", Trail: trail("Alerts", "/alerts", g.Short()), Topics: topics("group", g.ID)},
		State: groupState(g), Short: g.Short(), Since: v.at(g.BeganAt), Left: g.Left, CanAct: mayHandle(v.Actor)}
	scr.CanTake = scr.CanAct && g.State != alert.Over && !(g.State == alert.Taken && g.AckedBy == v.Actor.ID)
	scr.CanEnd = scr.CanAct && g.State != alert.Over
	scr.Facts = alertFacts(v, book, g)
	for _, a := range alerts {
		scr.Alerts = append(scr.Alerts, single(v, a))
	}
	if len(alerts) > 0 && alerts[0].Text != "" {
		scr.Text = strings.Split(alerts[0].Text, "\n")
	}
	scr.service(book, g, alerts)
	for _, step := range []func(context.Context, *visit, Book, alert.Group, *alertScreen) error{s.alertPages, s.alertIncident, s.alertRuns, s.alertLine} {
		if err := step(ctx, v, book, g, &scr); err != nil {
			return alertScreen{}, err
		}
	}
	return scr, nil
}

func alertFacts(v *visit, book Book, g alert.Group) []fact {
	out := []fact{{Name: "Source", Value: book.Name("source", g.Source)}}
	if g.Routed() {
		out = append(out, fact{Name: "Service", Value: book.Name("service", g.Service)}, fact{Name: "Owner", Value: book.Name("team", g.Team)}, fact{Name: "Policy", Value: book.Name("policy", g.Policy)})
	}
	out = append(out, fact{Name: "Came in", Value: v.at(g.OpenedAt).Abs() + ", " + v.at(g.OpenedAt).UTC()})
	if !g.AckedAt.IsZero() {
		out = append(out, fact{Name: "Taken by", Value: book.Name("person", g.AckedBy) + ", " + incident.Spell(g.AckedAt.Sub(g.OpenedAt)) + " after it came"})
	}
	if !g.ResolvedAt.IsZero() {
		out = append(out, fact{Name: "Resolved", Value: v.at(g.ResolvedAt).Abs() + ", after " + incident.Spell(g.ResolvedAt.Sub(g.OpenedAt))})
	}
	return out
}

func single(v *visit, a alert.Alert) singleAlert {
	out := singleAlert{State: severityState(a.Severity, state{}), No: a.Short(), Title: a.Title, At: v.at(a.OpenedAt), Count: plural(int(a.Count), "signal", "signals"), Raw: "/alerts/" + a.Short() + "/raw"}
	if a.State == alert.Over {
		out.State = newState("ok", "Resolved")
	}
	for _, k := range sortedKeys(a.Labels) {
		out.Labels = append(out.Labels, fact{Name: k, Value: a.Labels[k], Mono: true})
	}
	return out
}

// service adds what is known of the service: runbook, actions, whom it hurts.
func (scr *alertScreen) service(book Book, g alert.Group, alerts []alert.Alert) {
	sv, ok := book.Service(g.Service)
	if ok && sv.Runbook != "" {
		scr.Links = append(scr.Links, answerLink{"book", "Runbook", sv.Name, "Open", sv.Runbook})
	}
	for _, a := range alerts[:min(len(alerts), 1)] {
		for _, l := range a.Links {
			scr.Links = append(scr.Links, answerLink{"pulse", l.Title, "in the monitoring system", "See", l.URL})
		}
	}
	for _, id := range sv.Actions {
		scr.Actions = append(scr.Actions, link{Word: book.Name("action", id), Path: "/actions/" + url.PathEscape(id) + "?for=group:" + g.ID})
	}
	for _, c := range customersOf(book, sv) {
		if len(scr.Hurt) == 8 {
			scr.HurtMore++
			continue
		}
		scr.Hurt = append(scr.Hurt, fact{Name: c.Name, Value: c.Tier})
	}
}

// alertPages adds who was reached and who is next.
func (s *Server) alertPages(ctx context.Context, v *visit, book Book, g alert.Group, scr *alertScreen) error {
	pages, err := s.deps.Paging.PagesAbout(ctx, v.Actor, g.Self())
	if err != nil {
		return err
	}
	for i, p := range pages[:min(len(pages), 3)] {
		_, tries, err := s.deps.Paging.Page(ctx, v.Actor, p.ID)
		if err != nil {
			return err
		}
		next, err := s.deps.Paging.Coming(ctx, p, tries)
		if err != nil {
			return err
		}
		scr.Knows = append(scr.Knows, whoKnows(v, book, p, tries, next)...)
		if i == 0 && p.Live() && p.State == oncall.Open && len(next) > 0 {
			scr.Next = names(book, next) + " is paged at " + v.at(p.DueAt).Clock() + " if nobody acknowledges."
			if scr.CanAct {
				scr.Escalate = "Escalate to " + names(book, next)
			}
		}
	}
	return nil
}

func (s *Server) alertIncident(ctx context.Context, v *visit, _ Book, g alert.Group, scr *alertScreen) error {
	inc, ok, err := s.deps.Incidents.IncidentOf(ctx, v.Actor, g.ID)
	if err == nil && ok {
		scr.Incident = link{Word: inc.Name() + " " + inc.Title, Path: "/incidents/" + inc.Name()}
	}
	return err
}

// alertLine reads the group's history from the journal.
func (s *Server) alertLine(ctx context.Context, v *visit, book Book, g alert.Group, scr *alertScreen) error {
	entries, err := s.deps.Journal.JournalOf(ctx, []journal.Subject{g.Self()}, 200)
	if err != nil {
		return err
	}
	names := journalNames(book, "this group")
	names.Run = func(id string) (action.Run, bool) {
		x, err := s.deps.Runs.Run(ctx, v.Actor, id)
		return x, err == nil // one that is not open to the person is a run without a name
	}
	for _, l := range incident.Tell(entries, names) {
		scr.Line = append(scr.Line, lineEntry(v, l))
	}
	return nil
}

// alertDone runs one command on the group in the address, and goes back to it.
func (s *Server) alertDone(w http.ResponseWriter, r *http.Request, v *visit, say string, do func(context.Context, people.Actor, string) error) error {
	g, err := s.groupOf(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := do(r.Context(), v.Actor, g.ID); err != nil {
		return err
	}
	to := r.PostForm.Get("back")
	if to == "" {
		to = "/alerts/" + g.Short()
	}
	return s.done(w, r, to, g.Short()+" "+say)
}

func (s *Server) takeAlert(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.alertDone(w, r, v, "is yours. The escalation has stopped.", func(ctx context.Context, a people.Actor, id string) error {
		_, err := s.deps.Handling.Acknowledge(ctx, a, id)
		return err
	})
}

func (s *Server) resolveAlert(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.alertDone(w, r, v, "is resolved.", func(ctx context.Context, a people.Actor, id string) error {
		_, err := s.deps.Handling.Resolve(ctx, a, id)
		return err
	})
}

func (s *Server) escalateAlert(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.alertDone(w, r, v, "is escalated. The next person is being paged.", func(ctx context.Context, a people.Actor, id string) error {
		pages, err := s.deps.Paging.PagesAbout(ctx, a, journal.Of("group", id))
		if err != nil {
			return err
		}
		for _, p := range pages {
			if p.Live() {
				_, err := s.deps.Paging.Escalate(ctx, a, p.ID)
				return err
			}
		}
		return fault.New(fault.Conflict, "Nobody is being paged about this any more. There is nothing to escalate.")
	})
}

// openIncident opens the incident of the group, or goes to the one that is open already.
func (s *Server) openIncident(w http.ResponseWriter, r *http.Request, v *visit) error {
	g, err := s.groupOf(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	inc, err := s.deps.Incidents.OpenFromGroup(r.Context(), v.Actor, g.ID)
	if err != nil {
		return err
	}
	return s.done(w, r, "/incidents/"+inc.Name(), inc.Name()+" is open. Its stakeholders are being told.")
}

// showRaw shows the message that last changed an alert, as it was received.
func (s *Server) showRaw(w http.ResponseWriter, r *http.Request, v *visit) error {
	g, err := s.groupOf(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	if err := people.May(v.Actor, people.SeeAlerts, g.Topic()); err != nil {
		return err
	}
	alerts, err := s.deps.Alerts.AlertsOf(r.Context(), g.ID, 1000)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.Short() == r.PathValue("ref") {
			body, err := s.deps.Alerts.Body(r.Context(), a.Body)
			if err != nil {
				return err
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			_, err = w.Write(body)
			return err
		}
	}
	return fault.New(fault.NotFound, "There is no such alert. Look in the list of alerts.")
}
