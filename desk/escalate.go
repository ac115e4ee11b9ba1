package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
	"frontline/secret"
)

// Escalations is what the desk asks developers, and what comes back: escalations and their trackers.
type Escalations struct {
	Desk *Service
	DB   interface {
		EscalationStore
		EscalationReading
	}
	Trackers func(context.Context) (TrackerBook, error)                                          // what is configured now
	Kinds    map[string]Tracker                                                                  // by TrackerDefinition.Kind
	Secret   func(ctx context.Context, team string, ref secret.Ref) (secret.Text, error)         // looks a secret up
	Runs     func(ctx context.Context, a people.Actor, f action.RunFilter) ([]action.Run, error) // for the evidence
	Link     func(e Escalation) string                                                           // the escalation's address
}

// Limits of what goes into a tracker. GitHub takes 65,536 characters of text, Jira 32,767; a title has 255 everywhere.
const (
	longestIssue      = 30_000
	longestIssueTitle = 250
	longestReason     = 500
)

// Ask is what is asked of developers.
type Ask struct {
	Tracker string
	Title   string
	Text    string // Markdown; what Pack prepared, as somebody edited it
	Issue   string // one that they have already: its number or key; nothing is opened then
}

func (k Ask) ready() (Ask, error) {
	k.Title, k.Text, k.Issue = plain.Line(k.Title), plain.Prose(k.Text), strings.TrimPrefix(strings.TrimSpace(k.Issue), "#")
	return k, checkIssue(k.Title, k.Text)
}

func checkIssue(title, text string) error {
	switch {
	case plain.Blank(title) || len([]rune(title)) > longestIssueTitle:
		return fault.Wrong("title", "Give the issue a title of 1 to %d characters.", longestIssueTitle)
	case plain.Blank(text):
		return fault.Wrong("text", "Write what developers need to know.")
	case len([]rune(text)) > longestIssue:
		return fault.Wrong("text", "An issue takes at most %d characters. Leave out what developers do not need.", longestIssue)
	}
	return nil
}

// tracker finds a tracker that takes the request.
func (d *Escalations) tracker(ctx context.Context, id string, r Request) (TrackerDefinition, error) {
	book, err := d.Trackers(ctx)
	if err != nil {
		return TrackerDefinition{}, err
	}
	def, ok := book.Tracker(id)
	switch {
	case !ok:
		return def, fault.Wrong("tracker", "There is no tracker %.60s. Choose one of the list.", id)
	case !def.Takes(r):
		return def, fault.Wrong("tracker", "%s takes no requests of this team. Choose another tracker, or give the request to a team that may.", def.Name)
	}
	return def, nil
}

// TrackersFor returns the trackers that a request may be escalated to, those of its service first.
func (d *Escalations) TrackersFor(ctx context.Context, a people.Actor, ref string) ([]TrackerDefinition, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return nil, err
	}
	book, err := d.Trackers(ctx)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(book.Trackers(), func(t TrackerDefinition) bool { return !t.Takes(r) })
	slices.SortStableFunc(all, func(x, y TrackerDefinition) int { return serves(y, r) - serves(x, r) })
	return all, nil
}

func serves(t TrackerDefinition, r Request) int {
	if r.Service != "" && slices.Contains(t.Services, r.Service) {
		return 1
	}
	return 0
}

// Escalate asks developers: it writes down what shall stand in their tracker, in the transaction that makes the request wait for them. A job carries
// it there, also when the tracker is down now.
func (d *Escalations) Escalate(ctx context.Context, a people.Actor, ref string, k Ask) (Escalation, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Escalation{}, err
	}
	if k, err = k.ready(); err != nil {
		return Escalation{}, err
	}
	def, err := d.tracker(ctx, k.Tracker, r)
	if err != nil {
		return Escalation{}, err
	}
	if k.Issue != "" {
		known, err := d.DB.Escalations(ctx, EscalationFilter{Tracker: def.ID, Keys: []string{k.Issue}, Limit: 1})
		if err != nil {
			return Escalation{}, err
		}
		if len(known) > 0 {
			return d.Join(ctx, a, ref, known[0].ID)
		}
	}
	return d.change(ctx, a, "", r.ID, func(now EscalationNow, t *turn) (EscalationChange, error) {
		return escalated(now, t, def, k)
	})
}

