package web

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"frontline/config"
	"frontline/journal"
	"frontline/people"
)

// plans are what is configured in a test.
type plans struct {
	all     []config.Listed
	folders []config.Folder
}

func (p plans) Listed() []config.Listed { return p.all }

func (p plans) Detail(kind, id string) (config.Detail, bool) {
	for _, l := range p.all {
		if l.Kind == kind && l.ID == id {
			return config.Detail{Listed: l, Text: l.Key + ":\n  - id: " + l.ID + "\n", Names: p.all[:1]}, true
		}
	}
	return config.Detail{}, false
}

func (p plans) Folders(context.Context) ([]config.Folder, error) { return p.folders, nil }

func configFirm(t *testing.T, p plans) *firm {
	t.Helper()
	return newFirm(t, func(d *Deps) {
		d.Folders, d.Configured = p, func(context.Context) (Configured, error) { return p, nil }
	})
}

func verityPlans() plans {
	p := plans{all: []config.Listed{
		{Kind: "team", Key: "teams", ID: "support", Name: "Technical support", Folder: "ops"},
		{Kind: "action", Key: "actions", ID: "queue/park-message", Name: "Take a poisoned message out", Folder: "playbooks"},
		{Kind: "service", Key: "services", ID: "decision-pipeline", Name: "Decision pipeline", Folder: "ops"},
	}, folders: []config.Folder{{Name: "ops", From: "https://git.verity.example/ops.git", Commit: "1f0c9a7be2d4455", At: night.Add(-time.Hour), Problem: "The folder has a mistake.", Problems: []config.Problem{{File: "people.yaml", Line: 4, Column: 12, Say: "There is no team suport."}}}}}
	for n := range 40 {
		p.all = append(p.all, config.Listed{Kind: "customer", Key: "customers", ID: fmt.Sprintf("c%d", n), Name: fmt.Sprintf("Customer %d", n)})
	}
	return p
}

func TestConfig(t *testing.T) {
	f := configFirm(t, verityPlans())
	f.entries = []journal.Entry{{ID: "e1", At: night.Add(-time.Hour), Actor: journal.Actor{Kind: people.ByToken, ID: "marika", Via: "api"}, Verb: "config.changed", Subject: journal.Of("service", "exports")}}
	got := f.desk.to("/config", ask{as: f.as(people.Support, "karl")}).is(http.StatusOK).has(".title p", "43 definitions").
		reads("[aria-labelledby=k-team] tbody tr", "Technical support support ops").
		has(`[aria-labelledby=k-action] a[href="/config/action/queue/park-message"]`, "Take a poisoned message out").
		has("[aria-labelledby=k-customer] details summary", "Show all 40").
		reads("[aria-labelledby=owners] .list > li:nth-child(1)", "ops 2 definitions, kept as in https://git.verity.example/ops.git at 1f0c9a7be2, applied 1 h 02:24 Not applied The folder has a mistake. people.yaml:4:12 There is no team suport.").
		reads("[aria-labelledby=owners] .list > li:nth-child(2)", "playbooks 1 definition, sent with frontline apply").
		reads("[aria-labelledby=owners] .list > li:nth-child(3)", "The screens 40 definitions").
		reads("[aria-labelledby=lately] li", "02:24 Marika Oja changed the service Exports 1 h, via api")
	if weight := len(got.body()); weight > 60<<10 {
		t.Errorf("it weighs %d bytes", weight)
	}
	f.desk.to("/config", ask{as: f.as(people.Member, "wanjiru")}).is(http.StatusOK).lacks("[aria-labelledby=lately]") // the journal is not theirs
	f.desk.to("/config", ask{}).leadsTo("/sign-in?next=%2Fconfig")
	configFirm(t, plans{}).desk.to("/config", ask{as: people.Member}).is(http.StatusOK).has("main .blank .name", "Nothing is configured yet").has("main .blank a", "See the first steps")
}

func TestOneDefinition(t *testing.T) {
	f := configFirm(t, verityPlans())
	f.entries = []journal.Entry{{ID: "e1", At: night.Add(-time.Hour), Actor: journal.Actor{Kind: people.ByPerson, ID: "marika", Via: "api"}, Verb: "config.added", Subject: journal.Of("action", "queue/park-message")},
		{ID: "e2", At: night, Actor: journal.Actor{Kind: people.ByPerson, ID: "karl", Via: "api"}, Verb: "run.started", Subject: journal.Of("action", "queue/park-message")}}
	f.desk.to("/config/action/queue/park-message", ask{as: f.as(people.Lead, "marika")}).is(http.StatusOK).
		has("main h1", "Take a poisoned message out").has(".title p b", "playbooks").has("pre.out", "- id: queue/park-message").
		has(`.buttons a[href="/actions/queue/park-message"]`, "Run it").has(`[aria-labelledby=names] a[href="/config/team/support"]`, "Technical support").
		reads("[aria-labelledby=history] li", "02:24 Marika Oja added the action queue/park-message 1 h, via api")
	f.desk.to("/config/customer/c7", ask{as: f.as(people.Support, "karl")}).is(http.StatusOK).has(".title", "made on the screens").lacks("pre").has("[aria-labelledby=text] .soft", "Leads and admins read it")
	f.desk.to("/config/service/decision-pipeline", ask{as: f.as(people.Member, "wanjiru")}).has(`.buttons a[href="/alerts?service=decision-pipeline&view=live"]`, "Its alerts").lacks("[aria-labelledby=history]")
	f.desk.to("/config/service/gone", ask{as: people.Member}).is(http.StatusNotFound).has("main .soft", "Look in the list of what is.")
	f.desk.to("/config/nonsense/x", ask{as: people.Member}).is(http.StatusNotFound)
}

func TestConfigLooks(t *testing.T) {
	st, _ := walk(t, people.Lead, "karl", func(f *firm) {
		p := verityPlans()
		f.desk.s.deps.Folders, f.desk.s.deps.Configured = p, func(context.Context) (Configured, error) { return p, nil }
	})
	st.lookAll("config", "/config", "/config/action/queue/park-message", "/me")
}
