package action

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// first is the plan of a flow's first step, as it was seen in the flow's own plan. The step carries out exactly that one, or its kind refuses
// because the world has moved.
type first struct {
	At      int    `json:"at"` // -1: no step has a plan yet
	Version string `json:"version,omitempty"`
	Plan    Plan   `json:"plan,omitzero"`
}

func firstOf(private json.RawMessage) first {
	f := first{At: -1}
	if len(private) > 0 && json.Unmarshal(private, &f) != nil {
		return first{At: -1}
	}
	return f
}

// of is the plan that was seen, when the action is still the same.
func (f first) of(d Definition) (*Plan, error) {
	if d.Version() != f.Version {
		return nil, fault.New(fault.Conflict, "The action %s was changed since the flow was planned. Plan the flow again.", d.ID)
	}
	return &f.Plan, nil
}

// foresee plans a flow: the plan of its first step from the real world, and the list of the others, whose plans come when their turn comes.
// Whoever may not run one of them learns it now.
func (r *Runner) foresee(ctx context.Context, by people.Actor, flow Run) (Plan, error) {
	w := newWalk(flow, nil, r.Clock.Now())
	p := Plan{At: w.now, Tables: []Table{w.table()}, Undo: "Each step keeps the undo of its action. When the flow has ended, it offers those of what was done, the last one first."}
	if flow.Definition.Undoes {
		p.Undo = ""
	}
	for i, s := range w.steps {
		if s.CheckPoint() || s.Undo != "" {
			continue
		}
		d, err := r.runnable(ctx, by, s.Action)
		if err != nil {
			return p, fault.Wrap(err, fault.KindOf(err), "The step %s cannot run for you: %s", w.steps[i].ID, fault.Sentence(err))
		}
		if rank(d.Risk) > rank(flow.Definition.Risk) {
			return p, fault.New(fault.Conflict, "The step %s runs %s, which has the risk %s by now, and the flow only %s. Ask its owners to look at the flow.", s.ID, d.ID, d.Risk, flow.Definition.Risk)
		}
	}
	return r.foreseeFirst(ctx, by, w, p)
}

// foreseeFirst adds the first step that applies.
func (r *Runner) foreseeFirst(ctx context.Context, by people.Actor, w walk, p Plan) (Plan, error) {
	for i, s := range w.steps {
		holds, err := w.applies(i)
		if err != nil {
			return p, err
		}
		if !holds {
			w.flow = w.flow.withStage(i, Stage{Step: s.ID, State: StageSkipped})
			continue
		}
		left := len(w.steps) - i - 1
		if s.CheckPoint() {
			p.Summary = fmt.Sprintf("First it asks: %s %s", ended(s.Ask), later(left))
			return p, nil
		}
		t, err := r.task(ctx, by, w, i)
		if err != nil {
			return p, fault.Wrap(err, fault.KindOf(err), "The step %s cannot be planned: %s%s", s.ID, fault.Sentence(err), fieldsOf(err))
		}
		seen, err := r.preview(ctx, by, t.definition, t.request)
		if err != nil {
			return p, fault.Wrap(err, fault.KindOf(err), "The step %s cannot be planned: %s%s", s.ID, fault.Sentence(err), fieldsOf(err))
		}
		return adopt(p, seen, first{At: i, Version: t.definition.Version(), Plan: seen}, s, left)
	}
	p.Summary, p.Nothing = "No step applies: none of the conditions holds with these inputs.", true
	return p, nil
}

// adopt makes the plan of the first step part of the flow's.
func adopt(p, seen Plan, f first, s FlowStep, left int) (Plan, error) {
	p.Summary = fmt.Sprintf("First %s: %s %s", s.ID, ended(seen.Summary), later(left))
	p.Changes, p.Costs, p.Tables = seen.Changes, seen.Costs, append(p.Tables, seen.Tables...)
	if seen.Nothing && !s.passes() {
		p.Nothing = true
		p.Summary = fmt.Sprintf("First %s: %s The flow would stop there.", s.ID, ended(seen.Summary))
	}
	var err error
	p.Private, err = json.Marshal(f)
	return p, err
}

// later says that the other plans are not made yet.
func later(left int) string {
	switch left {
	case 0:
		return ""
	case 1:
		return "The step after it is planned when its turn comes."
	}
	return fmt.Sprintf("The %d steps after it are planned when their turn comes.", left)
}

// preview is the plan of an action, of which nothing is kept.
func (r *Runner) preview(ctx context.Context, by people.Actor, d Definition, q PlanRequest) (Plan, error) {
	if err := r.checkRequest(ctx, by, d, q); err != nil {
		return Plan{}, err
	}
	given, err := r.fill(ctx, by, d, q)
	if err != nil {
		return Plan{}, err
	}
	run := Run{Definition: d, Version: d.Version(), Inputs: given.shown, Reason: q.Reason, For: q.For, State: Planned, Salt: secret.Random(24)}
	run.PlannedBy.ID = by.ID
	return r.draw(ctx, by, run, given)
}

// draw makes the plan of a run.
func (r *Runner) draw(ctx context.Context, by people.Actor, run Run, given filled) (Plan, error) {
	if !run.Definition.Flow() {
		return r.ask(ctx, run, given)
	}
	run.Course = newCourse(run.Definition)
	return r.foresee(ctx, by, run)
}

// table lists the steps of a flow.
func (w walk) table() Table {
	t := Table{Title: "The steps", Columns: []string{"Step", "What", "When", "If it fails"}}
	for _, s := range w.steps {
		when, fails := "always", "the flow stops"
		if strings.TrimSpace(s.When) != "" {
			when = s.When
		}
		if s.passes() {
			fails = "the flow goes on"
		}
		t.Rows = append(t.Rows, []string{s.ID, s.What(), when, fails})
	}
	return t
}

// What says what the step does, in a few words.
func (s FlowStep) What() string {
	switch {
	case s.CheckPoint():
		return "asks: " + s.Ask
	case s.Undo != "":
		return s.Say
	}
	return "runs " + s.Action
}

// undo is the way back from a flow: the undos of its steps that can be taken back now, the last one first. It is a flow of its own, whose
// steps are planned, approved and carried out one by one like those of any other.
func (w walk) undo() *Undo {
	if w.flow.Definition.Undoes {
		return nil
	}
	var steps []any
	var back, stays []string
	within := mostUndo
	for i := len(w.flow.Course.Stages) - 1; i >= 0; i-- {
		st := w.flow.Course.Stages[i]
		child, ran := w.children[st.Run]
		if !ran || st.State != StageDone && st.State != StageFailed || child.Definition.Risk == RiskRead {
			continue
		}
		if child.mayUndo(w.now) != nil {
			if st.State == StageDone {
				stays = append(stays, st.Step)
			}
			continue
		}
		steps = append(steps, map[string]any{"id": st.Step, "undo": child.ID, "say": fmt.Sprintf("takes back %s: %s", child.Ref(), child.Result.Undo.Say)})
		back, within = append(back, st.Step), min(within, child.UndoUntil().Sub(w.now))
	}
	if len(steps) == 0 {
		return nil
	}
	say := fmt.Sprintf("Take back %s, in this order.", strings.Join(back, ", then "))
	if len(back) == 1 {
		say = fmt.Sprintf("Take back %s.", back[0])
	}
	if len(stays) > 0 {
		say += fmt.Sprintf(" Nothing takes back %s.", strings.Join(stays, ", "))
	}
	return &Undo{Say: say, Kind: FlowKind, Settings: map[string]any{"steps": steps}, Within: within}
}