// change runs one decision about an escalation and one of its requests.
func (d *Escalations) change(ctx context.Context, a people.Actor, id, request string, decide func(EscalationNow, *turn) (EscalationChange, error)) (Escalation, error) {
	book, err := d.Desk.Book(ctx)
	if err != nil {
		return Escalation{}, err
	}
	return d.DB.ChangeEscalation(ctx, id, request, func(now EscalationNow) (EscalationChange, error) {
		t := d.Desk.newTurn(a, book, now.Request)
		if err := people.May(a, people.WorkRequests, t.topic()); err != nil { // it may have changed hands since
			return EscalationChange{}, err
		}
		c, err := decide(now, t)
		if err == nil && request != "" {
			done := t.done()
			c.Request = &done
		}
		return c, err
	})
}

// escalated is a new escalation of the turn's request.
func escalated(now EscalationNow, t *turn, def TrackerDefinition, k Ask) (EscalationChange, error) {
	for _, has := range now.Has {
		if has.Tracker == def.ID && has.State != IssueEnded {
			return EscalationChange{}, fault.New(fault.Conflict, "%s is with these developers already, in %s. Write to them there.", t.req.Name(), has.Name())
		}
	}
	if t.req.Of != "" {
		return EscalationChange{}, fault.New(fault.Conflict, "%s is a duplicate. Escalate the request that it is a duplicate of.", t.req.Name())
	}
	if err := t.waitFor(Developers); err != nil {
		return EscalationChange{}, err
	}
	e := now.Escalation
	e.Tracker, e.State, e.Title, e.Text, e.By, e.MadeAt, e.WroteAt, e.Requests, e.Untold = def.ID, ToBeOpened, k.Title, k.Text, t.actor.ID, now.Now, now.Now, 1, 1
	c := EscalationChange{Link: &Escalated{Escalation: e.ID, Request: t.req.ID, By: t.actor.ID, At: now.Now}}
	if k.Issue != "" {
		e.Key, e.State, e.Text = k.Issue, IssueOpen, ""
		c.Outgoing = []Outgoing{{ID: now.NewID(), Escalation: e.ID, Request: t.req.ID, Kind: NoteToThem, By: t.actor.ID, At: now.Now, State: Sending, Text: k.Text}}
		e.Waiting = 1
		c.Do(JobFollow().At(now.Now, e.ID, EscalationArgs{e.ID}))
	}
	c.Escalation, c.Link.SeenState = e, e.State
	t.noteOn("request.escalated", "escalation", e.ID, map[string]any{"number": e.Number, "tracker": def.ID})
	c.Add(journal.Note(t.actor, "escalation.made", e.Subject(), map[string]any{"number": e.Number, "tracker": def.ID, "request": t.req.Number}))
	c.Do(JobCarry().At(now.Now, e.ID, EscalationArgs{e.ID}), JobReconcile().At(now.Now.Add(lookEvery), def.ID, TrackerArgs{def.ID}))
	return c, nil
}

// Join says that a request is about an issue that developers have already. The issue gets one comment with the new count.
func (d *Escalations) Join(ctx context.Context, a people.Actor, ref, escalation string) (Escalation, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Escalation{}, err
	}
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return Escalation{}, err
	}
	if _, err := d.tracker(ctx, e.Tracker, r); err != nil {
		return Escalation{}, err
	}
	return d.change(ctx, a, e.ID, r.ID, joined)
}

func joined(now EscalationNow, t *turn) (EscalationChange, error) {
	e := now.Escalation
	switch {
	case now.Linked:
		return EscalationChange{Escalation: e}, nil
	case t.req.Of != "":
		return EscalationChange{}, fault.New(fault.Conflict, "%s is a duplicate: it gets what its original gets.", t.req.Name())
	case e.State == IssueEnded:
		if err := t.mustBeOpen(); err != nil {
			return EscalationChange{}, err
		}
		t.accept()
	default:
		if err := t.waitFor(Developers); err != nil {
			return EscalationChange{}, err
		}
	}
	e.Requests++
	e.Untold++
	link := Escalated{Escalation: e.ID, Request: t.req.ID, By: t.actor.ID, At: now.Now, SeenState: e.State, SeenAs: e.Verdict}
	c := EscalationChange{Link: &link}
	if e.State != ToBeOpened && !slices.ContainsFunc(now.Waiting, func(o Outgoing) bool { return o.Kind == JoinedIssue && o.Tries == 0 }) {
		c.Outgoing = []Outgoing{{ID: now.NewID(), Escalation: e.ID, Request: t.req.ID, Kind: JoinedIssue, By: t.actor.ID, At: now.Now, State: Sending}}
		e.Waiting++
	}
	c.Escalation = e
	t.noteOn("request.joined_escalation", "escalation", e.ID, map[string]any{"number": e.Number, "tracker": e.Tracker})
	c.Add(journal.Note(t.actor, "escalation.joined", e.Subject(), map[string]any{"request": t.req.Number, "requests": e.Requests}))
	c.Do(JobCarry().At(now.Now, e.ID, EscalationArgs{e.ID}), JobTell().At(now.Now, link.key(), TellArgs{e.ID, t.req.ID}))
	return c, nil
}

