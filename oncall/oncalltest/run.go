package oncalltest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

// Store is what oncall needs of a store.
type Store interface {
	oncall.Pages
	oncall.Ledger
	oncall.Overrides
}

// Backend is a store and ways to look into it.
type Backend struct {
	Store
	Replica Store // another process's view of the same data; the same store where there is only one
	Clock   *clock.Moved
	Jobs    func(t testing.TB, kind string) []job.New // the waiting ones
	Entries func(t testing.TB) []journal.Entry
}

// Run runs the suite; open returns an empty store on a clock that stands at Night.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for name, f := range map[string]func(*testing.T, Backend){
		"a page is opened once and grows":      openedOnce,
		"everything is kept":                   kept,
		"a decision sees what is live":         seesLive,
		"nothing decided is nothing written":   nothing,
		"orders reach every page of a subject": orders,
		"two raise at once":                    raiseRace,
		"no change is lost":                    changeRace,
		"acknowledge races with the step":      answerRace,
		"the auditor's question":               trouble,
		"a page is found":                      found,
		"who was paged lately":                 pagedLately,
		"what failed lately":                   failedLately,
		"overrides":                            overrides,
	} {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

var source = people.Actor{Kind: people.BySource, ID: "alertmanager", Via: "api"}

func opening(subject string) oncall.Opening {
	return oncall.Opening{Subject: journal.Of("group", subject), Team: "support", Policy: "critical", Title: "Decision queue has stopped", Count: 1}
}

func raise(t *testing.T, s Store, o oncall.Opening) oncall.Page {
	t.Helper()
	pages, err := s.CarryOut(t.Context(), oncall.RaiseOrder(o, source))
	if err != nil || len(pages) != 1 {
		t.Fatalf("CarryOut = %d pages, %v", len(pages), err)
	}
	return pages[0]
}

func change(t *testing.T, s Store, id string, decide func(oncall.Page, []oncall.Attempt, time.Time) oncall.Outcome) oncall.Page {
	t.Helper()
	p, err := s.ChangePage(t.Context(), id, decide)
	if err != nil {
		t.Fatalf("ChangePage: %v", err)
	}
	return p
}

// advance lets the page go on as the pager does.
func advance(t *testing.T, s Store, id string) oncall.Page {
	t.Helper()
	roster := oncall.NewRoster(Verity(), nil)
	return change(t, s, id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		return oncall.Advance(p, tries, roster, now)
	})
}

func openedOnce(t *testing.T, b Backend) {
	first := raise(t, b, opening("g1"))
	if first.ID == "" || first.Number == 0 || first.State != oncall.Open || !first.OpenedAt.Equal(b.Clock.Now()) {
		t.Fatalf("opened %+v", first)
	}
	o := opening("g1")
	o.Count = 200
	if again := raise(t, b, o); again.ID != first.ID || again.Number != first.Number || again.Count != 200 {
		t.Errorf("raised again: %+v", again)
	}
	if other := raise(t, b, opening("g2")); other.ID == first.ID || other.Number <= first.Number {
		t.Errorf("another subject: %+v", other)
	}
	change(t, b, first.ID, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		return oncall.End(p, tries, "resolved", source, now)
	})
	if next := raise(t, b, opening("g1")); next.ID == first.ID || next.Count != 1 {
		t.Errorf("after the end: %+v", next)
	}
	if jobs := b.Jobs(t, oncall.JobStep().Name); len(jobs) != 3 || jobs[0].Rank != job.Paging {
		t.Errorf("waiting steps: %+v", jobs)
	}
}

