package rule

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// Store keeps how far the journal was followed, and what fired. store implements it.
type Store interface {
	// SealedAfter returns sealed entries with a number above seq, in order.
	SealedAfter(ctx context.Context, seq int64, limit int) ([]journal.Entry, error)
	// RuleCursor returns the number of the last entry that was followed, -1 before the first time, and of the journal's newest one.
	RuleCursor(ctx context.Context) (at, end int64, err error)
	// AddFirings moves the cursor from one number to another, and writes the firings, each once for its rule and key, with what follows
	// from those that are new. It is a Conflict when the cursor is elsewhere: another replica was faster.
	AddFirings(ctx context.Context, from, to int64, fs []Firing, follows func(Firing) journal.Consequences) error
	// SetFiring writes what came of a firing.
	SetFiring(ctx context.Context, f Firing, follows journal.Consequences) error
	// Firing returns one firing; NotFound when there is none.
	Firing(ctx context.Context, id string) (Firing, error)
	// Firings returns firings since a time, newest first, without those that were held back or could not be evaluated; of all rules when rule
	// is empty.
	Firings(ctx context.Context, rule string, since time.Time, limit int) ([]Firing, error)
	// Pauses returns who paused which rule, by the rule.
	Pauses(ctx context.Context) (map[string]Pause, error)
}

// Directory is what is configured. config.Book implements it.
type Directory interface {
	Rules() []Rule
	Rule(id string) (Rule, bool)
}

// Actions runs actions. app has one.
type Actions interface {
	// Plan plans the firing's action, and returns the run and whether there is nothing to do.
	Plan(ctx context.Context, by people.Actor, f Firing) (run string, nothing bool, err error)
	// Start starts the run once, however often it is called; waiting says that somebody must approve it first.
	Start(ctx context.Context, by people.Actor, run, key string) (waiting bool, err error)
}

// Order is one deed to be done, with its texts filled in.
type Order struct {
	Key   string // the same for every try: the deed is done once for it
	Rule  Rule
	Deed  Deed
	Event Event
}

// Deeds does what rules do beside running actions. app has one.
type Deeds interface {
	// Do does one deed, once for its key however often it is called. A fault that fault.Again is not true of is final.
	Do(ctx context.Context, by people.Actor, o Order) error
}

// Engine follows the journal and the clock.
type Engine struct {
	Store    Store
	Book     func(context.Context) (Directory, error)
	Describe func(ctx context.Context, e journal.Entry) (Event, error) // what conditions see of an entry, and what it is about
	// Recall is Describe for the past: what was known of the entry's subject at the time, as far as the journal tells. Describe when nil.
	Recall  func(ctx context.Context, e journal.Entry, at time.Time) (Event, error)
	Knows   func(ctx context.Context, by people.Actor, about journal.Subject) error // whether a rule may know of a request
	Actions Actions
	Deeds   Deeds
	Clock   clock.Clock
	Log     *slog.Logger

	idle bool // there was no rule when it looked last
}

// JobFire is the durable work of running a firing's action.
type JobFire struct {
	Firing string `json:"firing"`
}

// KindFire is the wing's job kind.
func KindFire() job.Kind[JobFire] {
	return job.Kind[JobFire]{Name: "rule.fire", Mode: job.AtLeastOnce, Tries: 8, Limit: time.Minute}
}

// KindLook is the durable work of looking so long after something happened as the rule says.
func KindLook() job.Kind[JobFire] {
	return job.Kind[JobFire]{Name: "rule.look", Mode: job.AtLeastOnce, Tries: 8, Limit: time.Minute}
}

// Handlers binds the wing's job kinds.
func (e *Engine) Handlers() []job.Handler {
	return []job.Handler{KindFire().Handle(e.fire), KindLook().Handle(e.look)}
}

// pollTime is how long a rule may wait for its turn.
const pollTime = time.Second

