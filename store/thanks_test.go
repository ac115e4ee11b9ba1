package store

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"frontline/action"
	"frontline/desk"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/thanks"
)

// grateful is a desk where people say thank you.
type grateful struct {
	*frontdesk
	thanks *thanks.Service
	post   thankful
}

// thankful are the mails that were handed over.
type thankful struct {
	mu  sync.Mutex
	got []thankMail
}

type thankMail struct{ to, subject, text string }

func (l *thankful) Mail(_ context.Context, to, subject, text, _ string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, thankMail{to, subject, text})
	return "250", nil
}

func (l *thankful) all() []thankMail {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got)
}

func (l *thankful) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = nil
}

// RunsFor implements thanks.Runs: no action helped here.
func (g *grateful) RunsFor(context.Context, people.Actor, journal.Subject) ([]action.Run, error) {
	return nil, nil
}

func eachGrateful(t *testing.T, f func(t *testing.T, g *grateful)) {
	eachFrontdesk(t, func(t *testing.T, k *frontdesk) {
		g := &grateful{frontdesk: k}
		g.thanks = &thanks.Service{DB: k.db, Book: func(ctx context.Context) (thanks.Directory, error) { return k.conf.Book(ctx) }, Matters: thanks.Wings{Desk: k.Service, Actions: g}, Mailer: &g.post, Now: k.db.Now,
			Link: func(x thanks.Thanks) string { return "https://desk.verity.example/thanks/" + x.Name() }, Wall: "https://desk.verity.example/thanks"}
		var err error
		k.jobs, err = job.NewRunner(k.db, k.clock, slog.New(slog.DiscardHandler), append(k.Handlers(), g.thanks.Handlers(k.db.Enqueue)...)...)
		k.must(err)
		f(t, g)
	})
}

func (g *grateful) give(by string, d thanks.Draft) thanks.Thanks {
	g.t.Helper()
	x, _, err := g.thanks.Give(g.t.Context(), g.actor(by), d)
	g.must(err)
	return x
}

// wall are the names of what somebody sees.
func (g *grateful) wall(who string, v thanks.View) (out []string) {
	g.t.Helper()
	all, _, err := g.thanks.Page(g.t.Context(), g.actor(who), v)
	g.must(err)
	for _, x := range all {
		out = append(out, x.Name())
	}
	return out
}

// A thanks says what for, to whom, and about what; what comes twice over a channel is one.
func TestGiveThanks(t *testing.T) {
	eachGrateful(t, func(t *testing.T, g *grateful) {
		ctx, wanjiru := t.Context(), g.actor("wanjiru")
		r := g.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil)
		x := g.give("wanjiru", thanks.Draft{Reason: "  You saved my call\nwith Savanna Pay. ", People: []string{"liis", "karl", "liis"}, Teams: []string{"payments"}, About: r.Name(), Ref: "slack:1"})
		if x.Name() != "T-1" || x.Text.Body != "You saved my call\nwith Savanna Pay." || x.About != r.Subject() || len(x.To) != 3 || x.By != "wanjiru" {
			t.Errorf("given: %+v", x)
		}
		again, fresh, err := g.thanks.Give(ctx, wanjiru, thanks.Draft{Reason: "Something else entirely", People: []string{"liis"}, Ref: "slack:1"})
		if err != nil || fresh || again.ID != x.ID || again.Text.Body != x.Text.Body {
			t.Errorf("the same of a channel: %+v, %v, %v", again, fresh, err)
		}
		shown, err := g.thanks.Thanks(ctx, g.actor("karl"), "t-1")
		if err != nil || !shown.Got || shown.Mine || !shown.Back || shown.Matter == nil || shown.Matter.Title != r.Title || !slices.Equal(shown.To, x.To) {
			t.Errorf("as Karl sees it: %+v, %v", shown, err)
		}
		g.give("wanjiru", thanks.Draft{Reason: "Thanks!", People: []string{"tonis"}, About: r.Name()})
		if _, _, err := g.thanks.Give(ctx, wanjiru, thanks.Draft{Reason: "once more", People: []string{"karl"}, About: r.Name()}); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "Karl Sepp for R-1 already, in T-1") {
			t.Errorf("the same person for the same request: %v", err)
		}
		for field, d := range map[string]thanks.Draft{
			"reason":  {Reason: "Thank you", People: []string{"liis"}},
			"people":  {Reason: "For being so good", People: []string{"wanjiru"}},
			"teams":   {Reason: "For being so good", Teams: []string{"nobody"}},
			"actions": {Reason: "For being so good", Actions: []string{"none/such"}},
			"about":   {Reason: "For being so good", People: []string{"liis"}, About: "R-99"},
		} {
			if _, _, err := g.thanks.Give(ctx, wanjiru, d); len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		for name, d := range map[string]thanks.Draft{"nobody": {Reason: "For being so good"}, "somebody unknown": {Reason: "For being so good", People: []string{"x"}},
			"too many words": {Reason: strings.Repeat("so ", 400), People: []string{"liis"}}, "no words": {Reason: " \n", People: []string{"liis"}, About: r.Name()}} {
			if _, _, err := g.thanks.Give(ctx, wanjiru, d); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		token := wanjiru
		token.Kind = people.ByToken
		for name, a := range map[string]people.Actor{"a program": token, "Frontline": people.System("job")} {
			if _, _, err := g.thanks.Give(ctx, a, thanks.Draft{Reason: "For being so good", People: []string{"liis"}}); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s says thanks: %v", name, err)
			}
		}
		_, err = g.Reply(ctx, g.actor("liis"), r.ID, desk.Words{Body: "All since 2023."})
		g.must(err)
		if m, h, err := g.thanks.Helpers(ctx, wanjiru, r.Name()); err != nil || m.Name != r.Name() || !slices.Equal(h.People, []string{"liis"}) {
			t.Errorf("who helped: %+v %+v %v", m, h, err)
		}
	})
}

