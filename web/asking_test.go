package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"frontline/action"
	"frontline/desk"
	inputs "frontline/form"
	"frontline/people"
)

// someActions are what may be run: one by everybody, one by support.
type someActions struct{ everyAction }

func (someActions) Actions(_ context.Context, a people.Actor, _ string) ([]action.Definition, error) {
	all := []action.Definition{
		{ID: "sessions/reset", Title: "Reset a stuck session", Purpose: "It hangs in review and somebody waits.", Team: "support", Risk: action.RiskRead, Allow: action.Allow{Run: []people.Who{"role:member"}},
			Inputs: []inputs.Input{{Name: "session", Type: inputs.Text}, {Name: "bank", Type: inputs.Customer}, {Name: "key", Type: inputs.Secret}}},
		{ID: "queue/park-message", Title: "Park a message", Purpose: "One message stops the queue.", Team: "support", Risk: action.RiskChange, Allow: action.Allow{Run: []people.Who{"role:support"}}},
	}
	return slices.DeleteFunc(all, func(d action.Definition) bool {
		return people.May(a, people.SeeActions, people.Subject{Kind: "action"}) != nil
	}), nil
}

// offersDesk is a desk that knows an answer and has actions.
func offersDesk(t *testing.T, f *firm) *requestDesk {
	t.Helper()
	f.desk.s.deps.Actions = someActions{}
	k := openRequests(t, f)
	k.desk.s.deps.Finding = k.requests
	k.as(people.Member, "grace")
	k.as(people.Support, "liis")
	for _, x := range []desk.AnswerDraft{
		{Title: "Which passports have a chip?", Body: "All **Kenyan** passports since 2018.", Audience: desk.ForEveryone},
		{Title: "Which passports are of the desk alone?", Body: "Kenyan chip passports that we looked at.", Audience: desk.ForDesk},
	} {
		a, err := k.requests.NewAnswer(t.Context(), k.actor("liis"), x)
		k.must(err)
		_, err = k.requests.PublishAnswer(t.Context(), k.actor("liis"), a.ID, a.Version)
		k.must(err)
	}
	return k
}

// While a question is typed, what may answer it comes as a piece of the screen: only what the person may read and run, and filled in from the form.
func TestOfferedWhileAsking(t *testing.T) {
	k := offersDesk(t, newFirm(t))
	member, support := people.Member, people.Support
	k.desk.to("/requests/new?type=webhooks", ask{as: member}).has("form[data-near]", "Ask").has("#near-at", "").has(".near-say [role=status]", "")
	piece := func(as people.Role, q ...string) reply {
		given := url.Values{}
		for i := 0; i < len(q); i += 2 {
			given.Set(q[i], q[i+1])
		}
		return k.desk.to("/requests/similar?"+given.Encode(), ask{as: as}).is(http.StatusOK)
	}
	p := piece(member, "type", "question", "title", "Do Kenyan passports have a chip?")
	if strings.Contains(p.Body.String(), "<html") {
		t.Errorf("a piece is %s", p.Body)
	}
	p.has("details[data-name=K-1] summary", "Which passports have a chip?").has("article strong", "Kenyan").has(`form[action="/answers/K-1/vote"] button`, "This solved it").lacks("details[data-name=K-2]").lacks("#near-actions")
	piece(support, "title", "Do Kenyan passports have a chip?").has("details[data-name=K-2] summary", "of the desk alone")
	p = piece(member, "type", "webhooks", "title", "A session is stuck", "in.customer", "nordpank", "in.session", "vs-7", "in.key", "hunter2")
	p.has("[aria-labelledby=near-actions] li a", "Reset a stuck session")
	if got, want := p.attr("[aria-labelledby=near-actions] li a", "href"), "/actions/sessions/reset?for=asking%3Awebhooks&in.bank=nordpank&in.session=vs-7"; got != want {
		t.Errorf("the action leads to %s, want %s", got, want)
	}
	if got := p.attr("[data-say]", "data-say"); got != "1 action to try" {
		t.Errorf("it says %q", got)
	}
	p.lacks(`a[href*="park-message"]`) // of the type, and not theirs to run
	piece(support, "type", "webhooks", "title", "Nothing like anything").has("[aria-labelledby=near-actions] li:first-child a", "Park a message")
	piece(member, "title", "How are you?").lacks("[data-say]")
	piece(member).lacks("[data-say]")

	// What was opened while writing is not offered once more; what was not, is.
	question := url.Values{"type": {"question"}, "title": {"Do passports have chips?"}, "text": {"Which Kenyan passports have a chip?"}, "seen-answers": {""}}
	k.desk.to("/requests", ask{as: member, form: question}).is(http.StatusOK).has("h1", "Does one of these answer it?")
	question.Set("seen-answers", "K-9 K-2")
	k.desk.to("/requests", ask{as: member, form: question}).is(http.StatusOK).has("h1", "Does one of these answer it?")
	question.Set("seen-answers", "K-1")
	k.desk.to("/requests", ask{as: member, form: question}).leadsTo("/requests/R-1")
}

// In a browser: what is offered comes beside what is written, leaves the words and the cursor alone, and "This solved it" is counted without a request.
func TestOfferedWhileTyping(t *testing.T) {
	var k *requestDesk
	st, _ := walk(t, people.Member, "grace", func(f *firm) { k = offersDesk(t, f) })
	st.Open(st.url + "/requests/new?type=question")
	st.until("the scripts", `document.documentElement.dataset.js !== undefined`)
	st.Do(chromedp.Focus(chromedp.CSS("#f-title")))
	st.press("Do Kenyan passports have a chip?")
	st.until("the offer", `document.querySelector("#near-at details[data-name=K-1]") !== null`)
	if !st.js(`document.activeElement.id === "f-title" && document.querySelector("#f-title").value === "Do Kenyan passports have a chip?"`) {
		t.Error("the words or the cursor are elsewhere now")
	}
	if !st.js(`document.querySelector(".near-say [role=status]").textContent === "1 known answer"`) {
		t.Error("nobody is told how much is known")
	}
	if v := st.Axe(); len(v) > 0 {
		t.Errorf("%v", v)
	}
	st.Do(chromedp.Focus(chromedp.CSS("#near-at summary")))
	st.press("\r")
	st.until("the answer", `document.querySelector("#near-at details").open && document.querySelector("[name=seen-answers]").value === "K-1"`)
	st.press("\t")
	st.press("\r")
	st.SeeText("Nothing was sent.")
	x, err := k.requests.Answer(t.Context(), k.actor("liis"), "K-1")
	k.must(err)
	if want := (desk.AnswerCounts{Helped: 1, Instead: 1}); x.AnswerCounts != want {
		t.Errorf("counted %+v, want %+v", x.AnswerCounts, want)
	}
	all, err := k.requests.Requests(t.Context(), k.actor("liis"), desk.Filter{})
	if err != nil || len(all) != 0 {
		t.Errorf("%d requests, %v", len(all), err)
	}
}
