package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"frontline/action"
	"frontline/alert"
	"frontline/incident"
	"frontline/journal"
)

// hurt is whom an incident hurts.
type hurt struct {
	Figures []figure
	AsOf    moment
	Frozen  bool // kept as it was when the incident was resolved
	First   []customerRow
	Rest    []customerRow
	Parts   []string // the components affected, each with how many customers use it
}

type customerRow struct {
	Name, Tier, Owner string
}

// crew is who does what.
type crew struct {
	Lead   string
	Mine   bool // the viewer leads
	Others []fact
	My     string // the viewer's part, empty when none
	People []option
	Parts  []choice
}

type runRow struct {
	State state
	Ref   string
	Path  string
	Title string
	Small string
}

type alertLink struct {
	State state
	No    string
	Path  string
	Title string
}

type followRow struct {
	ID    string
	State state
	Text  string
	Small string
	Done  bool
	Do    string // where to say that it is done, or not after all
	From  link   // the post-mortem that it comes from; empty on its own screen
}

// side adds what stands beside the story: whom it hurts, who does what, runs, alerts, follow-ups.
func (scr *roomScreen) side(v *visit, book Book, room incident.Room, groups []alert.Group) {
	inc := room.Incident
	scr.Hurt = hurtOf(v, book, inc)
	scr.Harm = harmOf(v, book, room.Harm, shownHurt, shownHurt)
	scr.Crew = crewOf(v, book, inc)
	scr.Actions = actionsFor(book, inc.Services, incident.Subject(inc.ID))
	for _, r := range slices.Backward(room.Runs) {
		scr.Runs = append(scr.Runs, runRowOf(v, book, r))
	}
	for _, g := range groups {
		scr.Alerts = append(scr.Alerts, alertLink{groupState(g), g.Short(), "/alerts/" + g.Short(), g.Title})
	}
	scr.Follow = followRows(v, book, room.FollowUps)
	if p := room.Postmortem; p != nil {
		word := "Read the draft"
		if p.State == incident.PublishedPaper {
			word = "Read it"
		}
		scr.Paper = &link{Word: word, Path: "/incidents/" + inc.Name() + "/postmortem"}
	}
}

// shownCustomers is how many customers are listed before the others are folded away.
const shownCustomers = 8

func hurtOf(v *visit, book Book, inc incident.Incident) hurt {
	h := hurt{AsOf: v.at(v.Now)}
	if !inc.Open() {
		h.AsOf, h.Frozen = v.at(inc.ResolvedAt), true
	}
	tiers, order := map[string]int{}, []string{}
	for i, c := range inc.Customers {
		if tiers[c.Tier] == 0 {
			order = append(order, c.Tier)
		}
		tiers[c.Tier]++
		row := customerRow{Name: c.Name, Tier: c.Tier}
		if c.Owner != "" {
			row.Owner = book.Name("person", c.Owner)
		}
		if i < shownCustomers {
			h.First = append(h.First, row)
		} else {
			h.Rest = append(h.Rest, row)
		}
	}
	h.Figures = []figure{{Name: "Customers", Value: number(len(inc.Customers))}}
	for _, tier := range order[:min(len(order), 3)] {
		if tier != "" {
			h.Figures = append(h.Figures, figure{Name: capital(tier), Value: number(tiers[tier])})
		}
	}
	for _, id := range inc.Components {
		users := 0
		for _, c := range inc.Customers {
			if slices.Contains(c.Components, id) {
				users++
			}
		}
		h.Parts = append(h.Parts, fmt.Sprintf("%s (%s)", book.Name("component", id), number(users)))
	}
	return h
}

