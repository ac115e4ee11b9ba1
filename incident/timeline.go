package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Icon is the sort of a line: a screen draws it as a shape.
type Icon string

// The icons.
const (
	IconAlert     Icon = "alert"
	IconPage      Icon = "page"
	IconPeople    Icon = "people"
	IconState     Icon = "state"
	IconImpact    Icon = "impact"
	IconNote      Icon = "note"
	IconInternal  Icon = "internal" // an internal update
	IconPublic    Icon = "public"   // a public update
	IconPromise   Icon = "promise"
	IconRun       Icon = "run"
	IconPaper     Icon = "paper" // post-mortem and follow-ups
	IconSomething Icon = "something"
)

// Line is one line of a timeline, in plain English.
type Line struct {
	At       time.Time
	Icon     Icon
	Actor    string          // who, by name; empty when Frontline itself did it
	Sentence string          // what: it goes on after the actor, or begins in upper case when there is none
	Small    string          // what else there is to know, shorter
	Text     string          // the words of a note, an update or a title
	About    journal.Subject // where it leads: a run, a group, a page; empty for the incident itself
	Minor    bool            // a detail that the post-mortem leaves out
	By       time.Time       // what was promised for when; Small tells it in UTC
	State    State           // the incident's from here on; empty when this line does not change it
}

// Names is how a timeline finds the names behind the ids in the journal.
type Names struct {
	Person  func(id string) string
	Service func(id string) string
	Group   func(id string) string // "G-12 Queue decision-events has no consumer"
	Run     func(id string) (action.Run, bool)
	Text    func(about journal.Subject) string // words of a note or an update
}

// longestTimeline is how many entries a timeline reads at most, the newest.
const longestTimeline = 2000

// words is what the journal leaves out: it was read from rows of its own.
type words struct {
	notes   []Note
	updates []Update
	runs    []action.Run
}

// Timeline returns what happened to an incident, its alert groups with their pages, and its runs, oldest first.
func (s *Service) Timeline(ctx context.Context, a people.Actor, id string) ([]Line, error) {
	r, err := s.Room(ctx, a, id)
	return r.Timeline, err
}

func (s *Service) timeline(ctx context.Context, inc Incident, w words) ([]Line, error) {
	entries, err := s.DB.JournalOf(ctx, inc.subjects(), longestTimeline)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, inc, w)
	return Tell(entries, names), err
}

// subjects is what the incident's timeline is about: itself, its promises, its alert groups (and so their pages), and the runs that were
// linked. Entries about a page or a run name the incident, the promise or the group as their second subject.
func (i Incident) subjects() []journal.Subject {
	out := []journal.Subject{i.subject(), i.promised(Internal), i.promised(ForCustomers)}
	for _, g := range i.Groups {
		out = append(out, journal.Of("group", g))
	}
	for _, r := range i.Runs {
		out = append(out, journal.Of("run", r))
	}
	return out
}

// names looks up everything that the entries of this incident can name.
func (s *Service) names(ctx context.Context, inc Incident, w words) (Names, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return Names{}, err
	}
	groups := map[string]string{}
	for _, id := range inc.Groups {
		switch g, err := s.Groups.Group(ctx, id); {
		case err == nil:
			groups[id] = g.Short() + " " + g.Title
		case !fault.Is(err, fault.NotFound): // a group that is gone is told without its name
			return Names{}, err
		}
	}
	texts := map[journal.Subject]string{}
	for _, n := range w.notes {
		texts[journal.Of("note", n.ID)] = n.Text.Body
	}
	for _, u := range w.updates {
		texts[journal.Of("update", u.ID)] = u.Text.Body
	}
	return Names{
		Person: func(id string) string {
			if p, ok := book.Person(id); ok {
				return p.Name
			}
			return id
		},
		Service: func(id string) string {
			if x, ok := book.Service(id); ok {
				return x.Name
			}
			return id
		},
		Group: func(id string) string { return groups[id] },
		Run: func(id string) (action.Run, bool) {
			i := slices.IndexFunc(w.runs, func(r action.Run) bool { return r.ID == id })
			if i < 0 {
				return action.Run{}, false
			}
			return w.runs[i], true
		},
		Text: func(about journal.Subject) string { return texts[about] },
	}, nil
}