// Five a day and no more, also when all are said at once; what was taken back in time makes room again.
func TestThanksOfADay(t *testing.T) {
	eachGrateful(t, func(t *testing.T, g *grateful) {
		ctx, tonis := t.Context(), g.actor("tonis")
		var all sync.WaitGroup
		var mu sync.Mutex
		given, refused := 0, 0
		for i := range 9 {
			all.Go(func() {
				_, _, err := g.thanks.Give(ctx, tonis, thanks.Draft{Reason: fmt.Sprintf("For the good deed %d", i), People: []string{"liis"}})
				mu.Lock()
				defer mu.Unlock()
				if fault.Is(err, fault.Conflict) {
					refused++
				} else if err == nil {
					given++
				} else {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if given != thanks.MostADay() || refused != 4 {
			t.Errorf("%d given, %d refused", given, refused)
		}
		left := func() int {
			n, err := g.thanks.LeftToday(ctx, tonis)
			g.must(err)
			return n
		}
		if left() != 0 {
			t.Errorf("%d left", left())
		}
		last := g.wall("liis", thanks.View{Got: true})[0]
		_, err := g.thanks.TakeBack(ctx, tonis, last)
		g.must(err)
		if left() != 1 {
			t.Errorf("%d left after one was taken back", left())
		}
		g.give("tonis", thanks.Draft{Reason: "For yet another one", Teams: []string{"frontline"}})
		g.clock.Move(24 * time.Hour)
		if left() != thanks.MostADay() {
			t.Errorf("%d left the next day", left())
		}
	})
}

// What is about a request of one team alone hangs on the wall for those who may read the request, who gave it and who got it.
func TestWhoSeesThanks(t *testing.T) {
	eachGrateful(t, func(t *testing.T, g *grateful) {
		salary := g.asked("wanjiru", "salary", "My pay", "It is low.", nil)
		g.give("wanjiru", thanks.Draft{Reason: "For hearing me out", People: []string{"tonis"}, About: salary.Name()})
		g.give("karl", thanks.Draft{Reason: "For the quiet night", Teams: []string{"frontline"}})
		for who, want := range map[string][]string{"wanjiru": {"T-2", "T-1"}, "tonis": {"T-2", "T-1"}, "marika": {"T-2", "T-1"}, "liis": {"T-2"}} {
			if got := g.wall(who, thanks.View{}); !slices.Equal(got, want) {
				t.Errorf("%s sees %v, want %v", who, got, want)
			}
		}
		shown, err := g.thanks.Thanks(t.Context(), g.actor("tonis"), "T-1")
		if err != nil || shown.Matter != nil {
			t.Errorf("Tõnis may not know of the request: %+v, %v", shown.Matter, err)
		}
		for _, do := range []func() error{
			func() error { _, err := g.thanks.Thanks(t.Context(), g.actor("liis"), "T-1"); return err },
			func() error { _, err := g.thanks.TakeBack(t.Context(), g.actor("liis"), "T-1"); return err },
		} {
			if err := do(); !fault.Is(err, fault.NotFound) {
				t.Errorf("Liis: %v", err)
			}
		}
		if got := g.wall("liis", thanks.View{Got: true}); !slices.Equal(got, []string{"T-2"}) {
			t.Errorf("Liis got %v", got)
		}
		if got := g.wall("karl", thanks.View{Given: true}); !slices.Equal(got, []string{"T-2"}) {
			t.Errorf("Karl gave %v", got)
		}
		for i := range 4 {
			g.give("wanjiru", thanks.Draft{Reason: fmt.Sprintf("For the small thing %d", i), People: []string{"tonis"}, About: salary.Name()[:0]})
		}
		page, more, err := g.thanks.Page(t.Context(), g.actor("liis"), thanks.View{Limit: 2})
		g.must(err)
		if len(page) != 2 || !more {
			t.Fatalf("%d on the first page, more: %v", len(page), more)
		}
		if got := g.wall("liis", thanks.View{Before: page[1].Number}); len(got) != 3 {
			t.Errorf("the rest: %v", got)
		}
	})
}

// Words may be changed and taken back as if never said for ten minutes; later their fact stays, and the words go from the database.
func TestTakeThanksBack(t *testing.T) {
	eachGrateful(t, func(t *testing.T, g *grateful) {
		ctx, wanjiru := t.Context(), g.actor("wanjiru")
		x := g.give("wanjiru", thanks.Draft{Reason: "For the long call", People: []string{"liis", "karl"}})
		g.clock.Move(9 * time.Minute)
		y, err := g.thanks.Reword(ctx, wanjiru, x.Name(), "For the long and patient call")
		if err != nil || y.Text.Body != "For the long and patient call" || y.ChangedAt.Equal(y.At) {
			t.Errorf("reworded: %+v, %v", y, err)
		}
		if _, err := g.thanks.Reword(ctx, g.actor("liis"), x.Name(), "For my own good call"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("reworded by another: %v", err)
		}
		g.clock.Move(2 * time.Minute)
		if _, err := g.thanks.Reword(ctx, wanjiru, x.Name(), "Too late for these words"); !fault.Is(err, fault.Conflict) {
			t.Errorf("reworded late: %v", err)
		}
		if _, err := g.thanks.TakeBack(ctx, g.actor("tonis"), x.Name()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("taken by who has no part in it: %v", err)
		}
		taken, err := g.thanks.TakeBack(ctx, g.actor("karl"), x.Name())
		if err != nil || taken.Live() || taken.Void || taken.Text.Body != "" {
			t.Errorf("taken off by who was thanked: %+v, %v", taken, err)
		}
		n, _, err := row(ctx, g.db.read, value[int64], `SELECT count(*) FROM thanks_text`)
		if err != nil || n != 0 {
			t.Errorf("%d texts are left, %v", n, err)
		}
		if _, err := g.thanks.Thanks(ctx, wanjiru, x.Name()); !fault.Is(err, fault.NotFound) {
			t.Errorf("still there: %v", err)
		}
		soon := g.give("wanjiru", thanks.Draft{Reason: "For the wrong person entirely", People: []string{"liis"}})
		if soon, err = g.thanks.TakeBack(ctx, wanjiru, soon.Name()); err != nil || !soon.Void {
			t.Errorf("taken back at once: %+v, %v", soon, err)
		}
		entries, err := g.db.JournalOf(ctx, []journal.Subject{x.Subject()}, 10)
		g.must(err)
		var verbs []string
		for _, e := range entries {
			verbs = append(verbs, e.Verb)
			if text := fmt.Sprint(e); strings.Contains(text, "call") {
				t.Errorf("words in the journal: %s", text)
			}
		}
		if want := []string{"thanks.given", "thanks.reworded", "thanks.taken_back"}; !slices.Equal(verbs, want) {
			t.Errorf("the journal has %v, want %v", verbs, want)
		}
	})
}

// Whom it thanks is told ten minutes later, unless they want no such mail or it was taken back.
func TestThanksAreTold(t *testing.T) {
	eachGrateful(t, func(t *testing.T, g *grateful) {
		ctx := t.Context()
		r := g.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil)
		g.must(g.thanks.SetWish(ctx, g.actor("karl"), thanks.Wish{}))
		g.give("wanjiru", thanks.Draft{Reason: "For the long call", People: []string{"tonis"}, Teams: []string{"frontline"}, About: r.Name()})
		wrong := g.give("wanjiru", thanks.Draft{Reason: "For the wrong person entirely", People: []string{"marika"}})
		_, err := g.thanks.TakeBack(ctx, g.actor("wanjiru"), wrong.Name())
		g.must(err)
		g.work()
		if len(g.post.all()) != 0 {
			t.Errorf("told at once: %v", g.post.all())
		}
		g.clock.Move(thanks.BackFor())
		g.work()
		var to []string
		for _, m := range g.post.all() {
			to = append(to, m.to)
			if m.subject != "Wanjiru Kamau says thank you" || !strings.Contains(m.text, "For the long call") || !strings.Contains(m.text, "About R-1: Which passports have a chip?") || !strings.Contains(m.text, "/thanks/T-1") {
				t.Errorf("the mail: %q\n%s", m.subject, m.text)
			}
		}
		slices.Sort(to)
		if want := []string{"liis.tamm@verity.example", "tonis.kask@verity.example"}; !slices.Equal(to, want) {
			t.Errorf("told %v, want %v", to, want)
		}
	})
}

// On the first of a month whoever wants it gets what people were thankful for, by demand, and once only.
func TestThanksDigest(t *testing.T) {
	eachGrateful(t, func(t *testing.T, g *grateful) {
		ctx, liis := t.Context(), g.actor("liis")
		g.must(g.thanks.SetWish(ctx, g.actor("tonis"), thanks.Wish{Digest: true}))
		month := thanks.MonthOf(g.clock.Now().UTC())
		demand, err := g.NewDemand(ctx, liis, desk.DemandDraft{Title: "Which documents are read"})
		g.must(err)
		r := g.asked("wanjiru", "question", "Which passports have a chip?", "Kenyan ones.", nil)
		_, err = g.Code(ctx, liis, r.ID, desk.Coding{Codes: []desk.Code{{Demand: demand.ID}}})
		g.must(err)
		g.give("wanjiru", thanks.Draft{Reason: "Chips explained", People: []string{"liis"}, About: r.Name()})
		g.give("wanjiru", thanks.Draft{Reason: "For the other long call", People: []string{"liis"}})
		g.give("karl", thanks.Draft{Reason: "You took my night shift", People: []string{"liis"}})
		g.give("tonis", thanks.Draft{Reason: "For tea and for patience", Teams: []string{"frontline"}})
		d, err := g.thanks.Digest(ctx, g.actor("tonis"), month)
		g.must(err)
		if len(d.Groups) != 2 || d.Groups[0].Title != "Which documents are read" || len(d.Groups[0].Thanks) != 1 || d.Groups[1].Demand != "" || len(d.Groups[1].Thanks) != 3 {
			t.Errorf("groups: %+v", d.Groups)
		}
		if d.N != 3 || d.Givers != 3 || d.Matters != 1 {
			t.Errorf("N %d, givers %d, matters %d; want 3 pairs a day, 3 and 1", d.N, d.Givers, d.Matters)
		}
		if _, err := g.thanks.Digest(ctx, liis, "2026-13"); !fault.Is(err, fault.Invalid) {
			t.Errorf("no month: %v", err)
		}
		g.clock.Move(time.Hour) // the mails to whom is thanked
		g.work()
		g.post.forget()
		now := g.clock.Now().UTC()
		first := time.Date(now.Year(), now.Month()+1, 1, 8, 59, 0, 0, time.UTC)
		g.must(g.thanks.Look(ctx, first))
		g.work()
		if got := g.post.all(); len(got) != 0 {
			t.Errorf("before nine: %v", got)
		}
		for range 2 {
			g.must(g.thanks.Look(ctx, first.Add(time.Minute)))
		}
		g.clock.Move(first.Add(time.Minute).Sub(now))
		g.work()
		got := g.post.all()
		if len(got) != 1 || got[0].to != "tonis.kask@verity.example" || !strings.Contains(got[0].text, "D-1 Which documents are read (1)") || !strings.Contains(got[0].text, "Wanjiru Kamau to Liis Tamm, R-1") {
			t.Errorf("the digest: %+v", got)
		}
	})
}
