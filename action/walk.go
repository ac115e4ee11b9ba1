package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

const (
	mostMoves  = 4 * mostSteps // in one go; a flow of so many steps cannot need more
	mostTries  = 6             // how often a neighbour that does not answer is asked for a plan: about half a minute
	mostPlaces = mostSteps * mostRenewals
)

// walkOn takes a flow as far as it can go now. It may be called at any time, by several processes at once, and after a crash anywhere: what
// it does is decided from what is written down, each step has one place for one run, and each run starts once.
func (r *Runner) walkOn(ctx context.Context, args JobFlow) error {
	for range mostMoves {
		w, err := r.walk(ctx, args.Run)
		if err != nil {
			return err
		}
		if w.flow.State != Running && w.flow.State != Unknown {
			return r.leave(ctx, w)
		}
		m := w.next()
		if m.what == doWait {
			return nil
		}
		switch err := r.move(ctx, w, m); {
		case errors.Is(err, errPause):
			return nil
		case err != nil:
			return err
		}
		if m.what == doFinish {
			return nil
		}
	}
	return fault.New(fault.Internal, "A flow goes round in circles. Report this with the run's number.")
}

// errPause ends a walk for now: its next job is written.
var errPause = errors.New("the flow waits for a lane")

// walk reads a flow with the runs of its steps.
func (r *Runner) walk(ctx context.Context, id string) (walk, error) {
	flow, err := r.Records.ActionRun(ctx, id)
	if err != nil {
		return walk{}, err
	}
	children, err := r.Records.ActionRuns(ctx, RunFilter{Flow: flow.ID, Limit: mostPlaces})
	return newWalk(flow, children, r.Clock.Now()), err
}

// leave discards what a process planned for a flow that had ended meanwhile.
func (r *Runner) leave(ctx context.Context, w walk) error {
	for _, c := range w.children {
		if c.State == Planned {
			if _, err := r.Runs.ChangeRun(ctx, c.ID, dropped(w.flow.Ref()+" has ended.")); err != nil {
				return err
			}
		}
	}
	return nil
}

// move does one thing.
func (r *Runner) move(ctx context.Context, w walk, m move) error {
	var child Run
	if m.at >= 0 && m.at < len(w.flow.Course.Stages) {
		child = w.children[w.flow.Course.Stages[m.at].Run]
	}
	switch m.what {
	case doNote:
		if m.stage.State == StageNothing {
			if _, err := r.Runs.ChangeRun(ctx, child.ID, dropped("The plan found nothing to do.")); err != nil {
				return err
			}
		}
		return r.note(ctx, w, m)
	case doPlan:
		return r.planStep(ctx, w, m.at)
	case doStart:
		return r.startStep(ctx, w, m.at, child)
	case doStop:
		_, err := r.Runs.ChangeRun(ctx, child.ID, cancel(w.flow.CancelledBy))
		if fault.Is(err, fault.Conflict) { // it has just ended
			return nil
		}
		return err
	case doRenew:
		if _, err := r.Runs.ChangeRun(ctx, child.ID, dropped("The plan was too old to be started, and is made anew.")); err != nil {
			return err
		}
		st := w.flow.Course.Stages[m.at]
		st.State, st.Run, st.Number, st.Try = StageAhead, "", 0, st.Try+1
		return r.note(ctx, w, move{what: doNote, at: m.at, stage: st})
	}
	_, err := r.Runs.ChangeRun(ctx, w.flow.ID, finished(w.flow.Course, m.state, w.result(m)))
	return err
}

func (r *Runner) note(ctx context.Context, w walk, m move) error {
	var mailed []string
	if m.stage.State == StageAsked {
		var err error
		if mailed, err = r.mailed(ctx, w.flow, w.steps[m.at]); err != nil {
			return err
		}
	}
	_, err := r.Runs.ChangeRun(ctx, w.flow.ID, noted(w.flow.Course.Stages[m.at], m.at, m.stage, mailed))
	return err
}

// planStep plans the run of a step, as whoever started the flow.
func (r *Runner) planStep(ctx context.Context, w walk, at int) error {
	child, err := r.planned(ctx, w, at)
	switch {
	case err == nil:
		m := w.note(at, StageRunning, "")
		m.stage.Run, m.stage.Number = child.ID, child.Number
		return r.note(ctx, w, m)
	case fault.Again(err) && triesOf(ctx) < mostTries:
		return err
	case errors.Is(err, errTakenBack):
		return r.note(ctx, w, w.note(at, StageSkipped, fault.Sentence(err)))
	}
	return r.note(ctx, w, w.note(at, StageFailed, fault.Sentence(err)+fieldsOf(err)))
}

