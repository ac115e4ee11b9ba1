package desk

import (
	"fmt"
	"testing"
	"time"

	"frontline/catalog"
	"frontline/people"
)

// shelf is what is configured in these tests.
type shelf struct {
	Directory // the rest is not asked for
	levels    []Level
	calendar  Calendar
	tiers     map[string]string
}

func (s shelf) Person(id string) (people.Person, bool) {
	return people.Person{ID: id, Name: id, Role: people.Support}, id != ""
}
func (s shelf) PersonByEmail(string) (people.Person, bool) { return people.Person{}, false }
func (s shelf) People() []people.Person                    { return nil }
func (s shelf) Team(id string) (people.Team, bool)         { return people.Team{ID: id, Lead: "marika"}, true }
func (s shelf) Service(string) (catalog.Service, bool)     { return catalog.Service{}, false }
func (s shelf) Customer(id string) (catalog.Customer, bool) {
	return catalog.Customer{ID: id, Tier: s.tiers[id]}, true
}
func (s shelf) RequestType(id string) (Type, bool)  { return Type{ID: id}, true }
func (s shelf) RequestTypes() []Type                { return nil }
func (s shelf) ShutTypes() []string                 { return nil }
func (s shelf) Macro(string) (Macro, bool)          { return Macro{}, false }
func (s shelf) Levels() []Level                     { return s.levels }
func (s shelf) Calendar(id string) (Calendar, bool) { return s.calendar, id == s.calendar.ID }

// day plays one request through decisions at given times.
type day struct {
	t    *testing.T
	book shelf
	req  Request
	said []string // verbs of the journal about goals
	n    int
}

func (d *day) at(when string, decide func(*turn) error) Request {
	d.t.Helper()
	s := &Service{}
	t := s.newTurn(people.Actor{Kind: people.ByPerson, ID: "liis"}, d.book, Current{Request: d.req, New: d.req.State == "", Now: at("2026-11-" + when), Party: Party{ID: "p"},
		NewID: func() string { d.n++; return fmt.Sprint(d.n) }})
	if err := decide(t); err != nil {
		d.t.Fatal(err)
	}
	c := t.done()
	d.req = c.Request
	for _, e := range c.Entries {
		if e.Facts["goal"] != nil {
			d.said = append(d.said, fmt.Sprintf("%s %s %v", e.Verb, e.Facts["goal"], e.Facts["seconds"]))
		}
	}
	return d.req
}

func (d *day) clock(k GoalKind) Clock {
	for _, c := range d.req.Clocks {
		if c.Goal == k {
			return c
		}
	}
	return Clock{}
}

func asks(text string) func(*turn) error {
	return func(t *turn) error {
		in := incoming{channel: "screen"}
		in.title.Body, in.text.Body = "No webhooks", text
		return t.receive(in)
	}
}

func says(then Then) func(*turn) error {
	return func(t *turn) error {
		w := writing{then: then}
		w.text.Body = "Words."
		return t.reply(w)
	}
}

func looks(*turn) error { return nil }

func promise() shelf {
	return shelf{calendar: office(), tiers: map[string]string{"nordpank": "platinum"}, levels: []Level{
		{ID: "all", Title: "All", Calendar: "office", Goals: []Goal{{Kind: FirstReply, Within: time.Hour}, {Kind: NextReply, Within: 2 * time.Hour}, {Kind: Resolution, Within: 8 * time.Hour, Warn: time.Hour}}},
		{ID: "platinum", Title: "Platinum", Tiers: []string{"platinum"}, Goals: []Goal{{Kind: FirstReply, Within: 15 * time.Minute}}},
	}}
}

