package desk

import (
	"context"
	"errors"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// EscalationArgs names an escalation.
type EscalationArgs struct {
	Escalation string `json:"escalation"`
}

// TellArgs names a request of an escalation.
type TellArgs struct {
	Escalation string `json:"escalation"`
	Request    string `json:"request"`
}

// TrackerArgs names a tracker.
type TrackerArgs struct {
	Tracker string `json:"tracker"`
}

// JobCarry writes the next of what waits into the tracker: the issue, or a comment. It is at least once: before it writes again what may be there,
// the tracker's kind looks for its mark.
func JobCarry() job.Kind[EscalationArgs] {
	return job.Kind[EscalationArgs]{Name: "desk.escalation_carry", Limit: carryFor, Back: sendAgain}
}

// JobFollow reads an issue and writes down what is new.
func JobFollow() job.Kind[EscalationArgs] {
	return job.Kind[EscalationArgs]{Name: "desk.escalation_follow", Limit: carryFor, Back: sendAgain}
}

// JobTell lets one request hear what is new in its escalation.
func JobTell() job.Kind[TellArgs] { return job.Kind[TellArgs]{Name: "desk.escalation_tell"} }

// JobReconcile asks a tracker what changed, for whatever its calls did not bring.
func JobReconcile() job.Kind[TrackerArgs] {
	return job.Kind[TrackerArgs]{Name: "desk.tracker_look", Limit: carryFor, Back: sendAgain}
}

// How long and how often.
const (
	carryFor  = time.Minute            // one try
	busyFor   = carryFor + time.Minute // after a process vanished in a try; by then a tracker's index has what came of it
	lookEvery = 5 * time.Minute        // a tracker is asked what changed
	overlap   = 10 * time.Minute       // of what one look asks and the next: clocks differ, and indexes are late
	liveFor   = 30 * 24 * time.Hour    // a closed issue is looked after: it may be reopened
	heardFor  = 30 * 24 * time.Hour    // a call is recognised
	lockedOut = 5 * time.Minute        // between tries while the tracker does not know us
)

// Handlers binds the kinds of jobs of escalations.
func (d *Escalations) Handlers() []job.Handler {
	return []job.Handler{JobCarry().Handle(d.carryNow), JobFollow().Handle(d.followNow), JobTell().Handle(d.tellNow), JobReconcile().Handle(d.reconcileNow)}
}

// target finds the tracker of an escalation and what opens it. One that is not configured now may be again.
func (d *Escalations) target(ctx context.Context, id string) (Tracker, Target, error) {
	book, err := d.Trackers(ctx)
	if err != nil {
		return nil, Target{}, err
	}
	def, ok := book.Tracker(id)
	kind := d.Kinds[def.Kind]
	if !ok || kind == nil {
		return nil, Target{}, later(fault.New(fault.Unavailable, "The tracker %s is not configured any more. Configure it again.", id))
	}
	token, err := d.Secret(ctx, def.Team, def.Token)
	if err != nil {
		return nil, Target{}, later(fault.Wrap(err, fault.Unavailable, "%s", fault.Sentence(err)))
	}
	state, err := d.DB.TrackerState(ctx, id)
	if err != nil {
		return nil, Target{}, err
	}
	if wait := state.PausedUntil.Sub(d.Desk.Now()); wait > 0 {
		return nil, Target{}, &fault.Error{Kind: fault.TooMany, Say: def.Name + " wants no more calls from us for now. It goes on by itself.", After: wait}
	}
	return kind, Target{TrackerDefinition: def, Secret: token}, nil
}

func later(e *fault.Error) error {
	e.After = lockedOut
	return e
}

// final says whether the tracker understood and refused.
func final(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.TooLarge) || fault.Is(err, fault.Conflict)
}

// again makes a fault one that is tried again: what is wrong with our access, an administrator mends, and nothing is lost until then.
func again(err error) error {
	if fault.Again(err) {
		return err
	}
	return later(fault.Wrap(err, fault.Unavailable, "%s", fault.Sentence(err)))
}

