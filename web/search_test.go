package web

import (
	"context"
	"strings"
	"testing"

	"frontline/action"
	"frontline/desk"
	"frontline/people"
	"frontline/search"
)

// nothingFound is a search that finds nothing, for the tests of other screens.
type nothingFound struct{}

func (nothingFound) Find(context.Context, people.Actor, string, int) (desk.Found, error) {
	return desk.Found{}, nil
}

func (nothingFound) Similar(context.Context, people.Actor, string, int) ([]desk.Near, error) {
	return nil, nil
}

func (nothingFound) SimilarTo(context.Context, people.Actor, desk.Asking, int) ([]desk.Near, error) {
	return nil, nil
}

// someFound finds a request with a sharp bracket in it, a customer, and what is like a question.
type someFound struct {
	nothingFound
	asked *desk.Asking
}

func (someFound) Find(_ context.Context, _ people.Actor, typed string, _ int) (desk.Found, error) {
	hit := search.Hit{Title: []search.Range{{From: 0, To: 6}}, Snippet: search.Snippet{Text: "the <b>refund</b> is late", Marks: []search.Range{{From: 7, To: 13}}, After: true}, Matches: []search.Match{{Word: "refund", Title: 1, Body: 1}}}
	return desk.Found{Corrections: []search.Correction{{Typed: typed, Instead: "refund"}}, Hits: []desk.FoundHit{
		{Kind: desk.KindRequest, Ref: "R-7", Name: "Refund <late>", Hit: hit, Written: desk.Written{Request: desk.Request{Number: 7, State: desk.Open}}},
		{Kind: desk.KindCustomer, Ref: "nordpank", Name: "Nordpank"},
	}}, nil
}

func (f someFound) SimilarTo(_ context.Context, _ people.Actor, q desk.Asking, _ int) ([]desk.Near, error) {
	*f.asked = q
	return []desk.Near{{Request: desk.Request{Number: 7, Title: "Refund <late>", State: desk.Closed}, Likeness: 0.64, Because: []string{"refund", "late"}}}, nil
}

func TestSearchSaysWhatItFoundAndWhy(t *testing.T) {
	f := newFirm(t, func(d *Deps) { d.Finding = someFound{} })
	f.desk.to("/search?q=refudn", ask{as: people.Support}).has("h1", "Search").has(".hits li:first-child h2", "Refund <late>").has(".hits h2 mark", "Refund").
		has(".hits .text", "the <b>refund</b> is late …").has(".hits", "Because of: refund in the title and in the text").
		has(".told-of", "Showing results for “refund”; nobody has written “refudn”.").has(`.tabs a[href*="kind=customer"]`, "Customers 1")
	f.desk.to("/search?q=refudn&kind=customer", ask{as: people.Support}).has(".hits h2", "Nordpank").lacks(`.hits a[href="/requests/R-7"]`)
	if got := f.desk.to("/search?q=R-12", ask{as: people.Support}).Header().Get("Location"); got != "/requests/R-12" {
		t.Errorf("a number leads to %q", got)
	}
	f = newFirm(t)
	f.desk.to("/search", ask{as: people.Member}).has(".blank .name", "Look for anything").has(`.rail a.find[href="/search"]`, "Search")
	f.desk.to("/search?q=zzyzx", ask{as: people.Member}).has(".blank .name", "Nothing was found")
}

func TestWhatWasAskedBefore(t *testing.T) {
	asked := desk.Asking{}
	f := openRequests(t, newFirm(t, func(d *Deps) { d.Finding = someFound{asked: &asked} })).firm
	p := f.desk.to("/requests/similar?title=Where+is+my+refund&body=It+is+late", ask{as: people.Member})
	if asked.Title != "Where is my refund" || asked.Body != "It is late" {
		t.Errorf("asked for %+v", asked)
	}
	body := p.Body.String()
	if strings.Contains(body, "<html") || !strings.Contains(body, "Refund &lt;late&gt;") || !strings.Contains(body, "64 % alike") || !strings.Contains(body, "Because of: refund, late") {
		t.Errorf("the piece is %s", body)
	}
}

// oneAction is the actions of a service: one.
type oneAction struct{ everyAction }

type everyAction = Actions

func (oneAction) Actions(context.Context, people.Actor, string) ([]action.Definition, error) {
	return []action.Definition{{ID: "queue/park-message", Title: "Park a message"}}, nil
}

// A customer and a service show what is open about them, with figures that say of how many they are.
func TestCustomerAndService(t *testing.T) {
	k := openRequests(t, newFirm(t, func(d *Deps) { d.Actions = oneAction{} }))
	k.desk.to("/customers/nordpank", ask{as: people.Support}).has("h1", "Nordpank").has("#facts", "Facts").has(".figures", "Asked in 90 days")
	k.desk.to("/services/decision-pipeline", ask{as: people.Support}).has(`section[aria-labelledby="who"] h2`, "On call").has(`section[aria-labelledby="acts"] a`, "Park a message").has(`section[aria-labelledby="open"] h2`, "Open requests")
	for _, path := range []string{"/customers/nobody", "/services/nothing"} {
		if p := k.desk.to(path, ask{as: people.Support}); p.Code != 404 {
			t.Errorf("%s answers %d, want 404", path, p.Code)
		}
	}
}

func TestSearchLooks(t *testing.T) {
	st, _ := walk(t, people.Support, "liis", func(f *firm) { f.desk.s.deps.Finding, f.desk.s.deps.Actions = someFound{}, oneAction{} })
	st.lookAll("search", "/search?q=refudn", "/customers/nordpank", "/services/decision-pipeline")
}
