package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// followNow reads an issue and writes down what is new in it.
func (d *Escalations) followNow(ctx context.Context, args EscalationArgs) error {
	e, err := d.DB.Escalation(ctx, args.Escalation)
	if err != nil || e.Key == "" {
		return err
	}
	kind, to, err := d.target(ctx, e.Tracker)
	if err != nil {
		return err
	}
	since := e.ReadAt
	if since.IsZero() {
		since = e.MadeAt
	}
	began := d.Desk.Now()
	issue, err := kind.Read(ctx, to, e.Key, since.Add(-overlap))
	if err != nil {
		if failed := d.pausing(ctx, e.Tracker, err); failed != nil {
			return failed
		}
		if final(err) { // it was deleted, or moved where we may not look
			return d.lost(ctx, e.ID, err)
		}
		return again(err)
	}
	_, err = d.system(ctx, e.ID, func(now EscalationNow) (EscalationChange, error) {
		return heard(now, to.TrackerDefinition, issue, began), nil
	})
	return err
}

// lost writes down that an issue cannot be read any more.
func (d *Escalations) lost(ctx context.Context, id string, why error) error {
	_, err := d.system(ctx, id, func(now EscalationNow) (EscalationChange, error) {
		return EscalationChange{Escalation: now.Escalation.troubled(now.Now, why), Consequences: journal.Consequences{Finish: true}}, nil
	})
	return err
}

// heard decides what is new in an issue. Only what persons wrote is heard, and nothing of ours comes back.
func heard(now EscalationNow, def TrackerDefinition, issue Issue, read time.Time) EscalationChange {
	e := now.Escalation
	was := e
	c := EscalationChange{Consequences: journal.Consequences{Finish: true}}
	for _, m := range issue.Comments {
		if m.Program || marked(m.Text) || now.Known[m.ID] || plain.Blank(m.Text) {
			continue
		}
		c.Heard = append(c.Heard, Developed{Ref: m.ID, Author: plain.Clip(plain.Line(m.Author), 100), At: m.At, Text: journal.Salted(plain.Clip(plain.Prose(m.Text), longestIssue))})
		if m.At.After(e.HeardAt) {
			e.HeardAt = m.At
		}
	}
	e.Issue, e.Address, e.Status = first(plain.Line(issue.Name), e.Issue), first(issue.Address, e.Address), plain.Clip(plain.Line(issue.Status), 100)
	e.Version, e.Out, e.ReadAt = plain.Clip(plain.Line(issue.Version), 100), issue.Released, read
	if len(now.Waiting) == 0 {
		e.Trouble, e.TroubleAt = "", time.Time{}
	}
	if !e.ByHand {
		e.Verdict = def.Verdicts.judge(issue)
	}
	e.ended(issue.Open, now.Now)
	note := func(verb string, facts map[string]any) {
		c.Add(journal.Note(people.System("tracker"), verb, e.Subject(), facts))
	}
	if len(c.Heard) > 0 {
		note("escalation.heard", map[string]any{"comments": len(c.Heard)})
	}
	if e.State != was.State {
		note("escalation."+map[bool]string{true: "reopened", false: "closed"}[issue.Open], map[string]any{"number": e.Number, "verdict": string(e.Verdict)})
	} else if e.Verdict != was.Verdict {
		note("escalation.judged", map[string]any{"verdict": string(e.Verdict), "by_hand": false})
	}
	if len(c.Entries) > 0 {
		c.tellAll(now)
	}
	c.Escalation = e
	return c
}

func (e *Escalation) ended(open bool, now time.Time) {
	switch {
	case open && e.State != IssueOpen:
		e.State, e.ClosedAt = IssueOpen, time.Time{}
	case !open && e.State != IssueEnded:
		e.State, e.ClosedAt = IssueEnded, now
	}
}

// tellNow lets one request hear what is new: what developers said as notes, and where its next move is.
func (d *Escalations) tellNow(ctx context.Context, args TellArgs) error {
	e, err := d.DB.Escalation(ctx, args.Escalation)
	if err != nil {
		return err
	}
	book, err := d.Trackers(ctx)
	if err != nil {
		return err
	}
	def, _ := book.Tracker(e.Tracker)
	_, err = d.change(ctx, people.System("tracker"), args.Escalation, args.Request, func(now EscalationNow, t *turn) (EscalationChange, error) {
		c := EscalationChange{Escalation: now.Escalation, Consequences: journal.Consequences{Finish: true}}
		if !now.Linked {
			return c, nil
		}
		link := now.Link
		for _, m := range now.Heard {
			if m.Place > link.Seen {
				link.Seen = m.Place
				if !plain.Blank(m.Text.Body) { // erased since
					t.hear(now.Escalation, def, m)
				}
			}
		}
		t.moved(now.Escalation, link)
		link.SeenState, link.SeenAs = now.Escalation.State, now.Escalation.Verdict
		c.Link = &link
		return c, nil
	})
	return err
}

// FromTracker is the channel of notes that developers wrote.
const FromTracker = "tracker"

// hear puts what a developer said into the conversation, as a note.
func (t *turn) hear(e Escalation, def TrackerDefinition, m Developed) {
	text := m.Text
	text.Body = fmt.Sprintf("%s, in %s:\n\n%s", first(m.Author, "A developer"), first(e.Issue, def.Name, "the tracker"), m.Text.Body)
	t.say(Message{Kind: Note, Text: text, Channel: FromTracker, Ref: strings.Join([]string{e.ID, m.Ref, t.req.ID}, "/")})
	t.noteOn("request.heard_developers", "escalation", e.ID, map[string]any{"number": e.Number}).Text = text.Hash()
}

