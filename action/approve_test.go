package action

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

var night = time.Date(2026, 11, 24, 3, 12, 0, 0, time.UTC)

func person(id string) journal.Actor {
	return journal.Actor{Kind: people.ByPerson, ID: id, Via: "screen"}
}

func plannedRun(d Definition, by journal.Actor, changes int) Run {
	p := Plan{Summary: "Evicts pods.", At: night}
	for range changes {
		p.Changes = append(p.Changes, Change{What: "pod", Count: 1})
	}
	return Run{ID: "run-1", Number: 1, Definition: d, Version: d.Version(), State: Planned, Plan: p, PlanHash: "the plan", PlannedBy: by, PlannedAt: night, Salt: "s"}
}

// TestNoDangerBeginsAlone lets a few people do whatever they like with a dangerous run, in any order and at any time: it never begins without
// enough others who read its very plan, or without break-glass, which opens a review.
func TestNoDangerBeginsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		who := rapid.SampledFrom([]string{"liis", "karl", "wanjiru", "marika"})
		hash := rapid.SampledFrom([]string{"the plan", "the plan", "the plan", "another plan"})
		d := Definition{ID: "pods/drain", Title: "Drain", Team: "support", Risk: RiskDanger, Kind: "x", Limits: Limits{OneAtATime: true}}
		if n := rapid.IntRange(0, 3).Draw(t, "count"); n > 0 {
			d.Approval = &Approval{Count: n}
		}
		if rapid.Bool().Draw(t, "budget") {
			d.Limits.Budget = &Budget{Most: 5}
		}
		run, now := plannedRun(d, person(who.Draw(t, "planner")), rapid.IntRange(1, 7).Draw(t, "changes")), night
		for step := range rapid.IntRange(1, 14).Draw(t, "steps") {
			c := Current{Run: run, Now: now, Spent: rapid.IntRange(0, 6).Draw(t, "spent")}
			if rapid.IntRange(0, 3).Draw(t, "busy") == 0 {
				c.Busy = &Run{Number: 7, StartedBy: person("karl")}
			}
			if rapid.IntRange(0, 3).Draw(t, "unreviewed") == 0 {
				c.Unreviewed = &Run{Number: 8}
			}
			by := person(who.Draw(t, "by"))
			deed := rapid.SampledFrom([]string{"start", "start", "glass", "approve", "approve", "approve", "refuse", "cancel", "wait", "barred", "pause"}).Draw(t, "deed")
			if deed == "pause" {
				now = now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
				continue
			}
			next, cs, err := deeds(t, deed, by, hash, step)(c)
			if err != nil {
				if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Forbidden) {
					t.Fatalf("%s: %v", deed, err)
				}
				continue // nothing is written
			}
			if next.State == Running && run.State != Running {
				alone(t, next, c, cs)
			}
			if run.State == Running && next.State == Running && len(cs.Jobs) > 0 {
				t.Fatalf("%s started it once more", deed)
			}
			run = next
		}
	})
}

func deeds(t *rapid.T, deed string, by journal.Actor, hash *rapid.Generator[string], step int) decision {
	q := StartRequest{PlanHash: hash.Draw(t, "hash"), Key: fmt.Sprint("click ", step)}
	terms := terms{name: func(a journal.Actor) string { return a.ID }, approvers: slices.DeleteFunc([]string{"liis", "karl", "wanjiru", "marika"}, func(p string) bool { return p == by.ID })}
	switch deed {
	case "start":
		return start(by, q, terms)
	case "glass":
		q.Glass = "Every decision fails"
		return start(by, q, terms)
	case "approve":
		return approve(by, q.PlanHash, "")
	case "refuse":
		return refuse(by, "No")
	case "cancel":
		return cancel(by)
	case "barred":
		return waited(fault.New(fault.Conflict, "The action was changed. Plan again."))
	}
	return waited(nil)
}

// alone fails when the run began without those who had to say yes.
func alone(t *rapid.T, r Run, c Current, cs journal.Consequences) {
	if c.Busy != nil {
		t.Fatal("it began while its lane was taken")
	}
	verbs := map[string]int{}
	for _, e := range cs.Entries {
		verbs[e.Verb]++
	}
	if verbs["run.started"] != 1 || !slices.ContainsFunc(cs.Entries, func(e journal.Entry) bool { return e.Facts["plan"] == "the plan" }) {
		t.Fatalf("it began and the journal holds %v", verbs)
	}
	if r.Glass.Broken() {
		if c.Unreviewed != nil || !r.Glass.Open() || verbs["run.glass_broken"] != 1 || r.Glass.Reason == "" {
			t.Fatalf("break-glass left %+v", r.Glass)
		}
		return
	}
	others := map[string]bool{}
	for _, a := range r.Consent.Approvals {
		if a.Plan == r.PlanHash && !r.Own(a.By.ID) {
			others[a.By.ID] = true
		}
	}
	need, _ := r.Definition.Approvals()
	if o := r.Consent.Over; o != nil {
		need++
	}
	if need < 1 || len(others) < need {
		t.Fatalf("it began with the yes of %v; %d others had to agree", others, need)
	}
}

