package web

import (
	"net/http"
	"testing"

	"frontline/action"
	"frontline/journal"
	"frontline/people"
)

// The journal says which run it is about, and leads there; not to one that is not open to the person.
func TestJournalNamesItsSubjects(t *testing.T) {
	f := newFirm(t)
	f.as(people.Support, "liis")
	open := action.Run{ID: "open", Number: 884, Definition: action.Definition{ID: "queue/look", Title: "Look at the queue", Team: "support"}}
	hidden := action.Run{ID: "hidden", Number: 885, Definition: action.Definition{ID: "keys/rotate", Title: "Rotate the keys", Team: "pipeline", Visibility: people.TeamOnly}}
	f.runs.runs = []action.Run{open, hidden}
	liis := journal.Actor{Kind: people.ByPerson, ID: "liis", Via: "screen"}
	f.entries = []journal.Entry{
		{ID: "3", At: night, Actor: journal.Actor{Kind: people.ByRule, ID: "clean", Via: "rule"}, Verb: "rule.fired", Subject: journal.Of("rule", "clean")},
		{ID: "2", At: night, Actor: liis, Verb: "run.started", Subject: journal.Of("run", "hidden")},
		{ID: "1", At: night, Actor: liis, Verb: "run.started", Subject: journal.Of("run", "open")},
	}
	got := f.desk.to("/journal", ask{as: people.Support}).is(http.StatusOK)
	got.has("tbody tr:nth-child(1) th", "fired, and does what it says").has("tbody tr:nth-child(1) small a", "clean").
		has("tbody tr:nth-child(2) th", "ran a run").lacks("tbody tr:nth-child(2) small a").
		has("tbody tr:nth-child(3) th", "ran RUN-884 Look at the queue").has("tbody tr:nth-child(3) small a", "RUN-884")
	if to := got.attr("tbody tr:nth-child(3) small a", "href"); to != "/runs/RUN-884" {
		t.Errorf("it leads to %s", to)
	}
}