func (l Escalated) key() string { return l.Escalation + " " + l.Request }

// Leave says that a request has nothing to do with the escalation after all. The issue stays.
func (d *Escalations) Leave(ctx context.Context, a people.Actor, ref, escalation string) (Escalation, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Escalation{}, err
	}
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return Escalation{}, err
	}
	return d.change(ctx, a, e.ID, r.ID, func(now EscalationNow, t *turn) (EscalationChange, error) {
		e := now.Escalation
		if !now.Linked {
			return EscalationChange{Escalation: e}, nil
		}
		if t.req.Open() && t.req.WaitsFor == Developers {
			if err := t.resume(); err != nil {
				return EscalationChange{}, err
			}
		}
		e.Requests--
		if now.Link.Told == "" {
			e.Untold--
		}
		t.noteOn("request.left_escalation", "escalation", e.ID, map[string]any{"number": e.Number})
		c := EscalationChange{Escalation: e, Link: &now.Link, Unlink: true}
		c.Add(journal.Note(t.actor, "escalation.left", e.Subject(), map[string]any{"request": t.req.Number, "requests": e.Requests}))
		return c, nil
	})
}

// WriteTo tells developers something: it goes below the issue, and stands in the request as a note.
func (d *Escalations) WriteTo(ctx context.Context, a people.Actor, escalation, ref, text string) (Escalation, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Escalation{}, err
	}
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return Escalation{}, err
	}
	body := plain.Prose(text)
	if err := checkText("text", body); err != nil {
		return Escalation{}, err
	}
	if len([]rune(body)) > longestIssue {
		return Escalation{}, fault.Wrong("text", "A comment takes at most %d characters. Make it shorter.", longestIssue)
	}
	note := journal.Salted("To the developers (" + e.Name() + "):\n\n" + body)
	return d.change(ctx, a, e.ID, r.ID, func(now EscalationNow, t *turn) (EscalationChange, error) {
		e := now.Escalation
		if !now.Linked {
			return EscalationChange{}, fault.New(fault.Conflict, "%s does not hang on %s. Let it join first.", t.req.Name(), e.Name())
		}
		t.worked()
		t.say(Message{Kind: Note, By: t.actor.ID, Text: note, Channel: t.actor.Via})
		t.noteOn("request.told_developers", "escalation", e.ID, map[string]any{"number": e.Number}).Text = note.Hash()
		e.Waiting++
		e.WroteAt = now.Now
		c := EscalationChange{Escalation: e, Outgoing: []Outgoing{{ID: now.NewID(), Escalation: e.ID, Request: t.req.ID, Kind: NoteToThem, By: t.actor.ID, At: now.Now, State: Sending,
			Text: body + "\n\n" + t.name(t.actor.ID) + ", technical support"}}}
		c.Add(journal.Note(t.actor, "escalation.wrote", e.Subject(), map[string]any{"request": t.req.Number}))
		c.Do(JobCarry().At(now.Now, e.ID, EscalationArgs{e.ID}))
		return c, nil
	})
}

// found returns an escalation for whoever works on requests.
func (d *Escalations) found(ctx context.Context, a people.Actor, ref string) (Escalation, error) {
	if err := people.May(a, people.WorkRequests, topic()); err != nil {
		return Escalation{}, err
	}
	return d.DB.Escalation(ctx, ref)
}

// Judge gives an escalation its verdict by hand; the empty one leaves it to the tracker again.
func (d *Escalations) Judge(ctx context.Context, a people.Actor, escalation string, v Verdict) (Escalation, error) {
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return Escalation{}, err
	}
	if v != "" && !slices.Contains(VerdictsAll(), v) {
		return Escalation{}, fault.Wrong("verdict", "The verdict is confirmed, fixed, not_a_bug or duplicate; %.40q is none of them.", v)
	}
	return d.change(ctx, a, e.ID, "", func(now EscalationNow, t *turn) (EscalationChange, error) {
		e := now.Escalation
		if e.Verdict == v && e.ByHand == (v != "") {
			return EscalationChange{Escalation: e}, nil
		}
		e.Verdict, e.ByHand = v, v != ""
		c := EscalationChange{Escalation: e}
		c.Add(journal.Note(t.actor, "escalation.judged", e.Subject(), map[string]any{"verdict": string(v), "by_hand": true}))
		c.tellAll(now)
		if v == "" {
			c.Do(JobFollow().At(now.Now, e.ID, EscalationArgs{e.ID}))
		}
		return c, nil
	})
}

