package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"frontline/action"
	"frontline/alert"
	"frontline/catalog"
	"frontline/clock"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/oncall/oncalltest"
	"frontline/people"
)

// firm is the company behind the screens in tests: who is on call is the real rota over a store in memory; alerts, incidents and
// runs are what the test puts there.
type firm struct {
	t         *testing.T
	desk      *workplace
	book      *firmBook
	memory    *oncalltest.Memory
	pager     *oncall.Pager
	groups    []alert.Group
	incidents []incident.Incident
	followUps []incident.FollowUp
	runs      *firmRuns
	heard     []alert.Activity
	seal      journal.Sealing
	work      job.Backlog
	health    oncall.Health
	failed    []oncall.Attempt
	taken     []string // the groups that were acknowledged
	alerts    map[string][]alert.Alert
	bodies    map[string]string
	entries   []journal.Entry // the journal, the newest first
	asked     string          // what the journal was asked for last
	broken    error           // what alerts and the journal answer with
}

// newFirm returns Verity in the night of the tests: Karl is on the first line, Aisha is behind him, and nothing has happened.
func newFirm(t *testing.T, change ...func(*Deps)) *firm {
	t.Helper()
	c := clock.NewMoved(night)
	f := &firm{t: t, memory: oncalltest.NewMemory(c), book: &firmBook{Book: oncalltest.Verity(), folders: map[string]int{"ops": 31, "": 1}},
		seal: journal.Sealing{Sealed: 12345}, health: oncall.Health{At: night.Add(-4 * time.Second)}}
	f.book.Staff = maps1(f.book.Staff)
	delete(f.book.Ways, "empty")
	delete(f.book.Ways, "lonely")
	f.runs = &firmRuns{firm: f, clock: c, figures: map[string]action.Figures{}}
	duties := oncall.NewDuties(func(context.Context) (oncall.Book, error) { return f.book, nil }, f.memory)
	f.pager = oncall.NewPager(f.memory, duties, oncall.NewLinks(secretKey(), "https://ops.verity.example"), c)
	f.desk = newDesk(t, append([]func(*Deps){func(d *Deps) {
		d.Clock = c
		d.Sandbox = func() Sandbox {
			return Sandbox{Level: "namespaces", Say: "Scripts run in namespaces of their own: they reach the files that their action names. Without Landlock, one that names a port reaches the whole network.",
				Why:  []string{"the kernel cannot limit ports by Landlock: version 3 of its interface, of at least 4"},
				Mend: []string{"Run Linux 6.7 or later with landlock among the security modules: cat /sys/kernel/security/lsm names them, and the boot parameter lsm= sets them."}}
		}
		d.Book = func(context.Context) (Book, error) { return f.book, nil }
		d.Rota, d.MyPages, d.Paging, d.Answers, d.Matters = oncall.NewBoard(duties, c), f.pager, firmAnswers{f.pager}, firmAnswers{f.pager}, f
		d.Trouble, d.Alerts, d.Handling, d.Upkeep, d.Runs, d.Incidents, d.Journal = f, f, f, f, f.runs, f, f
		d.Badges = NewBadges(f, f, noRequestsAtAll{})
		d.Requests, d.Finding, d.Thanks = noRequestsAtAll{}, nothingFound{}, nobodyThanks{}
	}}, change...)...)
	f.desk.clock = c
	return f
}

// maps1 gives the people of the desk's sessions to the company.
func maps1(staff map[string]people.Person) map[string]people.Person {
	for _, id := range []string{"liis", "marika", "aisha", "wanjiru"} {
		p := staff[id]
		p.Email, p.Teams, p.Zone = id+"@verity.example", []string{"support"}, "Europe/Tallinn"
		staff[id] = p
	}
	return staff
}

// as makes the person the one whose session has the role.
func (f *firm) as(role people.Role, person string) people.Role {
	f.t.Helper()
	p, ok := f.book.Person(person)
	if !ok {
		f.t.Fatalf("there is no %s", person)
	}
	p.Role = role
	s := f.desk.signIn.sessions[string(role)]
	s.Person = p
	f.desk.signIn.sessions[string(role)] = s
	return role
}

