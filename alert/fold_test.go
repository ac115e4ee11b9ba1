package alert

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"frontline/catalog"
	"frontline/oncall"
)

var (
	noon     = time.Date(2026, 11, 24, 0, 41, 0, 0, time.UTC)
	source   = Source{ID: "am", Kind: "alertmanager"}
	services = []catalog.Service{
		{ID: "decision-pipeline", Team: "support", Policy: "critical", Match: map[string]string{"queue": "decisions"}},
		{ID: "exports", Team: "support", Policy: "low"},
	}
)

// world folds batches one after the other, as the store does.
type world struct {
	alerts map[string]Alert
	groups map[string]Group
	n      int
	now    time.Time
}

func newWorld() *world {
	return &world{alerts: map[string]Alert{}, groups: map[string]Group{}, now: noon}
}

func (w *world) fold(signals ...Signal) Folded {
	w.now = w.now.Add(time.Second)
	var cur Current
	for _, a := range w.alerts {
		if a.State == Open {
			cur.Alerts = append(cur.Alerts, a)
		}
	}
	for _, g := range w.groups {
		if g.State != Over {
			cur.Groups = append(cur.Groups, g)
		}
	}
	out := Fold(source, services, Batch{Source: "am", Signals: signals}, cur, w.now, func() string { w.n++; return fmt.Sprintf("id%03d", w.n) })
	for _, a := range out.Alerts {
		a.Number = 1
		w.alerts[a.ID] = a
	}
	for _, g := range out.Groups {
		g.Number = 1
		w.groups[g.ID] = g
	}
	return out
}

func firing(key string, sev Severity) Signal {
	return Signal{Key: key, Group: "g", Status: Firing, Severity: sev, Title: key + " " + string(sev), StartedAt: noon, Labels: map[string]string{"queue": "decisions"}}
}

func over(s Signal) Signal { s.Status = Resolved; return s }

func orders(f Folded) string {
	var out string
	for _, o := range f.Orders {
		out += string(o.Do) + " "
	}
	return out
}

func TestFoldOpensOnePageForManyAlerts(t *testing.T) {
	w := newWorld()
	var signals []Signal
	for i := range 200 {
		signals = append(signals, firing(fmt.Sprintf("pod-%d", i), Critical))
	}
	out := w.fold(signals...)
	if len(out.Alerts) != 200 || len(out.Groups) != 1 || orders(out) != "raise " {
		t.Fatalf("%d alerts, %d groups, orders %q; want 200 alerts, one group and one page", len(out.Alerts), len(out.Groups), orders(out))
	}
	if g := out.Groups[0]; g.Service != "decision-pipeline" || g.Open != 200 || !g.Paged {
		t.Errorf("group = %+v, want it routed by its labels and paged", g)
	}
	out = w.fold(signals[:3]...)
	if len(out.Entries) != 0 || len(out.Groups) != 0 || out.Repeats != 3 {
		t.Errorf("a repeat wrote %d entries and %d groups, want counters alone", len(out.Entries), len(out.Groups))
	}
}

func TestFoldResolves(t *testing.T) {
	w := newWorld()
	a, b := firing("a", Critical), firing("b", Warning)
	w.fold(a, b)
	if out := w.fold(over(a)); orders(out) != "" || out.Groups[0].State != Open {
		t.Errorf("one of two resolved: orders %q, group %s; want it open and nobody bothered", orders(out), out.Groups[0].State)
	}
	if out := w.fold(over(b)); orders(out) != "end " || out.Groups[0].State != Over {
		t.Errorf("both resolved: orders %q, group %s; want the page ended", orders(out), out.Groups[0].State)
	}
	if out := w.fold(over(b)); len(out.Alerts)+len(out.Groups)+len(out.Entries) != 0 {
		t.Errorf("a resolution without an open alert wrote %+v", out)
	}
	if out := w.fold(a); orders(out) != "raise " || out.Groups[0].Total != 1 {
		t.Errorf("firing again: orders %q, want a new group and a new page", orders(out))
	}
}

func TestFoldIgnoresLateResolutionOfAnOlderEpisode(t *testing.T) {
	w := newWorld()
	late := over(firing("a", Critical))
	again := firing("a", Critical)
	again.StartedAt = noon.Add(500 * time.Millisecond)
	w.fold(again)
	if out := w.fold(late); len(out.Alerts) != 0 {
		t.Errorf("the news that an older episode ended closed the newer one")
	}
}

func TestFoldWorsens(t *testing.T) {
	w := newWorld()
	w.fold(firing("a", Warning))
	out := w.fold(firing("a", Critical))
	if orders(out) != "raise " || out.Groups[0].Severity != Critical || out.Orders[0].Raise.Urgency != oncall.High {
		t.Errorf("orders %q group %+v, want the page told that it is critical now", orders(out), out.Groups)
	}
}

func TestFoldPagesNobodyForInformationAndListsUnrouted(t *testing.T) {
	w := newWorld()
	if out := w.fold(firing("a", Info)); orders(out) != "" || len(out.Groups) != 1 {
		t.Errorf("information: orders %q, want a group and no page", orders(out))
	}
	s := firing("b", Critical)
	s.Labels, s.Group = nil, "h"
	out := w.fold(s)
	if orders(out) != "" || out.Groups[0].Routed() || summary(out).Unrouted != 1 {
		t.Errorf("unrouted: orders %q %+v, want it listed and counted", orders(out), out.Groups)
	}
}

func TestFoldTakesOnSourcesAcknowledgement(t *testing.T) {
	w := newWorld()
	s := firing("a", Critical)
	w.fold(s)
	s.Status = Acknowledged
	if out := w.fold(s); orders(out) != "acknowledge " || out.Groups[0].State != Taken {
		t.Errorf("orders %q group %+v, want it taken", orders(out), out.Groups)
	}
	s.Status = Firing
	if out := w.fold(s); len(out.Groups) != 0 {
		t.Error("a further signal took the acknowledgement back")
	}
}

// Whatever comes in whatever order: a group is live while one of its alerts is, counts are right, and an alert that fires is open.
func TestFoldKeepsItsBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		firingNow := map[string]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			var batch []Signal
			for range rapid.IntRange(1, 5).Draw(t, "signals") {
				s := firing(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), rapid.SampledFrom([]Severity{Critical, Warning, Info}).Draw(t, "severity"))
				s.Group = rapid.SampledFrom([]string{"g", "h"}).Draw(t, "group")
				s.Status = rapid.SampledFrom([]Status{Firing, Firing, Resolved, Acknowledged}).Draw(t, "status")
				batch = append(batch, s)
				if s.Status != Acknowledged {
					firingNow[s.Key] = s.Status == Firing
				}
			}
			w.fold(batch...)
		}
		open := map[string]int{}
		byKey := map[string]int{}
		for _, a := range w.alerts {
			if a.State == Open {
				open[a.Group]++
				byKey[a.Key]++
			}
		}
		for id, g := range w.groups {
			if g.Open != open[id] || (g.State == Over) != (g.Open == 0) {
				t.Fatalf("group %+v has %d open alerts", g, open[id])
			}
		}
		for key, on := range firingNow {
			if on != (byKey[key] == 1) {
				t.Fatalf("key %s fires: %v, open alerts: %d", key, on, byKey[key])
			}
		}
	})
}
