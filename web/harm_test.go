package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"frontline/fault"
	"frontline/incident"
	"frontline/insight/stat"
	"frontline/people"
	"frontline/watch"
	"frontline/watch/locate"
)

// hurting plays the incidents: one, with whom it hurts.
type hurting struct {
	Rooms
	inc   incident.Incident
	harm  incident.Harm
	named []string
	gone  []string
	to    []watch.Scope
	own   bool
}

func (x *hurting) Incident(context.Context, people.Actor, string) (incident.Incident, error) {
	return x.inc, nil
}
func (x *hurting) Room(context.Context, people.Actor, string) (incident.Room, error) {
	return incident.Room{Incident: x.inc, Harm: x.harm}, nil
}
func (x *hurting) Harm(context.Context, people.Actor, string) (incident.Harm, error) {
	return x.harm, nil
}
func (x *hurting) Measurable(context.Context, people.Actor) ([]watch.Definition, error) {
	return []watch.Definition{{ID: "decisions", Name: "Decisions that fail", Labels: []string{"customer", "country"}}}, nil
}
func (x *hurting) NameCustomers(_ context.Context, _ people.Actor, _ string, add, remove []string) (incident.Incident, error) {
	x.named, x.gone = add, remove
	return x.inc, nil
}
func (x *hurting) CustomersOfRun(_ context.Context, _ people.Actor, ref string) ([]string, error) {
	if ref != "RUN-7" {
		return nil, fault.Wrong("run", "There is no such run.")
	}
	return []string{"kivi"}, nil
}
func (x *hurting) SetMeasures(_ context.Context, _ people.Actor, _ string, own bool, to []watch.Scope, _ int64) (incident.Incident, error) {
	x.own, x.to = own, to
	return x.inc, nil
}

// TestWhomItHurtsOnScreen: the screen tells who, how sure and by what; it takes lists, runs and measures without scripts, keeps what was typed wrong,
// and offers nothing once it is frozen.
func TestWhomItHurtsOnScreen(t *testing.T) {
	k := newRequestDesk(t)
	since := time.Date(2026, 11, 24, 0, 30, 0, 0, time.UTC)
	x := &hurting{inc: incident.Incident{ID: "inc-31", Number: 31, Title: "Decisions fail", State: incident.Investigating, Severity: incident.Major, BeganAt: since, Version: 4}}
	k.desk.s.deps.Rooms = x
	support := people.Support
	at := "/incidents/INC-31/hurt"
	k.desk.to(at, ask{as: people.Member}).is(http.StatusOK).has("main", "Nobody is known to be hurt yet").has("main", "No customer yet").lacks("main form")

	m := incident.Measured{Name: "Decisions that fail", Measure: incident.Measure{Finding: "F-12", Scope: watch.Scope{Watch: "decisions", From: since, Labels: []locate.Label{{Name: "country", Value: "KE"}}}}}
	m.NamesCustomers, m.Errors = true, 321
	m.Excess = stat.Estimate{Value: 212, Interval: stat.Interval{Low: 180, High: 244}}
	m.Customers = locate.Customers{Exposed: 240, Hit: stat.Estimate{Value: 38, Interval: stat.Interval{Low: 31, High: 45}}}
	x.harm = incident.Harm{At: since, Measures: []incident.Measured{m}}
	for i := range 300 {
		c := incident.Hurt{Name: fmt.Sprintf("Customer %d", i+1), Certainty: incident.Certainly, Errors: 9, Requests: 90, Expected: 1.2, Chance: 1, Named: i == 0}
		x.harm.Customers = append(x.harm.Customers, c)
	}
	x.harm.Customers[299].Certainty, x.harm.Customers[299].Asked, x.harm.Customers[299].Requests = incident.AskedUs, 2, 0
	s := k.desk.to(at, ask{as: support}).is(http.StatusOK).has("main", "About 38 customers were hit (31 to 45 of 240)").has("main", "country KE").has(`a[href="/watches/decisions/findings/F-12"]`, "F-12").
		has("main", "180 to 244").has(`a[href$="as=csv"]`, "all 300").has(`button[name=remove][value="Customer 1"]`, "Take back")
	if n := strings.Count(s.body(), "Certainly</"); n > listedHurt+1 {
		t.Errorf("%d customers are listed", n)
	}
	if csv := k.desk.to(at+"?as=csv", ask{as: people.Member}).is(http.StatusOK); strings.Count(csv.body(), "\n") != 301 || csv.Header().Get("Content-Disposition") != `attachment; filename="INC-31-customers.csv"` {
		t.Errorf("as CSV: %.200s", csv.body())
	}

	k.desk.to(at+"/customers", ask{as: support, form: formOf("customers", "name;tier\nNordpank;gold\nArco Móvil;", "run", "RUN-7")}).leadsTo(at)
	if d := cmp.Diff([]string{"Nordpank", "Arco Móvil", "kivi"}, x.named); d != "" {
		t.Error(d)
	}
	k.desk.to(at+"/customers", ask{as: support, form: formOf("customers", "Nordpank", "run", "RUN-9")}).is(http.StatusUnprocessableEntity).has("#f-customers", "Nordpank").has("main", "There is no such run.")
	k.desk.to(at+"/customers", ask{as: support, form: formOf("customers", " ")}).is(http.StatusUnprocessableEntity).has("main", "Name at least one customer.")
	if k.desk.to(at+"/customers", ask{as: support, form: formOf("remove", "Customer 1")}).leadsTo(at); !cmp.Equal(x.gone, []string{"Customer 1"}) {
		t.Errorf("taken back: %q", x.gone)
	}
	k.desk.to(at+"/measures", ask{as: support, form: formOf("watch", "decisions", "labels", "country=EE, customer = Arco Móvil", "from", "2026-11-24T02:10")}).leadsTo(at)
	if len(x.to) != 2 || !x.own || x.to[1].Watch != "decisions" || watch.Labels(x.to[1].Labels) != "country EE and customer Arco Móvil" || x.to[1].From.IsZero() {
		t.Errorf("measured by %+v", x.to)
	}
	k.desk.to(at+"/measures", ask{as: support, form: formOf("watch", "decisions", "labels", "EE", "from", "2026-11-24T02:10")}).is(http.StatusUnprocessableEntity).has(`#f-labels[value="EE"]`, "")
	if k.desk.to(at+"/measures", ask{as: support, form: formOf("remove", "0")}).leadsTo(at); len(x.to) != 0 || !x.own {
		t.Errorf("left out: %+v", x.to)
	}
	if k.desk.to(at+"/measures", ask{as: support, form: formOf("do", "follow")}).leadsTo(at); x.own {
		t.Error("it does not follow")
	}

	x.inc.State, x.inc.ResolvedAt, x.harm.Frozen = incident.Resolved, since.Add(time.Hour), true
	k.desk.to(at, ask{as: support}).is(http.StatusOK).has("main", "Kept as it was").lacks("main form")
}
