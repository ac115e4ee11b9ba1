package desk

import (
	"slices"
	"time"

	"frontline/journal"
)

// AsOf is the request as it was at a time, read from its entries in the journal, oldest first. Words, tags and what its form asked for are those of
// now: no older ones are kept.
func (r Request) AsOf(entries []journal.Entry, at time.Time) Request {
	begun := New
	taken := func(e journal.Entry) bool { return e.Verb == "request.accepted" || e.Verb == "request.assigned" }
	if r.State != New && !slices.ContainsFunc(entries, taken) {
		begun = Open // its type needs no triage
	}
	then := r
	then.State, then.WaitsFor, then.WaitingSince, then.Assignee, then.Outcome, then.ClosedAt, then.FirstReplyAt, then.Problem = begun, "", time.Time{}, "", "", time.Time{}, time.Time{}, ""
	for _, e := range entries {
		if e.Subject != r.Subject() || e.At.After(at) {
			continue
		}
		then.follow(e)
	}
	return then
}

// follow brings the request to where an entry left it.
func (r *Request) follow(e journal.Entry) {
	word := func(name string) string { s, _ := e.Facts[name].(string); return s }
	switch e.Verb {
	case "request.received":
		r.Type, r.Team, r.Service, r.Customer, r.Priority = word("type"), word("team"), word("service"), word("customer"), Priority(word("priority"))
	case "request.changed":
		if field, ok := map[string]*string{"type": &r.Type, "team": &r.Team, "service": &r.Service, "customer": &r.Customer, "priority": (*string)(&r.Priority)}[word("what")]; ok {
			*field = word("to")
		}
	case "request.assigned":
		r.Assignee = e.About.ID
		if r.State == New && r.Assignee != "" {
			r.State = Open
		}
	case "request.accepted", "request.resumed", "request.reopened", "request.not_duplicate":
		r.State, r.WaitsFor, r.WaitingSince, r.Outcome, r.ClosedAt = Open, "", time.Time{}, "", time.Time{}
	case "request.waits":
		r.State, r.WaitsFor, r.WaitingSince = Waiting, Wait(word("for")), e.At
	case "request.replied":
		if e.Facts["first"] == true {
			r.FirstReplyAt = e.At
		}
	case "request.closed", "request.solved", "request.declined", "request.duplicate":
		r.State, r.WaitsFor, r.WaitingSince, r.ClosedAt = Closed, "", time.Time{}, e.At
		r.Outcome = Outcome(word("outcome"))
	case "request.hangs_on":
		r.Problem = e.About.ID
	case "request.left_problem":
		r.Problem = ""
	}
}
