package oncall_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
	"frontline/oncall/oncalltest"
	"frontline/people"
)

var night = oncalltest.Night

func verity() oncall.Roster { return oncall.NewRoster(oncalltest.Verity(), nil) }

func stopped(policy string) oncall.Opening {
	return oncall.Opening{Subject: journal.Of("group", "g1"), Team: "support", Policy: policy, Title: "Decision queue has stopped"}
}

func person(id, via string) people.Actor { return people.As(oncalltest.Verity().Staff[id], via) }

var source = people.Actor{Kind: people.BySource, ID: "alertmanager", Via: "api"}

// told writes down what a page sends, as people would: "0:00 karl ntfy".
func told(r oncall.Roster, policy string) string {
	var lines []string
	for _, x := range r.WhatIf(policy, night) {
		d := x.At.Sub(night)
		lines = append(lines, fmt.Sprintf("%d:%02d %s %s %s", int(d.Minutes()), int(d.Seconds())%60, x.Duty.Person, x.Channel, x.Duty.Reason))
	}
	return strings.Join(lines, "\n")
}

func TestWhatAPageSends(t *testing.T) {
	tests := []struct{ name, policy, want string }{
		{"steps, a second round, the last resort until somebody answers", "critical", `
0:00 karl ntfy rotation
2:00 karl email rotation
5:00 aisha ntfy named
10:00 karl ntfy rotation
12:00 karl email rotation
15:00 aisha ntfy named
20:00 marika ntfy last_resort
25:00 marika ntfy last_resort`},
		{"a gap in the second step costs no time", "gappy", `
0:00 karl ntfy rotation
2:00 karl email rotation
5:00 marika ntfy last_resort
10:00 marika ntfy last_resort`},
		{"when no step reaches anybody the last resort is paged at once", "empty", `
0:00 marika ntfy last_resort
60:00 marika ntfy last_resort`},
		{"a last resort who cannot be reached means every admin", "lonely", `
0:00 root email last_resort
5:00 root email last_resort`},
		{"a policy that is gone means every admin", "no-such-policy", `
0:00 root email last_resort
5:00 root email last_resort`},
		{"a first step that waits, one person named twice", "patient", `
1:30 karl ntfy named
1:30 aisha ntfy named
2:30 marika ntfy last_resort
3:30 karl email named
3:30 marika ntfy last_resort`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimSpace(tt.want), told(verity(), tt.policy)); diff != "" {
				t.Errorf("WhatIf(%s) (-want +got):\n%s", tt.policy, diff)
			}
		})
	}
}

// ledger applies outcomes as a store does.
type ledger struct {
	page    oncall.Page
	tries   []oncall.Attempt
	entries []journal.Entry
}

func (l *ledger) apply(o oncall.Outcome) {
	l.page = o.Page
	for _, a := range o.Attempts {
		if i := slices.IndexFunc(l.tries, func(x oncall.Attempt) bool { return x.ID == a.ID }); i >= 0 {
			l.tries[i] = a
		} else {
			l.tries = append(l.tries, a)
		}
	}
	l.entries = append(l.entries, o.Entries...)
}

func (l *ledger) verbs() []string {
	var v []string
	for _, e := range l.entries {
		v = append(v, e.Verb)
	}
	return v
}

func opened(policy string, r oncall.Roster) *ledger {
	l := &ledger{}
	l.apply(oncall.OpenPage(stopped(policy), "p1", source, night))
	l.apply(oncall.Advance(l.page, l.tries, r, night))
	return l
}

func (l *ledger) states() string {
	var s []string
	for _, a := range l.tries {
		s = append(s, a.Duty.Person+"/"+a.Contact.Channel+" "+string(a.State))
	}
	return strings.Join(s, ", ")
}