// moved brings a request to whoever has the next move, when the escalation has come to another state since the request last heard.
func (t *turn) moved(e Escalation, link Escalated) {
	if link.SeenState == e.State && link.SeenAs == e.Verdict {
		return
	}
	facts := map[string]any{"number": e.Number, "state": string(e.State), "verdict": string(e.Verdict)}
	t.noteOn("request.escalation_is", "escalation", e.ID, facts)
	waits := t.req.State == Waiting && t.req.WaitsFor == Developers
	switch {
	case link.SeenState == e.State || !t.req.Open():
	case waits && (e.State == IssueEnded || e.State == IssueNever):
		t.req.State, t.req.WaitsFor, t.req.WaitingSince = Open, "", time.Time{}
		t.wake()
		t.note("request.resumed", nil)
	case !waits && (e.State == IssueOpen || e.State == ToBeOpened) && (link.SeenState == IssueEnded || link.SeenState == IssueNever):
		t.req.State, t.req.WaitsFor, t.req.WaitingSince = Waiting, Developers, t.cur.Now
		t.note("request.waits", map[string]any{"for": string(Developers)})
	}
}

// reconcileNow asks a tracker what changed. As long as something there may change it asks again, so a call that never came costs five minutes.
func (d *Escalations) reconcileNow(ctx context.Context, args TrackerArgs) error {
	kind, to, err := d.target(ctx, args.Tracker)
	if err == nil {
		err = d.look(ctx, kind, to)
	}
	if err == nil {
		return d.DB.ForgetHeard(ctx, d.Desk.Now().Add(-heardFor))
	}
	if failed := d.pausing(ctx, args.Tracker, err); failed != nil {
		return failed
	}
	live := false
	failed := d.DB.ChangeTracker(ctx, args.Tracker, d.Desk.Now().Add(-liveFor), func(now TrackerNow) (TrackerState, journal.Consequences) {
		st := now.State
		if st.TroubleAt.IsZero() {
			st.TroubleAt = now.Now
		}
		st.Trouble = fault.Sentence(err)
		live = now.Live > 0
		return st, journal.Consequences{Finish: !live}
	})
	if failed != nil || !live {
		return failed
	}
	return again(err)
}

// firstOpened is since when a tracker that was never looked at may have changed something of ours: it may have been down from the beginning, or we.
func (d *Escalations) firstOpened(ctx context.Context, tracker string, now time.Time) (time.Time, error) {
	since := now.Add(-lookEvery)
	open, err := d.DB.Escalations(ctx, EscalationFilter{Tracker: tracker, States: []EscalationState{IssueOpen}, Limit: 200})
	for _, e := range open {
		if e.MadeAt.Before(since) {
			since = e.MadeAt
		}
	}
	if oldest := now.Add(-liveFor); since.Before(oldest) {
		since = oldest
	}
	return since, err
}

func (d *Escalations) look(ctx context.Context, kind Tracker, to Target) error {
	state, err := d.DB.TrackerState(ctx, to.ID)
	if err != nil {
		return err
	}
	began := d.Desk.Now()
	since := state.LookedAt
	switch {
	case since.IsZero():
		if since, err = d.firstOpened(ctx, to.ID, began); err != nil {
			return err
		}
	case since.Before(began.Add(-liveFor)): // nothing was live for long: what changed then is about nothing of ours
		since = began.Add(-liveFor)
	}
	keys, err := kind.Changed(ctx, to, since.Add(-overlap))
	if err != nil {
		return err
	}
	var touched []Escalation
	for part := range slices.Chunk(keys, 200) {
		more, err := d.DB.Escalations(ctx, EscalationFilter{Tracker: to.ID, Keys: part, Limit: 200})
		if err != nil {
			return err
		}
		touched = append(touched, more...)
	}
	return d.DB.ChangeTracker(ctx, to.ID, began.Add(-liveFor), func(now TrackerNow) (TrackerState, journal.Consequences) {
		c := journal.Consequences{Finish: true}
		for _, e := range touched {
			c.Do(JobFollow().At(now.Now, e.ID, EscalationArgs{e.ID}))
		}
		if now.Live > 0 {
			c.Do(JobReconcile().At(now.Now.Add(lookEvery), to.ID, TrackerArgs{to.ID}))
		}
		st := now.State
		st.LookedAt, st.Trouble, st.TroubleAt = began, "", time.Time{}
		return st, c
	})
}

// Hear takes a call of a tracker in: once for each of its ids, and only when it comes from the tracker. The call is a hint; the job that it makes due
// asks the tracker what is so.
func (d *Escalations) Hear(ctx context.Context, tracker string, header func(string) string, body []byte) error {
	book, err := d.Trackers(ctx)
	if err != nil {
		return err
	}
	def, ok := book.Tracker(tracker)
	kind := d.Kinds[def.Kind]
	if !ok || kind == nil || def.Webhook == "" {
		return fault.New(fault.NotFound, "There is no tracker here that calls us. Look at the address, and at the tracker's webhook setting.")
	}
	shared, err := d.Secret(ctx, def.Team, def.Webhook)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The secret of this tracker's calls cannot be read. Set it; the call may come again.")
	}
	h, err := kind.Hear(header, body, shared, d.Desk.Now())
	if err != nil {
		return err
	}
	var follows journal.Consequences
	if h.Key != "" {
		about, err := d.DB.Escalations(ctx, EscalationFilter{Tracker: def.ID, Keys: []string{h.Key}, Limit: 10})
		if err != nil {
			return err
		}
		for _, e := range about {
			follows.Do(JobFollow().At(d.Desk.Now(), e.ID, EscalationArgs{e.ID}))
		}
	}
	_, err = d.DB.HearOnce(ctx, def.ID, h.Delivery, follows)
	return err
}
