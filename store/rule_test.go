package store

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/rule"
)

// rulebook is what is configured.
type rulebook map[string]rule.Rule

func (b rulebook) Rule(id string) (rule.Rule, bool) { r, ok := b[id]; return r, ok }
func (b rulebook) Rules() (out []rule.Rule) {
	for _, r := range b {
		out = append(out, r)
	}
	return out
}

// deeds plays the actions.
type deeds struct {
	mu      sync.Mutex
	planned []string
	started map[string]int // by key
	err     error
}

func (d *deeds) Plan(_ context.Context, by people.Actor, f rule.Firing) (string, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return "", false, d.err
	}
	d.planned = append(d.planned, fmt.Sprintf("%s for %s by %s with %v", f.Action, f.For.ID, by.ID, f.Inputs))
	return "run-" + f.ID, false, nil
}

func (d *deeds) Start(_ context.Context, _ people.Actor, run, key string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.started[key]++
	return false, nil
}

// house is a rule engine on a database.
type house struct {
	*rule.Engine
	deeds *deeds
	jobs  *job.Runner
	db    *DB
}

func newHouse(t *testing.T, db *DB, c clock.Clock, book rulebook) *house {
	t.Helper()
	d := &deeds{started: map[string]int{}}
	h := &house{deeds: d, db: db, Engine: &rule.Engine{Store: db, Actions: d, Clock: c, Log: slog.New(slog.DiscardHandler),
		Book: func(context.Context) (rule.Directory, error) { return book, nil },
		Describe: func(_ context.Context, e journal.Entry) (rule.Event, error) {
			return rule.Event{Verb: e.Verb, Subject: e.Subject.ID, Service: fmt.Sprint(e.Facts["service"]), At: e.At, About: e.Subject}, nil
		}}}
	var err error
	if h.jobs, err = job.NewRunner(db, c, h.Log, h.Handlers()...); err != nil {
		t.Fatal(err)
	}
	return h
}

