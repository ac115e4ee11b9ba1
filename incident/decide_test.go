package incident

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/alert"
	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
)

func opened(t *testing.T, by string) *table {
	t.Helper()
	x := newTable()
	x.must(t, x.book.As(t, by), func(d *turn) error {
		return d.open(opening{title: journal.Salted("Decision queue has no consumer"), severity: Critical, services: []string{"decision-pipeline"}})
	})
	return x
}

func TestOpening(t *testing.T) {
	x := opened(t, "liis")
	if x.inc.Lead != "liis" || x.inc.AcknowledgedAt.IsZero() {
		t.Errorf("lead %q, taken up %v: technical support that opens an incident leads it", x.inc.Lead, x.inc.AcknowledgedAt)
	}
	if diff := cmp.Diff([]string{"checks"}, x.inc.Components); diff != "" {
		t.Errorf("components of the service: %s", diff)
	}
	var told []string
	for _, n := range x.last.Notices {
		told = append(told, n.Person)
	}
	if diff := cmp.Diff([]string{"marika", "wanjiru"}, told); diff != "" {
		t.Errorf("stakeholders told: %s", diff)
	}
	if len(x.last.Jobs) != 2 {
		t.Errorf("%d jobs, want one mail a stakeholder", len(x.last.Jobs))
	}
	hurt := withCustomers(x.book, x.inc).Customers
	if len(hurt) != 2 || hurt[0].Name != "Nordpank" || hurt[1].Name != "Lumo Exchange" {
		t.Errorf("customers %+v, want those on document checks", hurt)
	}
}

func TestWhoeverMayNotWorkOnItObserves(t *testing.T) {
	x := opened(t, "rasmus")
	if x.inc.Lead != "" || !x.inc.AcknowledgedAt.IsZero() || !x.inc.HasPart("rasmus") {
		t.Errorf("lead %q, taken up %v, participants %v", x.inc.Lead, x.inc.AcknowledgedAt, x.inc.Participants)
	}
}

func TestOpeningFromAlerts(t *testing.T) {
	x := newTable()
	g := alert.Group{ID: "g1", Number: 7, Title: "Queue decision-events has no consumer", Service: "decision-pipeline",
		Severity: alert.Error, BeganAt: noon.Add(-9 * time.Minute), OpenedAt: noon.Add(-6 * time.Minute), AckedAt: noon.Add(-time.Minute)}
	x.must(t, x.book.As(t, "karl"), func(d *turn) error {
		return d.open(opening{title: journal.Salted(g.Title), severity: severityOf(g.Severity), services: []string{g.Service}, group: &g})
	})
	want := []time.Time{g.BeganAt, g.OpenedAt, g.AckedAt}
	if got := []time.Time{x.inc.BeganAt, x.inc.DetectedAt, x.inc.AcknowledgedAt}; !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("began, detected, acknowledged = %v, want the alerts' %v", got, want)
	}
	if x.inc.Severity != Major || !slices.Equal(x.inc.Groups, []string{"g1"}) {
		t.Errorf("severity %s, groups %v", x.inc.Severity, x.inc.Groups)
	}
	if e := x.last.Entries[0]; e.Verb != "incident.opened" || e.About != journal.Of("group", "g1") {
		t.Errorf("first entry %s about %v", e.Verb, e.About)
	}
}