// kept reads back exactly what was written: page, attempts, journal and jobs.
func kept(t *testing.T, b Backend) {
	o := opening("g1")
	o.Body, o.Named, o.Visibility, o.Urgency, o.Began = "Kivi Credit and 11 others wait.\n\"quoted\" and õ", []string{"liis"}, people.NamedOnly, oncall.Low, Night.Add(-time.Minute)
	id := raise(t, b, o).ID
	advance(t, b, id)
	var sent oncall.Outcome
	want := change(t, b, id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		sent = oncall.Delivered(p, tries, id+"-1", oncall.Receipt{ID: "m1", Detail: "taken"}, now)
		return sent
	})
	page, tries, err := b.Replica.Page(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("page (-written +read):\n%s", diff)
	}
	if len(tries) != 2 {
		t.Fatalf("%d attempts, want Karl's two contacts", len(tries))
	}
	if diff := cmp.Diff(sent.Attempts[0], tries[0]); diff != "" {
		t.Errorf("attempt (-written +read):\n%s", diff)
	}
	var verbs []string
	for _, e := range b.Entries(t) {
		verbs = append(verbs, e.Verb)
		if e.Subject != journal.Of("page", id) || e.About != o.Subject {
			t.Errorf("entry %s is about %v and %v", e.Verb, e.Subject, e.About)
		}
	}
	slices.Sort(verbs)
	if wanted := []string{"page.attempt_sent", "page.opened", "page.step_fired"}; !slices.Equal(verbs, wanted) {
		t.Errorf("journal %v, want %v", verbs, wanted)
	}
	var due []time.Duration
	for _, j := range b.Jobs(t, oncall.JobDeliver().Name) {
		due = append(due, j.Due.Sub(Night))
	}
	if diff := cmp.Diff([]time.Duration{0, 2 * time.Minute}, due); diff != "" {
		t.Errorf("deliveries are due (-want +got):\n%s", diff)
	}
}

// seesLive shows a decision the pending attempts and those of the last firing, and not the rest of a long night.
func seesLive(t *testing.T, b Backend) {
	id := raise(t, b, opening("g1")).ID
	advance(t, b, id)
	change(t, b, id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		return oncall.Delivered(p, tries, id+"-1", oncall.Receipt{}, now)
	})
	b.Clock.Move(5 * time.Minute)
	advance(t, b, id) // Aisha
	var got []int
	change(t, b, id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		for _, a := range tries {
			got = append(got, a.N)
		}
		if !now.Equal(b.Clock.Now()) {
			t.Errorf("the decision is made at %s", now)
		}
		return oncall.Outcome{Page: p}
	})
	if !slices.Equal(got, []int{2, 3}) {
		t.Errorf("the decision sees attempts %v, want 2 (waiting) and 3 (just fired)", got)
	}
}

func nothing(t *testing.T, b Backend) {
	id := raise(t, b, opening("g1")).ID
	before := len(b.Entries(t))
	p := change(t, b, id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		return oncall.Undelivered(p, tries, "no-such", 1, fault.New(fault.Internal, ""), now)
	})
	if p.Version != 1 || len(b.Entries(t)) != before {
		t.Errorf("version %d, %d entries more", p.Version, len(b.Entries(t))-before)
	}
	_, err := b.ChangePage(t.Context(), "no-such-page", func(oncall.Page, []oncall.Attempt, time.Time) oncall.Outcome {
		t.Error("decided about a page that is not there")
		return oncall.Outcome{}
	})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("ChangePage of nothing: %v", err)
	}
}

func orders(t *testing.T, b Backend) {
	o := opening("g1")
	raise(t, b, o)
	named := o
	named.Aim, named.Person = oncall.AimPerson, "karl"
	one := raise(t, b, named)
	if again := raise(t, b, named); again.ID != one.ID {
		t.Errorf("a second page to Karl about the same: %+v", again)
	}
	raise(t, b, opening("g2"))
	acked, err := b.CarryOut(t.Context(), oncall.AcknowledgeOrder(o.Subject, source))
	if err != nil || len(acked) != 2 || acked[0].State != oncall.Acknowledged || acked[1].State != oncall.Open {
		t.Errorf("acknowledge: %+v %v", acked, err)
	}
	ended, err := b.CarryOut(t.Context(), oncall.EndOrder(o.Subject, "resolved", source))
	if err != nil || len(ended) != 2 || ended[0].Live() || ended[1].Live() {
		t.Errorf("end: %+v %v", ended, err)
	}
	if none, err := b.CarryOut(t.Context(), oncall.EndOrder(o.Subject, "resolved", source)); err != nil || len(none) != 0 {
		t.Errorf("end once more: %+v %v", none, err)
	}
}