// happen writes an entry and seals it.
func (h *house) happen(t *testing.T, verb, subject, service string, by people.ActorKind) {
	t.Helper()
	err := h.db.write(t.Context(), func(x *tx) error {
		return x.record(t.Context(), journal.Consequences{Entries: []journal.Entry{{Verb: verb, Subject: journal.Of("group", subject),
			Actor: journal.Actor{Kind: by, ID: "prometheus", Via: "alertmanager"}, Facts: map[string]any{"service": service}}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.Seal(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
}

func (h *house) follow(t *testing.T) {
	t.Helper()
	for {
		more, err := h.Step(t.Context())
		if err != nil {
			t.Fatalf("Step: %v", err)
		}
		if !more {
			break
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); h.jobs.Run(ctx) }()
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := h.jobs.Settle(limited); err != nil {
		t.Error(err)
	}
	stop()
	<-ended
}

func look() rule.Rule {
	return rule.Rule{ID: "look", Title: "Look", Team: "support", On: []string{"alert.opened"}, If: `service == "pipeline"`, Run: "queue/look", With: map[string]any{"group": "{subject}"}}
}

func TestRulesFollowTheJournal(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		book := rulebook{}
		h := newHouse(t, db, c, book)
		h.follow(t)
		h.happen(t, "alert.opened", "before", "pipeline", people.BySource)
		h.follow(t)
		book["look"] = look()
		h.follow(t) // the first rule begins with what comes after it
		h.happen(t, "alert.opened", "a", "pipeline", people.BySource)
		h.happen(t, "alert.opened", "b", "payments", people.BySource)
		h.happen(t, "alert.resolved", "a", "pipeline", people.BySource)
		h.happen(t, "alert.opened", "c", "pipeline", people.ByRule)
		h.happen(t, "alert.opened", "a", "pipeline", people.BySource) // within the pause
		h.follow(t)
		h.follow(t)
		if got := fmt.Sprint(h.deeds.planned); got != "[queue/look for a by look with map[group:a]]" {
			t.Errorf("planned %s", got)
		}
		fs, err := db.Firings(t.Context(), "look", start.Add(-time.Hour), 10)
		if err != nil || len(fs) != 1 || fs[0].Outcome != "started" || fs[0].Run != "run-"+fs[0].ID || fs[0].Why != `alert.opened on a, and service == "pipeline"` {
			t.Errorf("firings are %+v, %v", fs, err)
		}
		if len(h.deeds.started) != 1 {
			t.Errorf("started %v", h.deeds.started)
		}
		c.Move(11 * time.Minute)
		h.happen(t, "alert.opened", "a", "pipeline", people.BySource)
		h.deeds.err = fault.New(fault.Forbidden, "This needs the role lead.")
		h.follow(t)
		fs, err = db.Firings(t.Context(), "", start.Add(-time.Hour), 10)
		if err != nil || len(fs) != 2 || fs[0].Outcome != "refused" || fs[0].Say != "This needs the role lead." {
			t.Errorf("after the pause: %+v, %v", fs, err)
		}
	})
}

func TestRulesGoByTheClock(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		r := rule.Rule{ID: "hourly", Title: "Hourly", Team: "support", Every: time.Hour, Run: "queue/look"}
		h := newHouse(t, db, c, rulebook{"hourly": r})
		for range 13 {
			h.follow(t)
			c.Move(10 * time.Minute)
		}
		fs, err := db.Firings(t.Context(), "hourly", start.Add(-24*time.Hour), 20)
		if err != nil || len(fs) != 3 {
			t.Errorf("in two hours it fired %d times, %v", len(fs), err)
		}
	})
}

// TestTwoReplicasFireOnce lets two replicas follow the same journal at once.
func TestTwoReplicasFireOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		c := clock.NewMoved(start)
		book := rulebook{"look": look()}
		one, other := newHouse(t, a, c, book), newHouse(t, b, c, book)
		one.happen(t, "alert.opened", "before", "payments", people.BySource)
		one.follow(t)
		for n := range 5 {
			one.happen(t, "alert.opened", fmt.Sprintf("g%d", n), "pipeline", people.BySource)
		}
		var wg sync.WaitGroup
		for _, h := range []*house{one, other} {
			wg.Go(func() {
				for range 10 {
					if _, err := h.Step(t.Context()); err != nil && !fault.Is(err, fault.Conflict) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		fs, err := a.Firings(t.Context(), "look", start.Add(-time.Hour), 20)
		if err != nil || len(fs) != 5 {
			t.Errorf("%d firings of 5, %v", len(fs), err)
		}
	})
}

// What would have happened can be seen before a rule is turned on; nothing is done.
func TestForesee(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		h := newHouse(t, db, c, rulebook{})
		for n, service := range []string{"pipeline", "payments", "pipeline"} {
			h.happen(t, "alert.opened", fmt.Sprintf("g%d", n%2), service, people.BySource)
		}
		entries, err := db.SealedAfter(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		seen, err := h.Foresee(t.Context(), look(), entries)
		if err != nil || len(seen) != 3 || !seen[0].Fires || seen[1].Fires || seen[2].Fires || seen[2].Restrained == "" {
			t.Errorf("foreseen %+v, %v", seen, err)
		}
		if len(h.deeds.planned) != 0 {
			t.Errorf("planned %v", h.deeds.planned)
		}
	})
}

// owners is what is configured around rules.
type owners struct{ rulebook }

func (owners) Team(id string) (people.Team, bool) {
	return map[string]people.Team{"support": {ID: "support", Lead: "marika"}}[id], true
}
func (owners) People() []people.Person {
	return []people.Person{{ID: "marika", Role: people.Lead, Teams: []string{"support"}}, {ID: "wanjiru", Role: people.Lead, Teams: []string{"support"}}, {ID: "rasmus", Role: people.Lead, Teams: []string{"pipeline"}}}
}
func (owners) Has(_, id string) bool { return id != "queue/none" }

func (h *house) board(book rulebook, c clock.Clock) *rule.Board {
	return &rule.Board{Engine: h.Engine, Records: h.db, Clock: c, Book: func(context.Context) (rule.Owners, error) { return owners{book}, nil },
		Knows: func(_ context.Context, a people.Actor, s journal.Subject) error {
			if s.ID == "secret" && a.ID != "marika" {
				return fault.New(fault.NotFound, "There is no such alert.")
			}
			return nil
		}}
}

func TestOnlyALeadOfTheOwnersPausesARule(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		book := rulebook{"look": look()}
		h := newHouse(t, db, c, book)
		h.follow(t)
		b := h.board(book, c)
		who := func(id string, role people.Role) people.Actor {
			return people.Actor{Kind: people.ByPerson, ID: id, Role: role, Via: "screen"}
		}
		for id, x := range map[string]struct {
			by   people.Actor
			rule string
			want fault.Kind
		}{
			"support":             {who("liis", people.Support), "look", fault.Forbidden},
			"another team's lead": {who("rasmus", people.Lead), "look", fault.Forbidden},
			"a rule":              {people.Actor{Kind: people.ByRule, ID: "look", Role: people.Support, Teams: []string{"support"}}, "look", fault.Forbidden},
			"no such rule":        {who("root", people.Admin), "none", fault.NotFound},
		} {
			if err := b.Pause(t.Context(), x.by, x.rule, "It floods the queue"); !fault.Is(err, x.want) {
				t.Errorf("%s pauses: %v, want %s", id, err, x.want)
			}
		}
		if err := b.Pause(t.Context(), who("wanjiru", people.Lead), "look", " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("paused without a reason: %v", err)
		}
		if err := b.Pause(t.Context(), who("wanjiru", people.Lead), "look", "It floods the queue"); err != nil {
			t.Fatal(err)
		}
		if err := b.Pause(t.Context(), who("marika", people.Member), "look", "Twice"); !fault.Is(err, fault.Conflict) {
			t.Errorf("paused twice: %v", err)
		}
		h.happen(t, "alert.opened", "a", "pipeline", people.BySource)
		h.follow(t)
		if len(h.deeds.planned) != 0 {
			t.Errorf("a paused rule planned %v", h.deeds.planned)
		}
		shown, _, err := b.Rule(t.Context(), who("liis", people.Member), "look")
		if err != nil || shown.Pause.By.ID != "wanjiru" || shown.Pause.Reason.Body != "It floods the queue" || shown.MayPause == nil {
			t.Errorf("shown %+v, %v", shown, err)
		}
		if err := b.Resume(t.Context(), who("marika", people.Member), "look", "Mended"); err != nil {
			t.Fatal(err)
		}
		h.follow(t)
		h.happen(t, "alert.opened", "b", "pipeline", people.BySource)
		h.follow(t)
		if got := fmt.Sprint(h.deeds.planned); got != "[queue/look for b by look with map[group:b]]" {
			t.Errorf("after the pause it planned %s: what happened meanwhile is not made up for", got)
		}
		entries, err := db.JournalOf(t.Context(), []journal.Subject{journal.Of("rule", "look")}, 10)
		if err != nil || len(entries) != 3 || entries[0].Verb != "rule.paused" || entries[0].Text == "" || entries[1].Verb != "rule.resumed" {
			t.Errorf("the journal says %+v, %v", entries, err)
		}
	})
}

