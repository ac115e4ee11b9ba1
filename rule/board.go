package rule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Pause is that somebody stopped a rule. The zero one means that it goes on.
type Pause struct {
	Rule   string
	By     journal.Actor
	Reason journal.Text
	At     time.Time
}

// Tally is how often a rule fired.
type Tally struct {
	Rule   string
	Lately int       // since the time that was asked for
	Last   time.Time // zero when never
}

// Records is where people read about rules. store implements it.
type Records interface {
	// Considered returns what a rule did last, newest first, with what it was held back from.
	Considered(ctx context.Context, rule string, limit int) ([]Firing, error)
	// FiringsFor returns what rules did about a subject, newest first.
	FiringsFor(ctx context.Context, about journal.Subject, limit int) ([]Firing, error)
	// Fired counts the firings since a time, and says when the last was, by rule.
	Fired(ctx context.Context, since time.Time) (map[string]Tally, error)
	// Past returns entries of the journal with one of the verbs since a time, oldest first; the newest ones when there are more than limit.
	Past(ctx context.Context, verbs []string, since time.Time, limit int) ([]journal.Entry, error)
	// SetPause locks the rule, and lets decide say whether it is paused from now on: the zero one when not.
	SetPause(ctx context.Context, rule string, decide func(now Pause, at time.Time) (Pause, journal.Consequences, error)) error
}

// Owners is what is configured about rules and those who answer for them. config.Book implements it.
type Owners interface {
	Directory
	Team(id string) (people.Team, bool)
	People() []people.Person
	Has(kind, id string) bool
}

// Board shows rules to people and lets them stop one.
type Board struct {
	Engine  *Engine
	Records Records
	Book    func(context.Context) (Owners, error)
	Knows   func(ctx context.Context, a people.Actor, s journal.Subject) error // whether the actor may know of an alert, an incident or a request
	Check   func(Rule) []fault.Field                                           // what the desk has against what a rule does; nil: nothing
	Clock   clock.Clock
}

// Shown is a rule as people see it.
type Shown struct {
	Rule
	Pause Pause
	Tally
	MayPause error // why the actor may not pause it; nil when they may
}

// Lately is how far back a rule's firings are counted.
const Lately = 30 * 24 * time.Hour

const (
	mostFirings = 50
	mostPast    = 2000 // entries that are tried at once
	mostBack    = 366 * 24 * time.Hour
	mostReason  = 500 // letters
)

// subject is what people.May is asked about a rule: a lead of the owning team pauses it, whoever that is; any lead where the team has none.
func (r Rule) subject(book Owners) people.Subject {
	var list []people.Who
	if t, ok := book.Team(r.Team); ok && t.Lead != "" {
		list = append(list, people.Who("person:"+t.Lead))
	}
	for _, p := range book.People() {
		who := people.Who("person:" + p.ID)
		if p.Role == people.Lead && slices.Contains(p.Teams, r.Team) && !slices.Contains(list, who) {
			list = append(list, who)
		}
	}
	s := people.Subject{Kind: "rule", ID: r.ID, Team: r.Team}
	if len(list) > 0 {
		s.Allow = map[people.Verb][]people.Who{people.PauseRule: list}
	}
	return s
}

// Rules lists the rules by id.
func (b *Board) Rules(ctx context.Context, by people.Actor) ([]Shown, error) {
	if err := people.May(by, people.SeeRules, people.Subject{Kind: "rule"}); err != nil {
		return nil, err
	}
	book, err := b.Book(ctx)
	if err != nil {
		return nil, err
	}
	paused, err := b.Engine.Store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	fired, err := b.Records.Fired(ctx, b.Clock.Now().Add(-Lately))
	if err != nil {
		return nil, err
	}
	var out []Shown
	for _, r := range book.Rules() {
		out = append(out, Shown{Rule: r, Pause: paused[r.ID], Tally: fired[r.ID], MayPause: people.May(by, people.PauseRule, r.subject(book))})
	}
	return out, nil
}

// Rule shows one rule, with what it did last and what it was held back from, newest first.
func (b *Board) Rule(ctx context.Context, by people.Actor, id string) (Shown, []Firing, error) {
	all, err := b.Rules(ctx, by)
	if err != nil {
		return Shown{}, nil, err
	}
	i := slices.IndexFunc(all, func(s Shown) bool { return s.ID == id })
	if i < 0 {
		return Shown{}, nil, noRule(id)
	}
	fs, err := b.Records.Considered(ctx, id, mostFirings)
	return all[i], fs, err
}

// About says what rules did about a request, by the firing's id, to whoever may know of it.
func (b *Board) About(ctx context.Context, by people.Actor, about journal.Subject) (map[string]Firing, error) {
	if err := people.May(by, people.SeeRules, people.Subject{Kind: "rule"}); err != nil {
		return nil, err
	}
	if err := b.Knows(ctx, by, about); err != nil {
		return nil, err
	}
	fs, err := b.Records.FiringsFor(ctx, about, mostAbout)
	out := make(map[string]Firing, len(fs))
	for _, f := range fs {
		out[f.ID] = f
	}
	return out, err
}

// mostAbout is how many firings about one subject are told.
const mostAbout = 200

func noRule(id string) error {
	return fault.New(fault.NotFound, "There is no rule %.80q. Look at the list of rules.", id)
}

