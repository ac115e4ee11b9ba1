package api_test

import (
	"strings"
	"testing"
	"time"

	"frontline/e2e/office"
	"frontline/e2e/verity"
	"frontline/wire"
)

func TestWhoIsOnCall(t *testing.T) {
	w := office.Open(t)
	liis := as(t, w, "liis")
	now := ok[wire.List[wire.Post]](liis, "GET", "/oncall", nil)
	if len(now.Items) != 2 || now.Items[0].Rotation.ID != "first-line" || now.Items[0].Shift.Person.Name != "Liis Tamm" || now.Items[0].Shift.Why != "rotation" {
		t.Fatalf("on call are %+v", now.Items)
	}
	before := ok[wire.List[wire.Post]](liis, "GET", "/oncall?at=2026-10-01T00:00:00Z", nil)
	if s := before.Items[0].Shift; s.Person != nil || s.Why != "gap" {
		t.Errorf("before the first turn the shift is %+v, want a gap", s)
	}
	week := ok[wire.List[wire.Lane]](liis, "GET", "/oncall/week?from=2026-10-30T00:00:00Z", nil)
	if l := week.Items[0]; len(l.Shifts) != 2 || len(l.Gaps) != 1 || len(l.Gaps[0].Costs) != 1 || !strings.Contains(l.Gaps[0].Costs[0], "Critical") {
		t.Errorf("the week is %+v", l)
	}
	refused(liis, 422, "GET", "/oncall/week?from=2026-10-30T00:00:00Z&to=2027-10-30T00:00:00Z", nil)
	mine := ok[wire.Standing](liis, "GET", "/oncall/people/me", nil)
	if len(mine.On) != 1 || mine.On[0].Rotation.Name != "First line" {
		t.Errorf("liis stands at %+v", mine)
	}
	steps := ok[wire.List[wire.Reach]](liis, "GET", "/oncall/policies/critical/what-if", nil)
	if len(steps.Items) < 4 || steps.Items[0].Person.ID != "liis" || steps.Items[0].After != 0 || steps.Items[1].After != wire.Duration(30*time.Second) || steps.Items[0].Step != 1 {
		t.Errorf("a page would send %+v", steps.Items)
	}
	if last := steps.Items[len(steps.Items)-1]; last.Person.ID != "marika" || last.Step != 0 || last.Reason != "last_resort" {
		t.Errorf("at last a page would send %+v", last)
	}
}

func TestSomebodyTakesOver(t *testing.T) {
	w := office.Open(t)
	lead := as(t, w, "wanjiru")
	o := ok[wire.Override](lead, "POST", "/oncall/overrides", wire.TakeOver{Rotation: "first-line", Person: "wanjiru", To: verity.Night.Add(8 * time.Hour), Reason: "Liis is ill"})
	if o.ID == "" || o.Person.Name != "Wanjiru Kamau" || !o.From.Equal(verity.Night) {
		t.Fatalf("the override is %+v", o)
	}
	w.Clock.Move(time.Minute)
	s := ok[wire.List[wire.Post]](lead, "GET", "/oncall", nil).Items[0].Shift
	if s.Person.ID != "wanjiru" || s.Why != "override" || s.Override != o.ID || s.Instead.ID != "liis" {
		t.Errorf("the shift is %+v", s)
	}
	w.Clock.Move(time.Hour)
	back := ok[wire.Override](lead, "DELETE", "/oncall/overrides/"+o.ID, nil)
	if !back.To.Equal(w.Clock.Now()) {
		t.Errorf("given back until %s, want now", back.To)
	}
	refused(lead, 404, "DELETE", "/oncall/overrides/nothing", nil)
}

func TestPagesAreSentAndAnswered(t *testing.T) {
	w := office.Open(t)
	liis, karl := as(t, w, "liis"), as(t, w, "karl")
	test := ok[wire.Page](liis, "POST", "/pages/test", nil)
	w.Settle()
	test = ok[wire.Page](liis, "GET", "/pages/"+test.ID, nil)
	if test.Aim != "test" || len(test.Attempts) != 2 || test.Attempts[0].State != "sent" || test.Attempts[0].Receipt != "taken" {
		t.Errorf("the test page is %+v", test)
	}
	refused(karl, 404, "GET", "/pages/"+test.ID, nil)
	if p := ok[wire.Page](liis, "POST", "/pages/"+test.ID+"/acknowledge", nil); p.State != "ended" {
		t.Errorf("an acknowledged test is %s", p.State)
	}
	w.Signal("firing", "DecisionQueueStuck")
	asked := ok[wire.Page](liis, "POST", "/pages", wire.PagePerson{Person: "karl", Title: "Help with G-1", About: "G-1"})
	if asked.Aim != "person" || asked.Person.ID != "karl" || asked.Subject.Kind != "group" {
		t.Errorf("the page is %+v", asked)
	}
	if p := ok[wire.Page](karl, "POST", "/pages/"+strings.ToLower(asked.ID)+"/acknowledge", nil); p.State != "ended" || p.AcknowledgedBy.ID != "karl" || p.AcknowledgedVia != "api" {
		t.Errorf("karl's answer made it %+v", p)
	}
	escalated := ok[wire.Page](liis, "POST", "/alerts/G-1/escalate", nil)
	w.Settle()
	escalated = ok[wire.Page](liis, "GET", "/pages/"+escalated.ID, nil)
	if n := len(escalated.Attempts); n < 4 || escalated.Attempts[n-1].Person.ID != "karl" {
		t.Errorf("escalated: %+v", escalated)
	}
	refused(liis, 422, "POST", "/pages", wire.PagePerson{Person: "nobody", Title: "Help"})
	if p := refused(as(t, w, "rasmus"), 403, "POST", "/alerts/G-1/escalate", nil); !strings.Contains(p.Detail, "support") {
		t.Errorf("rasmus is refused with %+v", p)
	}
}