// pausing keeps a tracker that wants no more calls from being called, whatever else would.
func (d *Escalations) pausing(ctx context.Context, tracker string, err error) error {
	after := afterOf(err)
	if !fault.Is(err, fault.TooMany) || after <= 0 {
		return nil
	}
	return d.DB.ChangeTracker(ctx, tracker, time.Time{}, func(now TrackerNow) (TrackerState, journal.Consequences) {
		st := now.State
		if until := now.Now.Add(after); until.After(st.PausedUntil) {
			st.PausedUntil = until
		}
		return st, journal.Consequences{}
	})
}

// step is what one try carries.
type step struct {
	escalation Escalation
	out        Outgoing // empty: the issue itself
	none       bool
}

// carryNow carries one thing into the tracker; what else waits, the next job does.
func (d *Escalations) carryNow(ctx context.Context, args EscalationArgs) error {
	e, err := d.DB.Escalation(ctx, args.Escalation)
	if err != nil || e.State != ToBeOpened && e.Waiting == 0 {
		return err
	}
	kind, to, err := d.target(ctx, e.Tracker)
	if err != nil {
		return d.held(ctx, args.Escalation, err)
	}
	s, err := d.begin(ctx, args.Escalation)
	if err != nil || s.none {
		return err
	}
	issue, ref, err := d.carry(ctx, kind, to, s)
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err != nil {
		return d.notCarried(settled, s, err)
	}
	return d.carried(settled, s, issue, ref)
}

// held writes down why nothing can be carried now.
func (d *Escalations) held(ctx context.Context, id string, why error) error {
	_, err := d.system(ctx, id, func(now EscalationNow) (EscalationChange, error) {
		return EscalationChange{Escalation: now.Escalation.troubled(now.Now, why)}, nil
	})
	if err != nil {
		return err
	}
	return why
}

func (e Escalation) troubled(now time.Time, why error) Escalation {
	if e.TroubleAt.IsZero() {
		e.TroubleAt = now
	}
	e.Trouble = fault.Sentence(why)
	return e
}

// system runs one decision of the machine about an escalation alone.
func (d *Escalations) system(ctx context.Context, id string, decide func(EscalationNow) (EscalationChange, error)) (Escalation, error) {
	return d.DB.ChangeEscalation(ctx, id, "", decide)
}

// begin chooses what comes next and writes down that it is being tried: whoever comes after a crash knows that it may be there.
func (d *Escalations) begin(ctx context.Context, id string) (s step, err error) {
	_, err = d.system(ctx, id, func(now EscalationNow) (EscalationChange, error) {
		e := now.Escalation
		s = step{}
		if wait := e.BusyUntil.Sub(now.Now); wait > 0 {
			return EscalationChange{}, &fault.Error{Kind: fault.Unavailable, Say: "Something is on its way into the tracker. It goes on by itself.", After: wait}
		}
		c := EscalationChange{}
		switch {
		case e.State == ToBeOpened:
			s.escalation = e // as it was: Tries says whether it may be there
			if e.Tries == 0 {
				e.TriedAt = now.Now
			}
			e.Tries++
		case e.Key != "" && len(now.Waiting) > 0:
			o := now.Waiting[0]
			s.escalation, s.out = e, o
			if o.Tries == 0 {
				o.TriedAt = now.Now
			}
			o.Tries++
			c.Outgoing = []Outgoing{o}
		default:
			s.none = true
			c.Finish = true
			e.Waiting = len(now.Waiting)
			c.Escalation = e
			return c, nil
		}
		e.BusyUntil = now.Now.Add(busyFor)
		c.Escalation = e
		return c, nil
	})
	return s, err
}

