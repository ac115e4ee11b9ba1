package action

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// Course is how far a flow has come.
type Course struct {
	Stages []Stage   `json:"stages,omitempty"` // one for each step, in their order
	As     authority `json:"as,omitzero"`
}

// authority is what whoever started a flow was allowed at that moment: its steps get no more, however long it takes.
type authority struct {
	Role   people.Role `json:"role,omitempty"`
	Teams  []string    `json:"teams,omitempty"`
	Capped bool        `json:"capped,omitempty"`
}

// StageState is how far one step is.
type StageState string

// The states of a flow's steps.
const (
	StageAhead     StageState = ""          // its turn has not come
	StageRunning   StageState = "running"   // its run is planned, waits for a yes, or runs
	StageAsked     StageState = "asked"     // somebody is asked
	StageDone      StageState = "done"      // it had its effect, or somebody answered
	StageSkipped   StageState = "skipped"   // its condition did not hold
	StageNothing   StageState = "nothing"   // its plan found nothing to do
	StageFailed    StageState = "failed"    // it had no effect, or nobody answered in time
	StageDeclined  StageState = "declined"  // somebody answered no
	StageUnknown   StageState = "unknown"   // nobody can say what became of its run
	StageCancelled StageState = "cancelled" // the flow was cancelled before it was done
)

// Over says whether nothing more comes of the step.
func (s StageState) Over() bool {
	return s != StageAhead && s != StageRunning && s != StageAsked && s != StageUnknown
}

// Stage is how far one step of a flow is.
type Stage struct {
	Step   string        `json:"step"`
	State  StageState    `json:"state,omitempty"`
	Run    string        `json:"run,omitempty"`    // the id of its run
	Number int64         `json:"number,omitempty"` // the run's number
	Try    int           `json:"try,omitempty"`    // how often it was planned anew because the plan grew too old
	Why    string        `json:"why,omitempty"`    // why it is as it is, in a sentence
	Answer string        `json:"answer,omitempty"`
	By     journal.Actor `json:"by,omitzero"`     // who answered
	Words  string        `json:"words,omitempty"` // what they said with it
	At     time.Time     `json:"at,omitzero"`     // when its turn came
	Until  time.Time     `json:"until,omitzero"`  // a check point: until when it waits
	Ended  time.Time     `json:"ended,omitzero"`
}

// Ref is the short name of its run: "RUN-885"; empty when there is none.
func (s Stage) Ref() string {
	if s.Run == "" {
		return ""
	}
	return Run{Number: s.Number}.Ref()
}

// Place is the step of a flow that a run carries out. No two runs have the same: however often a flow is taken up after a crash, each step is
// planned and started once.
type Place struct {
	Flow string // the run of the flow; empty for a run of its own
	Step string
	Try  int
}

// Asking is the check point at which the flow waits for an answer, and how far it is; false when it waits at none.
func (r Run) Asking() (FlowStep, Stage, bool) {
	if r.State != Running {
		return FlowStep{}, Stage{}, false
	}
	steps := r.Definition.Steps()
	for i, st := range r.Course.Stages {
		if st.State == StageAsked && i < len(steps) {
			return steps[i], st, true
		}
	}
	return FlowStep{}, Stage{}, false
}

// JobFlow is the durable work of taking a flow one step on. It never waits for anything: the end of a step's run, and an answer, write the
// next one in their own transaction.
type JobFlow struct {
	Run string `json:"run"`
}

// KindFlow is tried for ever; what does not come to an end within some tries fails its step.
func KindFlow() job.Kind[JobFlow] {
	return job.Kind[JobFlow]{Name: "action.flow", Limit: 2 * time.Minute}
}

// tell wakes the flow that the run is a step of.
func (r Run) tell(now time.Time, cs *journal.Consequences) {
	if r.In.Flow != "" {
		cs.Do(KindFlow().At(now, r.In.Flow, JobFlow{r.In.Flow}))
	}
}

// walk is a flow as it is at one moment.
type walk struct {
	flow     Run
	steps    []FlowStep
	children map[string]Run // by id
	now      time.Time
}

