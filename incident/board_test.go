package incident

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/clock"
)

func TestBoard(t *testing.T) {
	x := opened(t, "liis")
	x.book.components = x.book.components[:2]
	x.page = Published{}
	x.keep(Published{}.arrange(Page{ID: "verity", Name: "Verity status", Zone: "Europe/Tallinn"}, x.book.components, noon.AddDate(0, 0, -10)))
	liis := x.book.As(t, "liis")
	now := noon

	b := NewBoard(x.page, now)
	if b.Sentence != "Everything works." || b.Worst != Operational || len(b.Past) != 14 || b.Past[0].Day != "2026-11-24" || len(b.Sections) != 1 {
		t.Fatalf("a quiet board %+v", b)
	}

	x.now = noon.Add(-26 * time.Hour) // yesterday's night, in Tallinn the 23rd
	x.must(t, liis, publishing(Draft{Title: "Checks are slow.", State: WordInvestigating, Components: []Affected{{"checks", Degraded}}}))
	x.now = x.now.Add(90 * time.Minute)
	x.must(t, liis, publishing(Draft{State: WordIdentified, Components: []Affected{{"checks", MajorOutage}}}))
	x.now = x.now.Add(30 * time.Minute)
	b = NewBoard(x.page, x.now)
	if b.Sentence != "Checks are slow. Everything else works." || b.Worst != MajorOutage || len(b.Now) != 1 || b.Past[0].Incidents != nil {
		t.Errorf("while it lasts %q, %s, %d open", b.Sentence, b.Worst, len(b.Now))
	}
	x.must(t, liis, publishing(Draft{State: WordResolved}))

	b = NewBoard(x.page, now)
	checks := b.Sections[0].Parts[0]
	if len(checks.Days) != 11 || checks.Days[9] != (DayStatus{"2026-11-23", MajorOutage}) || checks.Days[10].Worst != Operational || checks.Days[8].Worst != Operational {
		t.Errorf("days %+v", checks.Days)
	}
	whole := now.Sub(time.Date(2026, 11, 13, 22, 0, 0, 0, time.UTC)) // midnight in Tallinn
	if want := 1 - 2*float64(time.Hour)/float64(whole); math.Abs(checks.Undisturbed-want) > 1e-9 {
		t.Errorf("undisturbed %v, want %v", checks.Undisturbed, want)
	}
	if faces := b.Sections[0].Parts[1]; faces.Undisturbed != 1 {
		t.Errorf("face checks %v", faces.Undisturbed)
	}
	if len(b.Past[1].Incidents) != 1 || b.Past[1].Day != "2026-11-23" {
		t.Errorf("past %+v", b.Past[:3])
	}
	if b.AsOf.Format("15:04 MST") != "02:41 EET" {
		t.Errorf("as of %s", b.AsOf)
	}
}

func TestDisturbedCountsEachMomentOnce(t *testing.T) {
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	got := disturbed([]span{{at(10), at(20), Degraded}, {at(15), at(30), MajorOutage}, {at(40), at(50), UnderMaintenance}, {at(-30), at(5), Degraded}, {at(12), at(14), PartialOutage}}, noon)
	if got != 25*time.Minute {
		t.Errorf("disturbed %v, want 25 min", got)
	}
}

func TestSuggestion(t *testing.T) {
	x := opened(t, "liis")
	x.page = arranged(x.book)
	want := Draft{Title: "Disturbance: Document checks", State: WordInvestigating, Body: "We are looking into a disturbance. Affected: Document checks.",
		Components: []Affected{{"checks", MajorOutage}}, NextBy: noon.Add(29 * time.Minute)}
	if diff := cmp.Diff(want, Suggest(x.inc, x.page, noon)); diff != "" {
		t.Errorf("first update: %s", diff)
	}
	liis := x.book.As(t, "liis")
	x.must(t, liis, publishing(Suggest(x.inc, x.page, noon)))
	x.must(t, liis, publishing(Draft{State: WordIdentified, Components: []Affected{{"checks", Degraded}}}))
	x.must(t, liis, func(d *turn) error { return d.setState(Fixing) })
	if got := Suggest(x.inc, x.page, noon); got.Components[0].Status != Degraded || got.State != WordIdentified || got.Seen != 2 {
		t.Errorf("third update %+v, want what customers know", got)
	}
	x.must(t, liis, (*turn).resolve)
	last := Suggest(x.inc, x.page, noon)
	if last.State != WordResolved || !last.NextBy.IsZero() || last.Components[0].Status != Operational {
		t.Errorf("last update %+v", last)
	}
	x.must(t, liis, publishing(last))
}

// shelf is a database that may be slow or away.
type shelf struct {
	mu    sync.Mutex
	p     Published
	err   error
	reads int
	wait  chan struct{}
}

func (s *shelf) Published(context.Context, time.Time) (Published, error) {
	s.mu.Lock()
	s.reads++
	p, err, wait := s.p, s.err, s.wait
	s.mu.Unlock()
	if wait != nil {
		<-wait
	}
	return p, err
}

func TestCacheReadsOnceASecondAndOutlivesTheDatabase(t *testing.T) {
	c := clock.NewMoved(noon)
	db := &shelf{err: errors.New("away")}
	cache := NewStatusCache(db, c)
	if _, _, err := cache.Look(t.Context()); err == nil {
		t.Fatal("nothing is known, and it is shown")
	}
	db.err, db.p = nil, Published{Page: PublishedPage{ID: "p", Version: 1}}
	for range 5 {
		p, at, err := cache.Look(t.Context())
		if err != nil || p.Page.Version != 1 || !at.Equal(noon) {
			t.Fatalf("Look = %v %v %v", p, at, err)
		}
	}
	if db.reads != 2 {
		t.Errorf("read %d times, want once after the failure", db.reads)
	}
	c.Move(time.Second)
	db.p.Page.Version = 2
	if p, at, _ := cache.Look(t.Context()); p.Page.Version != 2 || !at.Equal(noon.Add(time.Second)) {
		t.Errorf("a second later: version %d as of %v", p.Page.Version, at)
	}
	c.Move(time.Hour)
	db.err = errors.New("away")
	if p, at, err := cache.Look(t.Context()); err != nil || p.Page.Version != 2 || !at.Equal(noon.Add(time.Second)) {
		t.Errorf("while the database is away: %v %v %v, want what was known and since when", p.Page.Version, at, err)
	}
}

func TestCacheDoesNotMakeReadersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.NewMoved(noon)
		db := &shelf{p: Published{Page: PublishedPage{ID: "p", Version: 1}}}
		cache := NewStatusCache(db, c)
		if _, _, err := cache.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Move(time.Minute)
		db.wait = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { _, _, _ = cache.Look(t.Context()) })
		synctest.Wait() // it reads, and the database is slow
		if p, _, err := cache.Look(t.Context()); err != nil || p.Page.Version != 1 || db.reads != 2 {
			t.Errorf("a second reader gets %v %v after %d reads", p.Page.Version, err, db.reads)
		}
		close(db.wait)
		wg.Wait()
	})
}
