package web

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// oneFlow is a flow with the runs of its steps; everything else about actions is never asked.
type oneFlow struct {
	unasked
	runs     *firmRuns
	flow     action.Run
	children []action.Run
	said     []string
}

func (o *oneFlow) Run(context.Context, people.Actor, string) (action.Run, error) { return o.flow, nil }
func (o *oneFlow) Children(context.Context, people.Actor, string) ([]action.Run, error) {
	return o.children, nil
}

func (o *oneFlow) Quarantine(context.Context, people.Actor, action.KeptFilter) ([]action.Kept, error) {
	return nil, nil
}

func (o *oneFlow) List(ctx context.Context, a people.Actor, q action.RunFilter) ([]action.Run, error) {
	return o.runs.List(ctx, a, q)
}

func (o *oneFlow) Output(context.Context, people.Actor, string, int64) ([]action.Line, error) {
	return nil, nil
}

func (o *oneFlow) Steps(context.Context, people.Actor, string) ([]action.Step, error) {
	return nil, nil
}

func (o *oneFlow) Action(context.Context, people.Actor, string) (action.Definition, error) {
	return o.flow.Definition, nil
}

func (o *oneFlow) Approvers(context.Context, action.Run, people.Actor, int) ([]people.Person, error) {
	return nil, nil
}

func (o *oneFlow) Answer(_ context.Context, _ people.Actor, _, step, word, words string) (action.Run, error) {
	if word == "perhaps" {
		return o.flow, fault.New(fault.Invalid, "The check point look takes yes, not-yet and no.")
	}
	o.said = append(o.said, step+" "+word+" "+words)
	return o.flow, nil
}

// aFlow looks, asks, and moves what waits.
func aFlow(stages ...action.Stage) action.Run {
	return action.Run{ID: "flow-1", Number: 30, State: action.Running, PlannedAt: night, StartedAt: night, BegunAt: night,
		PlannedBy: journal.Actor{Kind: people.ByPerson, ID: "liis"}, StartedBy: journal.Actor{Kind: people.ByPerson, ID: "liis"},
		Definition: action.Definition{ID: "queue/mend", Title: "Mend the queue", Team: "support", Risk: action.RiskChange, Kind: action.FlowKind, Settings: map[string]any{"steps": []any{
			map[string]any{"id": "park", "action": "queue/park-message"},
			map[string]any{"id": "look", "ask": "Does the <queue> drain?", "answers": []any{"yes", "not-yet", "no"}},
			map[string]any{"id": "move", "action": "queue/park-message", "when": "steps.look.done"},
		}}},
		Plan: action.Plan{Summary: "Takes one message out, then 2 more steps.", Changes: []action.Change{{What: "decisions.in", Now: "512 wait", After: "511 wait", Count: 1}},
			Tables: []action.Table{{Title: "The steps", Columns: []string{"Step", "What"}, Rows: [][]string{{"park", "Take the poisoned message out"}, {"look", "Does the <queue> drain?"}, {"move", "Take the poisoned message out"}}}}},
		Course: action.Course{Stages: stages}}
}

func openFlow(t *testing.T, flow action.Run, children ...action.Run) (*firm, *oneFlow) {
	t.Helper()
	f := newFirm(t)
	o := &oneFlow{runs: f.runs, flow: flow, children: children}
	f.desk.s.deps.Actions = o
	return f, o
}

func stepRun(number int64, state action.State) action.Run {
	return action.Run{ID: "step", Number: number, State: state, In: action.Place{Flow: "flow-1", Step: "park"}}
}

// A flow's plan names its steps before anybody presses anything.
func TestFlowIsPlanned(t *testing.T) {
	flow := aFlow()
	flow.State, flow.StartedAt, flow.BegunAt = action.Planned, time.Time{}, time.Time{}
	f, _ := openFlow(t, flow)
	f.desk.to("/runs/RUN-30", ask{as: f.as(people.Support, "liis")}).is(http.StatusOK).
		has("main", "then 2 more steps").has("main", "The steps").has("main", "Does the <queue> drain?").has("form[action='/runs/RUN-30/start'] button.first", "")
}

