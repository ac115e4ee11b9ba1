package thanks

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
)

// Wings are those that have what thanks are about. The gate of each is asked about every request, incident and run.
type Wings struct {
	Desk      Requests
	Incidents Incidents
	Actions   Runs
}

// Requests is what thanks read of the desk.
type Requests interface {
	Request(ctx context.Context, a people.Actor, ref string) (desk.Request, error)
	Conversation(ctx context.Context, a people.Actor, ref string) (desk.Conversation, error)
	Demands(ctx context.Context, a people.Actor) ([]desk.Demand, error)
}

// Incidents is where incidents are read.
type Incidents interface {
	Incident(ctx context.Context, a people.Actor, id string) (incident.Incident, error)
}

// Runs is where the runs of a request or an incident are read.
type Runs interface {
	RunsFor(ctx context.Context, by people.Actor, s journal.Subject) ([]action.Run, error)
}

var (
	_ Matters   = Wings{}
	_ Requests  = (*desk.Service)(nil)
	_ Incidents = (*incident.Service)(nil)
	_ Runs      = (*action.Runner)(nil)
)

// Find implements Matters: "R-1042" is a request, "INC-31" an incident.
func (w Wings) Find(ctx context.Context, a people.Actor, ref string) (Matter, error) {
	if strings.HasPrefix(strings.ToUpper(ref), "INC-") {
		return w.Matter(ctx, a, journal.Of("incident", ref))
	}
	return w.Matter(ctx, a, journal.Of("request", ref))
}

// Matter implements Matters.
func (w Wings) Matter(ctx context.Context, a people.Actor, s journal.Subject) (Matter, error) {
	switch s.Kind {
	case "incident":
		inc, err := w.Incidents.Incident(ctx, a, s.ID)
		return Matter{Subject: journal.Of("incident", inc.ID), Name: inc.Name(), Title: inc.Title}, err
	case "request":
		r, err := w.Desk.Request(ctx, a, s.ID)
		if err != nil {
			return Matter{}, err
		}
		most, err := w.mostAbout(ctx, a, r)
		return Matter{Subject: r.Subject(), Name: r.Name(), Title: r.Title, Demand: most}, err
	}
	return Matter{}, fault.New(fault.NotFound, "There is nothing to be thankful for under %.60s.", s.ID)
}

// mostAbout is the demand with the greatest share of a request, as it counts today; empty when nobody said one.
func (w Wings) mostAbout(ctx context.Context, a people.Actor, r desk.Request) (string, error) {
	if len(r.Codes) == 0 {
		return "", nil
	}
	most := r.Codes[0]
	for _, c := range r.Codes[1:] {
		if c.Share > most.Share {
			most = c
		}
	}
	register, err := w.Desk.Demands(ctx, a)
	return desk.CountedAs(register, most.Demand), err
}

// Demands implements Matters.
func (w Wings) Demands(ctx context.Context, a people.Actor) (map[string]Demand, error) {
	all, err := w.Desk.Demands(ctx, a)
	out := make(map[string]Demand, len(all))
	for _, d := range all {
		out[d.ID] = Demand{Name: d.Name(), Title: d.Title}
	}
	return out, err
}

// Helpers implements Matters: whoever replied and whose request it is, or who led and took part in the incident, and the actions whose runs
// succeeded.
func (w Wings) Helpers(ctx context.Context, a people.Actor, s journal.Subject) (h Helpers, err error) {
	if s.Kind == "incident" {
		h.People, err = w.fixers(ctx, a, s.ID)
	} else {
		h.People, err = w.repliers(ctx, a, s.ID)
	}
	if err != nil {
		return h, err
	}
	h.People = distinct(h.People)
	if people.May(a, people.SeeActions, people.Subject{Kind: "run"}) != nil {
		return h, nil
	}
	runs, err := w.Actions.RunsFor(ctx, a, s)
	for _, r := range runs {
		if r.State == action.Succeeded {
			h.Actions = append(h.Actions, r.Definition.ID)
		}
	}
	h.Actions = distinct(h.Actions)
	return h, err
}

func (w Wings) fixers(ctx context.Context, a people.Actor, id string) ([]string, error) {
	inc, err := w.Incidents.Incident(ctx, a, id)
	out := []string{inc.Lead}
	for _, p := range inc.Participants {
		if p.Part != incident.Observer {
			out = append(out, p.Person)
		}
	}
	return out, err
}

func (w Wings) repliers(ctx context.Context, a people.Actor, id string) ([]string, error) {
	c, err := w.Desk.Conversation(ctx, a, id)
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
