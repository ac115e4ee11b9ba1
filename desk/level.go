package desk

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"frontline/define"
	"frontline/fault"
)

// GoalKind is what is promised.
type GoalKind string

// The kinds of goals.
const (
	FirstReply GoalKind = "first_reply" // from the question to our first words
	NextReply  GoalKind = "next_reply"  // from later words of the asker to ours; each time anew
	Resolution GoalKind = "resolution"  // from the question to the end
)

// GoalKinds lists the kinds of goals.
func GoalKinds() []GoalKind { return []GoalKind{FirstReply, NextReply, Resolution} }

// Pause is why a goal's clock stands still.
type Pause string

// When a clock may stand still: while the request waits for somebody, or is out of sight.
const (
	WhileAsker      Pause = "asker"
	WhileDevelopers Pause = "developers"
	WhileOthers     Pause = "others"
	WhileSnoozed    Pause = "snoozed"
)

func pauses() []Pause { return []Pause{WhileAsker, WhileDevelopers, WhileOthers, WhileSnoozed} }

// Goal is one promise of a service level.
type Goal struct {
	Kind   GoalKind      `json:"kind" yaml:"kind"`
	Within time.Duration `json:"within" yaml:"within"`                     // of the calendar's time
	Starts string        `json:"starts,omitempty" yaml:"starts,omitempty"` // "received", or "accepted": when it left triage; received when empty
	Pauses []Pause       `json:"pauses,omitempty" yaml:"pauses,omitempty"` // for Resolution, asker when left out
	Warn   time.Duration `json:"warn,omitempty" yaml:"warn,omitempty"`     // so long before it is broken; a quarter of Within when zero
}

func (g Goal) warn() time.Duration {
	if g.Warn > 0 {
		return g.Warn
	}
	return g.Within / 4
}

func (g Goal) pausedBy(r Request, now time.Time) bool {
	stops := g.Pauses
	if stops == nil && g.Kind == Resolution {
		stops = []Pause{WhileAsker}
	}
	return r.State == Waiting && slices.Contains(stops, Pause(r.WaitsFor)) || r.Asleep(now) && slices.Contains(stops, WhileSnoozed)
}

// Level is what is promised about some requests. Of several that fit, the one with the most conditions counts, and of equals the first by id.
type Level struct {
	ID         string     `json:"id" yaml:"id"`
	Title      string     `json:"title" yaml:"title"`
	Types      []string   `json:"types,omitempty" yaml:"types,omitempty"` // of requests; all when empty
	Tiers      []string   `json:"tiers,omitempty" yaml:"tiers,omitempty"` // of customers; all when empty
	Priorities []Priority `json:"priorities,omitempty" yaml:"priorities,omitempty"`
	Calendar   string     `json:"calendar,omitempty" yaml:"calendar,omitempty"` // around the clock when empty
	Goals      []Goal     `json:"goals" yaml:"goals"`
}

// Check returns what is wrong with the level by itself.
func (l Level) Check() []fault.Field {
	var c define.Checks
	c.ID("id", l.ID)
	c.Name("title", l.Title)
	for i, p := range l.Priorities {
		c.Want(slices.Contains(Priorities(), p), fmt.Sprintf("priorities[%d]", i), "The priority is low, normal, high or urgent; %q is none of them.", p)
	}
	c.Want(len(l.Goals) > 0, "goals", "Say what is promised: first_reply, next_reply or resolution.")
	for i, g := range l.Goals {
		at := func(field string) string { return fmt.Sprintf("goals[%d].%s", i, field) }
		c.Want(slices.Contains(GoalKinds(), g.Kind), at("kind"), "A goal is first_reply, next_reply or resolution; %q is none of them.", g.Kind)
		c.Want(!slices.ContainsFunc(l.Goals[:i], func(o Goal) bool { return o.Kind == g.Kind }), at("kind"), "Each kind of goal is given once.")
		c.Want(g.Within >= time.Minute && g.Within <= 365*24*time.Hour, at("within"), "Say within which time, between 1m and 8760h.")
		c.Want(g.Starts == "" || g.Starts == "received" || g.Starts == "accepted", at("starts"), "A goal starts when the request is received or accepted.")
		c.Want(g.Warn >= 0 && g.Warn < g.Within || g.Warn == 0, at("warn"), "The warning comes before the end: give less than within.")
		for j, p := range g.Pauses {
			c.Want(slices.Contains(pauses(), p), at(fmt.Sprintf("pauses[%d]", j)), "A clock stands still for asker, developers, others or snoozed; %q is none of them.", p)
		}
	}
	return c.Fields
}

