package web

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

func TestJournal(t *testing.T) {
	f := newFirm(t)
	f.book.sources = []alert.Source{{ID: "alertmanager", Name: "Alertmanager"}}
	support := f.as(people.Support, "karl")
	f.desk.to("/journal", ask{as: support}).is(http.StatusOK).has("main .blank .name", "Nothing yet").lacks("main table")
	person := func(id string) journal.Actor { return journal.Actor{Kind: people.ByPerson, ID: id, Via: "screen"} }
	f.entries = []journal.Entry{
		{ID: "e4", At: night.Add(-time.Minute), Actor: person("marika"), Verb: "config.changed", Subject: journal.Of("service", "exports")},
		{ID: "e3", Seq: 1203, At: night.Add(-2 * time.Minute), Actor: person("marika"), Verb: "person.invited", Subject: journal.Of("person", "karl")},
		{ID: "e2", Seq: 1202, At: night.Add(-3 * time.Minute), Actor: person("karl"), Verb: "token.made", Subject: journal.Of("token", "t1")},
		{ID: "e1", Seq: 1201, At: night.Add(-4 * time.Minute), Actor: journal.Actor{Kind: people.BySource, ID: "alertmanager", Via: "alertmanager"}, Verb: "alert.opened", Subject: journal.Of("alert", "a1"), About: journal.Of("group", "g1")},
	}
	f.desk.to("/journal", ask{as: support}).is(http.StatusOK).
		reads("tbody tr:nth-child(1)", "1 min 03:23 Marika Oja changed the service Exports via screen config.changed not sealed yet").
		reads("tbody tr:nth-child(2)", "Marika Oja invited Karl Sepp via screen person.invited 1,203").
		reads("tbody tr:nth-child(3)", "Karl Sepp made an API token").
		has("tbody tr:nth-child(4) td:nth-child(2)", "Alertmanager").has(".pager .small", "4 entries shown")
	f.desk.to("/journal", ask{as: f.as(people.Member, "wanjiru")}).is(http.StatusForbidden).has("main .soft", "needs the role support; you have member")
	f.desk.to("/journal", ask{}).leadsTo("/sign-in?next=%2Fjournal")
}

func TestLongJournalIsReadPageByPage(t *testing.T) {
	f := newFirm(t)
	for n := range 130 {
		f.entries = append(f.entries, journal.Entry{ID: fmt.Sprintf("e%03d", n), Seq: int64(130 - n), At: night.Add(-time.Duration(n) * time.Second), Actor: journal.Actor{Kind: people.ByPerson, ID: "karl", Via: "api"}, Verb: "token.made", Subject: journal.Of("token", "t")})
	}
	support := f.as(people.Support, "karl")
	first := f.desk.to("/journal?verb=token.&who=karl", ask{as: support}).is(http.StatusOK).has("option[selected]", "Tokens").has(`#who[value=karl]`, "").lacks("a[rel=prev]")
	second := f.desk.to(first.attr("a[rel=next]", "href"), ask{as: support}).has("option[selected]", "Tokens").has("a[rel=prev]", "Newer")
	if f.asked != "token.|karl|e049" {
		t.Errorf("the second page asks for %s", f.asked)
	}
	third := f.desk.to(second.attr("a[rel=next]", "href"), ask{as: support}).has(".pager .small", "30 entries shown").lacks("a[rel=next]")
	if rows := third.all("tbody tr"); len(rows) != 30 {
		t.Errorf("the third page has %d rows, want 30", len(rows))
	}
	f.desk.to("/journal?"+url.Values{"before": {"yesterday"}, "id": {"e049"}}.Encode(), ask{as: support}).is(http.StatusOK).lacks("a[rel=prev]") // nonsense shows the newest
}

func TestJournalThatCannotBeRead(t *testing.T) {
	f := newFirm(t)
	f.broken = fault.New(fault.Unavailable, "The database does not answer. Try again in a minute.")
	f.desk.to("/journal", ask{as: f.as(people.Support, "karl")}).is(http.StatusServiceUnavailable).has("main .soft", "The database does not answer")
}