// TestRefusals goes through what a decision must refuse, and with what kind of fault.
func TestRefusals(t *testing.T) {
	text := journal.Salted("We are looking into it.")
	for name, c := range map[string]struct {
		rule     func(*turn) error
		resolved bool
		want     fault.Kind
	}{
		"no such severity":            {func(d *turn) error { return d.setSeverity("terrible") }, false, fault.Invalid},
		"no such state":               {func(d *turn) error { return d.setState("done") }, false, fault.Invalid},
		"resolve as a state":          {func(d *turn) error { return d.setState(Resolved) }, false, fault.Invalid},
		"no such person leads":        {func(d *turn) error { return d.setLead("nobody") }, false, fault.Invalid},
		"no such part":                {func(d *turn) error { return d.join("karl", "boss") }, false, fault.Invalid},
		"no such service":             {func(d *turn) error { return d.addService("ghost") }, false, fault.Invalid},
		"no such component":           {func(d *turn) error { return d.setImpact(Impact{Components: []string{"ghost"}}) }, false, fault.Invalid},
		"empty title":                 {func(d *turn) error { return d.rename(journal.Salted("")) }, false, fault.Invalid},
		"long title":                  {func(d *turn) error { return d.rename(journal.Salted(strings.Repeat("ä", 201))) }, false, fault.Invalid},
		"empty update":                {func(d *turn) error { return d.write(Draft{}, journal.Salted("")) }, false, fault.Invalid},
		"long update":                 {func(d *turn) error { return d.write(Draft{Body: strings.Repeat("x", 4097)}, text) }, false, fault.Invalid},
		"promise for the past":        {func(d *turn) error { return d.promiseNext(noon) }, false, fault.Invalid},
		"promise for next year":       {func(d *turn) error { return d.promiseNext(noon.AddDate(1, 0, 0)) }, false, fault.Invalid},
		"promise for never":           {func(d *turn) error { return d.promiseNext(time.Time{}) }, false, fault.Invalid},
		"update that crosses another": {func(d *turn) error { return d.write(Draft{Body: text.Body, Seen: 1}, text) }, false, fault.Conflict},
		"edit of an older version":    {func(d *turn) error { return d.unmoved(99) }, false, fault.Conflict},
		"no status page":              {func(d *turn) error { return d.publish(Draft{Body: text.Body, State: WordInvestigating}, text) }, false, fault.Conflict},
		"state after the end":         {func(d *turn) error { return d.setState(Fixing) }, true, fault.Conflict},
		"severity after the end":      {func(d *turn) error { return d.setSeverity(Minor) }, true, fault.Conflict},
		"update after the end":        {func(d *turn) error { return d.write(Draft{Body: text.Body}, text) }, true, fault.Conflict},
		"alerts after the end":        {func(d *turn) error { return d.linkGroup("g9") }, true, fault.Conflict},
		"remark after the end":        {func(d *turn) error { return d.writeNote(text) }, true, ""},
		"run that ends after it":      {func(d *turn) error { return d.linkRun("r9") }, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := opened(t, "liis")
			if c.resolved {
				x.must(t, x.book.As(t, "liis"), (*turn).resolve)
			}
			before := x.inc
			err := x.decide(x.book.As(t, "liis"), c.rule)
			if fault.KindOf(err) != c.want {
				t.Fatalf("fault %q (%v), want %q", fault.KindOf(err), err, c.want)
			}
			if err != nil && !cmp.Equal(before, x.inc) {
				t.Errorf("a refused decision changed the incident: %s", cmp.Diff(before, x.inc))
			}
		})
	}
}

func TestMitigatedMeansMonitored(t *testing.T) {
	x := opened(t, "liis")
	liis := x.book.As(t, "liis")
	x.now = noon.Add(10 * time.Minute)
	x.must(t, liis, func(d *turn) error { return d.setState(Monitoring) })
	if !x.inc.MitigatedAt.Equal(x.now) {
		t.Fatalf("mitigated at %v, want when it was first only monitored", x.inc.MitigatedAt)
	}
	x.must(t, liis, func(d *turn) error { return d.setState(Fixing) })
	if !x.inc.MitigatedAt.IsZero() {
		t.Fatal("the harm goes on, but it is still mitigated")
	}
	x.now = noon.Add(time.Hour)
	x.must(t, liis, (*turn).resolve)
	if !x.inc.MitigatedAt.Equal(x.now) || !x.inc.ResolvedAt.Equal(x.now) {
		t.Fatalf("mitigated %v, resolved %v, want both at the end", x.inc.MitigatedAt, x.inc.ResolvedAt)
	}
}

