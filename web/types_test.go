package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"frontline/config"
	"frontline/people"
)

const typesOfVerity = `teams:
  - {id: support, name: Technical support, lead: marika}
  - {id: care, name: Customer care}
people:
  - {id: marika, name: Marika Oja, email: marika@verity.example, role: lead, teams: [support]}
  - {id: grace, name: Grace Wambui, email: grace@verity.example, role: member, teams: [care]}
request_types:
  - {id: question, title: A question about a decision, team: support}
`

// typesDesk is a desk with a configuration of its own, in which teams make their types.
func typesDesk(t *testing.T) (*requestDesk, *config.Config) {
	t.Helper()
	k := newRequestDesk(t)
	c := config.New(k.db, k.desk.clock, func(string) string { return "" }, config.Known{})
	admin := people.Actor{Kind: people.ByPerson, ID: "marika", Role: people.Admin, Via: "test"}
	_, err := c.Apply(t.Context(), admin, config.Apply{Folder: "verity", Files: []config.File{{Name: "verity.yaml", Content: typesOfVerity}}})
	k.must(err)
	k.desk.s.deps.Types = c
	return k, c
}

func refundForm(more ...string) url.Values {
	out := url.Values{"title": {"A refund is missing"}, "help": {"It was promised and did not come."}, "team": {"support"}, "priority": {"high"}, "do": {"save"},
		"i0.label": {"What was bought?"}, "i0.type": {"choice"}, "i0.choices": {"check\r\nmonth\r\n"}, "i0.required": {"yes"}, "i0.place": {"1"},
		"i1.label": {"Which month?"}, "i1.type": {"text"}, "i1.when": {"what_was_bought"}, "i1.is": {"month"}, "i1.place": {"2"}}
	for i := 0; i+1 < len(more); i += 2 {
		out.Set(more[i], more[i+1])
	}
	return out
}

// A lead makes a type on the screen, looks at it, saves it, changes it, goes back to an older version, and retires it; nobody else does.
func TestTypesOnScreens(t *testing.T) {
	k, c := typesDesk(t)
	lead, member := people.Lead, people.Member
	k.desk.to("/types", ask{as: member}).is(http.StatusOK).has("tbody th a", "A question about a decision").lacks(`a[href="/types/new"]`)
	k.desk.to("/types", ask{as: lead}).is(http.StatusOK).has(`a[href="/types/new"]`, "New type").has(".cards li:first-child a b", "I need access to something")
	k.desk.to("/types/new", ask{as: member}).is(http.StatusForbidden)
	k.desk.to("/types/new?from=access", ask{as: lead}).is(http.StatusOK).has("#row-2 legend", "For which person?")
	k.desk.to("/types/question", ask{as: lead}).is(http.StatusOK).has(".title", "The folder verity owns it").lacks("form#type")
	k.desk.to("/types/none", ask{as: lead}).is(http.StatusNotFound)

	k.desk.to("/types", ask{as: lead, form: refundForm("do", "preview")}).is(http.StatusUnprocessableEntity).has("#look", "How it is asked").has("#row-2 legend", "One more")
	k.desk.to("/types", ask{as: member, form: refundForm()}).is(http.StatusForbidden)
	k.desk.to("/types", ask{as: lead, form: refundForm("i0.choices", "")}).is(http.StatusUnprocessableEntity).has("#row-0 .wrong", "lists its choices")
	k.desk.to("/types", ask{as: lead, form: refundForm("title", "")}).is(http.StatusUnprocessableEntity).has("#f-title-wrong", "Give it a name")
	k.desk.to("/types", ask{as: lead, form: refundForm()}).leadsTo("/types/a-refund-is-missing")
	book, err := c.Book(t.Context())
	k.must(err)
	made, _ := book.RequestType("a-refund-is-missing")
	if len(made.Inputs) != 2 || made.Inputs[1].When == nil || made.Inputs[1].When.Input != "what_was_bought" || made.Priority != "high" {
		t.Errorf("made %+v", made)
	}
	if folder, ok := book.Owner("request_type", made.ID); !ok || folder != "" {
		t.Errorf("owned by %q", folder)
	}

	seen := book.Mark("request_type", made.ID)
	changed := refundForm("id", made.ID, "seen", seen, "i0.name", "what_was_bought", "i0.label", "What was it?", "i1.name", "which_month", "i1.place", "0", "i1.when", "", "i1.is", "")
	k.desk.to("/types", ask{as: lead, form: changed}).leadsTo("/types/a-refund-is-missing")
	k.desk.to("/types", ask{as: lead, form: changed}).is(http.StatusConflict) // what it says was seen is old
	k.desk.to("/types", ask{as: lead, form: refundForm()}).is(http.StatusUnprocessableEntity)
	book, err = c.Book(t.Context())
	k.must(err)
	made, _ = book.RequestType("a-refund-is-missing")
	if len(made.Inputs) != 2 || made.Inputs[0].Name != "which_month" || made.Inputs[1].Name != "what_was_bought" || made.Inputs[1].Label != "What was it?" {
		t.Errorf("changed to %+v", made.Inputs)
	}
	k.desk.to("/types/"+made.ID, ask{as: lead}).is(http.StatusOK).has(`a[href$="version=1"]`, "Version 1")
	k.desk.to("/types/"+made.ID+"?version=1", ask{as: lead}).is(http.StatusOK).has("#row-0 legend", "What was bought?")
	k.desk.to("/types/"+made.ID, ask{as: member}).is(http.StatusOK).lacks("form#type")
	k.desk.to("/types/retire", ask{as: member, form: url.Values{"id": {made.ID}, "seen": {book.Mark("request_type", made.ID)}}}).is(http.StatusForbidden)
	k.desk.to("/types/retire", ask{as: lead, form: url.Values{"id": {made.ID}, "seen": {book.Mark("request_type", made.ID)}}}).leadsTo("/types")
	k.desk.to("/types/"+made.ID, ask{as: lead}).is(http.StatusNotFound)
}

// What is typed into the editor is data: odd words, too much of it, and conditions that lead nowhere are refused or made harmless.
func TestOddTypesAreRefused(t *testing.T) {
	k, _ := typesDesk(t)
	lead := people.Lead
	for name, f := range map[string]url.Values{
		"no letters":              refundForm("title", "???"),
		"too long":                refundForm("title", strings.Repeat("a", 500)),
		"another team":            refundForm("team", "none"),
		"a service that is not":   refundForm("service", "none"),
		"a rotation that is not":  refundForm("assign", "on_call:none"),
		"another way to assign":   refundForm("assign", "luck"),
		"another priority":        refundForm("priority", "now"),
		"asks for a secret":       refundForm("i0.type", "secret", "i0.choices", ""),
		"depends on what is not":  refundForm("i1.when", "nothing"),
		"depends on what comes":   refundForm("i0.when", "which_month", "i0.is", "x"),
		"depends on a wrong word": refundForm("i1.is", "year"),
	} {
		if got := k.desk.to("/types", ask{as: lead, form: f}).Code; got != http.StatusUnprocessableEntity && got != http.StatusForbidden {
			t.Errorf("%s: %d", name, got)
		}
	}
	page := k.desk.to("/types", ask{as: lead, form: refundForm("title", "<script>alert(1)</script>", "i0.label", `"><img src=x onerror=alert(1)>`, "do", "preview")})
	page.is(http.StatusUnprocessableEntity).lacks("main script").lacks("main img")
}