// newWalk gathers it. children are the runs of its steps, in any order.
func newWalk(flow Run, children []Run, now time.Time) walk {
	w := walk{flow: flow, steps: flow.Definition.Steps(), children: map[string]Run{}, now: now}
	for _, c := range children {
		w.children[c.ID] = c
	}
	return w
}

// What a flow does next.
type doing int

const (
	doWait   doing = iota // until its run, a person or a time wakes it
	doNote                // write down how far a step is, and look again
	doPlan                // plan the run of a step
	doStart               // start it
	doStop                // cancel it
	doRenew               // discard its plan, which is too old
	doFinish              // end the flow
)

// move is what a flow does next.
type move struct {
	what  doing
	at    int   // which step
	stage Stage // for a note: how far it is now
	state State // for the end
	say   string
}

// next decides what the flow does next. It is a pure function of what is written down, so it may be asked as often as anything wakes the
// flow.
func (w walk) next() move {
	for i, st := range w.flow.Course.Stages {
		switch {
		case !st.State.Over() && i < len(w.steps):
			return w.turn(i)
		case w.stops(i):
			return move{what: doFinish, at: i, state: w.endsAs(st), say: w.verdict(i)}
		}
	}
	return move{what: doFinish, at: len(w.steps) - 1, state: Succeeded, say: w.verdict(-1)}
}

// stops says whether the flow ends with the step.
func (w walk) stops(i int) bool {
	switch w.flow.Course.Stages[i].State {
	case StageFailed, StageNothing:
		return !w.steps[i].passes()
	case StageDeclined, StageCancelled:
		return true
	}
	return false
}

func (w walk) endsAs(st Stage) State {
	if st.State == StageCancelled {
		return Cancelled
	}
	return Failed
}

// turn is what to do about the step whose turn it is.
func (w walk) turn(i int) move {
	st := w.flow.Course.Stages[i]
	cancelled := !w.flow.CancelAt.IsZero()
	switch {
	case st.State == StageAhead && cancelled:
		return w.note(i, StageCancelled, "The flow was cancelled before its turn came.")
	case st.State == StageAhead:
		return w.take(i)
	case st.State == StageAsked && cancelled:
		return w.note(i, StageCancelled, "The flow was cancelled before anybody answered.")
	case st.State == StageAsked && !w.now.Before(st.Until):
		return w.note(i, StageFailed, "Nobody answered in time.")
	case st.State == StageAsked:
		return move{what: doWait, at: i}
	}
	return w.follow(i, w.children[st.Run], cancelled)
}

// take is how a step begins.
func (w walk) take(i int) move {
	s := w.steps[i]
	holds, err := w.applies(i)
	switch {
	case err != nil:
		return w.note(i, StageFailed, fault.Sentence(err))
	case !holds:
		return w.note(i, StageSkipped, "Its condition did not hold: "+s.When)
	case s.CheckPoint():
		m := w.note(i, StageAsked, "")
		m.stage.Until = w.now.Add(s.within())
		return m
	}
	if child, ok := w.planned(i); ok { // it was planned, and nobody lived to write that down
		m := w.note(i, StageRunning, "")
		m.stage.Run, m.stage.Number = child.ID, child.Number
		return m
	}
	return move{what: doPlan, at: i}
}

// planned is the run that stands at a step's place already.
func (w walk) planned(i int) (Run, bool) {
	st := w.flow.Course.Stages[i]
	for _, c := range w.children {
		if c.In.Step == st.Step && c.In.Try == st.Try {
			return c, true
		}
	}
	return Run{}, false
}