// Refs names what the level refers to.
func (l Level) Refs() []define.Ref {
	refs := define.Refs("types", "request_type", l.Types)
	if l.Calendar != "" {
		refs = append(refs, define.Ref{Field: "calendar", Kind: "calendar", ID: l.Calendar})
	}
	return refs
}

func (l Level) fits(r Request, tier string) bool {
	within := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	return within(l.Types, r.Type) && within(l.Tiers, tier) && (len(l.Priorities) == 0 || slices.Contains(l.Priorities, r.Priority))
}

func (l Level) conditions() (n int) {
	for _, given := range []bool{len(l.Types) > 0, len(l.Tiers) > 0, len(l.Priorities) > 0} {
		if given {
			n++
		}
	}
	return n
}

// levelFor chooses what is promised about a request; false when nothing is.
func levelFor(book Directory, r Request) (Level, bool) {
	customer, _ := book.Customer(r.Customer)
	var fit []Level
	for _, l := range book.Levels() {
		if l.fits(r, customer.Tier) {
			fit = append(fit, l)
		}
	}
	if len(fit) == 0 {
		return Level{}, false
	}
	return slices.MinFunc(fit, func(a, b Level) int {
		return cmp.Or(b.conditions()-a.conditions(), cmp.Compare(a.ID, b.ID))
	}), true
}

// Clock is how far one goal of a request is.
type Clock struct {
	Goal     GoalKind      `json:"goal"`
	Level    string        `json:"level"`
	Within   time.Duration `json:"within"`
	Spent    time.Duration `json:"spent"`             // working time until Since, or until it stopped
	Since    time.Time     `json:"since,omitzero"`    // it runs since then; zero while it stands still
	DueAt    time.Time     `json:"due_at,omitzero"`   // when it is broken, while it runs
	WarnAt   time.Time     `json:"warn_at,omitzero"`  // when it is soon
	EndedAt  time.Time     `json:"ended_at,omitzero"` // when it was kept, or done too late
	BrokenAt time.Time     `json:"broken_at,omitzero"`
	Warned   bool          `json:"warned,omitempty"`
}

// Face is what a clock looks like.
type Face string

// The faces.
const (
	Calm    Face = "calm"
	Soon    Face = "soon"
	Broken  Face = "broken"
	Stopped Face = "paused"
	Kept    Face = "kept"
)

// Face says how the clock stands at the time.
func (c Clock) Face(now time.Time) Face {
	switch {
	case !c.BrokenAt.IsZero() || !c.DueAt.IsZero() && !now.Before(c.DueAt) && c.EndedAt.IsZero():
		return Broken
	case !c.EndedAt.IsZero():
		return Kept
	case c.Since.IsZero():
		return Stopped
	case !now.Before(c.WarnAt):
		return Soon
	}
	return Calm
}

// clocks brings the request's clocks to what its level promises and to where it stands now. It is the last thing of every decision.
func (t *turn) clocks() {
	level, _ := levelFor(t.book, t.req)
	var w workday
	if k, ok := t.book.Calendar(level.Calendar); ok {
		w = k.ready()
	}
	was := t.cur.Request.Clocks
	t.req.Clocks, t.req.DueAt = nil, time.Time{}
	for _, g := range level.Goals {
		c, began := Clock{Goal: g.Kind}, false
		if at := slices.IndexFunc(was, func(c Clock) bool { return c.Goal == g.Kind }); at >= 0 {
			c, began = was[at], true
		}
		x := timing{turn: t, goal: g, work: w, on: g.on(t.req), over: g.over(t.req), was: g.on(t.cur.Request)}
		if !began && !x.on && !x.was {
			continue // it was over before this level was there, or has not begun
		}
		c.Level, c.Within = level.ID, g.Within
		c = x.moved(c, began)
		t.req.Clocks = append(t.req.Clocks, c)
		if !c.DueAt.IsZero() && (t.req.DueAt.IsZero() || c.DueAt.Before(t.req.DueAt)) {
			t.req.DueAt = c.DueAt
		}
	}
}

