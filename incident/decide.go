package incident

import (
	"slices"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// turn is one decision: who asks, what is so, and what it leaves. Its methods are the rules; they only compute.
type turn struct {
	actor people.Actor
	book  Directory
	cur   Current
	inc   Incident // the new state
	out   Change
}

func newTurn(a people.Actor, book Directory, cur Current) *turn {
	return &turn{actor: a, book: book, cur: cur, inc: cur.Incident}
}

// note adds an entry about the incident to the journal and returns it, so that more can be said of it.
func (t *turn) note(verb string, facts map[string]any) *journal.Entry {
	t.out.Add(journal.Note(t.actor, verb, t.inc.subject(), facts))
	return &t.out.Entries[len(t.out.Entries)-1]
}

// noteOn is note with a second subject.
func (t *turn) noteOn(verb, kind, id string, facts map[string]any) *journal.Entry {
	e := t.note(verb, facts)
	e.About = journal.Of(kind, id)
	return e
}

func (t *turn) done() Change {
	t.out.Incident = t.inc
	return t.out
}

// edited counts an edit that two people might do at once.
func (t *turn) edited() { t.inc.Version++ }

// unmoved refuses an edit that was begun on an older version; 0 skips the check.
func (t *turn) unmoved(seen int64) error {
	if seen != 0 && seen != t.inc.Version {
		return fault.New(fault.Conflict, "Somebody changed %s while you were editing. Look at what is new, then send yours again; nothing of it is lost.", t.inc.Name())
	}
	return nil
}

func (t *turn) mustBeOpen() error {
	if !t.inc.Open() {
		return fault.New(fault.Conflict, "%s is resolved. Reopen it first.", t.inc.Name())
	}
	return nil
}

// takenUp marks the moment when somebody first began to work on it.
func (t *turn) takenUp() {
	if t.inc.AcknowledgedAt.IsZero() {
		t.inc.AcknowledgedAt = t.cur.Now
	}
}

// opening is what a new incident begins with.
type opening struct {
	title    journal.Text
	severity Severity
	services []string
	group    *alert.Group // nil when somebody declared it without alerts
}

// open decides a new incident. Whoever opens it and may work on it leads it, until somebody else takes over.
func (t *turn) open(o opening) error {
	if err := checkTitle(o.title.Body); err != nil {
		return err
	}
	if !slices.Contains(Severities(), o.severity) {
		return wrongSeverity(o.severity)
	}
	t.inc.Title, t.inc.Severity, t.inc.State, t.inc.Version = o.title.Body, o.severity, Investigating, 1
	t.inc.OpenedBy, t.inc.OpenedAt, t.inc.DetectedAt, t.inc.BeganAt = t.actor.ID, t.cur.Now, t.cur.Now, t.cur.Now
	e := t.note("incident.opened", map[string]any{"number": t.inc.Number, "severity": string(o.severity)})
	e.Text = o.title.Hash()
	t.out.Notes = append(t.out.Notes, Note{ID: t.cur.NewID(), Incident: t.inc.ID, Kind: TitleNote, By: t.actor.ID, At: t.cur.Now, Text: o.title})
	if g := o.group; g != nil {
		e.About = journal.Of("group", g.ID)
		t.inc.Groups = []string{g.ID}
		t.inc.DetectedAt = earlier(g.OpenedAt, t.cur.Now)
		t.inc.BeganAt = earlier(g.BeganAt, t.inc.DetectedAt)
		t.inc.AcknowledgedAt = g.AckedAt
	}
	if t.actor.Kind == people.ByPerson {
		t.enter()
	}
	if err := t.addServices(o.services); err != nil {
		return err
	}
	t.tell(AboutOpening, 0)
	return nil
}

// enter gives the person who opens the incident their place in it.
func (t *turn) enter() {
	if people.May(t.actor, people.WorkIncident, topic(t.inc.ID)) != nil {
		t.inc.Participants = append(t.inc.Participants, Participant{t.actor.ID, Observer, t.cur.Now})
		return
	}
	t.inc.Lead = t.actor.ID
	t.takenUp()
	t.noteOn("incident.lead_set", "person", t.actor.ID, nil)
}

// earlier returns the earlier of two times; b when a is not known.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func wrongSeverity(s Severity) error {
	return fault.Wrong("severity", "A severity is critical, major or minor; %q is none of them. Choose one.", string(s))
}

