// Package rule answers what happens by itself: when something is written in the journal, or at a time, and a condition holds, then an
// action runs, or something is done about a request.
package rule

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"frontline/define"
	"frontline/fault"
	"frontline/journal"
)

// Rule says when which action runs, or what is done. It has either On, or At or Every.
type Rule struct {
	ID    string         `json:"id" yaml:"id"`
	Title string         `json:"title" yaml:"title"`
	Team  string         `json:"team" yaml:"team"`                       // owns it; its rights and its quarantine are what the action gets
	On    []string       `json:"on,omitempty" yaml:"on,omitempty"`       // verbs of the journal: "alert.opened", "incident.opened"
	At    []string       `json:"at,omitempty" yaml:"at,omitempty"`       // times of the day in the zone: "06:00"
	Days  []string       `json:"days,omitempty" yaml:"days,omitempty"`   // mon to sun; every day when empty
	Zone  string         `json:"zone,omitempty" yaml:"zone,omitempty"`   // IANA; UTC when empty
	Every time.Duration  `json:"every,omitempty" yaml:"every,omitempty"` // instead of At: again and again
	After time.Duration  `json:"after,omitempty" yaml:"after,omitempty"` // for On: look only so long after it was written
	If    string         `json:"if,omitempty" yaml:"if,omitempty"`       // an expression over Event; always when empty
	Do    []Deed         `json:"do,omitempty" yaml:"do,omitempty"`       // one after the other, before Run
	Run   string         `json:"run,omitempty" yaml:"run,omitempty"`     // an action
	With  map[string]any `json:"with,omitempty" yaml:"with,omitempty"`   // its inputs; a text in braces is an expression over Event: "{labels.pod}"
	Pause time.Duration  `json:"pause,omitempty" yaml:"pause,omitempty"` // not again about the same subject before so long; 10 min when zero
	Most  int            `json:"most,omitempty" yaml:"most,omitempty"`   // in any hour; 10 when zero, 100 for what runs no action
	Off   bool           `json:"off,omitempty" yaml:"off,omitempty"`     // only shown what it would do
}

const (
	usualPause = 10 * time.Minute
	usualMost  = 10
	tameMost   = 100 // of a rule that runs no action
	leastEvery = time.Minute
	mostAfter  = 90 * 24 * time.Hour
)

func (r Rule) pause() time.Duration {
	if r.Pause == 0 {
		return usualPause
	}
	return r.Pause
}

func (r Rule) most() int {
	switch {
	case r.Most > 0:
		return r.Most
	case r.Run == "":
		return tameMost
	}
	return usualMost
}

// Event is what a condition sees.
type Event struct {
	Verb     string            `expr:"verb"`    // "alert.opened"; "time" for a rule that goes by the clock
	Kind     string            `expr:"kind"`    // of the subject: "group", "incident", "request"
	Subject  string            `expr:"subject"` // its short name: "G-12", "INC-3", "R-1042"
	Title    string            `expr:"title"`
	Service  string            `expr:"service"`
	Services []string          `expr:"services"`
	Team     string            `expr:"team"`
	Severity string            `expr:"severity"`
	Labels   map[string]string `expr:"labels"` // of the alert that it is about; otherwise of the group's worst
	Facts    map[string]any    `expr:"facts"`  // of the journal's entry
	At       time.Time         `expr:"at"`
	Night    bool              `expr:"night"` // between 22 and 7 o'clock, or a weekend, in the rule's zone

	// Of a request, as it is when the condition is looked at.
	Type     string         `expr:"type"`
	Customer string         `expr:"customer"`
	Tier     string         `expr:"tier"` // of the customer
	Priority string         `expr:"priority"`
	State    string         `expr:"state"`
	WaitsFor string         `expr:"waits_for"`
	Assignee string         `expr:"assignee"` // empty while nobody has it
	Channel  string         `expr:"channel"`
	Asker    string         `expr:"asker"`  // as they are called
	Inside   bool           `expr:"inside"` // whoever asked is one of us
	Text     string         `expr:"text"`   // the asker's words: the last ones
	Tags     []string       `expr:"tags"`
	Fields   map[string]any `expr:"fields"` // what the type's form asked for
	Age      time.Duration  `expr:"age"`    // since it was received
	Waited   time.Duration  `expr:"waited"` // since it waits for somebody; 0 while it does not
	Silent   time.Duration  `expr:"silent"` // since whoever asked last wrote
	Hangs    bool           `expr:"hangs"`  // on a problem whose solution answers it

	Automatic bool                       `expr:"automatic"` // a program wrote what came in
	InQueue   func(string) (bool, error) `expr:"in_queue"`  // whether it is in the queue

	// About is what the action runs for, and what a pause is counted by: the group of an alert, for example. No condition sees it.
	About journal.Subject `expr:"-"`
}

// whole is the event with everything that an expression may call.
func (e Event) whole() Event {
	if e.InQueue == nil {
		e.InQueue = func(string) (bool, error) { return false, nil }
	}
	return e
}