// on says whether the goal counts for a request as it stands.
func (g Goal) on(r Request) bool {
	if r.State == "" || r.State == Closed || g.Starts == "accepted" && r.State == New {
		return false
	}
	switch g.Kind {
	case FirstReply:
		return r.FirstReplyAt.IsZero()
	case NextReply:
		return !r.FirstReplyAt.IsZero() && !r.AskedAt.IsZero()
	}
	return true
}

// over says whether the goal was reached, in time or late. A duplicate reaches nothing: its asker is answered at the original.
func (g Goal) over(r Request) bool {
	switch {
	case r.Outcome == Duplicate:
		return false
	case g.Kind == FirstReply:
		return !r.FirstReplyAt.IsZero() || r.State == Closed
	case g.Kind == NextReply:
		return r.AskedAt.IsZero()
	}
	return r.State == Closed
}

// since is when the goal began to count for a request whose clock was not kept: because its level is new.
func (g Goal) since(r Request, now time.Time) time.Time {
	switch {
	case g.Starts == "accepted":
		return now
	case g.Kind == NextReply:
		return r.AskedAt
	}
	return r.ReceivedAt
}

// timing moves one clock on.
type timing struct {
	turn          *turn
	goal          Goal
	work          workday
	on, over, was bool // whether the goal counts now, is reached, and counted before this decision
}

func (x timing) moved(c Clock, began bool) Clock {
	now := x.turn.cur.Now
	if x.on && !c.EndedAt.IsZero() { // a new round: the asker wrote again, or the request was reopened
		c.EndedAt = time.Time{}
		if x.goal.Kind == NextReply {
			c = Clock{Goal: c.Goal, Level: c.Level, Within: c.Within}
		}
	}
	switch {
	case !c.Since.IsZero():
		c.Spent += x.work.between(c.Since, now)
	case !began && x.on:
		c.Spent = x.work.between(x.goal.since(x.turn.req, now), now)
	}
	c.Since, c.DueAt, c.WarnAt = time.Time{}, time.Time{}, time.Time{}
	if c.Spent >= c.Within && c.BrokenAt.IsZero() && c.EndedAt.IsZero() {
		c.BrokenAt = now
		x.tell(c, "request.goal_missed")
	}
	switch {
	case x.over && c.EndedAt.IsZero():
		c.EndedAt = now
		x.turn.note("request.goal_ended", x.facts(c))
	case x.on && !x.goal.pausedBy(x.turn.req, now):
		c = x.run(c)
	}
	return c
}

// run lets the clock run, and asks for a look when it is soon and when it is broken.
func (x timing) run(c Clock) Clock {
	t, now := x.turn, x.turn.cur.Now
	left := c.Within - c.Spent
	c.Since, c.DueAt, c.WarnAt = now, x.work.add(now, left), x.work.add(now, left-x.goal.warn())
	if left <= x.goal.warn() && !c.Warned && c.BrokenAt.IsZero() {
		c.Warned = true
		x.tell(c, "request.goal_soon")
	}
	for _, at := range []time.Time{c.WarnAt, c.DueAt} {
		if at.After(now) {
			t.out.Do(JobClock().At(at, fmt.Sprintf("%s %s %d", t.req.ID, c.Goal, at.Unix()), RequestArgs{t.req.ID}))
		}
	}
	return c
}

func (x timing) facts(c Clock) map[string]any {
	return map[string]any{"goal": string(c.Goal), "level": c.Level, "seconds": int64(c.Spent.Seconds()), "within": int64(c.Within.Seconds()), "kept": c.BrokenAt.IsZero()}
}

// tell says it to whoever has the request, or else to whoever leads its team.
func (x timing) tell(c Clock, verb string) {
	t := x.turn
	person := t.req.Assignee
	if team, ok := t.book.Team(t.req.Team); ok && person == "" {
		person = team.Lead
	}
	t.note(verb, x.facts(c))
	if person != "" && t.mail {
		t.out.Do(JobRemind().At(t.cur.Now, "", RemindArgs{Request: t.req.ID, Person: person, Goal: c.Goal, Broken: verb == "request.goal_missed", Ref: t.cur.NewID()}))
	}
}
