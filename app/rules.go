package app

import (
	"context"

	"frontline/action"
	"frontline/desk"
	"frontline/journal"
	"frontline/people"
	"frontline/rule"
)

// wireRules makes what runs actions by itself.
func (a *App) wireRules(context.Context) error {
	a.rules = &rule.Engine{Store: a.db, Book: bookAs[rule.Directory](a), Describe: a.describe, Recall: a.recall, Knows: a.belongs,
		Actions: byRule{a.actions}, Deeds: ruleDeeds{a}, Clock: a.clock, Log: a.log}
	a.ruleBoard = &rule.Board{Engine: a.rules, Records: a.db, Book: bookAs[rule.Owners](a), Knows: a.belongs, Check: desk.CheckRule, Clock: a.clock}
	return nil
}

// describe is what the condition of a rule sees of a journal entry: the request, group or incident that it is about.
func (a *App) describe(ctx context.Context, e journal.Entry) (rule.Event, error) {
	about := rule.Matter(e)
	out := rule.Event{Verb: e.Verb, Kind: e.Subject.Kind, Subject: e.Subject.ID, Facts: e.Facts, At: e.At, Labels: map[string]string{}, About: e.Subject}
	switch about.Kind {
	case "request":
		r, err := a.db.Request(ctx, about.ID)
		if err != nil {
			return out, err
		}
		return a.describeRequest(ctx, e, r)
	case "group":
		out.Kind, out.About = about.Kind, about
		return out, a.describeGroup(ctx, about.ID, e.Subject.ID, &out)
	case "incident":
		out.Kind, out.About = about.Kind, about
		return out, a.describeIncident(ctx, about.ID, &out)
	}
	return out, nil
}

// describeGroup tells of a group; its labels are those of the alert that is meant, or of the worst.
func (a *App) describeGroup(ctx context.Context, id, meant string, out *rule.Event) error {
	g, err := a.db.Group(ctx, id)
	if err != nil {
		return err
	}
	alerts, err := a.db.AlertsOf(ctx, id, 50)
	if err != nil {
		return err
	}
	out.Subject, out.Title, out.Service, out.Team, out.Severity = g.Short(), g.Title, g.Service, g.Team, string(g.Severity)
	if g.Service != "" {
		out.Services = []string{g.Service}
	}
	for i, x := range alerts {
		if i == 0 || x.Title == g.Title {
			out.Labels = x.Labels
		}
	}
	for _, x := range alerts {
		if x.ID == meant {
			out.Labels, out.Severity = x.Labels, string(x.Severity)
		}
	}
	return nil
}

func (a *App) describeIncident(ctx context.Context, id string, out *rule.Event) error {
	inc, err := a.db.Incident(ctx, id)
	if err != nil {
		return err
	}
	out.Subject, out.Title, out.Services, out.Severity = inc.Name(), inc.Title, inc.Services, string(inc.Severity)
	if len(out.Services) > 0 {
		out.Service = out.Services[0]
		book, err := a.config.Book(ctx)
		if err != nil {
			return err
		}
		if s, ok := book.Service(out.Service); ok {
			out.Team = s.Team
		}
	}
	return nil
}

// byRule lets rules use the one way to an action.
type byRule struct{ *action.Runner }

var _ rule.Actions = byRule{}

// Plan implements rule.Actions.
func (b byRule) Plan(ctx context.Context, by people.Actor, f rule.Firing) (string, bool, error) {
	q := action.PlanRequest{Action: f.Action, Inputs: f.Inputs, Reason: "Rule " + f.Rule + ": " + f.Why}
	if f.For.Kind == "group" || f.For.Kind == "incident" || f.For.Kind == "request" {
		q.For = f.For
	}
	r, err := b.Runner.Plan(ctx, by, q)
	return r.ID, r.Plan.Nothing, err
}

// Start implements rule.Actions. A plan that became too old, because no process ran in between, is refused like anybody's: the world may
// have moved, and the firing says so.
func (b byRule) Start(ctx context.Context, by people.Actor, run, key string) (bool, error) {
	r, err := b.Run(ctx, by, run)
	if err != nil {
		return false, err
	}
	r, err = b.Runner.Start(ctx, by, action.StartRequest{Run: r.ID, PlanHash: r.PlanHash, Key: key})
	return r.State == action.Waiting, err
}