// tellAll lets every request hear what is new.
func (c *EscalationChange) tellAll(now EscalationNow) {
	for _, l := range now.Links {
		c.Do(JobTell().At(now.Now, l.key(), TellArgs{l.Escalation, l.Request}))
	}
}

// Again tries once more what the tracker refused, with other words where its issue is not there yet.
func (d *Escalations) Again(ctx context.Context, a people.Actor, escalation, title, text string) (Escalation, error) {
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return Escalation{}, err
	}
	title, text = plain.Line(title), plain.Prose(text)
	if e.Key == "" {
		if err := checkIssue(title, text); err != nil {
			return Escalation{}, err
		}
	}
	return d.change(ctx, a, e.ID, "", func(now EscalationNow, t *turn) (EscalationChange, error) {
		e := now.Escalation
		c := EscalationChange{}
		if e.State == IssueNever && e.Key == "" {
			e.State, e.Title, e.Text, e.Trouble, e.TroubleAt = ToBeOpened, title, text, "", time.Time{}
			c.tellAll(now)
		}
		for _, o := range now.Failed {
			o.State, o.Error, o.SentAt = Sending, "", time.Time{}
			c.Outgoing = append(c.Outgoing, o)
			e.Waiting++
		}
		c.Escalation = e
		c.Add(journal.Note(t.actor, "escalation.tried_again", e.Subject(), nil))
		c.Do(JobCarry().At(now.Now, e.ID, EscalationArgs{e.ID}))
		return c, nil
	})
}

// EscalationView is an escalation with all that belongs to it, as somebody may see it.
type EscalationView struct {
	Escalation
	Where   TrackerDefinition
	Links   []Escalated // to requests that the actor may see
	Hidden  int         // requests that they may not
	Said    []Developed
	Out     []Outgoing // what of ours is not below the issue
	Reach   TrackerState
	Parties map[string]Party
}

// View returns an escalation by its id or its name ("E-7").
func (d *Escalations) View(ctx context.Context, a people.Actor, ref string) (v EscalationView, err error) {
	if v.Escalation, err = d.found(ctx, a, ref); err != nil {
		return v, err
	}
	if v.Links, v.Hidden, err = d.links(ctx, a, v.ID); err != nil {
		return v, err
	}
	if v.Said, err = d.DB.Developed(ctx, v.ID); err != nil {
		return v, err
	}
	if v.Out, err = d.DB.Outgoing(ctx, v.ID); err != nil {
		return v, err
	}
	book, err := d.Trackers(ctx)
	if err != nil {
		return v, err
	}
	v.Where, _ = book.Tracker(v.Tracker)
	if v.Reach, err = d.DB.TrackerState(ctx, v.Tracker); err != nil {
		return v, err
	}
	var parties []string
	for _, l := range v.Links {
		parties = append(parties, l.Now.Asker)
	}
	v.Parties, err = d.Desk.DB.Parties(ctx, parties)
	return v, err
}

// links are the requests of an escalation that the actor may see, and how many they may not.
func (d *Escalations) links(ctx context.Context, a people.Actor, id string) (seen []Escalated, hidden int, err error) {
	all, err := d.DB.Escalated(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	book, err := d.Desk.Book(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, l := range all {
		kind, _ := book.RequestType(l.Now.Type)
		if people.May(a, people.WorkRequests, l.Now.Topic(kind)) != nil {
			hidden++
			continue
		}
		seen = append(seen, l)
	}
	return seen, hidden, nil
}

// List returns those that the filter names, the newest first.
func (d *Escalations) List(ctx context.Context, a people.Actor, f EscalationFilter) ([]Escalation, error) {
	if err := people.May(a, people.WorkRequests, topic()); err != nil {
		return nil, err
	}
	if f.Request != "" {
		r, err := d.Desk.open(ctx, a, people.WorkRequests, f.Request)
		if err != nil {
			return nil, err
		}
		f.Request = r.ID
	}
	return d.DB.Escalations(ctx, f)
}