// Matter is what an entry is about for rules: a request whose word it is, else an alert group or incident that it names, else its subject.
func Matter(e journal.Entry) journal.Subject {
	if e.Subject.Kind == "request" {
		return e.Subject
	}
	if s := e.Matter(); s.Kind != "" {
		return s
	}
	return e.Subject
}

var (
	verb    = regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`)
	clockOf = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// Check returns what is wrong with the rule by itself.
func (r Rule) Check() []fault.Field {
	var c define.Checks
	c.ID("id", r.ID)
	c.Name("title", r.Title)
	c.Want(r.Team != "", "team", "Name the team that owns the rule.")
	r.checkDeeds(&c)
	r.checkWhen(&c)
	c.Want(r.Run != "" || len(r.With) == 0, "with", "Inputs go with an action. Name it under run.")
	c.Zone("zone", r.Zone)
	c.Want(r.Pause >= 0 && r.Pause <= 30*24*time.Hour, "pause", "A pause is between 0 and 720h; 10m when left out.")
	c.Want(r.Most >= 0 && r.Most <= 1000, "most", "most is how often it may run in an hour, at most 1000.")
	if _, err := compile(r.If); err != nil {
		c.Want(false, "if", "The condition is not understood: %s", Explain(err))
	}
	for _, name := range slices.Sorted(maps.Keys(r.With)) {
		if text, ok := Formula(r.With[name]); ok {
			if _, err := expr.Compile(text, expr.Env(Event{})); err != nil {
				c.Want(false, "with."+name, "The expression is not understood: %s", Explain(err))
			}
		}
	}
	return c.Fields
}

func (r Rule) checkWhen(c *define.Checks) {
	ways := 0
	for _, given := range []bool{len(r.On) > 0, len(r.At) > 0, r.Every > 0} {
		if given {
			ways++
		}
	}
	c.Want(ways == 1, "on", "Say when: on (what is written in the journal), at (times of the day) or every (a duration), one of them.")
	for i, v := range r.On {
		c.Want(verb.MatchString(v), fmt.Sprintf("on[%d]", i), "%q is nothing that the journal says. Look at the journal for words such as alert.opened.", v)
		c.Want(!strings.HasPrefix(v, "request.") || slices.Contains(requestVerbs(), v), fmt.Sprintf("on[%d]", i), "%q is nothing that happens to requests. Write one of %s.", v, strings.Join(requestVerbs(), ", "))
		own := strings.HasPrefix(v, "run.") || strings.HasPrefix(v, "rule.") || strings.HasPrefix(v, "config.")
		c.Want(!own, fmt.Sprintf("on[%d]", i), "A rule does not follow runs, rules or the configuration: it could go round in circles.")
	}
	for i, t := range r.At {
		c.Want(clockOf.MatchString(t), fmt.Sprintf("at[%d]", i), "%q is no time of the day. Write it as 06:00.", t)
	}
	for i, d := range r.Days {
		c.Want(slices.Contains(weekdays(), d), fmt.Sprintf("days[%d]", i), "%q is no day. Write mon, tue, wed, thu, fri, sat or sun.", d)
	}
	c.Want(len(r.Days) == 0 || len(r.At) > 0, "days", "Days go with at.")
	c.Want(r.Every == 0 || r.Every >= leastEvery, "every", "A rule runs at most every minute.")
	c.Want(r.After == 0 || len(r.On) > 0, "after", "after goes with on: it looks so long after something happened.")
	c.Want(r.After >= 0 && r.After <= mostAfter, "after", "A rule looks at most 2160h after something happened.")
}

// requestVerbs are the words of the journal about requests that a rule may follow.
func requestVerbs() []string {
	return []string{"request.received", "request.added", "request.accepted", "request.assigned", "request.changed", "request.replied", "request.noted", "request.waits", "request.resumed",
		"request.snoozed", "request.woke", "request.goal_soon", "request.goal_missed", "request.closed", "request.solved", "request.declined", "request.reopened", "request.duplicate",
		"request.hangs_on", "request.part_of", "request.not_delivered"}
}

// Refs names what the rule refers to.
func (r Rule) Refs() []define.Ref {
	refs := []define.Ref{{Field: "team", Kind: "team", ID: r.Team}, {Field: "run", Kind: "action", ID: r.Run}}
	for i, d := range r.Do {
		refs = append(refs, d.refs(fmt.Sprintf("do[%d]", i))...)
	}
	return refs
}

func compile(condition string) (*vm.Program, error) {
	if strings.TrimSpace(condition) == "" {
		condition = "true"
	}
	return expr.Compile(condition, expr.Env(Event{}), expr.AsBool())
}

// Explain is what is wrong with an expression, and where: the compiler's first line.
func Explain(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first + "."
}

// Formula is the expression of an input's value, if it is one: a text in braces.
func Formula(v any) (string, bool) {
	s, ok := v.(string)
	if !ok || len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// Firing is one time that a rule did something, or would have.
type Firing struct {
	ID      string
	Rule    string
	Key     string          // what it fired for, once: an entry's number or a time
	For     journal.Subject // what the run is for; empty for a rule that goes by the clock
	Why     string          // for people: what happened, and that the condition held
	Inputs  map[string]any
	Action  string
	At      time.Time // of Later: when it looks
	Run     string    // the run that came of it; empty until there is one
	Outcome string    // one of those below; empty until known
	Say     string    // why it was refused or held back, for people
}

// What came of a firing. Held, Wrong, Later and Let are no firings: they say why there was none, or none yet.
const (
	Started = "started"
	Done    = "done"    // what it does beside running an action is done
	Later   = "later"   // it looks again when its time has come
	Let     = "let"     // it looked then, and its condition did not hold
	Waits   = "waiting" // for an approval
	Nothing = "nothing" // the plan found nothing to do
	Refused = "refused"
	Held    = "held"  // its condition held, and its bounds held it back
	Wrong   = "wrong" // its condition or inputs could not be evaluated
)

// Fired says whether the rule had its action run, or tried to.
func (f Firing) Fired() bool {
	return f.Outcome != Held && f.Outcome != Wrong && f.Outcome != Later && f.Outcome != Let
}

// Holds evaluates the condition.
func (r Rule) Holds(e Event) (bool, error) {
	program, err := compile(r.If)
	if err != nil {
		return false, err
	}
	out, err := expr.Run(program, e.whole())
	if fault.Again(err) { // what it asks cannot be told now
		return false, err
	}
	if err != nil {
		return false, fault.Wrap(err, fault.Invalid, "The condition of the rule %s cannot be evaluated: %s Ask its owners to correct it.", r.ID, Explain(err))
	}
	return out.(bool), nil
}

// Inputs evaluates what the action is given.
func (r Rule) Inputs(e Event) (map[string]any, error) {
	out := map[string]any{}
	for name, v := range r.With {
		text, ok := Formula(v)
		if !ok {
			out[name] = v
			continue
		}
		program, err := expr.Compile(text, expr.Env(Event{}))
		if err != nil {
			return nil, err
		}
		if out[name], err = expr.Run(program, e.whole()); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The input %s of the rule %s cannot be evaluated: %s Ask its owners to correct it.", name, r.ID, Explain(err))
		}
	}
	return out, nil
}

// Restrained says why a rule does not fire although its condition holds, from its firings of the last hour and those about the subject;
// empty when it may.
func (r Rule) Restrained(about journal.Subject, now time.Time, lately []Firing) string {
	why, _ := r.held(about, now, lately)
	return why
}

// byHour names an hour: what restrains a rule is noted once an hour, so that a storm is one line.
const byHour = "2006-01-02T15"

// held is Restrained, with the key under which it is noted.
func (r Rule) held(about journal.Subject, now time.Time, lately []Firing) (why, key string) {
	hour := 0
	for _, f := range lately {
		if now.Sub(f.At) < time.Hour {
			hour++
		}
		if about.ID != "" && f.For == about && now.Sub(f.At) < r.pause() {
			return fmt.Sprintf("It fired about this %s before, and pauses for %s.", f.At.Format("at 15:04 MST"), span(r.pause())), "held " + now.UTC().Format(byHour) + " " + about.ID
		}
	}
	if hour >= r.most() {
		return fmt.Sprintf("It fired %d times within an hour, which is as often as it may.", hour), "held " + now.UTC().Format(byHour)
	}
	return "", ""
}

// Due returns the newest time at or before now at which a rule that goes by the clock is due; false when there is none within the last hour:
// what was missed for longer, because nobody ran, is not made up for.
func (r Rule) Due(now time.Time) (time.Time, bool) {
	const late = time.Hour
	if r.Every > 0 {
		return now.Truncate(r.Every), true
	}
	newest, ok := r.newest(now)
	return newest, ok && now.Sub(newest) < late
}

// newest is the last of the rule's times of the day at or before now; false when there was none for a week.
func (r Rule) newest(now time.Time) (time.Time, bool) {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.Time{}, false
	}
	var newest time.Time
	for back := 0; back < 2 || back < 9 && newest.IsZero(); back++ { // where midnight does not exist, the day before may be the newest
		day := now.In(zone).AddDate(0, 0, -back)
		if len(r.Days) > 0 && !slices.Contains(r.Days, weekdays()[day.Weekday()]) {
			continue
		}
		for _, at := range r.At {
			clock, err := time.Parse("15:04", at)
			if err != nil {
				continue
			}
			t := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
			if !t.After(now) && t.After(newest) {
				newest = t
			}
		}
	}
	return newest.UTC(), !newest.IsZero()
}

// AtNight says whether people sleep or rest at the time in the rule's zone.
func (r Rule) AtNight(t time.Time) bool {
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		zone = time.UTC
	}
	t = t.In(zone)
	return t.Hour() >= 22 || t.Hour() < 7 || t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
}