// actor is the person as they act on screens.
func (f *firm) actor(person string) people.Actor {
	p, _ := f.book.Person(person)
	return people.As(p, "screen")
}

// raise opens a page about the group and lets its first step fire.
func (f *firm) raise(subject journal.Subject, title string) oncall.Page {
	f.t.Helper()
	pages, err := f.memory.CarryOut(f.t.Context(), oncall.RaiseOrder(oncall.Opening{Subject: subject, Team: "support", Policy: "critical", Title: title, Count: 1}, people.System("test")))
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.pager.Step(f.t.Context(), oncall.StepArgs{Page: pages[0].ID}); err != nil {
		f.t.Fatal(err)
	}
	return pages[0]
}

// receipt lets an attempt of the page be delivered.
func (f *firm) receipt(p oncall.Page, n int) {
	f.t.Helper()
	_, err := f.memory.ChangePage(f.t.Context(), p.ID, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		return oncall.Delivered(p, tries, fmt.Sprintf("%s-%d", p.ID, n), oncall.Receipt{ID: "m1", Detail: "200 OK"}, now)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// end lets the page be over because its subject resolved.
func (f *firm) end(about journal.Subject) {
	f.t.Helper()
	if _, err := f.memory.CarryOut(f.t.Context(), oncall.EndOrder(about, "resolved", people.System("test"))); err != nil {
		f.t.Fatal(err)
	}
}

// firmAnswers reads links of the form "PERSON-PAGE", as "karl-page-1".
type firmAnswers struct{ *oncall.Pager }

func (firmAnswers) Grant(token string) (oncall.Grant, error) {
	person, page, ok := strings.Cut(token, "-")
	if !ok {
		return oncall.Grant{}, fault.New(fault.Unauthenticated, "This link has expired or is not one of ours. Sign in to answer.")
	}
	return oncall.Grant{Page: page, Person: person, Until: night.Add(time.Hour)}, nil
}

// firmBook is what is configured.
type firmBook struct {
	oncalltest.Book
	folders map[string]int
	screens []string // "kind id" of what the screens own
	sources []alert.Source
	made    bool // overrides were made on the screens, and are not configured
	types   []desk.Type
	queues  []desk.Queue
	macros  []desk.Macro
	levels  []desk.Level
}

func (b *firmBook) Name(kind, id string) string {
	switch kind {
	case "person":
		if p, ok := b.Person(id); ok {
			return p.Name
		}
	case "service":
		if s, ok := b.Service(id); ok {
			return s.Name
		}
	case "rotation":
		if r, ok := b.Rotation(id); ok {
			return r.Name
		}
	case "policy":
		if p, ok := b.Policy(id); ok {
			return p.Name
		}
	case "team":
		if t, ok := b.Team(id); ok {
			return t.Name
		}
	case "customer":
		if c, ok := b.Customer(id); ok {
			return c.Name
		}
	case "request_type":
		if t, ok := b.RequestType(id); ok {
			return t.Title
		}
	case "source":
		for _, s := range b.Sources() {
			if s.ID == id {
				return s.Name
			}
		}
	}
	return id
}

func (b *firmBook) Service(id string) (catalog.Service, bool) {
	for _, s := range b.Services() {
		if s.ID == id {
			return s, true
		}
	}
	return catalog.Service{}, false
}

func (b *firmBook) Services() []catalog.Service {
	return []catalog.Service{
		{ID: "decision-pipeline", Name: "Decision pipeline", Team: "support", Policy: "critical", Components: []string{"decisions"}, Actions: []string{"queue/park-message"}},
		{ID: "exports", Name: "Exports", Team: "support", Policy: "critical"},
	}
}

func (b *firmBook) Component(id string) (catalog.Component, bool) {
	return catalog.Component{ID: "decisions", Name: "Verification decisions"}, id == "decisions"
}

func (b *firmBook) Components() []catalog.Component {
	c, _ := b.Component("decisions")
	return []catalog.Component{c}
}

func (b *firmBook) Customers() []catalog.Customer {
	var out []catalog.Customer
	for _, name := range []string{"Nordpank", "Lumo Exchange", "Arco Móvil", "Kivi Credit", "Savanna Pay"} {
		out = append(out, catalog.Customer{ID: strings.ToLower(strings.Fields(name)[0]), Name: name, Components: []string{"decisions"}})
	}
	return out
}

func (b *firmBook) Teams() []people.Team {
	return []people.Team{{ID: "support", Name: "Technical support"}}
}
func (b *firmBook) Sources() []alert.Source { return b.sources }
func (b *firmBook) Folders() map[string]int { return b.folders }

func (b *firmBook) Owner(kind, id string) (string, bool) {
	if kind == "override" && b.made {
		return "", false
	}
	if slices.Contains(b.screens, kind+" "+id) {
		return "", true
	}
	return "ops", true
}

// empty makes the company one that has configured nothing.
func (b *firmBook) empty() {
	b.Turns, b.Ways, b.sources, b.folders = nil, nil, nil, map[string]int{"": 1}
}

// What the screens ask of alerts.

func (f *firm) Groups(_ context.Context, q alert.Query) ([]alert.Group, error) {
	var out []alert.Group
	for _, g := range f.groups {
		over := g.State == alert.Over
		if q.State == alert.Live && over || q.State == alert.Over && !over || q.Unrouted && g.Routed() || q.Service != "" && q.Service != g.Service ||
			q.Before > 0 && g.Number >= q.Before {
			continue
		}
		out = append(out, g)
	}
	return out[:min(len(out), q.Limit)], f.broken
}

func (f *firm) CountGroups(context.Context) (c alert.Counts, err error) {
	for _, g := range f.groups {
		switch {
		case g.State == alert.Taken:
			c.Acknowledged++
		case g.State == alert.Open:
			c.Open++
			if g.Severity == alert.Critical {
				c.Critical++
			}
		}
	}
	return c, nil
}

func (f *firm) Count(ctx context.Context, a people.Actor) (alert.Counts, error) {
	if err := people.May(a, people.SeeAlerts, people.Subject{Kind: "group"}); err != nil {
		return alert.Counts{}, err
	}
	return f.CountGroups(ctx)
}

func (f *firm) find(is func(alert.Group) bool) (alert.Group, error) {
	if i := slices.IndexFunc(f.groups, is); i >= 0 {
		return f.groups[i], nil
	}
	return alert.Group{}, fault.New(fault.NotFound, "There is no such alert. Look in the list of alerts.")
}

func (f *firm) Group(_ context.Context, id string) (alert.Group, error) {
	return f.find(func(g alert.Group) bool { return g.ID == id })
}

func (f *firm) GroupNumbered(_ context.Context, n int64) (alert.Group, error) {
	return f.find(func(g alert.Group) bool { return g.Number == n })
}

func (f *firm) GroupOfAlert(ctx context.Context, n int64) (alert.Group, error) {
	for group, alerts := range f.alerts {
		if slices.ContainsFunc(alerts, func(a alert.Alert) bool { return a.Number == n }) {
			return f.Group(ctx, group)
		}
	}
	return f.Group(ctx, "none")
}

func (f *firm) AlertsOf(_ context.Context, group string, limit int) ([]alert.Alert, error) {
	return f.alerts[group][:min(limit, len(f.alerts[group]))], nil
}

func (f *firm) Body(_ context.Context, id string) ([]byte, error) {
	body, ok := f.bodies[id]
	if !ok {
		return nil, fault.New(fault.NotFound, "The message as received is kept for 7 days. It is gone.")
	}
	return []byte(body), nil
}

func (f *firm) Acknowledge(ctx context.Context, a people.Actor, group string) (alert.Group, error) {
	f.taken = append(f.taken, group+" by "+a.ID)
	return f.Group(ctx, group)
}

func (f *firm) Resolve(ctx context.Context, _ people.Actor, group string) (alert.Group, error) {
	return f.Group(ctx, group)
}

// What the screens ask of the journal.

func (f *firm) JournalOf(_ context.Context, about []journal.Subject, _ int) ([]journal.Entry, error) {
	var out []journal.Entry
	for _, e := range f.entries {
		if slices.Contains(about, e.Subject) || slices.Contains(about, e.About) {
			out = append(out, e)
		}
	}
	return out, f.broken
}

func (f *firm) JournalPage(_ context.Context, before journal.Entry, verb, actor string, limit int) ([]journal.Entry, error) {
	f.asked = verb + "|" + actor + "|" + before.ID
	at := slices.IndexFunc(f.entries, func(e journal.Entry) bool { return e.ID == before.ID }) + 1
	return f.entries[at:min(len(f.entries), at+limit)], f.broken
}

// What the screens ask of incidents.

func (f *firm) IncidentOf(_ context.Context, _ people.Actor, group string) (incident.Incident, bool, error) {
	for _, i := range f.incidents {
		if slices.Contains(i.Groups, group) {
			return i, true, nil
		}
	}
	return incident.Incident{}, false, nil
}

func (f *firm) OpenFromGroup(_ context.Context, a people.Actor, group string) (incident.Incident, error) {
	i := incident.Incident{ID: "new", Number: 40, Groups: []string{group}, OpenedBy: a.ID}
	f.incidents = append(f.incidents, i)
	return i, people.May(a, people.DeclareIncident, people.Subject{Kind: "incident"})
}

func (f *firm) Incidents(_ context.Context, a people.Actor, q incident.Filter) ([]incident.Incident, error) {
	if err := people.May(a, people.SeeIncidents, people.Subject{Kind: "incident"}); err != nil {
		return nil, err
	}
	var out []incident.Incident
	for _, i := range f.incidents {
		if i.Open() || q.State != "open" {
			out = append(out, i)
		}
	}
	return out[:min(len(out), q.Limit)], nil
}

func (f *firm) FollowUps(_ context.Context, _ people.Actor, q incident.FollowUpFilter) ([]incident.FollowUp, error) {
	var out []incident.FollowUp
	for _, x := range f.followUps {
		if x.Owner == q.Owner && !x.Done() {
			out = append(out, x)
		}
	}
	return out, nil
}

// How Frontline itself does.

func (f *firm) Health() oncall.Health { return f.health }

func (f *firm) Failures(context.Context, people.Actor, time.Time, int) ([]oncall.Attempt, error) {
	return f.failed, nil
}

func (f *firm) Activity(context.Context, people.Actor, time.Time) ([]alert.Activity, error) {
	return f.heard, nil
}

func (f *firm) Sealing(context.Context, people.Actor) (journal.Sealing, error) { return f.seal, nil }

func (f *firm) Backlog(context.Context, people.Actor, time.Time) (job.Backlog, error) {
	return f.work, nil
}

// group is one live alert group.
func group(n int64, title string, s alert.Severity, ago time.Duration) alert.Group {
	return alert.Group{ID: fmt.Sprintf("g%d", n), Number: n, Source: "alertmanager", Service: "decision-pipeline", Team: "support", Policy: "critical", State: alert.Open,
		Severity: s, Title: title, Open: 1, Total: 1, OpenedAt: night.Add(-ago), BeganAt: night.Add(-ago)}
}

func formOf(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// wordsOf is the text of an element with a space between its parts, as it is seen.
func wordsOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// reads is has for what is seen.
func (r reply) reads(selector, say string) reply {
	r.t.Helper()
	found := r.all(selector)
	if len(found) != 1 {
		r.t.Errorf("%d elements match %s, want 1", len(found), selector)
	} else if got := wordsOf(found[0]); !strings.Contains(got, say) {
		r.t.Errorf("%s reads %q, want it to contain %q", selector, got, say)
	}
	return r
}
