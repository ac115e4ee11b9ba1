package desk

import (
	"slices"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Ending is what a request is closed with.
type Ending struct {
	Outcome Outcome
	Size    Size // how much work it felt like; may be empty
	Coding       // what it was about; may be empty, unless the type asks for it
}

// close ends the work on a request. What hangs on it is told by a job of its own.
func (t *turn) close(e Ending) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if !slices.Contains(Outcomes(), e.Outcome) {
		return fault.Wrong("outcome", "Say what became of it: answered, done, action, configured, self_service or fixed.")
	}
	if e.Size != "" && !slices.Contains(Sizes(), e.Size) {
		return fault.Wrong("size", "The size is s, m, l or xl; %q is none of them.", e.Size)
	}
	if !e.Coding.empty() {
		t.code(e.Coding)
	}
	if err := t.mustCode(); err != nil {
		return err
	}
	t.accept()
	t.end(e.Outcome)
	t.req.Size = e.Size
	t.note("request.closed", map[string]any{"outcome": string(e.Outcome), "size": string(e.Size), "seconds": int64(t.cur.Now.Sub(t.req.ReceivedAt).Seconds())})
	return nil
}

// end is what every way of ending has in common.
func (t *turn) end(o Outcome) {
	t.worked()
	t.wake()
	t.req.State, t.req.WaitsFor, t.req.WaitingSince = Closed, "", time.Time{}
	t.req.Outcome, t.req.ClosedAt, t.req.AskedAt = o, t.cur.Now, time.Time{}
	t.req.Version++
}

// solved is the asker's own word that it is over.
func (t *turn) solved() {
	if t.req.Open() {
		touched := t.req.FirstTouchAt
		t.end(Answered)
		t.req.FirstTouchAt = touched // nobody of the desk did anything
	}
	t.note("request.solved", nil)
}

// decline refuses a request, with the reason that the asker gets.
func (t *turn) decline(reason journal.Text) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if err := checkText("reason", reason.Body); err != nil {
		return err
	}
	m := t.say(Message{Kind: Reply, By: t.actor.ID, Text: reason, Channel: t.actor.Via})
	if t.req.FirstReplyAt.IsZero() {
		t.req.FirstReplyAt = t.cur.Now
	}
	t.sendTo(m.ID)
	t.end(Declined)
	t.note("request.declined", nil).Text = reason.Hash()
	return nil
}

// reopen takes a closed request up again.
func (t *turn) reopen() error {
	switch {
	case t.req.Open():
		return fault.New(fault.Conflict, "%s is open already.", t.req.Name())
	case t.req.Of != "":
		return fault.New(fault.Conflict, "%s is a duplicate. Take that back instead.", t.req.Name())
	}
	t.openAgain()
	return nil
}

func (t *turn) openAgain() {
	t.note("request.reopened", map[string]any{"outcome": string(t.req.Outcome)})
	t.req.State, t.req.Outcome, t.req.ClosedAt = Open, "", time.Time{}
	t.req.Reopened++
	t.req.Version++
}

// duplicateOf says that the other request asks the same: from now on its conversation is ours, and its answer reaches both askers. Nothing is
// moved, so that it can be taken back.
func (t *turn) duplicateOf(other string) error {
	to, ok := t.cur.With[other]
	switch {
	case !ok:
		return fault.Wrong("of", "There is no such request. Write its number, such as R-1042.")
	case to.ID == t.req.ID:
		return fault.Wrong("of", "A request is no duplicate of itself. Choose the other one.")
	case t.req.Of == to.ID:
		return nil
	case t.req.Of != "":
		return fault.New(fault.Conflict, "%s is a duplicate already. Take that back first.", t.req.Name())
	case to.Of != "":
		return fault.Wrong("of", "%s is a duplicate itself. Choose the request that it is a duplicate of.", to.Name())
	case t.hasDuplicates():
		return fault.Wrong("of", "Others are duplicates of %s. Make %s a duplicate of it instead.", t.req.Name(), to.Name())
	}
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	t.req.Before = &Former{t.req.State, t.req.WaitsFor}
	t.req.Of = to.ID
	t.end(Duplicate)
	t.noteOn("request.duplicate", "request", to.ID, map[string]any{"of": to.Number})
	return nil
}

