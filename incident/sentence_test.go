package incident

import (
	"testing"
	"time"

	"frontline/action"
	"frontline/journal"
	"frontline/people"
)

func testNames(t *testing.T) Names {
	book := NewVerity()
	return Names{
		Person:  func(id string) string { return letter{book: book}.person(id) },
		Service: func(id string) string { s, _ := book.Service(id); return s.Name },
		Group: func(id string) string {
			if id == "g1" {
				return "G-7 Queue stands"
			}
			return ""
		},
		Run: func(id string) (action.Run, bool) {
			if id != "r1" {
				return action.Run{}, false
			}
			return action.Run{Number: 3, Definition: action.Definition{Title: "Take the message out"}, Result: action.Result{Summary: "1 message is in quarantine."}}, true
		},
		Text: func(s journal.Subject) string {
			if s.ID == "n1" {
				return "It came back."
			}
			return ""
		},
	}
}

// TestSentences reads entries as the other wings and this one write them, with numbers as they come back from JSON.
func TestSentences(t *testing.T) {
	group, page, run, person := journal.Of("group", "g1"), journal.Of("page", "p1"), journal.Of("run", "r1"), journal.Of("person", "rasmus")
	here := Subject("i1")
	type facts = map[string]any
	for _, c := range []struct {
		by      people.ActorKind
		verb    string
		subject journal.Subject
		about   journal.Subject
		facts   facts
		want    string
		small   string
	}{
		{people.ByPerson, "incident.opened", here, journal.Subject{}, facts{"severity": "major"}, "Karl Sepp declared the incident", "severity major"},
		{people.ByPerson, "incident.opened", here, group, facts{"severity": "major"}, "Karl Sepp opened the incident from G-7 Queue stands", "severity major"},
		{people.ByPerson, "incident.opened", here, journal.Of("group", "gone"), nil, "Karl Sepp opened the incident from its alerts", "severity "},
		{people.ByPerson, "incident.state_set", here, journal.Subject{}, facts{"from": "investigating", "to": "fixing"}, "Karl Sepp set the state to fixing", "it was investigating"},
		{people.ByPerson, "incident.lead_set", here, person, nil, "Karl Sepp made Rasmus Põder the lead", ""},
		{people.ByPerson, "incident.lead_set", here, journal.Of("person", "karl"), nil, "Karl Sepp took the lead", ""},
		{people.ByPerson, "incident.joined", here, person, facts{"part": "fixer"}, "Karl Sepp brought in Rasmus Põder as fixer", ""},
		{people.ByPerson, "incident.impact_set", here, journal.Subject{}, facts{"services": 1.0, "components": 2.0, "customers": 14.0}, "Karl Sepp set what is affected: 1 service, 2 components", "14 customers on them"},
		{people.ByPerson, "incident.noted", here, journal.Of("note", "n1"), nil, "Karl Sepp noted", ""},
		{people.ByPerson, "incident.resolved", here, journal.Subject{}, facts{"after_s": 2520.0}, "Karl Sepp resolved the incident", "42 min after it was noticed"},
		{people.BySystem, "promise.broken", here, journal.Subject{}, facts{"audience": "public"}, "The update promised to customers is late", "the lead was paged"},
		{people.ByPerson, "promise.kept", here, journal.Subject{}, facts{"audience": "public", "late_s": -300.0}, "Karl Sepp kept the promise to customers", "5 min early"},
		{people.BySource, "alert.opened", journal.Of("alert", "a1"), group, facts{"severity": "critical"}, "An alert of G-7 Queue stands began", "severity critical"},
		{people.BySource, "group.resolved", group, journal.Subject{}, facts{"after_ms": 61_000.0, "alerts": 2.0}, "G-7 Queue stands resolved", "after 1 min 1 s"},
		{people.ByPerson, "group.resolved", group, journal.Subject{}, facts{"after_ms": 61_000.0, "by_hand": true}, "Karl Sepp resolved G-7 Queue stands by hand", "after 1 min 1 s"},
		{people.ByPerson, "group.acknowledged", group, journal.Subject{}, facts{"after_ms": 108_000.0}, "Karl Sepp acknowledged G-7 Queue stands", "1 min 48 s after it began"},
		{people.BySource, "group.acknowledged", group, journal.Subject{}, facts{"after_ms": 108_000.0}, "G-7 Queue stands was acknowledged where it came from", "1 min 48 s after it began"},
		{people.BySystem, "page.attempt_sent", page, group, facts{"person": "karl", "channel": "ntfy"}, "Paged Karl Sepp", "received by ntfy"},
		{people.ByLink, "page.acknowledged", page, group, facts{"after_ms": 108_000.0}, "Karl Sepp acknowledged the page", "1 min 48 s after it was opened"},
		{people.BySystem, "page.person_unreachable", page, group, facts{"person": "tonis", "why": "no_contact"}, "Tõnis Kask could not be paged", "no contact"},
		{people.BySystem, "page.exhausted", page, group, nil, "Even the last resort was paged in vain", ""},
		{people.ByPerson, "run.started", run, here, nil, "Karl Sepp ran RUN-3 Take the message out", ""},
		{people.ByPerson, "run.approval_requested", run, here, facts{"need": 2.0}, "Karl Sepp asked for an approval of RUN-3 Take the message out", "2 others must say yes"},
		{people.ByPerson, "run.approved", run, here, facts{"need": 2.0, "approvals": 1.0}, "Karl Sepp approved RUN-3 Take the message out", "1 of 2"},
		{people.ByPerson, "run.refused", run, here, nil, "Karl Sepp refused RUN-3 Take the message out", ""},
		{people.BySystem, "run.expired", run, here, nil, "RUN-3 Take the message out waited for an approval in vain", "nothing was done"},
		{people.ByPerson, "run.step_answered", run, here, facts{"step": "look", "answer": "yes"}, "Karl Sepp answered yes in RUN-3 Take the message out", "at the check point look"},
		{people.BySystem, "run.step_asked", run, here, facts{"step": "look"}, "RUN-3 Take the message out waits for an answer", "at the check point look"},
		{people.BySystem, "run.step_done", run, here, facts{"step": "park"}, "Done: the step park of RUN-3 Take the message out", ""},
		{people.BySystem, "run.resumed", run, here, nil, "RUN-3 Take the message out goes on: people found out what became of its step", ""},
		{people.ByPerson, "run.glass_broken", run, here, nil, "Karl Sepp broke glass for RUN-3 Take the message out", "it started without anybody's yes; its owners are paged"},
		{people.ByPerson, "run.reviewed", run, here, nil, "Karl Sepp reviewed RUN-3 Take the message out", ""},
		{people.BySystem, "run.succeeded", run, here, nil, "RUN-3 Take the message out succeeded", "1 message is in quarantine."},
		{people.BySystem, "run.unknown", run, here, nil, "Nobody knows what became of RUN-3 Take the message out", "somebody has to look before it is run again"},
		{people.BySystem, "run.failed", journal.Of("run", "hidden"), here, nil, "A run failed", ""},
		{people.ByPerson, "page.turned_over", page, group, nil, "Karl Sepp page: turned over", ""},
		{people.BySystem, "weather.rain_began", journal.Of("weather", "w"), here, nil, "Weather: rain began", ""},
	} {
		e := journal.Entry{At: noon, Actor: journal.Actor{Kind: c.by, ID: "karl"}, Verb: c.verb, Subject: c.subject, About: c.about, Facts: c.facts}
		l := Tell([]journal.Entry{e}, testNames(t))[0]
		got := l.Sentence
		if l.Actor != "" {
			got = l.Actor + " " + got
		}
		if got != c.want || l.Small != c.small {
			t.Errorf("%s by %s: %q (%q), want %q (%q)", c.verb, c.by, got, l.Small, c.want, c.small)
		}
	}
}