// planned makes the plan of a step and stores it at the step's place.
func (r *Runner) planned(ctx context.Context, w walk, at int) (Run, error) {
	by, err := r.starter(ctx, w.flow)
	if err != nil {
		return Run{}, err
	}
	t, err := r.task(ctx, by, w, at)
	if err != nil {
		return Run{}, err
	}
	st := w.flow.Course.Stages[at]
	from := origin{undoes: t.undoes, in: Place{Flow: w.flow.ID, Step: st.Step, Try: st.Try}, by: w.flow.PlannedBy}
	from.by.Via = "flow"
	if at == firstOf(w.flow.Plan.Private).At && st.Try == 0 {
		from.plan, err = firstOf(w.flow.Plan.Private).of(t.definition)
		if err != nil {
			return Run{}, err
		}
	}
	return r.plan(ctx, by, t.definition, t.request, from)
}

func triesOf(ctx context.Context) int {
	c, _ := job.ClaimOf(ctx)
	return c.Try
}

// task is what a step would run, and with which request.
type task struct {
	definition Definition
	request    PlanRequest
	undoes     string
}

// task finds what a step runs, when whoever asks may run it.
func (r *Runner) task(ctx context.Context, by people.Actor, w walk, at int) (task, error) {
	s, t := w.steps[at], task{}
	var err error
	if s.Undo != "" {
		return r.taskBack(ctx, by, w, s)
	}
	if t.definition, err = r.runnable(ctx, by, s.Action); err != nil {
		return t, err
	}
	if rank(t.definition.Risk) > rank(w.flow.Definition.Risk) {
		return t, fault.New(fault.Conflict, "The action %s has the risk %s by now, and the flow only %s. Ask its owners to look at the flow.", t.definition.ID, t.definition.Risk, w.flow.Definition.Risk)
	}
	t.request = PlanRequest{Action: s.Action, For: w.flow.For, Reason: w.flow.Reason}
	t.request.Inputs, err = w.inputs(at)
	return t, err
}

var errTakenBack = errors.New("the run was taken back already")

// taskBack is the task of a step that takes a run back.
func (r *Runner) taskBack(ctx context.Context, by people.Actor, w walk, s FlowStep) (task, error) {
	of, err := r.Run(ctx, by, s.Undo)
	if err != nil {
		return task{}, err
	}
	if of.UndoneBy != "" {
		return task{}, fault.Wrap(errTakenBack, fault.Conflict, "%s has been taken back already.", of.Ref())
	}
	if err := of.mayUndo(r.Clock.Now()); err != nil {
		return task{}, err
	}
	d := of.Definition.reversed(*of.Result.Undo)
	return task{d, PlanRequest{Inputs: of.Result.Undo.Inputs, For: w.flow.For, Reason: w.flow.Reason}, of.ID}, r.mayPlan(by, d)
}

// starter is whoever started the flow, with what they may do now, and never more than when they started it.
func (r *Runner) starter(ctx context.Context, flow Run) (people.Actor, error) {
	as := flow.Course.As
	a := people.Actor{Kind: flow.StartedBy.Kind, ID: flow.StartedBy.ID, Role: as.Role, Teams: as.Teams, Via: "flow", Capped: as.Capped}
	if a.Kind != people.ByPerson {
		return a, nil
	}
	book, err := r.Book(ctx)
	if err != nil {
		return a, err
	}
	p, ok := book.Person(a.ID)
	if !ok {
		return a, fault.New(fault.Forbidden, "Whoever started %s is not here any more. Plan it again.", flow.Ref())
	}
	now := people.As(p, "flow")
	now.Capped = as.Capped
	return now.AtMost(as.Role), nil
}

// startStep starts the run of a step, once, or lets it wait for the yes that it needs.
func (r *Runner) startStep(ctx context.Context, w walk, at int, child Run) error {
	by, err := r.starter(ctx, w.flow)
	if err == nil {
		_, err = r.Start(ctx, by, StartRequest{Run: child.ID, PlanHash: child.PlanHash, Key: "flow " + w.flow.ID + " " + child.In.Step, step: true})
	}
	switch {
	case err == nil:
		return nil
	case fault.Again(err) && triesOf(ctx) < mostTries:
		return err
	case errors.Is(err, errBusy): // another run holds its lane: it is tried until its plan is too old
		if err := r.wake(ctx, w.flow.ID, w.now.Add(laneEvery)); err != nil {
			return err
		}
		return errPause
	}
	now, failed := r.Records.ActionRun(ctx, child.ID)
	if failed != nil || now.State != Planned { // somebody was faster
		return failed
	}
	if _, failed := r.Runs.ChangeRun(ctx, child.ID, dropped(fault.Sentence(err))); failed != nil {
		return failed
	}
	return r.note(ctx, w, w.note(at, StageFailed, fault.Sentence(err)))
}

// newCourse is a flow before its first step.
func newCourse(d Definition) Course {
	var c Course
	for _, s := range d.Steps() {
		c.Stages = append(c.Stages, Stage{Step: s.ID})
	}
	return c
}