// Trial is what a rule would have done.
type Trial struct {
	Rule         Rule
	Since, Until time.Time
	Seen         []Foreseen // oldest first
	Cut          bool       // there was more than is tried at once: these are the newest
}

// Fires is how often it would have fired.
func (t Trial) Fires() int {
	n := 0
	for _, f := range t.Seen {
		if f.Fires {
			n++
		}
	}
	return n
}

// Try says what a rule, which need not be configured, would have done since a time. Nothing is done.
func (b *Board) Try(ctx context.Context, by people.Actor, r Rule, since time.Time) (Trial, error) {
	if err := people.May(by, people.TryRule, people.Subject{Kind: "rule", ID: r.ID, Team: r.Team}); err != nil {
		return Trial{}, err
	}
	wrong, err := b.wrong(ctx, r)
	if err != nil {
		return Trial{}, err
	}
	if len(wrong) > 0 {
		return Trial{}, &fault.Error{Kind: fault.Invalid, Say: "This rule is not right yet. Mend the places below and try it again.", Fields: wrong}
	}
	now := b.Clock.Now()
	if back := now.Sub(since); back <= 0 || back > mostBack {
		return Trial{}, fault.Wrong("since", "Ask for a time before now, and at most a year back.")
	}
	t := Trial{Rule: r, Since: since, Until: now}
	if len(r.On) == 0 {
		t.Seen = r.ForeseeTimes(since, now, mostPast)
		t.Cut = len(t.Seen) == mostPast
		return t, nil
	}
	entries, err := b.Records.Past(ctx, r.On, since, mostPast)
	if err != nil {
		return Trial{}, err
	}
	t.Cut = len(entries) == mostPast
	if entries, err = b.known(ctx, by, entries); err != nil {
		return Trial{}, err
	}
	t.Seen, err = b.Engine.Foresee(ctx, r, entries)
	return t, err
}

// wrong is what applying the rule would refuse.
func (b *Board) wrong(ctx context.Context, r Rule) ([]fault.Field, error) {
	book, err := b.Book(ctx)
	if err != nil {
		return nil, err
	}
	wrong := r.Check()
	if b.Check != nil {
		wrong = append(wrong, b.Check(r)...)
	}
	for _, ref := range r.Refs() {
		if ref.ID != "" && !book.Has(ref.Kind, ref.ID) {
			wrong = append(wrong, fault.Field{Name: ref.Field, Say: fmt.Sprintf("There is no %s %q. Define it or correct the name.", ref.Kind, ref.ID)})
		}
	}
	return wrong, nil
}

// known leaves out entries about what the actor may not know of, or what is gone.
func (b *Board) known(ctx context.Context, by people.Actor, all []journal.Entry) ([]journal.Entry, error) {
	asked := map[journal.Subject]error{}
	var out []journal.Entry
	for _, e := range all {
		about := Matter(e)
		if !slices.Contains([]string{"group", "incident", "request"}, about.Kind) {
			about = journal.Subject{}
		}
		err, known := asked[about]
		if !known && about.Kind != "" {
			err = b.Knows(ctx, by, about)
			asked[about] = err
		}
		switch {
		case err == nil:
			out = append(out, e)
		case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden):
			return nil, err
		}
	}
	return out, nil
}

// Pause stops a rule until somebody lets it go on: what happens meanwhile is not made up for. It takes a lead of the owning team, and a
// reason.
func (b *Board) Pause(ctx context.Context, by people.Actor, id, reason string) error {
	text, err := b.mayPause(ctx, by, id, reason)
	if err != nil {
		return err
	}
	return b.Records.SetPause(ctx, id, func(p Pause, at time.Time) (Pause, journal.Consequences, error) {
		if !p.At.IsZero() {
			return p, journal.Consequences{}, fault.New(fault.Conflict, "The rule is paused already. Look at it again.")
		}
		return Pause{Rule: id, By: journal.By(by), Reason: text, At: at}, said(by, "rule.paused", id, text), nil
	})
}

// Resume lets a rule go on with what comes from now on.
func (b *Board) Resume(ctx context.Context, by people.Actor, id, reason string) error {
	text, err := b.mayPause(ctx, by, id, reason)
	if err != nil {
		return err
	}
	return b.Records.SetPause(ctx, id, func(p Pause, _ time.Time) (Pause, journal.Consequences, error) {
		if p.At.IsZero() {
			return p, journal.Consequences{}, fault.New(fault.Conflict, "The rule is not paused. Look at it again.")
		}
		return Pause{}, said(by, "rule.resumed", id, text), nil
	})
}

func said(by people.Actor, verb, id string, text journal.Text) journal.Consequences {
	e := journal.Note(by, verb, journal.Of("rule", id), nil)
	e.Text = text.Hash()
	return journal.Consequences{Entries: []journal.Entry{e}}
}

func (b *Board) mayPause(ctx context.Context, by people.Actor, id, reason string) (journal.Text, error) {
	book, err := b.Book(ctx)
	if err != nil {
		return journal.Text{}, err
	}
	r, ok := book.Rule(id)
	if err := people.May(by, people.PauseRule, r.subject(book)); err != nil {
		return journal.Text{}, err
	}
	if !ok {
		return journal.Text{}, noRule(id)
	}
	if reason = strings.TrimSpace(reason); reason == "" || len([]rune(reason)) > mostReason {
		return journal.Text{}, fault.Wrong("reason", "Say why in a sentence, of at most %d letters.", mostReason)
	}
	return journal.Salted(reason), nil
}