func TestCustomersAreKeptAsTheyWere(t *testing.T) {
	x := opened(t, "liis")
	x.must(t, x.book.As(t, "liis"), (*turn).resolve)
	x.book.customers[0].Name = "Nordpank Group"
	if got := withCustomers(x.book, x.inc).Customers[0].Name; got != "Nordpank" {
		t.Errorf("a resolved incident names %q, want the customer as it was", got)
	}
	x.must(t, x.book.As(t, "liis"), (*turn).reopen)
	if got := withCustomers(x.book, x.inc).Customers[0].Name; got != "Nordpank Group" {
		t.Errorf("a reopened incident names %q, want the catalog's", got)
	}
}

func TestReopeningLeavesAlertsWhereTheyAreWorkedOn(t *testing.T) {
	x := opened(t, "liis")
	liis := x.book.As(t, "liis")
	x.must(t, liis, func(d *turn) error { return d.linkGroup("g1") })
	x.must(t, liis, func(d *turn) error { return d.linkGroup("g2") })
	x.must(t, liis, (*turn).resolve)
	x.must(t, liis, func(d *turn) error {
		d.cur.Elsewhere = map[string]int64{"g2": 32}
		return d.reopen()
	})
	if !slices.Equal(x.inc.Groups, []string{"g1"}) {
		t.Errorf("groups %v, want only what INC-32 has not", x.inc.Groups)
	}
	err := x.decide(liis, func(d *turn) error {
		d.cur.Elsewhere = map[string]int64{"g2": 32}
		return d.linkGroup("g2")
	})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Sentence(err), "INC-32") {
		t.Errorf("linking alerts of another incident: %v", err)
	}
}

func TestLaterServiceTellsOnlyThoseWhoHaveNotHeard(t *testing.T) {
	x := opened(t, "liis")
	x.must(t, x.book.As(t, "liis"), func(d *turn) error { return d.addService("webhooks") })
	if len(x.last.Notices) != 1 || x.last.Notices[0].Person != "rasmus" {
		t.Errorf("told %+v, want rasmus alone: wanjiru has heard already", x.last.Notices)
	}
	x.must(t, x.book.As(t, "liis"), func(d *turn) error { return d.write(Draft{Body: "Found it."}, journal.Salted("Found it.")) })
	if len(x.last.Notices) != 3 {
		t.Errorf("%d stakeholders get the update, want all three", len(x.last.Notices))
	}
}

// TestNothingInTheJournalIsText writes the same marker into everything that people type and looks for it in the entries.
func TestNothingInTheJournalIsText(t *testing.T) {
	const marker = "xyzzy"
	x := newTable()
	liis := x.book.As(t, "liis")
	text := journal.Salted(marker)
	x.page = arranged(x.book)
	var entries []journal.Entry
	for _, rule := range []func(*turn) error{
		func(d *turn) error { return d.open(opening{title: text, severity: Minor}) },
		func(d *turn) error { return d.rename(journal.Salted(marker + " again")) },
		func(d *turn) error { return d.writeNote(text) },
		func(d *turn) error { return d.write(Draft{Body: marker}, text) },
		func(d *turn) error {
			return d.publish(Draft{Body: marker, Title: marker, State: WordInvestigating}, text)
		},
		(*turn).resolve,
	} {
		x.must(t, liis, rule)
		entries = append(entries, x.last.Entries...)
	}
	raw, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), marker) {
		t.Errorf("the journal holds what somebody typed: %s", raw)
	}
	hashes := 0
	for _, e := range entries {
		if e.Text != "" {
			hashes++
		}
	}
	if hashes != 5 {
		t.Errorf("%d entries carry the hash of a text, want 5", hashes)
	}
}