func pagedLately(t *testing.T, b Backend) {
	old, over := raise(t, b, opening("g1")), raise(t, b, opening("g2"))
	raise(t, b, opening("g3")) // nobody was reached about it yet
	advance(t, b, old.ID)
	advance(t, b, over.ID)
	change(t, b, over.ID, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		return oncall.End(p, tries, "resolved", source, now)
	})
	for name, c := range map[string]struct {
		person string
		since  time.Time
		limit  int
		want   []string
	}{
		"all of the night":   {"karl", Night, 10, []string{over.ID, old.ID}},
		"live ones are kept": {"karl", Night.Add(time.Hour), 10, []string{old.ID}},
		"no more than asked": {"karl", Night, 1, []string{over.ID}},
		"somebody else":      {"aisha", Night, 10, nil},
	} {
		pages, err := b.PagesTo(t.Context(), c.person, c.since, c.limit)
		var got []string
		for _, p := range pages {
			got = append(got, p.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
}

func failedLately(t *testing.T, b Backend) {
	id := raise(t, b, opening("g1")).ID
	advance(t, b, id)
	change(t, b, id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		o, ok := oncall.StartSending(p, tries, id+"-1", oncall.NewRoster(Verity(), nil), now)
		if !ok {
			t.Error("the first attempt is not to be sent")
		}
		return o
	})
	change(t, b, id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
		return oncall.Undelivered(p, tries, id+"-1", 1, fault.New(fault.Invalid, "The topic is gone. Correct the contact."), now)
	})
	failed, err := b.Failures(t.Context(), Night, 10)
	if err != nil || len(failed) != 1 || failed[0].ID != id+"-1" || failed[0].Error == "" {
		t.Errorf("failed: %+v %v", failed, err)
	}
	if later, err := b.Failures(t.Context(), Night.Add(time.Second), 10); err != nil || len(later) != 0 {
		t.Errorf("failed later: %+v %v", later, err)
	}
}