// follow is what to do about the run of a step.
func (w walk) follow(i int, child Run, cancelled bool) move {
	st := w.flow.Course.Stages[i]
	why := child.Result.Summary
	switch child.State {
	case Planned, Waiting, Running:
		switch {
		case cancelled && (child.State != Running || child.CancelAt.IsZero()):
			return move{what: doStop, at: i}
		case child.State == Planned && child.Plan.Nothing:
			return w.note(i, StageNothing, child.Plan.Summary)
		case child.State == Planned && w.now.After(child.PlanExpires()) && st.Try+1 >= mostRenewals:
			return w.note(i, StageFailed, "It could not start before its plan was too old, several times: another run of the same action was running.")
		case child.State == Planned && w.now.After(child.PlanExpires()):
			return move{what: doRenew, at: i}
		case child.State == Planned:
			return move{what: doStart, at: i}
		}
		return move{what: doWait, at: i}
	case Unknown:
		if st.State == StageUnknown {
			return move{what: doWait, at: i}
		}
		return w.note(i, StageUnknown, why)
	case Succeeded:
		return w.note(i, StageDone, why)
	case Cancelled:
		if cancelled {
			return w.note(i, StageCancelled, why)
		}
	}
	return w.note(i, StageFailed, why)
}

// mostRenewals is how often a step is planned anew while another run holds its lane: about three quarters of an hour.
const mostRenewals = 3

// note is the step as it becomes.
func (w walk) note(i int, state StageState, why string) move {
	st := w.flow.Course.Stages[i]
	st.State, st.Why = state, why
	if st.At.IsZero() {
		st.At = w.now
	}
	if state.Over() {
		st.Ended = w.now
	}
	return move{what: doNote, at: i, stage: st}
}

// verdict tells in a sentence or two how the flow ended: at which step, or at none.
func (w walk) verdict(i int) string {
	var failed []string
	done, skipped := 0, 0
	for n, st := range w.flow.Course.Stages {
		switch st.State {
		case StageDone:
			done++
		case StageSkipped:
			skipped++
		case StageFailed, StageNothing:
			if n != i {
				failed = append(failed, st.Step)
			}
		}
	}
	say := fmt.Sprintf("%s done", count(done, "step is", "steps are"))
	if skipped > 0 {
		say += fmt.Sprintf(", %d skipped", skipped)
	}
	if say += "."; done == 0 && i < 0 && skipped == len(w.steps) {
		say = "No step was needed: none of the conditions held."
	}
	if len(failed) > 0 {
		say += " It went on although " + strings.Join(failed, ", ") + " failed."
	}
	if i < 0 {
		return say
	}
	st := w.flow.Course.Stages[i]
	switch st.State {
	case StageDeclined:
		return fmt.Sprintf("It stopped at %s: the answer was %s. %s", st.Step, st.Answer, say)
	case StageCancelled:
		return fmt.Sprintf("The flow was cancelled at %s. %s", st.Step, say)
	case StageNothing:
		return fmt.Sprintf("It stopped at %s, which found nothing to do: %s %s", st.Step, ended(st.Why), say)
	}
	return fmt.Sprintf("It stopped at %s: %s %s", st.Step, ended(st.Why), say)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// result is what the flow leaves: what its steps did, and the way back from them.
func (w walk) result(m move) Result {
	facts := map[string]any{}
	for _, st := range w.flow.Course.Stages {
		if st.State.Over() {
			n, _ := facts["steps_"+string(st.State)].(int)
			facts["steps_"+string(st.State)] = n + 1
		}
	}
	return Result{Summary: m.say, Done: m.state == Succeeded, Facts: facts, Undo: w.undo()}
}

// noted writes how far a step is, unless somebody was faster.
func noted(before Stage, at int, after Stage, mailed []string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		var cs journal.Consequences
		if !r.inStep(at, before) {
			return r, cs, nil
		}
		r = r.withStage(at, after)
		system := journal.By(people.System("flow"))
		facts := map[string]any{"step": after.Step, "at": at + 1}
		if after.Run != "" {
			facts["run"] = after.Run
		}
		switch {
		case after.State == StageUnknown:
			r, cs = r.ended(c.Now, Unknown, Result{Unknown: true, Summary: fmt.Sprintf("Nobody can say what became of %s, the step %s. Look at it and say what you found; the flow goes on from there.", after.Ref(), after.Step)})
			cs.Finish = false
		case r.State == Unknown: // people have found out
			r.State, r.EndedAt, r.Result = Running, time.Time{}, Result{}
			cs.Add(r.entry(system, "run.resumed", nil))
		}
		if after.State == StageAsked {
			cs.Do(KindFlow().At(after.Until, r.ID+"/"+after.Step, JobFlow{r.ID}))
			for _, p := range mailed {
				cs.Do(KindAsk().At(c.Now, r.ID+"/"+after.Step+"/"+p, JobAsk{Run: r.ID, Person: p, Step: after.Step}))
			}
		}
		cs.Add(r.entry(system, "run.step_"+string(after.State), facts))
		return r, cs, nil
	}
}