// setSeverity decides another severity.
func (t *turn) setSeverity(to Severity) error {
	if !slices.Contains(Severities(), to) {
		return wrongSeverity(to)
	}
	if err := t.mustBeOpen(); err != nil || t.inc.Severity == to {
		return err
	}
	t.note("incident.severity_set", map[string]any{"from": string(t.inc.Severity), "to": string(to)})
	t.inc.Severity = to
	t.edited()
	return nil
}

// setState decides another state. The harm counts as stopped from the moment when it is only monitored.
func (t *turn) setState(to State) error {
	switch {
	case to == Resolved:
		return fault.Wrong("state", "Resolving is a step of its own, because stakeholders are told. Use resolve.")
	case !slices.Contains(States(), to):
		return fault.Wrong("state", "A state is investigating, identified, fixing or monitoring; %q is none of them. Choose one.", string(to))
	}
	if err := t.mustBeOpen(); err != nil || t.inc.State == to {
		return err
	}
	t.note("incident.state_set", map[string]any{"from": string(t.inc.State), "to": string(to)})
	t.inc.State = to
	t.inc.MitigatedAt = time.Time{}
	if to == Monitoring {
		t.inc.MitigatedAt = t.cur.Now
	}
	t.takenUp()
	t.edited()
	return nil
}

// rename decides another title.
func (t *turn) rename(title journal.Text) error {
	if err := checkTitle(title.Body); err != nil || t.inc.Title == title.Body {
		return err
	}
	t.inc.Title = title.Body
	t.addNote("incident.renamed", TitleNote, title)
	t.edited()
	return nil
}

// setLead decides who leads; empty for nobody.
func (t *turn) setLead(person string) error {
	if err := t.mustBeOpen(); err != nil || t.inc.Lead == person {
		return err
	}
	if person == "" {
		t.note("incident.lead_left", nil)
	} else if err := t.known(person); err != nil {
		return err
	} else {
		t.noteOn("incident.lead_set", "person", person, nil)
		t.takenUp()
	}
	t.inc.Participants = slices.DeleteFunc(slices.Clone(t.inc.Participants), func(p Participant) bool { return p.Person == person })
	if t.inc.Lead != "" { // whoever hands over still takes part
		t.inc.Participants = append(t.inc.Participants, Participant{t.inc.Lead, Observer, t.cur.Now})
	}
	t.inc.Lead = person
	t.edited()
	return nil
}

// join decides which part a person takes.
func (t *turn) join(person string, part Part) error {
	if !slices.Contains(Parts(), part) {
		return fault.Wrong("part", "A part is fixer, writer or observer; %q is none of them. Choose one.", string(part))
	}
	if err := t.known(person); err != nil {
		return err
	}
	if slices.ContainsFunc(t.inc.Participants, func(p Participant) bool { return p.Person == person && p.Part == part }) {
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(t.inc.Participants), func(p Participant) bool { return p.Person == person })
	t.inc.Participants = append(rest, Participant{person, part, t.cur.Now})
	t.noteOn("incident.joined", "person", person, map[string]any{"part": string(part)})
	if part != Observer {
		t.takenUp()
	}
	return nil
}

func (t *turn) known(person string) error {
	if _, ok := t.book.Person(person); !ok {
		return fault.Wrong("person", "There is no person %q. Choose one from the list.", person)
	}
	return nil
}

// addNote writes words down and notes that it was done.
func (t *turn) addNote(verb string, kind NoteKind, text journal.Text) {
	n := Note{ID: t.cur.NewID(), Incident: t.inc.ID, Kind: kind, By: t.actor.ID, At: t.cur.Now, Text: text}
	t.out.Notes = append(t.out.Notes, n)
	t.noteOn(verb, "note", n.ID, nil).Text = text.Hash()
}

// writeNote decides an internal remark. It may also be written after the end.
func (t *turn) writeNote(text journal.Text) error {
	if err := checkBody(text.Body); err != nil {
		return err
	}
	t.addNote("incident.noted", Remark, text)
	return nil
}

// write decides an internal update: stakeholders are told, and the promise to them is kept.
func (t *turn) write(d Draft, text journal.Text) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if err := t.checkDraft(d, t.inc.Said); err != nil {
		return err
	}
	t.inc.Said++
	u := t.update(Internal, d, text)
	u.N = t.inc.Said
	t.say("incident.update_written", u)
	t.keep(Internal)
	t.promise(Internal, d.NextBy)
	t.tell(AboutUpdate, u.N)
	t.takenUp()
	return nil
}