// At a check point the question stands there with its answers, for whoever may answer; an answer is taken once, and a wrong one is said.
func TestFlowAsks(t *testing.T) {
	f, o := openFlow(t, aFlow(action.Stage{Step: "park", State: action.StageDone, Run: "step", Number: 31, At: night}, action.Stage{Step: "look", State: action.StageAsked, At: night, Until: night.Add(time.Hour)}, action.Stage{Step: "move"}),
		stepRun(31, action.Succeeded))
	support := f.as(people.Support, "liis")
	f.desk.to("/runs/RUN-30", ask{as: support}).is(http.StatusOK).has("#asks", "Does the <queue> drain?").
		has("[aria-label='Step park'] .state.ok", "Done").has("[aria-label='Step park'] a[href='/runs/RUN-31']", "RUN-31").has("[aria-label='Step look'] .state.warning", "Waits for an answer").
		has("[aria-label='Step move'] .state.calm", "Later").has("[aria-label='Step move'] code", "steps.look.done").
		has("form[action='/runs/RUN-30/answer'] button[value=yes]", "Yes").has("form[action='/runs/RUN-30/answer'] button[value=not-yet]", "Not yet").has("form[action='/runs/RUN-30/answer'] button.danger[value=no]", "stop here")
	f.desk.to("/runs/RUN-30", ask{as: f.as(people.Member, "aisha")}).is(http.StatusOK).has("#asks", "drain").lacks("form[action='/runs/RUN-30/answer']")
	f.desk.to("/runs/RUN-30/answer", ask{as: support, form: url.Values{"step": {"look"}, "answer": {"perhaps"}, "words": {"It may"}}}).is(http.StatusUnprocessableEntity).has("main", "takes yes, not-yet and no").has("#f-words", "It may")
	for _, word := range []string{"yes", "no"} {
		f.desk.to("/runs/RUN-30/answer", ask{as: support, form: url.Values{"step": {"look"}, "answer": {word}, "words": {"The curve falls"}}}).leadsTo("/runs/RUN-30")
	}
	if len(o.said) != 2 || o.said[0] != "look yes The curve falls" || o.said[1] != "look no The curve falls" {
		t.Errorf("answered %q", o.said)
	}
}

// A no and a step that failed say what became of the flow, who said what, and what was not done.
func TestFlowStops(t *testing.T) {
	liis := journal.Actor{Kind: people.ByPerson, ID: "liis"}
	no := aFlow(action.Stage{Step: "park", State: action.StageDone, Run: "step", Number: 31, At: night}, action.Stage{Step: "look", State: action.StageDeclined, Answer: "no", By: liis, Words: "It <stands>", At: night, Ended: night}, action.Stage{Step: "move"})
	no.State, no.EndedAt, no.Result = action.Failed, night, action.Result{Summary: "It stopped at look: the answer was no."}
	f, _ := openFlow(t, no, stepRun(31, action.Succeeded))
	f.desk.to("/runs/RUN-30", ask{as: f.as(people.Support, "liis")}).is(http.StatusOK).lacks("#asks").has("[aria-label='Step look'] .head .state", "Answered no").
		reads("[aria-label='Step look']", "Liis Tamm: It <stands>").has("[aria-label='Step move'] .state.calm", "Later").has("main", "the answer was no")

	failed := aFlow(action.Stage{Step: "park", State: action.StageFailed, Run: "step", Number: 31, At: night, Why: "The queue was deleted."}, action.Stage{Step: "look"}, action.Stage{Step: "move"})
	failed.State, failed.EndedAt, failed.Result = action.Failed, night, action.Result{Summary: "It stopped at park."}
	f, _ = openFlow(t, failed, stepRun(31, action.Failed))
	f.desk.to("/runs/RUN-30", ask{as: f.as(people.Support, "liis")}).is(http.StatusOK).has("[aria-label='Step park'] .state.critical", "Failed").has("[aria-label='Step park']", "The queue was deleted.").
		has("[aria-label='Step park'] a[href='/runs/RUN-31']", "RUN-31").has("[aria-label='Step look'] .state.calm", "Later")
}
