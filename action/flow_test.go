package action

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/form"
	"frontline/journal"
	"frontline/people"
)

func step(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func flowOf(steps ...any) Definition {
	return Definition{ID: "queue/rescue", Title: "Rescue the queue", Team: "support", Risk: RiskChange, Kind: FlowKind, Settings: map[string]any{"steps": steps},
		Inputs: []form.Input{{Name: "queue", Type: form.Text, Required: true}, {Name: "most", Type: form.Number}, {Name: "note", Type: form.Text}}}
}

func TestFlowsThatAreWrong(t *testing.T) {
	ask := step("id", "look", "ask", "Does the queue move?")
	long := step("id", "look", "ask", strings.Repeat("?", 501))
	tests := map[string]struct {
		change func(*Definition)
		steps  []any
		field  string
		say    string
	}{
		"no steps":                {steps: []any{}, field: "settings.steps", say: "between 1 and 30"},
		"a step with both":        {steps: []any{step("id", "a", "action", "x", "ask", "Well?")}, field: "settings.steps[0]", say: "either action or ask"},
		"a step with neither":     {steps: []any{step("id", "a")}, field: "settings.steps[0]", say: "either action or ask"},
		"a misspelt word":         {steps: []any{step("id", "a", "action", "x", "wen", "true")}, field: "settings.steps[0].wen", say: "Known: id, action"},
		"an undo by hand":         {steps: []any{step("id", "a", "undo", "RUN-1")}, field: "settings.steps[0].undo", say: "has no"},
		"no id":                   {steps: []any{step("action", "x")}, field: "settings.steps[0].id", say: "small letters"},
		"an id with a dash":       {steps: []any{step("id", "a-b", "action", "x")}, field: "settings.steps[0].id", say: "small letters"},
		"an id twice":             {steps: []any{ask, ask}, field: "settings.steps[1].id", say: "Two steps"},
		"if_fails":                {steps: []any{step("id", "a", "action", "x", "if_fails", "retry")}, field: "settings.steps[0].if_fails", say: "stop or go on"},
		"who without ask":         {steps: []any{step("id", "a", "action", "x", "who", []any{"role:lead"})}, field: "settings.steps[0]", say: "check point"},
		"nobody":                  {steps: []any{step("id", "a", "ask", "Well?", "who", []any{"liis"})}, field: "settings.steps[0].who[0]"},
		"one answer":              {steps: []any{step("id", "a", "ask", "Well?", "answers", []any{"yes"})}, field: "settings.steps[0].answers", say: "between 2"},
		"an answer in words":      {steps: []any{step("id", "a", "ask", "Well?", "answers", []any{"yes", "no way"})}, field: "settings.steps[0].answers[1]", say: "short word"},
		"a question too long":     {steps: []any{long}, field: "settings.steps[0].ask", say: "500"},
		"a wait too long":         {steps: []any{step("id", "a", "ask", "Well?", "within", "200h")}, field: "settings.steps[0].within", say: "a week"},
		"a wait without a unit":   {steps: []any{step("id", "a", "ask", "Well?", "within", "30")}, field: "settings.steps[0].within", say: "unit"},
		"no condition":            {steps: []any{step("id", "a", "action", "x", "when", "inputs.queue ==")}, field: "settings.steps[0].when", say: "(1:"},
		"an unknown input":        {steps: []any{step("id", "a", "action", "x", "when", `inputs.que == "a"`)}, field: "settings.steps[0].when", say: "unknown field que (1:8)"},
		"a later step":            {steps: []any{step("id", "a", "action", "x", "when", "steps.look.done"), ask}, field: "settings.steps[0].when", say: "unknown field look (1:7)"},
		"a word of no step":       {steps: []any{ask, step("id", "a", "action", "x", "when", "steps.look.ok")}, field: "settings.steps[1].when", say: "unknown field ok"},
		"a condition on a text":   {steps: []any{step("id", "a", "action", "x", "when", "inputs.queue")}, field: "settings.steps[0].when", say: "bool"},
		"a text against a number": {steps: []any{step("id", "a", "action", "x", "when", "inputs.queue > 3")}, field: "settings.steps[0].when", say: "mismatched types"},
		"an input's expression":   {steps: []any{step("id", "a", "action", "x", "inputs", step("q", "{inputs.}"))}, field: "settings.steps[0].inputs.q", say: "(1:"},
		"another setting":         {change: func(d *Definition) { d.Settings["retries"] = 3.0 }, field: "settings.retries", say: "only steps"},
		"a budget":                {change: func(d *Definition) { d.Limits.Budget = &Budget{Most: 3} }, field: "limits.budget", say: "budgets of their actions"},
		"a time limit":            {change: func(d *Definition) { d.Limits.Timeout = time.Minute }, field: "limits.timeout", say: "waits for people"},
		"a check":                 {change: func(d *Definition) { d.Proof = &Part{Kind: "http"} }, field: "check", say: "last step"},
		"a secret input":          {change: func(d *Definition) { d.Inputs = append(d.Inputs, form.Input{Name: "pin", Type: form.Secret}) }, field: "inputs[3].type", say: "takes no secret"},
	}
	for name, x := range tests {
		t.Run(name, func(t *testing.T) {
			if x.steps == nil {
				x.steps = []any{ask}
			}
			d := flowOf(x.steps...)
			if x.change != nil {
				x.change(&d)
			}
			wrong := Kinds{}.Check(d)
			if len(wrong) != 1 || wrong[0].Name != x.field || !strings.Contains(wrong[0].Say, x.say) {
				t.Errorf("Check = %v, want %s: %q", wrong, x.field, x.say)
			}
		})
	}
	if wrong := (Kinds{}).Check(flowOf(ask, step("id", "a", "action", "x", "when", `steps.look.answer == "yes" and inputs.most > 2 and steps.look.facts.n > 1`))); len(wrong) > 0 {
		t.Errorf("a flow that is right: %v", wrong)
	}
	if wrong := (Kinds{}).Check(Definition{ID: "a/b", Title: "A", Team: "support", Risk: RiskChange, Kind: "x", Proof: &Part{Kind: FlowKind}}); !slices.ContainsFunc(wrong, func(f fault.Field) bool { return f.Name == "check.kind" }) {
		t.Errorf("a flow as a check: %v", wrong)
	}
}

func TestFlowsAgainstTheirActions(t *testing.T) {
	all := map[string]Definition{
		"pods/restart": {ID: "pods/restart", Risk: RiskDanger, Kind: "exec", Inputs: []form.Input{{Name: "pod", Type: form.Text, Required: true}, {Name: "grace", Type: form.Number, Whole: true}, {Name: "token", Type: form.Secret}}},
		"queue/look":   {ID: "queue/look", Risk: RiskRead, Kind: "exec", Inputs: []form.Input{{Name: "queue", Type: form.Text, Required: true}}},
		"flow/a":       flowOf(step("id", "b", "action", "flow/b")),
		"flow/b":       flowOf(step("id", "c", "action", "flow/c")),
		"flow/c":       flowOf(step("id", "d", "action", "queue/look")),
		"flow/back":    flowOf(step("id", "x", "action", "queue/rescue")),
	}
	for id, d := range all {
		if d.ID = id; d.Flow() {
			d.Inputs = nil
		}
		all[id] = d
	}
	tests := map[string]struct {
		step  map[string]any
		field string
		say   string
	}{
		"a risk above its own":    {step("id", "a", "action", "pods/restart", "inputs", step("pod", "p")), "risk", "The step a runs pods/restart, whose risk is danger"},
		"an unknown input":        {step("id", "a", "action", "queue/look", "inputs", step("queue", "q", "vhost", "v")), "settings.steps[0].inputs.vhost", "takes no input \"vhost\". It takes: queue"},
		"a missing input":         {step("id", "a", "action", "queue/look"), "settings.steps[0]", "needs the input queue"},
		"a wrong value":           {step("id", "a", "action", "queue/look", "inputs", step("queue", 3.0)), "settings.steps[0].inputs.queue", "does not take this"},
		"itself":                  {step("id", "a", "action", "queue/rescue"), "settings.steps[0].action", "queue/rescue → queue/rescue"},
		"itself, by another":      {step("id", "a", "action", "flow/back"), "settings.steps[0].action", "queue/rescue → flow/back → queue/rescue"},
		"flows that are too deep": {step("id", "a", "action", "flow/a"), "settings.steps[0].action", "3 deep"},
	}
	for name, x := range tests {
		t.Run(name, func(t *testing.T) {
			d := flowOf(x.step)
			find := func(id string) (Definition, bool) {
				if id == d.ID {
					return d, true
				}
				of, ok := all[id]
				return of, ok
			}
			wrong := d.CheckFlow(find)
			if len(wrong) != 1 || wrong[0].Name != x.field || !strings.Contains(wrong[0].Say, x.say) {
				t.Errorf("CheckFlow = %v, want %s: %q", wrong, x.field, x.say)
			}
		})
	}
	find := func(id string) (Definition, bool) { d, ok := all[id]; return d, ok }
	for _, right := range []map[string]any{step("id", "a", "action", "flow/b"), step("id", "a", "action", "queue/look", "inputs", step("queue", "{inputs.queue}")), step("id", "a", "action", "elsewhere/known")} {
		if wrong := flowOf(right).CheckFlow(find); len(wrong) > 0 {
			t.Errorf("%v: %v", right, wrong)
		}
	}
	hidden := flowOf(step("id", "a", "action", "pods/restart", "inputs", step("pod", "p", "token", "t")))
	hidden.Risk = RiskDanger
	if wrong := hidden.CheckFlow(find); len(wrong) != 1 || wrong[0].Name != "settings.steps[0].inputs.token" {
		t.Errorf("a secret in a flow's text: %v", wrong)
	}
}

// rescue is a flow that is running: a look, a question, and a restart that only follows a yes.
func rescue() Run {
	d := flowOf(
		step("id", "count", "action", "queue/look", "inputs", step("queue", "{inputs.queue}")),
		step("id", "look", "ask", "Does the queue move?", "when", "steps.count.facts.messages > 0"),
		step("id", "restart", "action", "pods/restart", "when", `steps.look.answer == "yes"`, "if_fails", "go on"),
		step("id", "tell", "action", "queue/look", "inputs", step("queue", "{steps.count.facts.name}")))
	return Run{ID: "flow", Number: 12, Definition: d, State: Running, Inputs: map[string]any{"queue": "decisions"}, Course: newCourse(d)}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func child(id, step string, state State, facts map[string]any) Run {
	return Run{ID: id, Number: 13, State: state, In: Place{Flow: "flow", Step: step}, PlannedAt: noon, Result: Result{Summary: "It ended.", Facts: facts, Done: state == Succeeded}}
}

func TestWhatAFlowDoesNext(t *testing.T) {
	found := map[string]any{"messages": 3, "name": "decisions"}
	tests := map[string]struct {
		stages   []Stage
		children []Run
		cancel   bool
		later    time.Duration
		want     move
	}{
		"it begins":                        {want: move{what: doPlan, at: 0}},
		"a plan that nobody wrote down":    {children: []Run{child("c1", "count", Planned, nil)}, want: move{what: doNote, at: 0, stage: Stage{State: StageRunning, Run: "c1", Number: 13}}},
		"a plan to start":                  {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Planned, nil)}, want: move{what: doStart, at: 0}},
		"a plan that is too old":           {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Planned, nil)}, later: time.Hour, want: move{what: doRenew, at: 0}},
		"too old for the last time":        {stages: []Stage{{State: StageRunning, Run: "c1", Try: 2}}, children: []Run{child("c1", "count", Planned, nil)}, later: time.Hour, want: move{what: doNote, at: 0, stage: Stage{State: StageFailed}}},
		"it waits for a yes":               {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Waiting, nil)}, want: move{what: doWait}},
		"it runs":                          {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Running, nil)}, want: move{what: doWait}},
		"it has ended":                     {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Succeeded, found)}, want: move{what: doNote, at: 0, stage: Stage{State: StageDone}}},
		"it failed":                        {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Failed, nil)}, want: move{what: doNote, at: 0, stage: Stage{State: StageFailed}}},
		"it was refused":                   {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Refused, nil)}, want: move{what: doNote, at: 0, stage: Stage{State: StageFailed}}},
		"it is unknown":                    {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Unknown, nil)}, want: move{what: doNote, at: 0, stage: Stage{State: StageUnknown}}},
		"it stays unknown":                 {stages: []Stage{{State: StageUnknown, Run: "c1"}}, children: []Run{child("c1", "count", Unknown, nil)}, want: move{what: doWait}},
		"people found out":                 {stages: []Stage{{State: StageUnknown, Run: "c1"}}, children: []Run{child("c1", "count", Succeeded, nil)}, want: move{what: doNote, at: 0, stage: Stage{State: StageDone}}},
		"a failed step stops it":           {stages: []Stage{{State: StageFailed}}, want: move{what: doFinish, at: 0, state: Failed}},
		"nothing to do stops it":           {stages: []Stage{{State: StageNothing}}, want: move{what: doFinish, at: 0, state: Failed}},
		"a question":                       {stages: []Stage{{State: StageDone, Run: "c1"}}, children: []Run{child("c1", "count", Succeeded, found)}, want: move{what: doNote, at: 1, stage: Stage{State: StageAsked}}},
		"no question":                      {stages: []Stage{{State: StageDone, Run: "c1"}}, children: []Run{child("c1", "count", Succeeded, map[string]any{"messages": 0})}, want: move{what: doNote, at: 1, stage: Stage{State: StageSkipped}}},
		"a fact that is not there":         {stages: []Stage{{State: StageDone, Run: "c1"}}, children: []Run{child("c1", "count", Succeeded, nil)}, want: move{what: doNote, at: 1, stage: Stage{State: StageFailed}}},
		"it waits for an answer":           {stages: []Stage{{State: StageDone}, {State: StageAsked, Until: noon.Add(time.Minute)}}, want: move{what: doWait}},
		"nobody answered":                  {stages: []Stage{{State: StageDone}, {State: StageAsked, Until: noon}}, want: move{what: doNote, at: 1, stage: Stage{State: StageFailed}}},
		"somebody said no":                 {stages: []Stage{{State: StageDone}, {State: StageDeclined, Answer: "no"}}, want: move{what: doFinish, at: 1, state: Failed}},
		"somebody said yes":                {stages: []Stage{{State: StageDone}, {State: StageDone, Answer: "yes"}}, want: move{what: doPlan, at: 2}},
		"it goes on although":              {stages: []Stage{{State: StageDone}, {State: StageDone, Answer: "yes"}, {State: StageFailed}}, want: move{what: doPlan, at: 3}},
		"the end":                          {stages: []Stage{{State: StageDone}, {State: StageSkipped}, {State: StageSkipped}, {State: StageDone}}, want: move{what: doFinish, at: 3, state: Succeeded}},
		"cancelled before a step":          {stages: []Stage{{State: StageDone}}, cancel: true, want: move{what: doNote, at: 1, stage: Stage{State: StageCancelled}}},
		"cancelled during a step":          {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Running, nil)}, cancel: true, want: move{what: doStop, at: 0}},
		"cancelled during a question":      {stages: []Stage{{State: StageDone}, {State: StageAsked, Until: noon.Add(time.Minute)}}, cancel: true, want: move{what: doNote, at: 1, stage: Stage{State: StageCancelled}}},
		"cancelled, and the step did stop": {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Cancelled, nil)}, cancel: true, want: move{what: doNote, at: 0, stage: Stage{State: StageCancelled}}},
		"somebody cancelled the step":      {stages: []Stage{{State: StageRunning, Run: "c1"}}, children: []Run{child("c1", "count", Cancelled, nil)}, want: move{what: doNote, at: 0, stage: Stage{State: StageFailed}}},
		"cancelled, the end":               {stages: []Stage{{State: StageDone}, {State: StageCancelled}}, cancel: true, want: move{what: doFinish, at: 1, state: Cancelled}},
	}
	for name, x := range tests {
		t.Run(name, func(t *testing.T) {
			flow := rescue()
			for i, st := range x.stages {
				st.Step = flow.Course.Stages[i].Step
				flow.Course.Stages[i] = st
			}
			if x.cancel {
				flow.CancelAt = noon
			}
			got := newWalk(flow, x.children, noon.Add(x.later)).next()
			type brief struct {
				What  doing
				At    int
				State State
				Stage StageState
				Run   string
			}
			short := func(m move) brief { return brief{m.what, m.at, m.state, m.stage.State, m.stage.Run} }
			want := short(x.want)
			if want.What == doWait { // which step it waits for is not said
				want.At = got.at
			}
			if want.Stage != StageAhead && want.Run == "" {
				want.Run = got.stage.Run
			}
			if diff := cmp.Diff(want, short(got)); diff != "" {
				t.Errorf("next (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExpressionsOfAStep(t *testing.T) {
	flow := rescue()
	flow.Course.Stages[0] = Stage{Step: "count", State: StageDone, Run: "c1"}
	w := newWalk(flow, []Run{child("c1", "count", Succeeded, map[string]any{"messages": 3, "name": "decisions.dlx"})}, noon)
	got, err := w.inputs(3)
	if diff := cmp.Diff(map[string]any{"queue": "decisions.dlx"}, got); diff != "" || err != nil {
		t.Errorf("inputs: %v\n%s", err, diff)
	}
	flow.Definition.Settings["steps"] = []any{step("id", "a", "action", "x", "inputs", step("passed", "{inputs.note}", "counted", "{1 + 1}", "said", "as it stands", "either", `{inputs.note == "" ? "none" : inputs.note}`))}
	flow.Course = newCourse(flow.Definition)
	got, err = newWalk(flow, nil, noon).inputs(0)
	if diff := cmp.Diff(map[string]any{"counted": 2.0, "said": "as it stands", "either": "none"}, got); diff != "" || err != nil {
		t.Errorf("inputs: %v\n%s", err, diff)
	}
}

// TestAFlowComesToAnEnd lets anything happen to the runs of a flow's steps and to its questions: every step is planned once, no step begins
// before the one before it is over, and the flow ends.
func TestAFlowComesToAnEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flow, now := rescue(), noon
		children := map[string]Run{}
		planned := map[string]int{}
		for moves := 0; flow.State == Running; moves++ {
			if moves > 200 {
				t.Fatalf("no end: %+v", flow.Course.Stages)
			}
			var all []Run
			for _, c := range children {
				all = append(all, c)
			}
			if rapid.IntRange(0, 30).Draw(t, "cancel") == 0 && flow.CancelAt.IsZero() {
				flow.CancelAt = now
			}
			m := newWalk(flow, all, now).next()
			for i, st := range flow.Course.Stages {
				if i < m.at && !st.State.Over() {
					t.Fatalf("step %d is worked on while %d is %q", m.at, i, st.State)
				}
			}
			st := flow.Course.Stages[m.at]
			switch m.what {
			case doNote:
				flow = flow.withStage(m.at, m.stage)
			case doPlan:
				id := st.Step
				if planned[id]++; planned[id] > 1 {
					t.Fatalf("%s is planned twice", id)
				}
				children[id] = child(id, id, Planned, nil) // the process vanishes before it writes that down
			case doStart:
				c := children[st.Run]
				c.State = Running
				children[st.Run] = c
			case doStop:
				c, _, err := cancel(flow.CancelledBy)(Current{Run: children[st.Run], Now: now})
				if err != nil {
					t.Fatal(err)
				}
				children[st.Run] = c
			case doWait:
				if st.State == StageAsked {
					if rapid.Bool().Draw(t, "answered") {
						next := decideAnswer(t, flow, st.Step, rapid.SampledFrom([]string{"yes", "no"}).Draw(t, "answer"), now)
						flow = next
					} else {
						now = st.Until
					}
					continue
				}
				c := children[st.Run]
				c.State = rapid.SampledFrom([]State{Succeeded, Failed, Cancelled, Unknown, Refused}).Draw(t, "end")
				c.Result = Result{Summary: "It ended.", Facts: map[string]any{"messages": rapid.IntRange(0, 1).Draw(t, "messages"), "name": "decisions"}}
				children[st.Run] = c
			case doFinish:
				flow.State = m.state
			}
		}
		if flow.State != Succeeded && flow.State != Failed && flow.State != Cancelled {
			t.Fatalf("it ended as %s", flow.State)
		}
	})
}

func decideAnswer(t *rapid.T, flow Run, step, word string, now time.Time) Run {
	by := people.As(people.Person{ID: "karl"}, "screen")
	r, cs, err := answered(journal.By(by), step, word, "")(Current{Run: flow, Now: now})
	if !flow.CancelAt.IsZero() {
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("an answer to a flow that is being cancelled: %v", err)
		}
		return flow
	}
	if err != nil || len(cs.Jobs) != 1 {
		t.Fatalf("answered: %v, %d jobs", err, len(cs.Jobs))
	}
	return r
}