func (d *Escalations) carry(ctx context.Context, kind Tracker, to Target, s step) (Issue, string, error) {
	e, o := s.escalation, s.out
	if o.ID == "" {
		issue, err := kind.Open(ctx, to, NewIssue{Mark: Mark(e.ID), Title: e.Title, Text: e.Text, Again: e.Tries > 0, Before: e.TriedAt})
		return issue, "", err
	}
	text := o.Text
	if o.Kind == JoinedIssue {
		var err error
		if text, err = d.joinedText(ctx, e); err != nil {
			return Issue{}, "", err
		}
	}
	ref, err := kind.Comment(ctx, to, e.Key, NewComment{Mark: Mark(o.ID), Text: text, Again: o.Tries > 0, Before: o.TriedAt})
	return Issue{}, ref, err
}

// carried writes the receipt down.
func (d *Escalations) carried(ctx context.Context, s step, issue Issue, ref string) error {
	_, err := d.system(ctx, s.escalation.ID, func(now EscalationNow) (EscalationChange, error) {
		e := now.Escalation
		e.BusyUntil, e.Trouble, e.TroubleAt = time.Time{}, "", time.Time{}
		c := EscalationChange{}
		waiting := len(now.Waiting)
		if s.out.ID == "" {
			e.Key, e.Issue, e.Address, e.Status, e.State, e.OpenedAt, e.Text = issue.Key, issue.Name, issue.Address, issue.Status, IssueOpen, now.Now, ""
			c.Add(journal.Note(people.System("job"), "escalation.opened", e.Subject(), map[string]any{"number": e.Number, "tracker": e.Tracker, "tries": e.Tries}))
			c.tellAll(now)
			c.Do(JobReconcile().At(now.Now.Add(lookEvery), e.Tracker, TrackerArgs{e.Tracker}))
		} else {
			o := s.out
			o.State, o.SentAt, o.Ref, o.Text, o.Error = Sent, now.Now, ref, "", ""
			o.Tries++
			c.Outgoing = []Outgoing{o}
			waiting--
			c.Add(journal.Note(people.System("job"), "escalation.delivered", e.Subject(), map[string]any{"what": string(o.Kind), "tries": o.Tries}))
		}
		e.Waiting = waiting
		c.Escalation, c.Finish = e, true
		if waiting > 0 {
			c.Do(JobCarry().At(now.Now, e.ID, EscalationArgs{e.ID}))
		}
		return c, nil
	})
	return err
}

// notCarried writes down why it was not carried. What the tracker understood and refused waits for people; the rest is tried again.
func (d *Escalations) notCarried(ctx context.Context, s step, why error) error {
	if err := d.pausing(ctx, s.escalation.Tracker, why); err != nil {
		return err
	}
	refused := final(why)
	_, err := d.system(ctx, s.escalation.ID, func(now EscalationNow) (EscalationChange, error) {
		e := now.Escalation
		e.BusyUntil = time.Time{}
		c := EscalationChange{}
		switch {
		case !refused:
			e = e.troubled(now.Now, why)
		case s.out.ID == "":
			e = e.troubled(now.Now, why)
			e.State, c.Finish = IssueNever, true
			c.Add(journal.Note(people.System("job"), "escalation.refused", e.Subject(), map[string]any{"number": e.Number, "tracker": e.Tracker}))
			c.tellAll(now)
		default:
			o := s.out
			o.State, o.Error, o.SentAt = Failed, fault.Sentence(why), now.Now
			o.Tries++
			e = e.troubled(now.Now, why)
			e.Waiting--
			c.Outgoing, c.Finish = []Outgoing{o}, true
			c.Add(journal.Note(people.System("job"), "escalation.not_delivered", e.Subject(), map[string]any{"what": string(o.Kind)}))
			if e.Waiting > 0 {
				c.Do(JobCarry().At(now.Now, e.ID, EscalationArgs{e.ID}))
			}
		}
		c.Escalation = e
		return c, nil
	})
	if err != nil || refused {
		return err
	}
	return again(why)
}

func afterOf(err error) time.Duration {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}