// Given a question at 16:30 on a Friday, the first reply is due on Monday at 09:30, and the clock of the solution stands still while the asker has the next move.
func TestClocksOfARequest(t *testing.T) {
	d := &day{t: t, book: promise()}
	d.at("27 16:30", asks("Since 10:40."))
	if c := d.clock(FirstReply); !c.DueAt.Equal(at("2026-11-30 09:30")) || !d.req.DueAt.Equal(c.DueAt) || c.Face(at("2026-11-27 16:40")) != Calm || c.Face(at("2026-11-30 09:20")) != Soon {
		t.Fatalf("first reply: %+v, due %s", c, d.req.DueAt)
	}
	if c := d.clock(NextReply); c.Goal != "" {
		t.Errorf("the next reply has a clock before the first: %+v", c)
	}
	d.at("30 09:10", says(Then{WaitFor: Asker}))
	if c := d.clock(FirstReply); c.Face(d.req.ReceivedAt) != Kept || c.Spent != 40*time.Minute {
		t.Errorf("first reply: %+v", c)
	}
	if c := d.clock(Resolution); c.Face(d.req.ReceivedAt) != Stopped || c.Spent != 40*time.Minute || !d.req.DueAt.IsZero() {
		t.Errorf("the solution while the asker has the move: %+v, due %s", c, d.req.DueAt)
	}
	d.at("30 15:00", asks("Still none."))
	if next, end := d.clock(NextReply), d.clock(Resolution); !next.DueAt.Equal(at("2026-11-30 17:00")) || end.Spent != 40*time.Minute || !end.DueAt.Equal(at("2026-12-01 15:20")) {
		t.Errorf("after the asker wrote: next %+v, solution %+v", next, end)
	}
	d.req = d.at("30 17:00", looks)
	if c := d.clock(NextReply); c.Face(at("2026-11-30 17:00")) != Broken {
		t.Errorf("the next reply after its time: %+v", c)
	}
	d.at("30 17:00", says(Then{}))
	d.at("30 17:01", asks("And now?")) // a new round begins
	if c := d.clock(NextReply); c.Spent != 0 || !c.BrokenAt.IsZero() || !c.DueAt.Equal(time.Date(2026, 12, 1, 11, 0, 0, 0, time.FixedZone("", 7200))) {
		t.Errorf("the next round: %+v", c)
	}
	want := []string{"request.goal_ended first_reply 2400", "request.goal_missed next_reply 7200", "request.goal_ended next_reply 7200"}
	for i, w := range want {
		if len(d.said) <= i || d.said[i] != w {
			t.Fatalf("the journal says %v, want %v", d.said, want)
		}
	}
}

// The most special level counts, a change of the customer changes what is promised, and what is over when a level comes is not judged by it.
func TestWhichLevelCounts(t *testing.T) {
	d := &day{t: t, book: promise()}
	d.at("24 10:00", asks("Since 10:40."))
	d.at("24 10:10", func(t *turn) error { return t.setCustomer("nordpank") })
	if c := d.clock(FirstReply); c.Level != "platinum" || !c.DueAt.Equal(at("2026-11-24 10:15")) || len(d.req.Clocks) != 1 {
		t.Errorf("for platinum: %+v", d.req.Clocks)
	}
	d.at("24 10:15", looks)
	if c := d.clock(FirstReply); c.BrokenAt.IsZero() {
		t.Errorf("at its time: %+v", c)
	}
	old := &day{t: t, book: shelf{}}
	old.at("24 10:00", asks("Since 10:40."))
	old.at("24 10:10", says(Then{}))
	old.book = promise()
	old.at("24 11:00", looks)
	if c := old.clock(FirstReply); c.Goal != "" {
		t.Errorf("a reply that was there before its level: %+v", c)
	}
	if c := old.clock(Resolution); c.Spent != time.Hour {
		t.Errorf("the solution counts from the question: %+v", c)
	}
}

// Closing ends the clock, reopening lets it go on from where it stood; a duplicate keeps nothing and breaks nothing.
func TestClocksOverTheEnd(t *testing.T) {
	d := &day{t: t, book: promise()}
	d.at("24 09:00", asks("Since 10:40."))
	d.at("24 10:00", says(Then{Close: &Ending{Outcome: Answered}}))
	if c := d.clock(Resolution); c.Spent != time.Hour || c.EndedAt.IsZero() {
		t.Errorf("closed: %+v", c)
	}
	d.at("25 09:00", asks("It is back."))
	if c := d.clock(Resolution); c.Spent != time.Hour || !c.DueAt.Equal(at("2026-11-25 17:00")) {
		t.Errorf("reopened: %+v", c)
	}
	other := &day{t: t, book: promise()}
	other.at("24 09:00", asks("The same."))
	other.at("24 09:30", func(t *turn) error {
		t.cur.With = map[string]Request{"x": {ID: "x"}}
		return t.duplicateOf("x")
	})
	if c := other.clock(FirstReply); !c.EndedAt.IsZero() || !c.DueAt.IsZero() || len(other.said) != 0 {
		t.Errorf("a duplicate: %+v %v", c, other.said)
	}
}