func TestAcknowledgeStopsTheEscalation(t *testing.T) {
	r := verity()
	l := opened("critical", r)
	karl := person("karl", "screen")
	now := night.Add(time.Minute)
	l.apply(oncall.Acknowledge(l.page, l.tries, karl, now))
	if l.page.State != oncall.Acknowledged || l.page.AckedBy != "karl" || !l.page.DueAt.Equal(now.Add(oncall.DefaultRepage)) {
		t.Errorf("after the acknowledgement the page is %+v", l.page)
	}
	if got := l.states(); got != "karl/ntfy skipped, karl/email skipped" {
		t.Errorf("attempts: %s", got)
	}
	before := l.page.Version
	l.apply(oncall.Acknowledge(l.page, l.tries, karl, now.Add(time.Second)))
	l.apply(oncall.Advance(l.page, l.tries, r, now.Add(10*time.Minute)))
	if l.page.Version != before {
		t.Errorf("a second acknowledgement or an early wake changed the page: %v", l.verbs())
	}
}

func TestAcknowledgedButNotResolvedPagesAgain(t *testing.T) {
	r := verity()
	l := opened("patient", r)
	l.apply(oncall.Advance(l.page, l.tries, r, l.page.DueAt)) // its only step
	karl := person("karl", "link")
	l.apply(oncall.Acknowledge(l.page, l.tries, karl, night.Add(2*time.Minute)))
	l.apply(oncall.Advance(l.page, l.tries, r, l.page.DueAt))
	again := l.tries[len(l.tries)-2:]
	if again[0].Duty.Person != "karl" || again[0].Duty.Reason != oncall.Acknowledger || l.page.State != oncall.Open {
		t.Fatalf("the acknowledger is not paged first: %s", l.states())
	}
	if held := l.page.OpenedAt; !l.page.DueAt.Equal(held.Add(13 * time.Minute)) { // 2 + 10 (repage) + 1 (pause)
		t.Errorf("the policy begins again at %s", l.page.DueAt)
	}
	l.apply(oncall.Advance(l.page, l.tries, r, l.page.DueAt))
	if last := l.tries[len(l.tries)-1]; last.Duty.Person != "aisha" || last.Round != 1 {
		t.Errorf("after the pause the policy begins again with its first step, got %s", l.states())
	}
}

func TestEscalateFiresTheNextStepNow(t *testing.T) {
	r := verity()
	l := opened("critical", r)
	l.apply(oncall.Acknowledge(l.page, l.tries, person("karl", "link"), night.Add(time.Minute)))
	l.apply(oncall.Escalate(l.page, l.tries, person("karl", "link"), night.Add(2*time.Minute)))
	l.apply(oncall.Advance(l.page, l.tries, r, night.Add(2*time.Minute)))
	if last := l.tries[len(l.tries)-1]; last.Duty.Person != "aisha" || l.page.State != oncall.Open || l.page.AckedBy != "" {
		t.Errorf("escalation: %s, page %+v", l.states(), l.page)
	}
}

func TestThePageGrows(t *testing.T) {
	r := verity()
	o := stopped("critical")
	o.Urgency = oncall.Low
	l := &ledger{}
	l.apply(oncall.OpenPage(o, "p1", source, night))
	l.apply(oncall.Advance(l.page, l.tries, r, night))
	n := len(l.tries)
	o.Count, o.Title = 200, "Decision queue has stopped, 200 alerts"
	l.apply(oncall.Grow(l.page, o, source, night.Add(time.Second)))
	l.apply(oncall.Advance(l.page, l.tries, r, night.Add(time.Second)))
	if l.page.Count != 200 || l.page.Title != o.Title || len(l.tries) != n || l.page.Urgency != oncall.Low {
		t.Errorf("200 alerts are one page: count %d, %d attempts", l.page.Count, len(l.tries))
	}
	version := l.page.Version
	l.apply(oncall.Grow(l.page, o, source, night.Add(2*time.Second)))
	if l.page.Version != version {
		t.Errorf("the same news once more changed the page")
	}
	l.apply(oncall.Acknowledge(l.page, l.tries, person("karl", "link"), night.Add(time.Minute)))
	o.Urgency = oncall.High
	l.apply(oncall.Grow(l.page, o, source, night.Add(2*time.Minute)))
	l.apply(oncall.Advance(l.page, l.tries, r, night.Add(2*time.Minute)))
	if last := l.tries[len(l.tries)-1]; last.Duty.Reason != oncall.Acknowledger || l.page.Urgency != oncall.High {
		t.Errorf("more urgent pages who has it: %s", l.states())
	}
}