// Tell tells entries as lines, in their order. What stakeholders received is told once for all of them.
func Tell(entries []journal.Entry, n Names) []Line {
	var lines []Line
	mails := tally(entries)
	for _, e := range entries {
		if e.Verb == "incident.told" || e.Verb == "incident.not_told" {
			if m, last := mails[mailKey(e)], e.ID; m.last == last {
				lines = append(lines, m.line(e))
			}
			continue
		}
		lines = append(lines, tellOne(e, n))
	}
	return lines
}

// mail counts the receipts of one thing that stakeholders were told.
type mail struct {
	sent, failed int
	last         string // the entry after which all were counted
}

func mailKey(e journal.Entry) string {
	return fmt.Sprint(e.Facts["about"], " ", number(e, "n"), " ", number(e, "round"))
}

func tally(entries []journal.Entry) map[string]mail {
	out := map[string]mail{}
	for _, e := range entries {
		m := out[mailKey(e)]
		switch e.Verb {
		case "incident.told":
			m.sent++
		case "incident.not_told":
			m.failed++
		default:
			continue
		}
		m.last = e.ID
		out[mailKey(e)] = m
	}
	return out
}

func (m mail) line(e journal.Entry) Line {
	l := Line{At: e.At, Icon: IconPeople, Sentence: fmt.Sprintf("%s received %s", count(m.sent, "stakeholder"), toldAbout(e))}
	if m.failed > 0 {
		l.Small = fmt.Sprintf("%s could not be reached", count(m.failed, "stakeholder"))
	}
	return l
}

func toldAbout(e journal.Entry) string {
	switch About(word(e, "about")) {
	case AboutOpening:
		return "word that it began"
	case AboutResolution:
		return "word that it is resolved"
	case AboutReopening:
		return "word that it goes on"
	}
	return fmt.Sprintf("internal update %d", number(e, "n"))
}

func tellOne(e journal.Entry, n Names) Line {
	l := Line{At: e.At, Icon: IconSomething}
	switch e.Actor.Kind {
	case people.BySystem, people.BySource, "": // nobody did it: it happened
	default:
		l.Actor = n.Person(e.Actor.ID)
	}
	known := false
	wing, _, _ := strings.Cut(e.Verb, ".")
	switch wing {
	case "incident":
		known = l.incident(e, n)
	case "promise":
		known = l.promise(e)
	case "postmortem", "follow_up":
		known = l.paper(e, n)
	case "alert", "group":
		known = l.alert(e, n)
	case "page":
		known = l.page(e, n)
	case "run":
		known = l.run(e, n)
	}
	if !known {
		l.Sentence, l.Minor = inWords(e.Verb), true
	}
	if l.Actor == "" {
		l.Sentence = capital(l.Sentence)
	}
	return l
}

// inWords makes a sentence of a verb that this version does not know: "page.more_urgent" is "page: more urgent".
func inWords(verb string) string {
	return strings.ReplaceAll(strings.ReplaceAll(verb, ".", ": "), "_", " ")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// number reads a fact that is a number; a stored one comes back as a float64.
func number(e journal.Entry, name string) int64 {
	switch v := e.Facts[name].(type) {
	case int:
		return int64(v)
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 0
}

// word reads a fact that is a fixed word or an id.
func word(e journal.Entry, name string) string {
	s, _ := e.Facts[name].(string)
	return s
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Spell writes a duration as people say it, in its two largest units: "1 h 12 min", "48 s", "under a second".
func Spell(d time.Duration) string {
	if d != 0 && d.Abs() < time.Second {
		return "under a second"
	}
	d = d.Round(time.Second)
	if d < 0 {
		return "−" + Spell(-d)
	}
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	var parts []string
	for _, u := range units {
		if n := d / u.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.size
		} else if len(parts) > 0 {
			break
		}
		if len(parts) == 2 {
			break
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}
