package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"frontline/alert"
	"frontline/catalog"
	"frontline/incident"
	"frontline/oncall"
	"frontline/people"
)

// Trouble is what the home screen asks about incidents.
type Trouble interface {
	Incidents(ctx context.Context, a people.Actor, f incident.Filter) ([]incident.Incident, error)
	FollowUps(ctx context.Context, a people.Actor, f incident.FollowUpFilter) ([]incident.FollowUp, error)
}

// homeScreen answers three questions in this order: am I on call, what is on fire, what waits for me.
type homeScreen struct {
	head
	Duty   duty
	Worst  *fire  // drawn large; nil when no incident is open
	Fires  []fire // the others
	Alerts []alertRow
	More   []link // what did not fit: more incidents, more alerts
	Blind  bool   // no source is configured: nothing can be seen
	Burns  string // "1 incident, 2 alerts"; empty when nothing is on fire
	Waits  []wait
	Posts  []post
	Self   []upkeepRow
	First  []firstStep
}

// fire is one open incident.
type fire struct {
	State   state
	Bad     bool // drawn as critical
	Name    string
	Path    string
	Title   string
	Stage   string
	Small   string
	At      moment
	Promise promised
}

// promised is the next promised update, in a line.
type promised struct {
	State state // its word is empty when nothing is promised
	By    moment
	Near  bool // soon or broken
}

// What is listed here; the rest is on screens of its own.
const (
	firesShown  = 4
	alertsShown = 12
)

func (s *Server) showHome(w http.ResponseWriter, r *http.Request, v *visit) error {
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	now, err := s.homeNow(r.Context(), v, book)
	if err != nil {
		return err
	}
	scr := homeScreen{head: head{Title: "Home", Wing: "/", Topics: topics("group", "", "incident", "", "page", "", "run", "", "rotation", "", "follow_up", "", "request", "")}}
	for _, part := range []func(context.Context, *visit, homeNow, *homeScreen) error{s.homeDuty, s.homeFires, s.homeWaits, s.homePosts, s.homeSelf, s.homeFirst} {
		if err := part(r.Context(), v, now, &scr); err != nil {
			return err
		}
	}
	return s.show(w, r, v, http.StatusOK, "home", scr)
}

// homeNow is what several parts of the home screen look at.
type homeNow struct {
	Book  Book
	Open  []incident.Incident
	Pages []oncall.Page // to the person: live, or of the last day
}

func (s *Server) homeNow(ctx context.Context, v *visit, book Book) (now homeNow, err error) {
	now.Book = book
	if now.Open, err = s.deps.Trouble.Incidents(ctx, v.Actor, openIncidents()); err != nil {
		return now, err
	}
	now.Pages, err = s.deps.MyPages.PagesTo(ctx, v.Actor, v.Now.Add(-24*time.Hour))
	return now, err
}

// openIncidents asks for all that are open; more than a hundred at once is no state that anybody reads.
func openIncidents() incident.Filter { return incident.Filter{State: "open", Limit: 100} }

func worst(i incident.Incident) bool { return i.Severity == incident.Critical }

// homeFires gathers open incidents, the worst first, and the alerts that nobody works on in one of them.
func (s *Server) homeFires(ctx context.Context, v *visit, now homeNow, scr *homeScreen) error {
	book, open := now.Book, slices.Clone(now.Open)
	groups, err := s.deps.Alerts.Groups(ctx, alert.Query{State: alert.Live, Limit: 200})
	if err != nil {
		return err
	}
	slices.SortStableFunc(open, func(a, b incident.Incident) int {
		return cmp.Compare(slices.Index(incident.Severities(), a.Severity), slices.Index(incident.Severities(), b.Severity))
	})
	inRoom := map[string]bool{}
	for _, i := range open {
		for _, g := range i.Groups {
			inRoom[g] = true
		}
	}
	groups = slices.DeleteFunc(groups, func(g alert.Group) bool {
		return people.May(v.Actor, people.SeeAlerts, g.Topic()) != nil || g.State == alert.Taken && inRoom[g.ID]
	})
	scr.Blind = len(book.Sources()) == 0
	scr.burns(len(open), len(groups))
	for n, i := range open[:min(len(open), firesShown)] {
		f := fireOf(v, book, i)
		if n == 0 {
			scr.Worst = &f
			continue
		}
		scr.Fires = append(scr.Fires, f)
	}
	for _, g := range urgentFirst(groups)[:min(len(groups), alertsShown)] {
		scr.Alerts = append(scr.Alerts, alertRowOf(v, book, g))
	}
	return nil
}