func TestApprovedRunWaitsForItsLane(t *testing.T) {
	r := plannedRun(Definition{ID: "a", Risk: RiskChange, Approval: &Approval{Count: 1}, Limits: Limits{OneAtATime: true}}, person("liis"), 1)
	busy := &Run{Number: 7, StartedBy: person("karl")}
	r, _, err := start(person("liis"), StartRequest{PlanHash: "the plan", Key: "k"}, terms{approvers: []string{"wanjiru"}})(Current{Run: r, Now: night, Busy: busy})
	if err != nil || r.State != Waiting {
		t.Fatalf("asked while another one runs: %s, %v; want it to wait", r.State, err)
	}
	r, cs, err := approve(person("wanjiru"), "the plan", "")(Current{Run: r, Now: night, Busy: busy})
	if err != nil || r.State != Waiting || len(cs.Jobs) != 1 || !cs.Jobs[0].Due.Equal(night.Add(laneEvery)) {
		t.Fatalf("approved while another one runs: %s, %v, %v", r.State, cs.Jobs, err)
	}
	r, cs, _ = waited(nil)(Current{Run: r, Now: night.Add(laneEvery), Busy: busy})
	if r.State != Waiting || len(cs.Jobs) != 1 || !cs.Finish {
		t.Fatalf("looked while it still runs: %s", r.State)
	}
	late, _, _ := waited(nil)(Current{Run: r, Now: r.Consent.Until, Busy: busy})
	if late.State != Expired || late.Charged != "" {
		t.Errorf("never free: %s", late.State)
	}
	gone, _, _ := waited(fault.New(fault.Conflict, "The action was changed. Plan again."))(Current{Run: r, Now: night.Add(time.Minute)})
	if gone.State != Expired {
		t.Errorf("changed meanwhile: %s", gone.State)
	}
	if r, _, _ = waited(nil)(Current{Run: r, Now: night.Add(time.Minute)}); r.State != Running || r.StartedBy.ID != "liis" {
		t.Errorf("free: %s by %s", r.State, r.StartedBy.ID)
	}
}

func TestBudgetAsksForOneMore(t *testing.T) {
	d := Definition{ID: "a", Risk: RiskChange, Limits: Limits{Budget: &Budget{Most: 5}}}
	begin := func(changes, spent int, approvers ...string) (Run, error) {
		r, _, err := start(person("liis"), StartRequest{PlanHash: "the plan", Key: "k"}, terms{approvers: approvers})(Current{Run: plannedRun(d, person("liis"), changes), Now: night, Spent: spent})
		return r, err
	}
	if r, err := begin(2, 3); err != nil || r.State != Running || r.Charged != "person:liis" || !r.ChargedAt.Equal(night) {
		t.Errorf("within: %s, %v, charged %q", r.State, err, r.Charged)
	}
	r, err := begin(2, 4, "wanjiru")
	if err != nil || r.State != Waiting || r.Consent.Need != 1 || len(r.Why()) != 1 {
		t.Errorf("over: %s, %v, %v", r.State, err, r.Why())
	}
	if want := "It is over the budget: 4 of at most 5 changes were made in the last 12 hours, and this run makes 2."; r.Consent.Over == nil || r.Consent.Over.Say() != want {
		t.Errorf("over: %+v", r.Consent.Over)
	}
	if _, err := begin(2, 4); !fault.Is(err, fault.Conflict) {
		t.Errorf("over with nobody to ask: %v", err)
	}
	if r, _ := begin(0, 5, "wanjiru"); r.State != Waiting {
		t.Errorf("a run without counted changes is %s, want it to count as one", r.State)
	}
	undo := plannedRun(d, person("liis"), 9)
	undo.Undoes = "run-0"
	if r, _, err := start(person("liis"), StartRequest{PlanHash: "the plan", Key: "k"}, terms{})(Current{Run: undo, Now: night, Spent: 5, Origin: &Run{State: Succeeded, EndedAt: night, Result: Result{Undo: &Undo{}}}}); err != nil || r.State != Running || r.Charged != "" {
		t.Errorf("a way back over the budget: %s, %v", r.State, err)
	}
	if r, _, _ = cancel(person("liis"))(Current{Run: r, Now: night}); r.Charged != "" {
		t.Error("a run that never began is still charged")
	}
}