func crewOf(v *visit, book Book, inc incident.Incident) crew {
	c := crew{Mine: inc.Lead != "" && inc.Lead == v.Person.ID}
	if inc.Lead != "" {
		c.Lead = book.Name("person", inc.Lead)
	}
	if teams := ownersOf(book, inc); len(teams) > 0 {
		c.Others = append(c.Others, fact{Name: "Owned by", Value: strings.Join(teams, ", ")})
	}
	for _, part := range incident.Parts() {
		var names []string
		for _, p := range inc.Participants {
			if p.Part == part {
				names = append(names, book.Name("person", p.Person))
			}
			if p.Person == v.Person.ID {
				c.My = string(p.Part)
			}
		}
		if len(names) > 0 {
			c.Others = append(c.Others, fact{Name: partWord(part), Value: strings.Join(names, ", ")})
		}
		c.Parts = append(c.Parts, choice{Value: string(part), Label: partWord(part)})
	}
	for i := range c.Parts {
		c.Parts[i].Here = c.Parts[i].Value == c.My
	}
	for _, p := range book.People() {
		c.People = append(c.People, option{Value: p.ID, Label: p.Name})
	}
	return c
}

// ownersOf are the teams that own the affected services.
func ownersOf(book Book, inc incident.Incident) []string {
	var out []string
	for _, id := range inc.Services {
		if sv, ok := book.Service(id); ok {
			if team := book.Name("team", sv.Team); !slices.Contains(out, team) {
				out = append(out, team)
			}
		}
	}
	return out
}

func partWord(p incident.Part) string { return capital(string(p)) }

// actionsFor are the actions of the services, each opened for the subject.
func actionsFor(book Book, services []string, about journal.Subject) []link {
	var out []link
	seen := map[string]bool{}
	for _, id := range services {
		sv, _ := book.Service(id)
		for _, a := range sv.Actions {
			if !seen[a] {
				seen[a] = true
				out = append(out, link{Word: book.Name("action", a), Path: "/actions/" + url.PathEscape(a) + "?for=" + about.Kind + ":" + about.ID})
			}
		}
	}
	return out
}

// runPath is where a run is shown.
func runPath(r action.Run) string { return "/runs/" + r.Ref() }

func runRowOf(v *visit, book Book, r action.Run) runRow {
	row := runRow{State: runState(r.State), Ref: r.Ref(), Path: runPath(r), Title: r.Definition.Title}
	small := []string{r.Ref(), "planned " + askedBy(book, r)}
	if !r.StartedAt.IsZero() {
		small[1] = "run " + askedBy(book, r)
	}
	if took := r.Took(); took > 0 {
		small = append(small, duration(took))
	}
	if r.Result.Summary != "" {
		small = append(small, r.Result.Summary)
	}
	row.Small = strings.Join(small, ", ")
	return row
}

func runState(s action.State) state {
	switch s {
	case action.Planned:
		return newState("calm", "Planned")
	case action.Waiting:
		return newState("warning", "Waits for approval", "clock")
	case action.Refused:
		return newState("calm", "Refused", "stop")
	case action.Expired:
		return newState("calm", "Expired", "clock")
	case action.Running:
		return newState("live", "Running")
	case action.Succeeded:
		return newState("ok", "Done")
	case action.Cancelled:
		return newState("calm", "Cancelled", "stop")
	case action.Unknown:
		return newState("warning", "Unknown: look")
	}
	return newState("critical", "Failed")
}

func followRows(v *visit, book Book, all []incident.FollowUp) []followRow {
	today := incident.DateOf(v.Now.In(v.Zone))
	var out []followRow
	for _, f := range all {
		row := followRow{ID: f.ID, Text: f.Text.Body, Done: f.Done(), Do: "/incidents/" + f.Incident + "/follow-ups/" + f.ID, Small: book.Name("person", f.Owner) + ", due " + dayWord(f.Due), State: newState("calm", "Open")}
		switch {
		case f.Done():
			row.State, row.Small = newState("ok", "Done"), book.Name("person", f.Owner)+", done "+v.at(f.DoneAt).Day()
		case f.Late(today):
			row.State = newState("warning", "Late", "clock")
		}
		out = append(out, row)
	}
	return out
}