// urgentFirst puts what nobody has taken first, then the worse, then the newer.
func urgentFirst(groups []alert.Group) []alert.Group {
	slices.SortStableFunc(groups, func(a, b alert.Group) int {
		return cmp.Or(cmp.Compare(taken(a), taken(b)), cmp.Compare(badness(a.Severity), badness(b.Severity)))
	})
	return groups
}

func taken(g alert.Group) int {
	if g.State == alert.Taken {
		return 1
	}
	return 0
}

func badness(s alert.Severity) int {
	return slices.Index([]alert.Severity{alert.Critical, alert.Error, alert.Warning, alert.Info}, s)
}

// burns counts what is on fire, and leads to what does not fit.
func (scr *homeScreen) burns(incidents, groups int) {
	var parts []string
	if incidents > 0 {
		parts = append(parts, plural(incidents, "incident", "incidents"))
	}
	if groups > 0 {
		parts = append(parts, plural(groups, "alert", "alerts"))
	}
	scr.Burns = strings.Join(parts, ", ")
	if incidents > firesShown {
		scr.More = append(scr.More, link{plural(incidents-firesShown, "more incident", "more incidents"), "/incidents"})
	}
	if groups > alertsShown {
		scr.More = append(scr.More, link{plural(groups-alertsShown, "more alert", "more alerts"), "/alerts"})
	}
}

func fireOf(v *visit, book Book, i incident.Incident) fire {
	f := fire{State: severityOf(i.Severity), Bad: worst(i), Name: i.Name(), Path: "/incidents/" + i.Name(), Title: i.Title,
		Stage: stateWord(i.State), At: v.at(i.BeganAt)}
	if i.BeganAt.IsZero() {
		f.At = v.at(i.OpenedAt)
	}
	var say []string
	if n := len(usersOf(book, i.Components)); n > 0 {
		say = append(say, plural(n, "customer", "customers")+" affected.")
	}
	switch i.Lead {
	case "":
		say = append(say, "Nobody leads.")
	case v.Actor.ID:
		say = append(say, "You lead.")
	default:
		say = append(say, book.Name("person", i.Lead)+" leads.")
	}
	for _, p := range i.Participants {
		if p.Part == incident.Fixer && p.Person != i.Lead {
			say = append(say, book.Name("person", p.Person)+" is fixing.")
		}
	}
	f.Small = strings.Join(say, " ")
	if p, ok := i.Promise(); ok {
		f.Promise = promised{State: promiseState(v, p), By: v.at(p.At), Near: p.Face(v.Now) != incident.Calm}
	}
	return f
}

// usersOf are the customers that use one of the components.
func usersOf(book Book, components []string) []catalog.Customer {
	return customersOf(book, catalog.Service{Components: components})
}

// post is who is on call in one rotation now.
type post struct {
	Rotation string
	Who      string // empty in a gap
	You      bool
	Until    moment
	State    state
	Small    string // how they are reached
}

func (s *Server) homePosts(ctx context.Context, v *visit, now homeNow, scr *homeScreen) error {
	posts, err := s.deps.Rota.Now(ctx, v.Actor)
	if err != nil {
		return err
	}
	for _, p := range posts {
		scr.Posts = append(scr.Posts, postOf(v, now.Book, p))
	}
	return nil
}

func postOf(v *visit, book Book, p oncall.Post) post {
	out := post{Rotation: p.Rotation.Name, Until: v.at(p.Shift.To)}
	if p.Shift.Gap() {
		out.State = newState("critical", "Gap")
		return out
	}
	person, _ := book.Person(p.Shift.Person)
	out.Who, out.You = book.Name("person", p.Shift.Person), p.Shift.Person == v.Actor.ID
	switch {
	case len(person.Contacts) == 0:
		out.State = newState("critical", "Cannot be reached")
	case out.You:
		out.State = newState("ok", "You")
	default:
		out.State = newState("calm", reachedBy(person), "phone")
	}
	return out
}

// reachedBy says over which channels a person is reached, in their order: "Push, mail".
func reachedBy(p people.Person) string {
	var words []string
	for _, c := range p.Contacts {
		if w := channelWord(c.Channel); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return capital(strings.Join(words, ", "))
}