func (t *turn) checkDraft(d Draft, said int) error {
	if err := checkBody(d.Body); err != nil {
		return err
	}
	if err := checkNextBy(d.NextBy, t.cur.Now); err != nil {
		return err
	}
	if d.Seen >= 0 && d.Seen != said {
		return fault.New(fault.Conflict, "While you were writing, somebody else sent an update to the same readers. Read theirs, then send yours again if it is still right; your text is kept.")
	}
	return nil
}

func (t *turn) update(to Audience, d Draft, text journal.Text) Update {
	p, _ := t.inc.PromiseTo(to)
	return Update{ID: t.cur.NewID(), Incident: t.inc.ID, Audience: to, Text: text, By: t.actor.ID, At: t.cur.Now, NextBy: d.NextBy, Kept: p.At}
}

// say writes the update and notes it.
func (t *turn) say(verb string, u Update) {
	t.out.Updates = append(t.out.Updates, u)
	facts := map[string]any{"n": u.N}
	if u.State != "" {
		facts["state"] = string(u.State)
	}
	t.noteOn(verb, "update", u.ID, facts).Text = u.Text.Hash()
}

// promiseNext decides an internal promise without an update. What customers were promised only moves with a public update, because they read it.
func (t *turn) promiseNext(at time.Time) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if at.IsZero() {
		return fault.Wrong("next_by", "Choose by when the next update will come.")
	}
	if err := checkNextBy(at, t.cur.Now); err != nil {
		return err
	}
	if p, ok := t.inc.PromiseTo(Internal); ok {
		t.drop(p)
	}
	t.promise(Internal, at)
	return nil
}

// resolve decides the end: customers are kept as they are now, stakeholders are told, the internal promise is kept by that.
func (t *turn) resolve() error {
	if !t.inc.Open() {
		return nil
	}
	t.inc.Customers = affectedCustomers(t.book, t.inc.Components)
	t.inc.ResolvedAt = t.cur.Now
	if t.inc.MitigatedAt.IsZero() {
		t.inc.MitigatedAt = t.cur.Now
	}
	t.takenUp()
	t.note("incident.resolved", map[string]any{"from": string(t.inc.State), "customers": len(t.inc.Customers), "after_s": int64(t.cur.Now.Sub(t.inc.DetectedAt) / time.Second)})
	t.inc.State = Resolved
	t.keep(Internal)
	t.edited()
	t.tell(AboutResolution, t.inc.Said)
	t.out.Do(JobPostmortem().At(t.cur.Now, t.inc.ID, PostmortemArgs{t.inc.ID}))
	return nil
}

// reopen decides that it is not over. Alert groups that another open incident has meanwhile stay there.
func (t *turn) reopen() error {
	if t.inc.Open() {
		return nil
	}
	t.inc.State, t.inc.ResolvedAt, t.inc.MitigatedAt, t.inc.Customers = Investigating, time.Time{}, time.Time{}, nil
	t.inc.Groups = slices.DeleteFunc(slices.Clone(t.inc.Groups), func(g string) bool { _, taken := t.cur.Elsewhere[g]; return taken })
	t.thaw()
	t.note("incident.reopened", nil)
	t.edited()
	t.tell(AboutReopening, t.inc.Said)
	return nil
}

// linkGroup decides that an alert group is worked on here.
func (t *turn) linkGroup(group string) error {
	if slices.Contains(t.inc.Groups, group) {
		return nil
	}
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if other, taken := t.cur.Elsewhere[group]; taken {
		return fault.New(fault.Conflict, "These alerts are already worked on in INC-%d. Go there, or resolve it first.", other)
	}
	t.inc.Groups = append(slices.Clone(t.inc.Groups), group)
	t.noteOn("incident.group_linked", "group", group, nil)
	return nil
}

// linkRun decides that a run was started for this incident. It may still end after the incident has.
func (t *turn) linkRun(run string) error {
	if slices.Contains(t.inc.Runs, run) {
		return nil
	}
	t.inc.Runs = append(slices.Clone(t.inc.Runs), run)
	t.noteOn("incident.run_linked", "run", run, nil)
	return nil
}
