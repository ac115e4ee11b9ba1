package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/incident"
	"frontline/journal"
	"frontline/people"
)

// journalNames lets sentences name people and services; what only an incident knows is left out.
func journalNames(book Book, group string) incident.Names {
	return incident.Names{
		Person:  func(id string) string { return book.Name("person", id) },
		Service: func(id string) string { return book.Name("service", id) },
		Group:   func(string) string { return group },
		Run:     func(string) (action.Run, bool) { return action.Run{}, false },
		Text:    func(journal.Subject) string { return "" },
	}
}

// lineEntry draws a line of a timeline.
func lineEntry(v *visit, l incident.Line) entry {
	e := entry{At: v.at(l.At), Who: l.Actor, Words: l.Sentence, More: l.Small, Icon: lineIcon(l.Icon)}
	if strings.HasPrefix(l.Sentence, "acknowledged") || strings.HasSuffix(l.Sentence, "resolved") {
		e.Look = "ok"
	}
	return e
}

func lineIcon(i incident.Icon) string {
	switch i {
	case incident.IconAlert:
		return "alert"
	case incident.IconPage:
		return "oncall"
	case incident.IconPeople:
		return "person"
	case incident.IconState:
		return "incident"
	case incident.IconImpact, incident.IconSomething:
		return "info"
	case incident.IconNote, incident.IconInternal:
		return "lock"
	case incident.IconPublic:
		return "globe"
	case incident.IconPromise:
		return "clock"
	case incident.IconRun:
		return "action"
	case incident.IconPaper:
		return "book"
	}
	return "info"
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

type journalScreen struct {
	head
	Verb  string
	Who   string
	Kinds []option
	Rows  []journalRow
	Pager pager
}

type journalRow struct {
	At       moment
	Who      string
	Sentence string
	Verb     string
	Subject  string
	About    link // where its subject is looked at; may be empty
	Via      string
	Seq      string
}

// showJournal lists everything that happened, newest first. It is the audit log.
func (s *Server) showJournal(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	before := journal.Entry{ID: q.Get("id")}
	if at, err := time.Parse(time.RFC3339Nano, q.Get("before")); err == nil {
		before.At = at
	} else {
		before.ID = ""
	}
	entries, err := s.deps.Journal.JournalPage(r.Context(), before, q.Get("verb"), q.Get("who"), pageSize+1)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := journalScreen{head: head{Title: "Journal", Wing: "/journal", Topics: topics("journal", "")}, Verb: q.Get("verb"), Who: q.Get("who"), Kinds: journalKinds()}
	more := len(entries) > pageSize
	entries = entries[:min(len(entries), pageSize)]
	named := s.subjects(r.Context(), v, book)
	for _, e := range entries { // one by one: a timeline tells several mails in one line, the journal each
		for _, l := range incident.Tell([]journal.Entry{e}, named.names()) {
			row := journalRowOf(v, book, e, l)
			row.About = named.of(e)
			scr.Rows = append(scr.Rows, row)
		}
	}
	scr.Pager = pager{Of: "the journal", Say: plural(len(entries), "entry", "entries") + " shown"}
	if more {
		last := entries[len(entries)-1]
		scr.Pager.Older = "/journal?" + url.Values{"verb": {scr.Verb}, "who": {scr.Who}, "before": {last.At.Format(time.RFC3339Nano)}, "id": {last.ID}}.Encode()
	}
	if before.ID != "" {
		scr.Pager.Newer = "/journal?" + url.Values{"verb": {scr.Verb}, "who": {scr.Who}}.Encode()
	}
	return s.show(w, r, v, http.StatusOK, "journal", scr)
}

func journalKinds() []option {
	var out []option
	for _, k := range []struct{ verb, word string }{{"", "Everything"}, {"alert.", "Alerts"}, {"group.", "Groups"}, {"page.", "Pages"}, {"oncall.", "On call"},
		{"incident.", "Incidents"}, {"postmortem.", "Post-mortems"}, {"request.", "Requests"}, {"demand.", "Demands"}, {"proposal.", "Proposals"}, {"answer.", "Answers"}, {"run.", "Runs"}, {"rule.", "Rules"}, {"handover.", "Hand-overs"}, {"person.", "People"}, {"token.", "Tokens"}, {"runner.", "Runners"}, {"secret.", "Secrets"}, {"config.", "Configuration"}} {
		out = append(out, option{Value: k.verb, Label: k.word})
	}
	return out
}

func journalRowOf(v *visit, book Book, e journal.Entry, l incident.Line) journalRow {
	row := journalRow{At: v.at(e.At), Who: book.Name("person", e.Actor.ID), Sentence: l.Sentence, Verb: e.Verb, Subject: e.Subject.Kind, Via: e.Actor.Via, Seq: "not sealed yet"}
	if say := own(book, e); say != "" {
		row.Sentence = say
	}
	switch e.Actor.Kind {
	case people.BySource:
		row.Who = book.Name("source", e.Actor.ID)
	case people.ByRule:
		row.Who = "Rule: " + book.Name("rule", e.Actor.ID)
	case people.BySystem:
		row.Who = "Frontline"
	}
	if e.Seq > 0 {
		row.Seq = number(int(e.Seq))
	}
	return row
}

// own tells what only the journal shows: configuration, people and their access.
func own(book Book, e journal.Entry) string {
	wing, what, _ := strings.Cut(e.Verb, ".")
	name := book.Name(e.Subject.Kind, e.Subject.ID)
	switch {
	case wing == "config":
		return what + " the " + e.Subject.Kind + " " + name
	case wing == "rule":
		return ruleSaid(what)
	case e.Verb == "handover.written":
		return "wrote the morning hand-over of " + name
	case e.Verb == "action.looked":
		return "was offered what " + name + " returns"
	case e.Verb == "action.file_given":
		return "uploaded a file for " + name
	case e.Verb == "run.output_forgotten":
		return "forgot the output of a run"
	case e.Verb == "quarantine.expiring":
		return "warned: what was taken out is dropped soon, unless somebody puts it back"
	case e.Verb == "quarantine.dropped":
		return "dropped what was taken out"
	case wing == "runner":
		return runnerSaid(what, name)
	case wing == "secret":
		return what + " the stored secret " + name
	case e.Verb == "key.changed":
		return "sealed the signing keys under another key of the installation"
	case wing == "token":
		return what + " an API token"
	case e.Verb == "person.sign_in_refused":
		return "was refused at sign-in"
	case e.Verb == "person.confirmed":
		return "typed their password once more"
	case e.Verb == "person.confirm_refused":
		return "typed a wrong password where one was asked once more"
	case e.Verb == "person.setup_link_made":
		return "made a set-up link"
	case e.Verb == "person.invited":
		return "invited " + name
	case e.Verb == "person.added":
		return "added " + name
	case wing == "person":
		return strings.ReplaceAll(what, "_", " ") + ifOther(e, name)
	}
	return ""
}

// runnerSaid tells what was done about a runner. A token is made for a name; the runner has none before it enrols.
func runnerSaid(what, name string) string {
	switch what {
	case "token_made":
		return "made a token for the runner " + name
	case "enrolled":
		return "had made the token with which a runner enrolled"
	}
	return what + " a runner"
}

// ruleSaid tells what a rule did, or what was done to it.
func ruleSaid(what string) string {
	switch what {
	case "fired":
		return "fired, and does what it says"
	case "refused":
		return "fired in vain: it was refused"
	case "paused":
		return "paused the rule"
	case "resumed":
		return "let the rule go on"
	}
	return strings.ReplaceAll(what, "_", " ")
}

// ifOther names the person when somebody else did it for them.
func ifOther(e journal.Entry, name string) string {
	if e.Subject.ID == e.Actor.ID {
		return ""
	}
	return " for " + name
}
