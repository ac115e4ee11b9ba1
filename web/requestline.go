package web

import (
	"fmt"
	"strings"
	"time"

	"frontline/desk"
	"frontline/journal"
	"frontline/people"
)

// requestLine tells an entry of the journal in the conversation; false for what is told by a message of its own.
func requestLine(v *visit, book Book, c desk.Conversation, e journal.Entry) (entry, bool) {
	out := entry{At: v.at(e.At), Icon: "info", Who: actorWord(book, e.Actor)}
	if e.Subject.ID != c.Request.ID {
		return otherLine(c, e, out)
	}
	switch e.Verb {
	case "request.accepted":
		out.Icon, out.Words = "check", "accepted it"
	case "request.assigned":
		out.Icon, out.Words = "person", assignedWords(book, e)
		if e.Facts["how"] != nil {
			out.Who = ""
		}
	case "request.changed":
		out.Icon, out.Words = "settings", "set the "+factWord(e, "what")+" to "+changedTo(book, e)
	case "request.tagged":
		out.Icon, out.Words = "settings", "changed its tags"
	case "request.offered":
		out.Icon, out.Words = "action", "offers the action "+book.Name("action", e.About.ID)
	case "request.retitled":
		out.Icon, out.Words = "settings", "gave it another title"
	case "request.snoozed":
		out.Icon, out.Words = "clock", "snoozed it until "+v.at(time.Unix(factNumber(e, "until"), 0)).Hour()
	case "request.woke":
		out.Icon, out.Who, out.Words = "clock", "", "It is back in sight"
	case "request.waits":
		out.Icon, out.Words = "clock", "waits for "+waitWord(desk.Wait(factWord(e, "for")))
	case "request.text_removed":
		out.Icon, out.Who, out.Words = "lock", "", "The text was removed"
	case "request.held":
		out.Icon, out.Words = "lock", "said that the text must stay"
	case "request.released":
		out.Icon, out.Words = "undo", "said that the text may go"
	case "request.resumed":
		out.Icon, out.Words = "play", "took it up again"
		if e.Actor.Kind == people.BySystem {
			out.Who, out.Words = "", "The next move is ours again"
		}
	case "request.not_delivered":
		out.Icon, out.Look, out.Who, out.Words = "mail", "warning", "", "A reply did not arrive"
	default:
		return requestEndLine(book, e, out)
	}
	return out, true
}

// requestEndLine tells how a request ended, began again, and what it has to do with.
func requestEndLine(book Book, e journal.Entry, out entry) (entry, bool) {
	switch e.Verb {
	case "request.closed":
		out.Icon, out.Look, out.Words = "ok", "ok", "closed it: "+strings.ToLower(outcomeWord(desk.Outcome(factWord(e, "outcome"))))
		if size := factWord(e, "size"); size != "" {
			out.More = "size " + strings.ToUpper(size)
		}
	case "request.solved":
		out.Icon, out.Look, out.Words = "ok", "ok", "said that it is solved"
	case "request.declined":
		out.Icon, out.Words = "stop", "declined it"
	case "request.reopened":
		out.Icon, out.Words = "undo", "reopened it"
	case "request.duplicate":
		out.Icon, out.Words = "link", fmt.Sprintf("said that it is a duplicate of R-%d", factNumber(e, "of"))
	case "request.not_duplicate":
		out.Icon, out.Words = "undo", "said that it is no duplicate"
	case "request.hangs_on":
		out.Icon, out.Words = "link", fmt.Sprintf("hung it on the problem R-%d", factNumber(e, "number"))
	case "request.left_problem":
		out.Icon, out.Words = "undo", "took it off its problem"
	case "request.linked":
		out.Icon, out.Words = "link", fmt.Sprintf("linked it with R-%d", factNumber(e, "number"))
	case "request.unlinked":
		out.Icon, out.Words = "undo", "took a link away"
	case "request.part_of":
		out.Icon, out.Words = "incident", "made it a part of an incident"
	case "request.left_incident":
		out.Icon, out.Words = "undo", "took it out of the incident"
	case "request.watched":
		out.Icon, out.Words = "person", "follows it"
		if e.About.ID != e.Actor.ID {
			out.Words = "lets " + book.Name("person", e.About.ID) + " follow it"
		}
	case "request.escalated":
		out.Icon, out.Words, out.Link = "up", "", escalationLink(e)
		out.Lead = "asked developers:"
	case "request.joined_escalation":
		out.Icon, out.Lead, out.Link = "up", "let it join", escalationLink(e)
	case "request.left_escalation":
		out.Icon, out.Lead, out.Link = "undo", "took it out of", escalationLink(e)
	case "request.not_told":
		out.Icon, out.Words = "stop", "said that its asker need not be told"
	case "request.escalation_is":
		out.Who, out.Icon, out.Lead, out.Link, out.Words = "", "up", "Developers:", escalationLink(e), escalationIs(e)
	case "request.taken_back":
		out.Icon, out.Words = "undo", "took the last change of many back"
	default:
		return out, false
	}
	return out, true
}