// Run follows until ctx ends. Several replicas may: the cursor lets each entry count once.
func (e *Engine) Run(ctx context.Context) {
	for {
		more, err := e.Step(ctx)
		if err != nil && ctx.Err() == nil && !fault.Is(err, fault.Conflict) {
			e.Log.Warn("rules cannot be followed now", "err", err)
		}
		if more && err == nil {
			continue
		}
		tick, stop := e.Clock.After(pollTime)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// batch is how many entries are followed at once.
const batch = 200

// Step follows what is new, and says whether there may be more. Where there is no rule it does nothing, and the first rule begins with
// what comes after it.
func (e *Engine) Step(ctx context.Context) (more bool, err error) {
	book, err := e.Book(ctx)
	if err != nil {
		return false, err
	}
	rules := book.Rules()
	if len(rules) == 0 {
		e.idle = true
		return false, nil
	}
	if rules, err = e.inForce(ctx, rules); err != nil {
		return false, err
	}
	from, end, err := e.Store.RuleCursor(ctx)
	if err != nil {
		return false, err
	}
	if e.idle || from < 0 { // rules are not for the past
		e.idle = false
		return true, e.Store.AddFirings(ctx, from, end, nil, follows)
	}
	entries, err := e.Store.SealedAfter(ctx, from, batch)
	if err != nil {
		return false, err
	}
	fs, err := e.decide(ctx, rules, entries)
	if err != nil {
		return false, err
	}
	timed, err := e.due(ctx, rules)
	if err != nil || len(timed)+len(entries) == 0 {
		return false, err
	}
	to := from
	if n := len(entries); n > 0 {
		to = entries[n-1].Seq
	}
	return len(entries) == batch, e.Store.AddFirings(ctx, from, to, append(fs, timed...), follows)
}

// inForce leaves out what is off and what somebody paused. What happens meanwhile is followed, and not made up for.
func (e *Engine) inForce(ctx context.Context, rules []Rule) ([]Rule, error) {
	paused, err := e.Store.Pauses(ctx)
	return slices.DeleteFunc(rules, func(r Rule) bool { return r.Off || !paused[r.ID].At.IsZero() }), err
}

// decide is what the entries make fire, and what restrained them.
func (e *Engine) decide(ctx context.Context, rules []Rule, entries []journal.Entry) ([]Firing, error) {
	var out []Firing
	for _, entry := range entries {
		for _, r := range rules {
			if !r.follows(entry) {
				continue
			}
			f, err := e.consider(ctx, r, entry, out)
			switch {
			case fault.Is(err, fault.NotFound): // the subject is gone
			case fault.Is(err, fault.Invalid): // others go on
				e.Log.Warn("a rule cannot be evaluated", "rule", r.ID, "entry", entry.ID, "err", err)
				out = append(out, r.wrong(entry, err))
			case err != nil:
				return nil, err
			case f.Rule != "":
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// follows says whether the entry is one that the rule is about. What rules do is never one, and nothing that a program adds to a request, which
// may be its answer to a rule: nothing goes round in circles.
func (r Rule) follows(e journal.Entry) bool {
	echo := e.Verb == "request.added" && e.Facts["automatic"] == true
	return !r.Off && slices.Contains(r.On, e.Verb) && e.Actor.Kind != people.ByRule && !echo
}

// Actor is who a rule is when it does something: support in its team, and never more.
func (r Rule) Actor() people.Actor {
	return people.Actor{Kind: people.ByRule, ID: r.ID, Name: r.Title, Role: people.Support, Teams: []string{r.Team}, Via: "rule"}
}

// describe is what the rule's condition sees of an entry; NotFound when the rule may not know of it.
func (e *Engine) describe(ctx context.Context, r Rule, entry journal.Entry) (Event, error) {
	if about := Matter(entry); about.Kind == "request" && e.Knows != nil {
		if err := e.Knows(ctx, r.Actor(), about); err != nil {
			return Event{}, err
		}
	}
	event, err := e.Describe(ctx, entry)
	event.Night = r.AtNight(event.At)
	return event, err
}

// consider returns the firing of a rule for an entry, or that it was held back; neither when its condition does not hold.
func (e *Engine) consider(ctx context.Context, r Rule, entry journal.Entry, before []Firing) (Firing, error) {
	if r.After > 0 {
		return Firing{Rule: r.ID, Key: entryKey(entry.Seq), For: Matter(entry), Why: entry.Verb, Action: r.Run, At: entry.At.Add(r.After), Outcome: Later}, nil
	}
	event, err := e.describe(ctx, r, entry)
	if err != nil {
		return Firing{}, err
	}
	holds, err := r.Holds(event)
	if err != nil || !holds {
		return Firing{}, err
	}
	lately, err := e.lately(ctx, r, before)
	if err != nil {
		return Firing{}, err
	}
	f, err := r.firing(event, entryKey(entry.Seq))
	f.For, f.At = event.About, entry.At
	if why, key := r.held(event.About, entry.At, lately); why != "" {
		f.Key, f.Outcome, f.Say = key, Held, why
	}
	return f, err
}

const entryWord = "entry "

func entryKey(seq int64) string { return entryWord + strconv.FormatInt(seq, 10) }

// entryOf is the entry of the journal that a firing is about; the zero one for a time.
func (e *Engine) entryOf(ctx context.Context, f Firing) (journal.Entry, error) {
	number, ok := strings.CutPrefix(f.Key, entryWord)
	if !ok {
		return journal.Entry{}, nil
	}
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return journal.Entry{}, err
	}
	found, err := e.Store.SealedAfter(ctx, seq-1, 1)
	if err == nil && (len(found) == 0 || found[0].Seq != seq) {
		err = fault.New(fault.NotFound, "What the rule fired for is not in the journal any more.")
	}
	if err != nil {
		return journal.Entry{}, err
	}
	return found[0], nil
}

// wrong notes that a rule could not be evaluated, once an hour.
func (r Rule) wrong(entry journal.Entry, err error) Firing {
	return Firing{Rule: r.ID, Key: "wrong " + entry.At.UTC().Format(byHour), Why: entry.Verb, At: entry.At, Action: r.Run,
		Outcome: Wrong, Say: fault.Sentence(err)}
}

func (e *Engine) lately(ctx context.Context, r Rule, before []Firing) ([]Firing, error) {
	since := e.Clock.Now().Add(-max(r.pause(), time.Hour) - time.Hour)
	lately, err := e.Store.Firings(ctx, r.ID, since, r.most()+50)
	for _, f := range before {
		if f.Rule == r.ID && f.Fired() {
			lately = append(lately, f)
		}
	}
	return lately, err
}

// firing is what the rule does about the event.
func (r Rule) firing(event Event, key string) (Firing, error) {
	inputs, err := r.Inputs(event)
	why := event.Verb
	if event.Subject != "" {
		why += " on " + event.Subject
	}
	if r.If != "" {
		why += ", and " + r.If
	}
	if event.About.Kind == "request" {
		inputs = nil // what people wrote has one place; it is read again when the action is planned
	}
	if err == nil {
		_, err = r.deeds(event)
	}
	return Firing{Rule: r.ID, Key: key, Why: why, Inputs: inputs, Action: r.Run}, err
}

// deeds are what the rule does about the event, with their texts.
func (r Rule) deeds(event Event) ([]Deed, error) {
	out := make([]Deed, len(r.Do))
	for i, d := range r.Do {
		var err error
		if out[i], err = d.filled(event); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// due is what the clock makes fire.
func (e *Engine) due(ctx context.Context, rules []Rule) (out []Firing, err error) {
	now := e.Clock.Now()
	for _, r := range rules {
		if r.Off || len(r.On) > 0 {
			continue
		}
		at, ok := r.Due(now)
		if !ok {
			continue
		}
		key := "time " + at.Format(time.RFC3339)
		lately, err := e.Store.Firings(ctx, r.ID, at.Add(-time.Second), 10)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(lately, func(f Firing) bool { return f.Key == key }) {
			continue
		}
		f, wrong := e.timed(r, at, key)
		if wrong != nil {
			e.Log.Warn("a rule cannot be evaluated", "rule", r.ID, "err", wrong)
			continue
		}
		if f.Rule != "" {
			out = append(out, f)
		}
	}
	return out, nil
}

func (e *Engine) timed(r Rule, at time.Time, key string) (Firing, error) {
	event := Event{Verb: "time", At: at, Night: r.AtNight(at)}
	holds, err := r.Holds(event)
	if err != nil || !holds {
		return Firing{}, err
	}
	f, err := r.firing(event, key)
	f.At = at
	return f, err
}

// follows is what a new firing asks for.
func follows(f Firing) journal.Consequences {
	var c journal.Consequences
	if f.Outcome == Later {
		c.Do(KindLook().At(f.At, f.ID, JobFire{f.ID}))
	}
	if !f.Fired() {
		return c
	}
	by := journal.Actor{Kind: people.ByRule, ID: f.Rule, Via: "rule"}
	c.Add(journal.Entry{Actor: by, Verb: "rule.fired", Subject: journal.Of("rule", f.Rule), Facts: map[string]any{"firing": f.ID, "action": f.Action}}.With(f.For))
	c.Do(KindFire().At(time.Time{}, f.ID, JobFire{f.ID}))
	return c
}
