package app

import (
	"context"
	"slices"
	"strings"

	"frontline/action"
	"frontline/desk"
	"frontline/fault"
	"frontline/incident"
	"frontline/journal"
	"frontline/people"
	"frontline/thanks"
)

// wireThanks makes what lets people thank each other.
func (a *App) wireThanks(context.Context) error {
	a.thanks = &thanks.Service{DB: a.db, Book: bookAs[thanks.Directory](a), Matters: matters{a.desk, a.incidents, a.actions}, Now: a.db.Now, Zone: a.settings.zone,
		Link: func(x thanks.Thanks) string { return a.settings.base.JoinPath("thanks", x.Name()).String() },
		Wall: a.settings.base.JoinPath("thanks").String()}
	if a.mail != nil {
		a.thanks.Mailer = a.mail
	}
	return nil
}

// Thanks is where people thank each other, for whoever does so in this process.
func (a *App) Thanks() *thanks.Service { return a.thanks }

// matters are the requests and incidents that thanks are about.
type matters struct {
	desk      *desk.Service
	incidents *incident.Service
	actions   *action.Runner
}

var _ thanks.Matters = matters{}

// Find implements thanks.Matters: "R-1042" is a request, "INC-31" an incident.
func (m matters) Find(ctx context.Context, a people.Actor, ref string) (thanks.Matter, error) {
	if strings.HasPrefix(strings.ToUpper(ref), "INC-") {
		return m.Matter(ctx, a, journal.Of("incident", ref))
	}
	return m.Matter(ctx, a, journal.Of("request", ref))
}

// Matter implements thanks.Matters.
func (m matters) Matter(ctx context.Context, a people.Actor, s journal.Subject) (thanks.Matter, error) {
	switch s.Kind {
	case "incident":
		inc, err := m.incidents.Incident(ctx, a, s.ID)
		return thanks.Matter{Subject: journal.Of("incident", inc.ID), Name: inc.Name(), Title: inc.Title}, err
	case "request":
		r, err := m.desk.Request(ctx, a, s.ID)
		if err != nil {
			return thanks.Matter{}, err
		}
		most, err := m.mostAbout(ctx, a, r)
		return thanks.Matter{Subject: r.Subject(), Name: r.Name(), Title: r.Title, Demand: most}, err
	}
	return thanks.Matter{}, fault.New(fault.NotFound, "There is nothing to be thankful for under %.60s.", s.ID)
}

// mostAbout is the demand with the greatest share of a request, as it counts today; empty when nobody said one.
func (m matters) mostAbout(ctx context.Context, a people.Actor, r desk.Request) (string, error) {
	if len(r.Codes) == 0 {
		return "", nil
	}
	most := r.Codes[0]
	for _, c := range r.Codes[1:] {
		if c.Share > most.Share {
			most = c
		}
	}
	register, err := m.desk.Demands(ctx, a)
	return desk.CountedAs(register, most.Demand), err
}

// Demands implements thanks.Matters.
func (m matters) Demands(ctx context.Context, a people.Actor) (map[string]thanks.Demand, error) {
	all, err := m.desk.Demands(ctx, a)
	out := make(map[string]thanks.Demand, len(all))
	for _, d := range all {
		out[d.ID] = thanks.Demand{Name: d.Name(), Title: d.Title}
	}
	return out, err
}

// Helpers implements thanks.Matters: whoever replied and whose request it is, or who led and took part in the incident, and the actions whose runs
// succeeded.
func (m matters) Helpers(ctx context.Context, a people.Actor, s journal.Subject) (h thanks.Helpers, err error) {
	if s.Kind == "incident" {
		h.People, err = m.fixers(ctx, a, s.ID)
	} else {
		h.People, err = m.repliers(ctx, a, s.ID)
	}
	if err != nil {
		return h, err
	}
	h.People = distinct(h.People)
	if people.May(a, people.SeeActions, people.Subject{Kind: "run"}) != nil {
		return h, nil
	}
	runs, err := m.actions.RunsFor(ctx, a, s)
	for _, r := range runs {
		if r.State == action.Succeeded {
			h.Actions = append(h.Actions, r.Definition.ID)
		}
	}
	h.Actions = distinct(h.Actions)
	return h, err
}

func (m matters) fixers(ctx context.Context, a people.Actor, id string) ([]string, error) {
	inc, err := m.incidents.Incident(ctx, a, id)
	out := []string{inc.Lead}
	for _, p := range inc.Participants {
		if p.Part != incident.Observer {
			out = append(out, p.Person)
		}
	}
	return out, err
}

func (m matters) repliers(ctx context.Context, a people.Actor, id string) ([]string, error) {
	c, err := m.desk.Conversation(ctx, a, id)
	out := []string{c.Request.Assignee}
	for _, said := range c.Messages {
		if said.Kind == desk.Reply {
			out = append(out, said.By)
		}
	}
	return out, err
}

// distinct is all without what comes twice, and without the empty one.
func distinct(all []string) (out []string) {
	for _, x := range all {
		if x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}