func actorWord(book Book, a journal.Actor) string {
	switch a.Kind {
	case people.ByPerson:
		return book.Name("person", a.ID)
	case people.ByRule:
		return "Rule “" + book.Name("rule", a.ID) + "”"
	}
	return ""
}

func assignedWords(book Book, e journal.Entry) string {
	switch {
	case e.About.ID == "":
		return "gave it back"
	case e.Facts["how"] != nil:
		return "It went to " + book.Name("person", e.About.ID) + " by itself"
	case e.About.ID == e.Actor.ID:
		return "took it"
	}
	return "gave it to " + book.Name("person", e.About.ID)
}

func changedTo(book Book, e journal.Entry) string {
	to := factWord(e, "to")
	switch kind := factWord(e, "what"); {
	case to == "":
		return "none"
	case kind == "type":
		if t, ok := book.RequestType(to); ok {
			return t.Title
		}
	case kind != "priority":
		return book.Name(kind, to)
	}
	return to
}

func factWord(e journal.Entry, name string) string { s, _ := e.Facts[name].(string); return s }

func factNumber(e journal.Entry, name string) int64 {
	switch n := e.Facts[name].(type) {
	case float64:
		return int64(n)
	case int64:
		return n
	case int:
		return int64(n)
	}
	return 0
}

// otherLine tells what was done to another request and touches this one.
func otherLine(c desk.Conversation, e journal.Entry, out entry) (entry, bool) {
	for _, d := range c.Duplicates {
		if d.ID == e.Subject.ID && e.Verb == "request.duplicate" {
			out.Icon, out.Lead, out.Link, out.Words = "link", "said that", link{d.Name(), "/requests/" + d.Name()}, "asks the same"
			return out, true
		}
	}
	for _, h := range c.Hanging {
		if h.ID == e.Subject.ID && e.Verb == "request.hangs_on" {
			out.Icon, out.Lead, out.Link, out.Words = "link", "hung", link{h.Name(), "/requests/" + h.Name()}, "on this problem"
			return out, true
		}
	}
	return out, false
}

func escalationLink(e journal.Entry) link {
	name := fmt.Sprintf("E-%d", factNumber(e, "number"))
	return link{Word: name, Path: "/escalations/" + name}
}

// escalationIs says what has become of an escalation.
func escalationIs(e journal.Entry) string {
	verdict := strings.ToLower(verdictWord(desk.Verdict(factWord(e, "verdict"))))
	switch desk.EscalationState(factWord(e, "state")) {
	case desk.ToBeOpened:
		return "is on its way again"
	case desk.IssueNever:
		return "was refused by their tracker"
	case desk.IssueEnded:
		return "has ended: " + verdict
	}
	if factWord(e, "verdict") != "" {
		return "is open: " + verdict
	}
	return "is open in their tracker"
}