// hasDuplicates says whether others are duplicates of it: they wait for its words too.
func (t *turn) hasDuplicates() bool {
	return slices.ContainsFunc(t.cur.To, func(to Recipient) bool { return to.Request != t.req.ID })
}

// notDuplicate takes it back: the request is again what it was.
func (t *turn) notDuplicate() error {
	if t.req.Of == "" {
		return fault.New(fault.Conflict, "%s is no duplicate.", t.req.Name())
	}
	of := t.req.Of
	was := Former{State: Open}
	if t.req.Before != nil {
		was = *t.req.Before
	}
	t.req.Of, t.req.Before = "", nil
	t.req.State, t.req.WaitsFor, t.req.Outcome, t.req.ClosedAt = was.State, was.WaitsFor, "", time.Time{}
	if t.req.FirstReplyAt.IsZero() {
		t.req.AskedAt = t.req.ReceivedAt
	}
	t.req.Version++
	t.noteOn("request.not_duplicate", "request", of, nil)
	return nil
}

// hangOn says that the other request's solution answers this one too. Each keeps its own conversation. Empty takes it back.
func (t *turn) hangOn(other string) error {
	if other == "" {
		if t.req.Problem != "" {
			t.noteOn("request.left_problem", "request", t.req.Problem, nil)
			t.req.Problem = ""
			t.req.Version++
		}
		return nil
	}
	to, ok := t.cur.With[other]
	switch {
	case !ok:
		return fault.Wrong("problem", "There is no such request. Write its number, such as R-1042.")
	case to.ID == t.req.ID || to.Problem != "":
		return fault.Wrong("problem", "%s cannot be the problem behind this one. Choose the request that the others hang on.", to.Name())
	case len(t.cur.Hanging) > 0:
		return fault.Wrong("problem", "Others hang on %s already. Hang %s on it instead.", t.req.Name(), to.Name())
	case t.req.Problem == to.ID:
		return nil
	}
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	t.accept()
	t.req.Problem = to.ID
	t.req.Version++
	t.noteOn("request.hangs_on", "request", to.ID, map[string]any{"number": to.Number})
	return nil
}

// link says that two requests have to do with each other.
func (t *turn) link(other string) error {
	to, ok := t.cur.With[other]
	if !ok || to.ID == t.req.ID {
		return fault.Wrong("other", "There is no such other request. Write its number, such as R-1042.")
	}
	if !slices.Contains(t.req.Links, to.ID) {
		t.req.Links = append(slices.Clone(t.req.Links), to.ID)
		t.noteOn("request.linked", "request", to.ID, map[string]any{"number": to.Number})
	}
	return nil
}

// unlink takes that back.
func (t *turn) unlink(other string) {
	if i := slices.Index(t.req.Links, other); i >= 0 {
		t.req.Links = slices.Delete(slices.Clone(t.req.Links), i, i+1)
		t.noteOn("request.unlinked", "request", other, nil)
	}
}

// partOf says that it is a part of an incident; empty takes that back.
func (t *turn) partOf(incident string) error {
	works := people.May(t.actor, people.WorkRequests, t.topic())
	if works != nil && !t.req.follows(t.actor.ID) {
		return works
	}
	if t.req.Incident == incident {
		return nil
	}
	was := t.req.Incident
	t.req.Incident = incident
	t.req.Version++
	if incident == "" {
		t.noteOn("request.left_incident", "incident", was, nil)
		return nil
	}
	t.noteOn("request.part_of", "incident", incident, nil)
	return nil
}