// TestStakeholdersAreToldOnce folds the receipts of one mail to many into one line, at the time of the last.
func TestStakeholdersAreToldOnce(t *testing.T) {
	entry := func(id, verb string, n float64, after time.Duration) journal.Entry {
		return journal.Entry{ID: id, At: noon.Add(after), Verb: verb, Subject: Subject("i1"), Facts: map[string]any{"about": "update", "n": n, "round": 1.0}}
	}
	lines := Tell([]journal.Entry{
		entry("1", "incident.told", 1, 0), entry("2", "incident.told", 2, time.Second), entry("3", "incident.told", 1, time.Minute), entry("4", "incident.not_told", 1, time.Hour),
	}, testNames(t))
	if len(lines) != 2 || lines[0].Sentence != "1 stakeholder received internal update 2" || lines[1].Sentence != "2 stakeholders received internal update 1" ||
		lines[1].Small != "1 stakeholder could not be reached" || !lines[1].At.Equal(noon.Add(time.Hour)) {
		t.Errorf("lines %+v", lines)
	}
}

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 400 * time.Millisecond: "under a second", 48 * time.Second: "48 s", 108 * time.Second: "1 min 48 s", 72 * time.Minute: "1 h 12 min",
		time.Hour + 5*time.Second: "1 h", 50 * time.Hour: "2 d 2 h", -time.Minute: "−1 min",
	} {
		if got := Spell(d); got != want {
			t.Errorf("Spell(%v) = %q, want %q", d, got, want)
		}
	}
}
