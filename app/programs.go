package app

import (
	"net/http"

	"frontline/alert"
	"frontline/api"
	"frontline/journal"
)

// programs is the JSON API, for programs and the command line.
func (a *App) programs() (http.Handler, error) {
	return api.New(api.Deps{
		Tokens: a.signIn, Book: bookAs[api.Directory](a), Alerts: alert.NewBoard(a.db), Handling: a.handling, Board: a.board, Overrides: a.duties,
		Pages: a.pager, Incidents: a.incidents, Desk: a.desk, Finding: a.desk, Demands: a.desk, Insight: a.figures, Proposals: a.explorer, Actions: a.actions, Runners: a.runners, Clusters: a.actions, Secrets: *a.actions.Vault, Config: a.config, Rules: a.ruleBoard, Mornings: a.mornings, TakingUp: a.desk, Privacy: a.privacy, Vouching: a.signIn, Journal: journal.NewReader(a.db), Health: a.auditor, Database: a.db,
		Thanks: a.thanks, Developers: a.escalated, Knowledge: a.desk, Counting: a.Watches(), Watches: a.Watches(),
		Clock: a.clock, Log: a.log, Base: a.settings.base,
	})
}