func TestAPersonWhoDoesNotAnswerComesBackToWhoAsked(t *testing.T) {
	r := verity()
	l := &ledger{}
	liis := person("liis", "screen")
	l.apply(oncall.OpenPage(oncall.Opening{Aim: oncall.AimPerson, Person: "karl", Subject: journal.Of("incident", "i1"), Title: "Can you look?"}, "p1", liis, night))
	var got []string
	for range 4 {
		l.apply(oncall.Advance(l.page, l.tries, r, l.page.DueAt))
		got = append(got, l.tries[len(l.tries)-1].Duty.Person)
	}
	if want := []string{"karl", "karl", "karl", "liis"}; !slices.Equal(got, want) {
		t.Errorf("paged %v, want %v", got, want)
	}
	l.apply(oncall.Acknowledge(l.page, l.tries, liis, night.Add(time.Hour)))
	if l.page.State != oncall.Ended || l.page.EndedWhy != "acknowledged" {
		t.Errorf("a page to a person ends with the acknowledgement, it is %s", l.page.State)
	}
}

func TestTestPageRingsEverythingOnceAndEndsByItself(t *testing.T) {
	r := verity()
	l := &ledger{}
	l.apply(oncall.OpenPage(oncall.Opening{Aim: oncall.AimTest, Person: "karl", Subject: journal.Of("person", "karl")}, "p1", person("karl", "screen"), night))
	l.apply(oncall.Advance(l.page, l.tries, r, night))
	if got := l.states(); got != "karl/ntfy waiting, karl/email waiting" || !l.tries[1].DueAt.Equal(night) {
		t.Errorf("test: %s", got)
	}
	l.apply(oncall.Advance(l.page, l.tries, r, l.page.DueAt))
	if l.page.State != oncall.Ended || len(l.tries) != 2 {
		t.Errorf("the test is %s after %d attempts", l.page.State, len(l.tries))
	}
}

func sending(t *testing.T, l *ledger, id string, r oncall.Roster, now time.Time) bool {
	t.Helper()
	o, ok := oncall.StartSending(l.page, l.tries, id, r, now)
	l.apply(o)
	return ok
}

var (
	gone = fault.New(fault.Invalid, "The topic does not exist. Correct the contact.")
	busy = fault.New(fault.Unavailable, "The push server does not answer. It is tried again.")
)

func TestTransientErrorsAreTriedFiveTimes(t *testing.T) {
	r := verity()
	l := opened("critical", r)
	now := night
	var pauses []time.Duration
	for try := 1; try <= 5; try++ {
		if !sending(t, l, "p1-1", r, now) {
			t.Fatalf("try %d is not sent: %s", try, l.states())
		}
		l.apply(oncall.Undelivered(l.page, l.tries, "p1-1", try, busy, now))
		if try < 5 {
			pauses = append(pauses, l.tries[0].DueAt.Sub(now))
			now = l.tries[0].DueAt
		}
	}
	if diff := cmp.Diff([]time.Duration{2e9, 4e9, 8e9, 16e9}, pauses); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
	if got := l.states(); got != "karl/ntfy failed, karl/email waiting" || !l.tries[1].DueAt.Equal(now) {
		t.Errorf("after five tries the next contact goes at once: %s, due %s", got, l.tries[1].DueAt)
	}
	if l.tries[0].Error != busy.Say {
		t.Errorf("the ledger says %q", l.tries[0].Error)
	}
}

func TestAStepThatReachesNobodyEscalatesAtOnce(t *testing.T) {
	r := verity()
	l := opened("critical", r)
	for i, id := range []string{"p1-1", "p1-2"} {
		sending(t, l, id, r, night)
		l.apply(oncall.Undelivered(l.page, l.tries, id, 1, gone, night))
		if due := l.page.DueAt.Equal(night); due != (i == 1) {
			t.Fatalf("after failure %d the next step is due at %s", i+1, l.page.DueAt)
		}
	}
	l.apply(oncall.Advance(l.page, l.tries, r, night))
	if last := l.tries[len(l.tries)-1]; last.Duty.Person != "aisha" {
		t.Errorf("the second step is not fired: %s", l.states())
	}
}