// inStep says whether the step is still as it was seen.
func (r Run) inStep(at int, seen Stage) bool {
	if r.State != Running && r.State != Unknown || at >= len(r.Course.Stages) {
		return false
	}
	st := r.Course.Stages[at]
	return st.State == seen.State && st.Run == seen.Run && st.Try == seen.Try
}

func (r Run) withStage(at int, st Stage) Run {
	r.Course.Stages = slices.Clone(r.Course.Stages)
	r.Course.Stages[at] = st
	r.Progress = Progress{Done: at, Total: len(r.Course.Stages), What: st.Step}
	if st.State.Over() {
		r.Progress.Done++
	}
	return r
}

// finished ends the flow as its steps say.
func finished(seen Course, state State, result Result) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		if r.State != Running && r.State != Unknown || !slices.EqualFunc(r.Course.Stages, seen.Stages, func(a, b Stage) bool { return a.State == b.State && a.Run == b.Run }) {
			return r, journal.Consequences{}, nil
		}
		if state == Cancelled && r.CancelledBy.Kind == "" {
			r.CancelledBy = journal.By(people.System("flow"))
		}
		r, cs := r.ended(c.Now, state, result)
		r.EndedAt = c.Now
		return r, cs, nil
	}
}

// dropped discards a plan that a flow does not need any more.
func dropped(why string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		if r.State != Planned && r.State != Waiting {
			return r, journal.Consequences{}, nil
		}
		system := journal.By(people.System("flow"))
		r = r.refund()
		r.State, r.CancelledBy, r.CancelAt, r.EndedAt, r.Sealed = Cancelled, system, c.Now, c.Now, nil
		r.Result = Result{Summary: ended(why) + " Nothing was done."}
		return r, journal.Consequences{Entries: []journal.Entry{r.entry(system, "run.cancelled", nil)}}, nil
	}
}

// answered writes what a person answered at a check point. The same answer again changes nothing.
func answered(by journal.Actor, step, word, words string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		var cs journal.Consequences
		at := slices.IndexFunc(r.Course.Stages, func(s Stage) bool { return s.Step == step })
		if at < 0 {
			return r, cs, fault.New(fault.NotFound, "%s has no step %q. Look at its steps.", r.Ref(), cut(step, 40))
		}
		st := r.Course.Stages[at]
		switch {
		case st.Answer != "" && st.Answer == word && st.By.ID == by.ID:
			return r, cs, nil
		case st.Answer != "":
			return r, cs, fault.New(fault.Conflict, "The question of %s was answered already: %s. Look at it.", r.Ref(), st.Answer)
		case st.State == StageAhead && r.State == Running:
			return r, cs, fault.New(fault.Conflict, "%s has not come to %s yet. Look at where it is.", r.Ref(), st.Step)
		case st.State != StageAsked || r.State != Running || !r.CancelAt.IsZero():
			return r, cs, fault.New(fault.Conflict, "%s does not wait for this answer any more. Look at it.", r.Ref())
		case !c.Now.Before(st.Until):
			return r, cs, fault.New(fault.Conflict, "The question waited until %s and is over. Look at what became of %s.", st.Until.Format("15:04:05 MST"), r.Ref())
		}
		st.Answer, st.By, st.Words, st.Ended, st.State = word, by, words, c.Now, StageDone
		if word == answerNo {
			st.State = StageDeclined
		}
		r = r.withStage(at, st)
		e := r.entry(by, "run.step_answered", map[string]any{"step": step, "answer": word})
		e.Text = r.sealText(words)
		cs.Add(e)
		cs.Do(KindFlow().At(c.Now, r.ID, JobFlow{r.ID}))
		return r, cs, nil
	}
}