// What holds a rule back is told, once an hour however long the storm is, and it does not count as a firing.
func TestTheLoopGuardIsTold(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		r := look()
		r.Most = 2
		book := rulebook{"look": r}
		h := newHouse(t, db, c, book)
		h.follow(t)
		for n := range 40 {
			h.happen(t, "alert.opened", fmt.Sprintf("g%d", n), "pipeline", people.BySource)
		}
		h.follow(t)
		shown, fs, err := h.board(book, c).Rule(t.Context(), people.System("test"), "look")
		if err != nil || len(fs) != 3 || shown.Lately != 2 || len(h.deeds.planned) != 2 {
			t.Fatalf("%d firings, counted %d, planned %d, %v", len(fs), shown.Lately, len(h.deeds.planned), err)
		}
		held := 0
		for _, f := range fs {
			if f.Outcome == rule.Held {
				held++
				if f.Say != "It fired 2 times within an hour, which is as often as it may." {
					t.Errorf("it says %q", f.Say)
				}
			}
		}
		if held != 1 {
			t.Errorf("held back %d times, want 1", held)
		}
		c.Move(61 * time.Minute)
		h.happen(t, "alert.opened", "later", "pipeline", people.BySource)
		h.follow(t)
		if len(h.deeds.planned) != 3 {
			t.Errorf("an hour later it planned %v", h.deeds.planned)
		}
	})
}

func TestRulesAreTriedOnThePast(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		h := newHouse(t, db, c, rulebook{})
		h.happen(t, "alert.opened", "long-ago", "pipeline", people.BySource)
		c.Move(48 * time.Hour)
		for _, s := range []string{"a", "b", "secret"} {
			h.happen(t, "alert.opened", s, "pipeline", people.BySource)
		}
		h.happen(t, "alert.resolved", "a", "pipeline", people.BySource)
		b := h.board(rulebook{}, c)
		liis, marika := people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Support}, people.Actor{Kind: people.ByPerson, ID: "marika", Role: people.Lead}
		since := c.Now().Add(-24 * time.Hour)
		for _, x := range []struct {
			by   people.Actor
			want int
		}{{liis, 2}, {marika, 3}} {
			got, err := b.Try(t.Context(), x.by, look(), since)
			if err != nil || got.Fires() != x.want || len(got.Seen) != x.want {
				t.Errorf("for %s it fires %d times of %d, %v; want %d", x.by.ID, got.Fires(), len(got.Seen), err, x.want)
			}
		}
		if _, err := b.Try(t.Context(), people.Actor{Kind: people.ByPerson, ID: "tonis", Role: people.Member}, look(), since); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member tries a rule: %v", err)
		}
		bad := look()
		bad.Run, bad.If = "queue/none", "servce == 1"
		_, err := b.Try(t.Context(), liis, bad, since)
		if fields := fault.FieldsOf(err); len(fields) != 2 || fields[0].Name != "if" || fields[1].Name != "run" {
			t.Errorf("a wrong rule: %v", fields)
		}
		timed := rule.Rule{ID: "morning", Title: "Morning", Team: "support", At: []string{"06:00"}, If: "!night", Run: "queue/look"}
		got, err := b.Try(t.Context(), liis, timed, c.Now().Add(-72*time.Hour))
		if err != nil || len(got.Seen) != 3 || got.Fires() != 0 { // 06:00 is at night
			t.Errorf("by the clock: %+v, %v", got.Seen, err)
		}
		if n := len(h.deeds.planned); n != 0 {
			t.Errorf("trying planned %d runs", n)
		}
	})
}