// Answer writes what a person found at a check point. The answer no stops the flow.
func (r *Runner) Answer(ctx context.Context, by people.Actor, ref, step, word, words string) (Run, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return Run{}, err
	}
	if !run.Definition.Flow() {
		return Run{}, fault.New(fault.Conflict, "%s is no flow and asks nothing. Look at it.", run.Ref())
	}
	steps := run.Definition.Steps()
	i := slices.IndexFunc(steps, func(s FlowStep) bool { return s.ID == step && s.CheckPoint() })
	if i < 0 {
		return Run{}, fault.New(fault.NotFound, "%s has no check point %q. Look at its steps.", run.Ref(), cut(step, 40))
	}
	if err := people.May(by, people.AnswerStep, run.AnswerSubject(steps[i])); err != nil {
		return Run{}, err
	}
	word, words = strings.ToLower(strings.TrimSpace(word)), strings.TrimSpace(words)
	if !slices.Contains(steps[i].Words(), word) {
		return Run{}, fault.Wrong("answer", "Answer one of %s.", strings.Join(steps[i].Words(), ", "))
	}
	if err := checkWords("words", words); err != nil {
		return Run{}, err
	}
	return r.Runs.ChangeRun(ctx, run.ID, answered(journal.By(by), step, word, words))
}

// AnswerSubject is what people.May is asked about an answer: whoever the check point names, or else whoever may run the flow.
func (r Run) AnswerSubject(s FlowStep) people.Subject {
	subject := r.Subject()
	list := s.Who
	if len(list) == 0 {
		list = r.Definition.Allow.Run
	}
	if len(list) > 0 {
		subject.Allow[people.AnswerStep] = list
	}
	return subject
}

// Children returns the runs of a flow's steps, the newest first, as far as the actor may know of them.
func (r *Runner) Children(ctx context.Context, by people.Actor, flow string) ([]Run, error) {
	return r.List(ctx, by, RunFilter{Flow: flow, Limit: mostPlaces})
}

// wakeIdle writes the job of flows that stand still though nothing is left to wait for. It is the net under the jobs that the ends of runs and
// answers write.
func (r *Runner) wakeIdle(ctx context.Context) error {
	ids, err := r.Shelf.IdleFlows(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r.Log.Warn("a flow has no job; waking it", "run", id)
		if err := r.wake(ctx, id, r.Clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// wake writes the job that takes a flow on at the time. Its key is its own, so that what wakes the flow earlier does not take its place.
func (r *Runner) wake(ctx context.Context, flow string, at time.Time) error {
	_, err := r.Runs.ChangeRun(ctx, flow, func(c Current) (Run, journal.Consequences, error) {
		var cs journal.Consequences
		cs.Do(KindFlow().At(at, flow+" again", JobFlow{flow}))
		return c.Run, cs, nil
	})
	return err
}

// stepsStill says whether whoever starts the flow may run its steps; they may be somebody else than who planned it.
func (r *Runner) stepsStill(ctx context.Context, by people.Actor, flow Run) error {
	for _, s := range flow.Definition.Steps() {
		if s.Action == "" {
			continue
		}
		if _, err := r.runnable(ctx, by, s.Action); err != nil {
			return fault.Wrap(err, fault.KindOf(err), "The step %s cannot run for you: %s", s.ID, fault.Sentence(err))
		}
	}
	return nil
}

// errStep refuses to treat a flow as if it did the work itself.
func (r Run) errStep() error {
	for _, st := range r.Course.Stages {
		if st.State == StageUnknown {
			return fault.New(fault.Conflict, "%s is a flow, and its step %s is unknown. Look at %s and say what you found; the flow goes on from there.", r.Ref(), st.Step, st.Ref())
		}
	}
	return fault.New(fault.Conflict, "%s is a flow and %s. There is nothing to find out.", r.Ref(), r.State)
}

// mailed are those who get a mail about a check point: whoever is named, by name or by team; whoever started the flow when nobody is.
func (r *Runner) mailed(ctx context.Context, flow Run, s FlowStep) ([]string, error) {
	book, err := r.Book(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range book.People() {
		for _, w := range s.Who {
			if !strings.HasPrefix(string(w), "role:") && w.In(people.As(p, "mail")) {
				out = append(out, p.ID)
				break
			}
		}
	}
	if len(out) == 0 && flow.StartedBy.Kind == people.ByPerson {
		out = []string{flow.StartedBy.ID}
	}
	return out, nil
}

// questionText is the mail about a check point.
func (r *Runner) questionText(run Run, s FlowStep, st Stage) string {
	return fmt.Sprintf("%s waits for an answer.\n\n%s\n\n%s\n\nAnswers:   %s\nWaits till %s UTC\n\nAnswer it:\n%s\n", run.Ref(), run.Definition.Title, s.Ask, strings.Join(s.Words(), ", "),
		st.Until.UTC().Format("15:04, Monday 2 January 2006"), r.Link(run))
}