func TestWhatReachesNobodyIsSaidOnce(t *testing.T) {
	l := opened("empty", verity())
	want := []string{"page.opened", "page.step_gap", "page.step_skipped", "page.person_unreachable", "page.step_skipped", "page.last_resort"}
	if diff := cmp.Diff(want, l.verbs()); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestALastResortThatFailsForGoodExhaustsThePage(t *testing.T) {
	r := verity()
	l := opened("empty", r)
	sending(t, l, "p1-1", r, night)
	l.apply(oncall.Undelivered(l.page, l.tries, "p1-1", 1, gone, night))
	if !l.page.Exhausted || l.page.DueAt.IsZero() || !l.page.DueAt.After(night) {
		t.Errorf("page %+v", l.page)
	}
}

func TestSendingIsFencedAndRepeatedAfterACrash(t *testing.T) {
	r := verity()
	l := opened("critical", r)
	if !sending(t, l, "p1-1", r, night) || !sending(t, l, "p1-1", r, night.Add(time.Minute)) {
		t.Fatal("an attempt whose process died is sent again")
	}
	l.apply(oncall.Undelivered(l.page, l.tries, "p1-1", 1, gone, night.Add(time.Minute)))
	if l.tries[0].State != oncall.Sending {
		t.Errorf("the late answer of the first process was taken for the second's: %s", l.states())
	}
	l.apply(oncall.Delivered(l.page, l.tries, "p1-1", oncall.Receipt{ID: "m7"}, night.Add(time.Minute)))
	if l.tries[0].State != oncall.Sent || l.tries[0].Tries != 2 || l.tries[0].Receipt.ID != "m7" {
		t.Errorf("ledger: %+v", l.tries[0])
	}
	early, ok := oncall.StartSending(l.page, l.tries, "p1-2", r, night.Add(time.Minute))
	if ok || len(early.Jobs) != 1 || !early.Jobs[0].Due.Equal(l.tries[1].DueAt) {
		t.Errorf("a wake that comes too early must come again in time: %v %+v", ok, early.Jobs)
	}
	if sending(t, l, "p1-1", r, night.Add(2*time.Minute)) || sending(t, l, "p1-2", r, night.Add(time.Minute)) || sending(t, l, "p1-9", r, night) {
		t.Error("sent what was sent, is not due, or does not exist")
	}
}

func TestHandedOverBetweenStepAndSending(t *testing.T) {
	r := verity()
	l := opened("critical", r)
	sending(t, l, "p1-1", r, night) // and its process dies
	r.Changes = []oncall.Override{{ID: "o1", Rotation: "first-line", Person: "wanjiru", From: night.Add(time.Minute), To: night.Add(time.Hour)}}
	if sending(t, l, "p1-2", r, night.Add(2*time.Minute)) {
		t.Error("Karl's second contact is used although Wanjiru took over")
	}
	if sending(t, l, "p1-1", r, night.Add(2*time.Minute)) {
		t.Error("what died on its way to Karl is sent to him although Wanjiru has been paged")
	}
	if got := l.states(); got != "karl/ntfy skipped, karl/email skipped, wanjiru/ntfy waiting" {
		t.Errorf("attempts: %s", got)
	}
	if d := l.tries[2].Duty; d.Reason != oncall.TookOver || d.Instead != "karl" || d.Override != "o1" {
		t.Errorf("why Wanjiru: %+v", d)
	}
	if !slices.Contains(l.verbs(), "page.handed_over") {
		t.Errorf("the journal says %v", l.verbs())
	}
}

func TestOrders(t *testing.T) {
	l := opened("critical", verity())
	about := l.page.Subject
	o := stopped("critical")
	o.Count = 3
	l.apply(oncall.RaiseOrder(o, source).On(l.page, l.tries, night))
	if l.page.Count != 3 {
		t.Errorf("raise: count %d", l.page.Count)
	}
	l.apply(oncall.RaiseOrder(oncall.Opening{Subject: about, Aim: oncall.AimPerson, Person: "karl", Count: 9}, source).On(l.page, l.tries, night))
	if l.page.Count != 3 {
		t.Error("a page to a person made the policy's page grow")
	}
	l.apply(oncall.AcknowledgeOrder(about, people.System("test")).On(l.page, l.tries, night))
	if l.page.State != oncall.Acknowledged {
		t.Errorf("acknowledge: %s", l.page.State)
	}
	l.apply(oncall.EndOrder(about, "resolved", source).On(l.page, l.tries, night))
	if l.page.State != oncall.Ended || l.page.EndedWhy != "resolved" || !l.page.DueAt.IsZero() {
		t.Errorf("end: %+v", l.page)
	}
}

// Whatever happens in whatever order, a live page always has a time at which it goes on, and it comes to its end or is heard.
func TestALivePageIsNeverSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := verity()
		policy := rapid.SampledFrom([]string{"critical", "gappy", "empty", "lonely", "patient", "none"}).Draw(t, "policy")
		now, l := night, &ledger{}
		l.apply(oncall.OpenPage(stopped(policy), "p1", source, now))
		actor := person("karl", "link")
		t.Repeat(map[string]func(*rapid.T){
			"wait":        func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "s")) * time.Second) },
			"wait exact":  func(t *rapid.T) { now = later(now, l.page.DueAt) },
			"step":        func(t *rapid.T) { l.apply(oncall.Advance(l.page, l.tries, r, now)) },
			"acknowledge": func(t *rapid.T) { l.apply(oncall.Acknowledge(l.page, l.tries, actor, now)) },
			"escalate":    func(t *rapid.T) { l.apply(oncall.Escalate(l.page, l.tries, actor, now)) },
			"hand over": func(t *rapid.T) {
				person := rapid.SampledFrom([]string{"liis", "aisha", "nobody"}).Draw(t, "person")
				r.Changes = append(r.Changes, oncall.Override{ID: fmt.Sprint(len(r.Changes)), Rotation: "first-line", Person: person, From: now, To: now.Add(time.Hour), MadeAt: now})
			},
			"deliver": func(t *rapid.T) { deliverSome(t, l, r, now) },
			"":        func(t *rapid.T) { neverSilent(t, l, now) },
		})
		l.apply(oncall.End(l.page, l.tries, "resolved", actor, now))
		for _, a := range l.tries {
			if a.State == oncall.Waiting {
				t.Fatalf("an ended page still waits to send %+v", a)
			}
		}
	})
}

