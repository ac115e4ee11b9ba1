package action

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/form"
)

// TryFlow runs a test of a flow with the kinds: its steps one after the other, with the answers that the test gives at check points. find finds
// the actions of the steps.
func (k Kinds) TryFlow(ctx context.Context, d Definition, x Test, find func(id string) (Definition, bool)) Tried {
	led := &trial{}
	t := &flowTrial{kinds: k, test: x, find: find, led: led}
	result, stages, err := t.run(ctx, d, x.Inputs, 1)
	out := Tried{Lines: led.lines}
	switch {
	case err != nil && x.Refused == "":
		out.wrong("it is refused: %s%s", fault.Sentence(err), fieldsOf(err))
	case err != nil:
		out.miss("the refusal", x.Refused, fault.Sentence(err)+fieldsOf(err))
	default:
		out.ended(x, result, Plan{Summary: t.plan})
	}
	for _, step := range slices.Sorted(maps.Keys(x.Steps)) {
		i := slices.IndexFunc(stages, func(s Stage) bool { return s.Step == step })
		switch {
		case i < 0:
			out.wrong("there is no step %s", step)
		case stateWord(stages[i].State) != x.Steps[step]:
			out.wrong("the step %s is %s, not %s: %s", step, stateWord(stages[i].State), x.Steps[step], stages[i].Why)
		}
	}
	return out
}

func stateWord(s StageState) string {
	if s == StageAhead {
		return "ahead"
	}
	return string(s)
}

// flowTrial walks a flow without a database.
type flowTrial struct {
	kinds Kinds
	test  Test
	find  func(id string) (Definition, bool)
	led   *trial
	plan  string // of the first step
}

// run walks a flow to its end, by the same decisions as a real one.
func (t *flowTrial) run(ctx context.Context, d Definition, given map[string]any, deep int) (Result, []Stage, error) {
	values, err := form.Check(d.Inputs, given)
	if err != nil {
		return Result{}, nil, err
	}
	if deep > mostDepth {
		return Result{}, nil, fault.New(fault.Invalid, "Flows run flows at most %d deep.", mostDepth)
	}
	flow := Run{ID: "test", Definition: d, Inputs: values, State: Running, Course: newCourse(d)}
	var children []Run
	for range mostMoves {
		w := newWalk(flow, children, time.Unix(0, 0))
		m := w.next()
		switch m.what {
		case doNote:
			flow = flow.withStage(m.at, m.stage)
		case doPlan:
			child, err := t.step(ctx, w, m.at, deep)
			if err != nil {
				flow = flow.withStage(m.at, w.note(m.at, StageFailed, fault.Sentence(err)+fieldsOf(err)).stage)
				continue
			}
			children = append(children, child)
		case doWait: // only a check point waits here
			if flow, err = t.answer(flow, w.steps[m.at]); err != nil {
				return Result{}, flow.Course.Stages, err
			}
		default:
			return w.result(m), flow.Course.Stages, nil
		}
	}
	return Result{}, nil, fault.New(fault.Internal, "The flow goes round in circles.")
}

// answer gives the test's answer.
func (t *flowTrial) answer(flow Run, s FlowStep) (Run, error) {
	word, given := t.test.Says[s.ID]
	i := slices.IndexFunc(flow.Course.Stages, func(st Stage) bool { return st.Step == s.ID })
	st := flow.Course.Stages[i]
	switch {
	case !given:
		return flow, fault.New(fault.Invalid, "The check point %s asks %q, and the test says nothing under says.", s.ID, s.Ask)
	case !slices.Contains(s.Words(), word):
		return flow, fault.New(fault.Invalid, "The test says %q at %s, whose answers are %s.", word, s.ID, strings.Join(s.Words(), ", "))
	}
	st.State, st.Answer = StageDone, word
	if word == answerNo {
		st.State = StageDeclined
	}
	return flow.withStage(i, st), nil
}

// step does what the run of a step would, and is that run.
func (t *flowTrial) step(ctx context.Context, w walk, at, deep int) (Run, error) {
	s := w.steps[at]
	d, ok := t.find(s.Action)
	if !ok {
		return Run{}, fault.New(fault.NotFound, "The step %s runs %s, which is not in this folder.", s.ID, s.Action)
	}
	inputs, err := w.inputs(at)
	if err != nil {
		return Run{}, err
	}
	child := Run{ID: s.ID, Definition: d, In: Place{Flow: "test", Step: s.ID}, State: Succeeded}
	if d.Flow() {
		child.Result, _, err = t.run(ctx, d, inputs, deep+1)
	} else {
		x := Test{Inputs: inputs, Secrets: t.test.Secrets}
		var plan Plan
		child.Result, plan, err = t.kinds.try(ctx, d, x, t.led)
		if t.plan == "" {
			t.plan = plan.Summary
		}
		if plan.Nothing {
			child.State, child.Plan = Planned, plan
			return child, nil
		}
	}
	if err != nil {
		return Run{}, err
	}
	if !child.Result.Done {
		child.State = Failed
	}
	return child, nil
}
