package app

import (
	"context"

	"frontline/desk"
	"frontline/fault"
	"frontline/integration/github"
	"frontline/integration/gitlab"
	"frontline/integration/jira"
	"frontline/secret"
)

// trackerChecks are the kinds of trackers, and what each wants of a definition.
func trackerChecks() map[string]func(desk.TrackerDefinition) []fault.Field {
	return map[string]func(desk.TrackerDefinition) []fault.Field{"github": github.Check, "gitlab": gitlab.Check, "jira": jira.Check}
}

// wireTrackers makes what asks developers. A new kind of tracker is one line here and one above.
func (a *App) wireTrackers(context.Context) error {
	a.escalated = &desk.Escalations{Desk: a.desk, DB: a.db, Trackers: bookAs[desk.TrackerBook](a), Secret: a.teamSecret, Runs: a.actions.List,
		Kinds: map[string]desk.Tracker{"github": github.New(), "gitlab": gitlab.New(), "jira": jira.New()}}
	return nil
}

// teamSecret looks a secret up that a definition of the team names; stored ones must be the team's.
func (a *App) teamSecret(ctx context.Context, team string, ref secret.Ref) (secret.Text, error) {
	if name, ok := ref.Stored(); ok {
		return a.actions.Vault.Value(ctx, team, name)
	}
	return ref.Resolve(a.getenv)
}

// Escalations is what the desk asks developers, for whoever works at it in this process.
func (a *App) Escalations() *desk.Escalations { return a.escalated }
