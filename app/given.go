package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"frontline/action"
	"frontline/alert"
	"frontline/journal"
	"frontline/people"
)

// given is what the inputs of actions are checked with.
func (a *App) given() action.Given {
	return action.Given{Catalog: bookAs[action.Catalog](a), Uploads: a.db, Facts: a.facts, Looked: a.db.Looked}
}

// alertsAsked is how many alerts of a group are looked at for labels.
const alertsAsked = 50

// facts are what is known of what a run is for. What is not the same for all of it is not known.
func (a *App) facts(ctx context.Context, actor people.Actor, s journal.Subject) (map[string]string, error) {
	switch s.Kind {
	case "incident":
		return a.incidentFacts(ctx, actor, s.ID)
	case "group":
		return a.groupFacts(ctx, s.ID)
	case "request":
		return a.requestFacts(ctx, actor, s.ID)
	}
	return nil, nil
}

// requestFacts are what a request is about, and what its form asked for: "field.session".
func (a *App) requestFacts(ctx context.Context, actor people.Actor, id string) (map[string]string, error) {
	r, err := a.desk.Request(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	facts := map[string]string{"customer": r.Customer, "service": r.Service, "title": r.Title, "number": r.Name()}
	for name, v := range r.Fields {
		facts["field."+name] = fmt.Sprint(v)
	}
	return facts, nil
}

func (a *App) incidentFacts(ctx context.Context, actor people.Actor, id string) (map[string]string, error) {
	inc, err := a.incidents.Incident(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	facts := map[string]string{}
	for _, group := range inc.Groups {
		more, err := a.groupFacts(ctx, group)
		if err != nil {
			return nil, err
		}
		agree(facts, more, group == inc.Groups[0])
	}
	facts["severity"], facts["title"], facts["number"] = string(inc.Severity), inc.Title, inc.Name()
	delete(facts, "service")
	if len(inc.Services) > 0 {
		facts["service"] = inc.Services[0] // the one it was opened for stands first
	}
	if len(inc.Customers) == 1 {
		facts["customer"] = inc.Customers[0].ID
	}
	return facts, nil
}

func (a *App) groupFacts(ctx context.Context, id string) (map[string]string, error) {
	g, err := a.db.Group(ctx, id)
	if err != nil {
		return nil, err
	}
	alerts, err := a.db.AlertsOf(ctx, g.ID, alertsAsked)
	if err != nil {
		return nil, err
	}
	facts := labelsOf(alerts)
	facts["service"], facts["severity"], facts["title"], facts["number"] = g.Service, string(g.Severity), g.Title, g.Short()
	if c := facts["label.customer"]; c != "" {
		facts["customer"] = c
	}
	return facts, nil
}

// labelsOf are the labels that the alerts have in common: those that are open, or all when none is.
func labelsOf(alerts []alert.Alert) map[string]string {
	open := slices.DeleteFunc(slices.Clone(alerts), func(x alert.Alert) bool { return x.State != alert.Open })
	if len(open) > 0 {
		alerts = open
	}
	facts := map[string]string{}
	for i, x := range alerts {
		labels := make(map[string]string, len(x.Labels))
		for name, v := range x.Labels {
			labels["label."+name] = v
		}
		agree(facts, labels, i == 0)
	}
	return facts
}

// agree keeps of the facts what the others say too; the first others say it all.
func agree(facts, others map[string]string, first bool) {
	if first {
		maps.Copy(facts, others)
	}
	maps.DeleteFunc(facts, func(name, v string) bool { return others[name] != v })
}
