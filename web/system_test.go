package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/oncall"
	"frontline/people"
)

func TestSystem(t *testing.T) {
	f := newFirm(t)
	member := f.as(people.Member, "wanjiru")
	f.desk.to("/system", ask{as: member}).is(http.StatusOK).has("main h1", "How Frontline does").
		reads(".col .list li:nth-child(1)", "Paging : Well no page past its deadline").reads("div.col", "Every message was taken by its provider.").
		has(".facts", "Reached athttps://ops.verity.example")
	f.health.Late = []oncall.Page{{Number: 12}}
	for n := range 3 {
		f.failed = append(f.failed, oncall.Attempt{Duty: oncall.Duty{Person: "karl"}, Contact: people.Contact{Channel: "ntfy", Address: "https://push.example/karl-secret"}, State: oncall.Failed,
			Error: fmt.Sprintf("The topic is gone, try %d.", n), DueAt: night.Add(-time.Duration(n) * time.Hour)})
	}
	bad := f.desk.to("/system", ask{as: member}).is(http.StatusOK).reads(".col .list li:nth-child(1)", "Paging : Broken 1 page is past its time").has(".col .list li:nth-child(1) .i.critical", "").
		reads(".line li:nth-child(1)", "03:24 Karl Sepp was not reached by push The topic is gone, try 0.")
	if rows := bad.all(".line li"); len(rows) != 3 {
		t.Errorf("%d failures are listed, want 3", len(rows))
	}
	f.desk.to("/system", ask{}).leadsTo("/sign-in?next=%2Fsystem")
}

// The screen says what keeps scripts from the rest of the machine, in words, with what is missing and what helps; an action says what it demands.
func TestSandboxIsShown(t *testing.T) {
	box := Sandbox{}
	f := newFirm(t, func(d *Deps) { d.Sandbox = func() Sandbox { return box } })
	lead := f.as(people.Lead, "karl")
	for level, c := range map[string][2]string{"full": {".state.ok", "Full"}, "namespaces": {".state.warning", "Only namespaces"}, "tree": {".state.critical", "None"}} {
		box = Sandbox{Level: level, Say: "Scripts run somehow.", Why: []string{"the kernel has no Landlock"}, Mend: []string{"Run Linux 6.7."}}
		f.desk.to("/system", ask{as: lead}).is(http.StatusOK).has("#sandbox "+c[0], "").has("#sandbox .head", c[1]).has("#sandbox p", "Scripts run somehow.").
			has("#sandbox h3 + ul:nth-of-type(1) li", "the kernel has no Landlock").has("#sandbox ul:last-child li", "Run Linux 6.7.")
	}
	s := &Server{deps: Deps{Sandbox: func() Sandbox { return Sandbox{Level: "namespaces"} }}}
	for least, want := range map[string]string{"": "the best there is; this host gives namespaces", "full": "full at least; this host gives namespaces", "none": "none: it can do what"} {
		if got := s.demand(action.Definition{Kind: "exec", Settings: map[string]any{"sandbox": least}}); !strings.HasPrefix(got, want) {
			t.Errorf("an action with the sandbox %q says %q", least, got)
		}
	}
	if got := s.demand(action.Definition{Kind: "sql"}); got != "" {
		t.Errorf("an action without a script says %q", got)
	}
}

func TestSources(t *testing.T) {
	f := newFirm(t)
	member := f.as(people.Member, "wanjiru")
	f.desk.to("/sources", ask{as: member}).is(http.StatusOK).has("main .blank .name", "No source yet").lacks("main table").
		has(".out[aria-label='Alertmanager configuration']", "url: https://ops.verity.example/in/alertmanager/TOKEN").has(".out[aria-label=Address]", "https://ops.verity.example/v2/enqueue")
	f.book.sources = []alert.Source{{ID: "alertmanager", Name: "Alertmanager", Kind: "alertmanager", Token: "env:ALERTMANAGER_TOKEN"}, {ID: "old", Name: "Old monitors", Kind: "pagerduty", Service: "exports"}}
	f.heard = []alert.Activity{{Source: "alertmanager", LastAt: night.Add(-2 * time.Minute), Messages: 318}}
	f.desk.to("/sources", ask{as: member}).is(http.StatusOK).
		reads("tbody tr:nth-child(1)", "Alertmanager alertmanager alertmanager by labels env:ALERTMANAGER_TOKEN 318 messages in the last hour").
		reads("tbody tr:nth-child(2)", "Old monitors old pagerduty by labels, otherwise Exports made by Frontline, shown once when it was applied nothing in the last hour")
	f.desk.to("/sources", ask{}).leadsTo("/sign-in?next=%2Fsources")
}

func TestSystemLooks(t *testing.T) {
	st, _ := walk(t, people.Admin, "marika", func(f *firm) {
		busy(f)
		f.health.Late = []oncall.Page{{Number: 12}}
		f.failed = []oncall.Attempt{{Duty: oncall.Duty{Person: "karl"}, Contact: people.Contact{Channel: "ntfy"}, State: oncall.Failed, Error: "The topic is gone. Correct the contact.", DueAt: night.Add(-time.Hour)}}
	})
	st.lookAll("system", "/system", "/sources")
}