// deliverSome sends one pending attempt, with an answer of the provider, a failure, or a crash.
func deliverSome(t *rapid.T, l *ledger, r oncall.Roster, now time.Time) {
	if len(l.tries) == 0 {
		return
	}
	a := rapid.SampledFrom(l.tries).Draw(t, "attempt")
	o, ok := oncall.StartSending(l.page, l.tries, a.ID, r, now)
	l.apply(o)
	if !ok {
		return
	}
	started := l.tries[a.N-1]
	switch rapid.SampledFrom([]string{"sent", "busy", "gone", "crash"}).Draw(t, "answer") {
	case "sent":
		l.apply(oncall.Delivered(l.page, l.tries, a.ID, oncall.Receipt{ID: "1"}, now))
	case "busy":
		l.apply(oncall.Undelivered(l.page, l.tries, a.ID, started.Tries, busy, now))
	case "gone":
		l.apply(oncall.Undelivered(l.page, l.tries, a.ID, started.Tries, errors.New("no kind"), now))
	}
}

func neverSilent(t *rapid.T, l *ledger, now time.Time) {
	p := l.page
	if p.DueAt.IsZero() || p.DueAt.After(now.Add(24*time.Hour)) {
		t.Fatalf("a live page goes on at %s", p.DueAt)
	}
	ids := map[string]bool{}
	for _, a := range l.tries {
		if ids[a.ID] {
			t.Fatalf("two attempts are called %s", a.ID)
		}
		ids[a.ID] = true
		if p.State == oncall.Acknowledged && a.State == oncall.Waiting {
			t.Fatalf("somebody has it and %+v still waits", a)
		}
	}
	if len(ids) != p.Attempts {
		t.Fatalf("%d attempts, the page counts %d", len(ids), p.Attempts)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