// at runs f n times at once, on both replicas.
func at(t *testing.T, b Backend, n int, f func(s Store, i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		s := b.Store
		if i%2 == 1 {
			s = b.Replica
		}
		wg.Go(func() {
			if err := f(s, i); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

func raiseRace(t *testing.T, b Backend) {
	at(t, b, 20, func(s Store, i int) error {
		o := opening("g1")
		o.Count = i + 1
		_, err := s.CarryOut(t.Context(), oncall.RaiseOrder(o, source))
		return err
	})
	pages, err := b.PagesAbout(t.Context(), journal.Of("group", "g1"))
	if err != nil || len(pages) != 1 || pages[0].Count != 20 {
		t.Errorf("twenty signals at once made %d pages, %+v %v", len(pages), pages, err)
	}
}

func changeRace(t *testing.T, b Backend) {
	id := raise(t, b, opening("g1")).ID
	at(t, b, 20, func(s Store, i int) error {
		_, err := s.ChangePage(t.Context(), id, func(p oncall.Page, _ []oncall.Attempt, now time.Time) oncall.Outcome {
			return oncall.Grow(p, oncall.Opening{Count: p.Count + 1}, source, now)
		})
		return err
	})
	if p, _, err := b.Page(t.Context(), id); err != nil || p.Count != 21 || p.Version != 21 {
		t.Errorf("after twenty changes: count %d, version %d, %v", p.Count, p.Version, err)
	}
}

// answerRace lets the second step and an acknowledgement meet: whichever comes first, nothing may wait once somebody has the page.
func answerRace(t *testing.T, b Backend) {
	roster := oncall.NewRoster(Verity(), nil)
	karl := people.As(Verity().Staff["karl"], "link")
	for round := range 10 {
		id := raise(t, b, opening(fmt.Sprint("g", round))).ID
		advance(t, b, id)
		b.Clock.Move(5 * time.Minute)
		at(t, b, 2, func(s Store, i int) error {
			_, err := s.ChangePage(t.Context(), id, func(p oncall.Page, tries []oncall.Attempt, now time.Time) oncall.Outcome {
				if i == 0 {
					return oncall.Acknowledge(p, tries, karl, now)
				}
				return oncall.Advance(p, tries, roster, now)
			})
			return err
		})
		p, tries, err := b.Page(t.Context(), id)
		if err != nil || p.State != oncall.Acknowledged || p.Attempts != len(tries) {
			t.Fatalf("page %+v with %d attempts, %v", p, len(tries), err)
		}
		for _, a := range tries {
			if a.State != oncall.Skipped {
				t.Fatalf("Karl has the page and %s's %s is %s", a.Duty.Person, a.Contact.Channel, a.State)
			}
		}
	}
}

func trouble(t *testing.T, b Backend) {
	id := raise(t, b, opening("g1")).ID
	raise(t, b, opening("g2"))
	look := func(late, stuck time.Time) oncall.Trouble {
		t.Helper()
		found, err := b.Replica.Trouble(t.Context(), late, stuck, 10)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := look(Night, Night); len(got.Late)+len(got.Stuck)+len(got.Exhausted) != 0 {
		t.Errorf("what is due now is not late: %+v", got)
	}
	advance(t, b, id)
	if got := look(Night.Add(time.Microsecond), Night.Add(time.Microsecond)); len(got.Late) != 1 || got.Late[0].Subject.ID != "g2" || len(got.Stuck) != 1 || got.Stuck[0].ID != id+"-1" || got.Stuck[0].Page != id {
		t.Errorf("one page and one attempt are past their time: %+v", got)
	}
	change(t, b, id, func(p oncall.Page, _ []oncall.Attempt, _ time.Time) oncall.Outcome {
		p.Version, p.Exhausted = p.Version+1, true
		return oncall.Outcome{Page: p}
	})
	if got := look(Night, Night); len(got.Exhausted) != 1 || got.Exhausted[0].ID != id {
		t.Errorf("exhausted: %+v", got)
	}
	if _, err := b.CarryOut(t.Context(), oncall.EndOrder(journal.Of("group", "g1"), "resolved", source)); err != nil {
		t.Fatal(err)
	}
	if got := look(Night.Add(time.Hour), Night.Add(time.Hour)); len(got.Late) != 1 || len(got.Stuck)+len(got.Exhausted) != 0 {
		t.Errorf("an ended page is no trouble: %+v", got)
	}
	wake := oncall.JobStep().At(Night, id, oncall.StepArgs{Page: id}).Ranked(job.Paging)
	for range 2 {
		if err := b.Enqueue(t.Context(), wake); err != nil {
			t.Fatal(err)
		}
	}
	if jobs := b.Jobs(t, wake.Kind); len(jobs) != 2 {
		t.Errorf("%d steps wait, want one for each page", len(jobs))
	}
}

func found(t *testing.T, b Backend) {
	p := raise(t, b, opening("g1"))
	for _, ref := range []string{p.ID, p.Short()} {
		if got, _, err := b.Replica.Page(t.Context(), ref); err != nil || got.ID != p.ID || got.Number != p.Number {
			t.Errorf("Page(%s) = %+v %v", ref, got, err)
		}
	}
	for _, ref := range []string{"P-999", "P-x", "", "no-such"} {
		if _, _, err := b.Page(t.Context(), ref); !fault.Is(err, fault.NotFound) {
			t.Errorf("Page(%q): %v", ref, err)
		}
	}
	if none, err := b.PagesAbout(context.WithoutCancel(t.Context()), journal.Of("incident", "g1")); err != nil || len(none) != 0 {
		t.Errorf("pages about another subject: %v %v", none, err)
	}
}

func overrides(t *testing.T, b Backend) {
	o := oncall.Override{ID: "o1", Rotation: "first-line", Person: "wanjiru", From: Night, To: Night.Add(8 * time.Hour), Reason: "Karl is ill", MadeAt: Night}
	var then journal.Consequences
	then.Add(journal.Note(source, "oncall.overridden", journal.Of("rotation", o.Rotation), nil))
	if err := b.PutOverride(t.Context(), o, then); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Replica.Override(t.Context(), "o1"); err != nil || cmp.Diff(o, got) != "" {
		t.Errorf("Override (-want +got):\n%s%v", cmp.Diff(o, got), err)
	}
	if _, err := b.Override(t.Context(), "o2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an override that is not there: %v", err)
	}
	spans := []struct {
		from, to time.Duration
		want     int
	}{{-time.Hour, -time.Minute, 0}, {-time.Hour, 0, 1}, {time.Hour, 2 * time.Hour, 1}, {-time.Hour, 24 * time.Hour, 1}, {8 * time.Hour, 9 * time.Hour, 1}, {9 * time.Hour, 10 * time.Hour, 0}}
	for _, s := range spans {
		if got, err := b.Overrides(t.Context(), Night.Add(s.from), Night.Add(s.to)); err != nil || len(got) != s.want {
			t.Errorf("Overrides(%s, %s) = %v %v", s.from, s.to, got, err)
		}
	}
	o.To = Night.Add(time.Hour)
	if err := b.PutOverride(t.Context(), o, journal.Consequences{}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Overrides(t.Context(), Night.Add(2*time.Hour), Night.Add(3*time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("after it was shortened: %v %v", got, err)
	}
	if entries := b.Entries(t); len(entries) != 1 {
		t.Errorf("journal %+v", entries)
	}
}