func TestPromiseClock(t *testing.T) {
	x := opened(t, "liis")
	x.page = arranged(x.book)
	liis := x.book.As(t, "liis")
	say := func(d *turn) error {
		return d.publish(Draft{Body: "We look into it.", Title: "Checks are slow", State: WordInvestigating, Seen: -1, NextBy: d.cur.Now.Add(30 * time.Minute)}, journal.Salted("We look into it."))
	}
	x.must(t, liis, say)
	due := x.now.Add(30 * time.Minute)
	if p, ok := x.inc.Promise(); !ok || p.Audience != ForCustomers || !p.At.Equal(due) || p.Face(x.now) != Calm {
		t.Fatalf("promise %+v %v", p, ok)
	}
	wake := func(at time.Time) {
		t.Helper()
		x.now = at
		x.must(t, people.System("job"), func(d *turn) error { d.remind(); return nil })
	}
	raised := func(want string, urgency oncall.Urgency) {
		t.Helper()
		n := len(x.last.Orders)
		if n == 0 || x.last.Orders[n-1].Raise.Person != want || x.last.Orders[n-1].Raise.Urgency != urgency || n == 2 && x.last.Orders[0].Do != oncall.DoEnd {
			t.Fatalf("orders %+v, want %s reached with urgency %s", x.last.Orders, want, urgency)
		}
	}
	wake(due.Add(-6 * time.Minute))
	if len(x.last.Orders) != 0 || len(x.last.Jobs) != 1 || !x.last.Jobs[0].Due.Equal(due.Add(-5*time.Minute)) {
		t.Fatalf("woken too early: orders %v, jobs %+v", x.last.Orders, x.last.Jobs)
	}
	wake(due.Add(-5 * time.Minute))
	raised("liis", oncall.Low)
	wake(due)
	raised("liis", oncall.High)
	if !slices.Contains(x.verbs(), "promise.broken") {
		t.Fatalf("journal %v", x.verbs())
	}
	x.must(t, liis, func(d *turn) error { return d.setLead("karl") })
	wake(due.Add(15 * time.Minute))
	raised("karl", oncall.High)
	wake(due.Add(30 * time.Minute))
	wake(due.Add(45 * time.Minute))
	if len(x.last.Orders) != 0 || len(x.last.Jobs) != 0 {
		t.Fatalf("reminded a fourth time: %+v", x.last.Orders)
	}
	x.must(t, liis, say)
	if !slices.Contains(x.verbs(), "promise.kept_late") || x.last.Orders[0].Do != oncall.DoEnd {
		t.Fatalf("journal %v, orders %+v: the late update ends the page", x.verbs(), x.last.Orders)
	}
	if u := x.last.Updates[0]; u.Late() != 45*time.Minute {
		t.Errorf("late by %v, want 45 min", u.Late())
	}
	x.now = x.now.Add(time.Minute)
	x.must(t, liis, say)
	if !slices.Contains(x.verbs(), "promise.kept") || len(x.last.Orders) != 0 {
		t.Errorf("journal %v, orders %v", x.verbs(), x.last.Orders)
	}
}

func TestPromiseToCustomersOutlivesTheResolution(t *testing.T) {
	x := opened(t, "liis")
	x.page = arranged(x.book)
	liis := x.book.As(t, "liis")
	x.must(t, liis, func(d *turn) error {
		return d.publish(Draft{Body: "We look into it.", Title: "Checks are slow", State: WordInvestigating, NextBy: noon.Add(time.Hour)}, journal.Salted("We look into it."))
	})
	x.must(t, liis, func(d *turn) error { return d.promiseNext(noon.Add(20 * time.Minute)) })
	if p, _ := x.inc.Promise(); p.Audience != Internal {
		t.Errorf("the promise due first is %+v", p)
	}
	x.must(t, liis, (*turn).resolve)
	if p, ok := x.inc.Promise(); !ok || p.Audience != ForCustomers || !x.inc.StillPublic() {
		t.Errorf("promises %v: resolving tells stakeholders, not customers", x.inc.Promises)
	}
}

func TestShortPromiseIsSoonInItsLastQuarter(t *testing.T) {
	p := Promise{MadeAt: noon, At: noon.Add(8 * time.Minute)}
	if got := p.SoonAt(); !got.Equal(noon.Add(6 * time.Minute)) {
		t.Errorf("soon at %v, want the last quarter", got.Sub(noon))
	}
}

func TestReminderWithoutAPersonGoesToThePolicy(t *testing.T) {
	x := opened(t, "liis")
	x.inc.Lead = ""
	o := reminder(x.book, x.inc, Promise{By: "a-token", At: noon, Audience: ForCustomers}, Broken)
	if o.Aim != oncall.AimPolicy || o.Policy != "frontline" || o.Person != "" {
		t.Errorf("opening %+v, want the service's policy", o)
	}
}