// The budget over all actions asks for one more as well, and no more than one when both are used up.
func TestBudgetOverAllActions(t *testing.T) {
	both := Definition{ID: "a", Risk: RiskChange, Limits: Limits{Budget: &Budget{Most: 5}}}
	one, read, flow, danger := both, both, both, both
	one.Limits.Budget, read.Risk, flow.Kind, danger.Risk = nil, RiskRead, "flow", RiskDanger
	one.ID, read.Limits.Budget, flow.Limits.Budget, danger.Limits.Budget = "b", nil, nil, nil
	for name, x := range map[string]struct {
		d                    Definition
		changes, spent, most int
		state                State
		need                 int
		all                  bool
	}{
		"within":               {one, 2, 3, 5, Running, 0, false},
		"over":                 {one, 2, 4, 5, Waiting, 1, true},
		"alone over":           {one, 6, 0, 5, Waiting, 1, true},
		"over both":            {both, 6, 4, 5, Waiting, 1, false},
		"over its own":         {both, 6, 0, 50, Waiting, 1, false},
		"danger":               {danger, 1, 0, 5, Waiting, 1, false},
		"danger over":          {danger, 2, 4, 5, Waiting, 2, true},
		"what reads":           {read, 2, 9, 5, Running, 0, false},
		"a flow, by its steps": {flow, 2, 9, 5, Running, 0, false},
		"no such budget":       {one, 99, 99, 0, Running, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			terms := terms{approvers: []string{"wanjiru", "karl"}}
			if x.most > 0 {
				terms.budget = &Budget{Most: x.most, Per: time.Hour}
			}
			c := Current{Run: plannedRun(x.d, person("liis"), x.changes), Now: night, SpentAll: x.spent}
			r, _, err := start(person("liis"), StartRequest{PlanHash: "the plan", Key: "k"}, terms)(c)
			if err != nil || r.State != x.state || r.Consent.Need != x.need || x.all != (r.Consent.Over != nil && r.Consent.Over.All) {
				t.Errorf("%s, %v, it needs %+v", r.State, err, r.Consent)
			}
		})
	}
	over := Overdraft{Spent: 20, Adds: 2, Most: 20, Per: 12 * time.Hour, All: true}
	if want := "It is over the budget that one person has for all actions: 20 of at most 20 changes were made in the last 12 hours, and this run makes 2."; over.Say() != want {
		t.Errorf("it says %q", over.Say())
	}
}

func TestParseBudget(t *testing.T) {
	for text, want := range map[string]*Budget{"": nil, "20/12h": {Most: 20, Per: 12 * time.Hour}, "1/10m": {Most: 1, Per: 10 * time.Minute}} {
		if got, err := ParseBudget(text); err != nil || (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"20", "/12h", "0/12h", "-1/12h", "20/", "20/9m", "20/745h", "20/12", "x/12h", "20/12h/1"} {
		if got, err := ParseBudget(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
}

func TestWhatADefinitionMayAllow(t *testing.T) {
	right := Definition{ID: "a", Title: "A", Team: "support", Risk: RiskDanger, Kind: "x"}
	for name, c := range map[string]struct {
		change func(*Definition)
		field  string
	}{
		"lists": {func(d *Definition) {
			d.Allow = Allow{See: []people.Who{"team:support"}, Run: []people.Who{"role:support"}, Approve: []people.Who{"person:karl"}}
		}, ""},
		"three of a team":   {func(d *Definition) { d.Approval = &Approval{Count: 3}; d.Allow.Approve = []people.Who{"team:fraud"} }, ""},
		"nobody":            {func(d *Definition) { d.Allow.Run = []people.Who{"karl"} }, "allow.run[0]"},
		"no such role":      {func(d *Definition) { d.Allow.Cancel = []people.Who{"role:support", "role:boss"} }, "allow.cancel[1]"},
		"none for danger":   {func(d *Definition) { d.Approval = &Approval{} }, "approval.count"},
		"too many":          {func(d *Definition) { d.Approval = &Approval{Count: 6} }, "approval.count"},
		"too long":          {func(d *Definition) { d.Approval = &Approval{Count: 1, Within: 25 * time.Hour} }, "approval.within"},
		"more than may":     {func(d *Definition) { d.Approval = &Approval{Count: 2}; d.Allow.Approve = []people.Who{"person:karl"} }, "allow.approve"},
		"an empty budget":   {func(d *Definition) { d.Limits.Budget = &Budget{} }, "limits.budget.most"},
		"a budget for ever": {func(d *Definition) { d.Limits.Budget = &Budget{Most: 1, Per: 8760 * time.Hour} }, "limits.budget.per"},
	} {
		d := right
		c.change(&d)
		wrong := d.Check()
		if (c.field == "") != (len(wrong) == 0) || c.field != "" && (len(wrong) != 1 || wrong[0].Name != c.field) {
			t.Errorf("%s: %v, want %q", name, wrong, c.field)
		}
	}
	d := right
	d.Allow = Allow{Run: []people.Who{"team:fraud", "role:lead"}, Approve: []people.Who{"person:karl"}}
	var refs []string
	for _, r := range d.Refs() {
		refs = append(refs, r.Field+"="+r.Kind+":"+r.ID)
	}
	if want := []string{"team=team:support", "allow.run[0]=team:fraud", "allow.approve[0]=person:karl"}; !slices.Equal(refs, want) {
		t.Errorf("Refs = %v, want %v", refs, want)
	}
}
