package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"frontline/alert"
	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/people"
)

var (
	alertSource   = alert.Source{ID: "am", Kind: "alertmanager"}
	alertServices = []catalog.Service{{ID: "decision-pipeline", Team: "support", Policy: "critical"}}
)

// fires is a signal about one alert of a group.
func fires(group, key string) alert.Signal {
	return alert.Signal{Key: key, Group: group, Status: alert.Firing, Severity: alert.Critical, Title: "Decisions have stopped", StartedAt: start, Labels: map[string]string{"service": "decision-pipeline"}}
}

func foldInto(db *DB, t testing.TB, signals ...alert.Signal) (alert.Folded, error) {
	b := alert.Batch{Source: "am", Signals: signals, Raw: []byte(`{"raw":true}`)}
	return db.FoldSignals(t.Context(), b, func(cur alert.Current, now time.Time, id func() string) alert.Folded {
		return alert.Fold(alertSource, alertServices, b, cur, now, id)
	})
}

func liveGroups(t *testing.T, db *DB) []alert.Group {
	t.Helper()
	gs, err := db.Groups(t.Context(), alert.Query{State: alert.Live, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return gs
}

// Two replicas get the same news at once, many times over: there is one group, one alert for each key, one page, and no signal is lost.
func TestFoldRaces(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		const senders, each, keys = 16, 12, 5
		var wg sync.WaitGroup
		for i := range senders {
			db := []*DB{a, b}[i%2]
			wg.Go(func() {
				for j := range each {
					if _, err := foldInto(db, t, fires("g", fmt.Sprintf("k%d", (i+j)%keys))); err != nil {
						t.Errorf("FoldSignals: %v", err)
					}
				}
			})
		}
		wg.Wait()
		groups := liveGroups(t, a)
		if len(groups) != 1 || groups[0].Open != keys || groups[0].Total != keys {
			t.Fatalf("groups %+v, want one with %d open alerts", groups, keys)
		}
		alerts, err := a.AlertsOf(t.Context(), groups[0].ID, 100)
		if err != nil || len(alerts) != keys {
			t.Fatalf("%d alerts %v, want %d", len(alerts), err, keys)
		}
		var signals int64
		for _, x := range alerts {
			signals += x.Count
		}
		if signals != senders*each {
			t.Errorf("%d signals were counted, want %d", signals, senders*each)
		}
		pages, err := a.PagesAbout(t.Context(), groups[0].Self())
		if err != nil || len(pages) != 1 {
			t.Errorf("%d pages %v, want one", len(pages), err)
		}
	})
}

// The same alert comes in two groups at once: it is opened once, wherever, and both senders are answered.
func TestFoldSameAlertInTwoGroups(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		for round := range 20 {
			var wg sync.WaitGroup
			for i, db := range []*DB{a, b} {
				wg.Go(func() {
					if _, err := foldInto(db, t, fires(fmt.Sprintf("g%d-%d", round, i), fmt.Sprintf("k%d", round))); err != nil {
						t.Errorf("FoldSignals: %v", err)
					}
				})
			}
			wg.Wait()
		}
		open, _, err := row(t.Context(), a.read, value[int], `SELECT COUNT(*) FROM alert WHERE state = 'open'`)
		if err != nil || open != 20 {
			t.Errorf("%d open alerts %v, want 20", open, err)
		}
	})
}

// A person resolves the group by hand while news of it pours in: what fires last is open, and the books are right.
func TestFoldAgainstHands(t *testing.T) {
	two(t, func(t *testing.T, a, b *DB) {
		if _, err := foldInto(a, t, fires("g", "k")); err != nil {
			t.Fatal(err)
		}
		h := alert.NewHandling(b)
		liis := people.Actor{Kind: people.ByPerson, ID: "liis", Role: people.Support}
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 30 {
				if _, err := foldInto(a, t, fires("g", "k")); err != nil {
					t.Errorf("FoldSignals: %v", err)
				}
			}
		})
		wg.Go(func() {
			for range 30 {
				for _, g := range liveGroups(t, b) {
					if _, err := h.Resolve(t.Context(), liis, g.ID); err != nil {
						t.Errorf("Resolve: %v", err)
					}
				}
			}
		})
		wg.Wait()
		if _, err := foldInto(a, t, fires("g", "k")); err != nil {
			t.Fatal(err)
		}
		if gs := liveGroups(t, a); len(gs) != 1 || gs[0].Open != 1 {
			t.Errorf("live groups %+v, want one with its alert open", gs)
		}
		wrong, _, err := row(t.Context(), a.read, value[int], `SELECT COUNT(*) FROM alert_group g WHERE open <> (SELECT COUNT(*) FROM alert WHERE grp = g.id AND state = 'open')`)
		if err != nil || wrong != 0 {
			t.Errorf("%d groups count wrongly (%v)", wrong, err)
		}
	})
}

// Batches that wait together are written together; one that breaks fails alone.
func TestFoldTogetherFailsAlone(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ *clock.Moved) {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				s := fires(fmt.Sprintf("g%d", i), fmt.Sprintf("k%d", i))
				if i%10 == 0 {
					s.Severity, s.Title = alert.Critical, "broken"
				}
				b := alert.Batch{Source: "am", Signals: []alert.Signal{s}, Raw: []byte("{}")}
				_, err := db.FoldSignals(t.Context(), b, func(cur alert.Current, now time.Time, id func() string) alert.Folded {
					f := alert.Fold(alertSource, alertServices, b, cur, now, id)
					if i%10 == 0 {
						f.Alerts[0].State = "no such state" // the table refuses it
					}
					return f
				})
				if broken := i%10 == 0; broken != fault.Is(err, fault.Internal) {
					t.Errorf("batch %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if gs := liveGroups(t, db); len(gs) != 36 {
			t.Errorf("%d groups, want the 36 whose batches were whole", len(gs))
		}
	})
}

func TestRawBodiesAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		f, err := foldInto(db, t, fires("g", "k"))
		if err != nil {
			t.Fatal(err)
		}
		alerts, err := db.AlertsOf(t.Context(), f.Groups[0].ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := db.Body(t.Context(), alerts[0].Body); err != nil || string(body) != `{"raw":true}` {
			t.Fatalf("Body = %q %v, want it as received", body, err)
		}
		c.Move(alert.KeepBodies + time.Second)
		if err := alert.Forget(db, c)(t.Context(), alert.ForgetArgs{}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Body(t.Context(), alerts[0].Body); !fault.Is(err, fault.NotFound) {
			t.Errorf("Body after a week: %v, want it gone", err)
		}
	})
}
