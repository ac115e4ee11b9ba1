package action

import (
	"context"
	"time"

	"frontline/clock"
	"frontline/define"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// Retention lets the output of runs be forgotten by policy: the action's own, or the installation's. What ran, who asked for it and what became of
// it stays for ever.
type Retention struct {
	Memory Memory
	Book   func(context.Context) (Directory, error)
	Keep   time.Duration // for actions that say nothing themselves; 0 for ever
	Clock  clock.Clock
}

// Memory is where the output of runs is kept. store implements it.
type Memory interface {
	// RememberedActions returns the ids of actions with runs whose output is there.
	RememberedActions(ctx context.Context) ([]string, error)
	// OldRuns returns runs of the action whose output is there and that ended before the time, or were planned before it and never started; at
	// most limit, by number, from the first after the given one.
	OldRuns(ctx context.Context, action string, before time.Time, after int64, limit int) ([]OldRun, error)
	// ForgetOutput lets decide change a run in one transaction. When it is forgotten thereafter, its output, its files, what was uploaded for it
	// alone and what its steps wrote are deleted with that.
	ForgetOutput(ctx context.Context, id string, decide func(Current) (Run, journal.Consequences, error)) error
	// ActionVersions is that of Shelf.
	ActionVersions(ctx context.Context, action string) ([]Versioned, error)
}

// OldRun names a run whose output may be forgotten.
type OldRun struct {
	ID     string
	Number int64
}

// ForgetOutputArgs has no arguments.
type ForgetOutputArgs struct{}

// JobForgetOutput forgets the output of old runs. It is asked for once a day. When it is not done in time, the next try goes on where it was.
func JobForgetOutput() job.Kind[ForgetOutputArgs] {
	return job.Kind[ForgetOutputArgs]{Name: "action.forget_output", Limit: 10 * time.Minute}
}

// Bounds of limits.keep_output.
const (
	leastOutput = 24 * time.Hour
	mostOutput  = 10 * 366 * 24 * time.Hour
)

func (l Limits) checkOutput(c *define.Checks) {
	c.Want(l.KeepOutput == 0 || l.KeepOutput >= leastOutput && l.KeepOutput <= mostOutput, "limits.keep_output",
		"The output of runs is kept between 24h and 87840h, which is ten years. Leave it out to keep it for as long as the installation does.")
}

// Forget carries out JobForgetOutput.
func (f Retention) Forget(ctx context.Context, _ ForgetOutputArgs) error {
	book, err := f.Book(ctx)
	if err != nil {
		return err
	}
	ids, err := f.Memory.RememberedActions(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		keep, err := f.keeps(ctx, book, id)
		if err != nil {
			return err
		}
		if keep == 0 {
			continue
		}
		if err := f.forgetOf(ctx, id, f.Clock.Now().Add(-keep)); err != nil {
			return err
		}
	}
	return nil
}

// keeps is for how long the output of the action's runs is kept, as it says now, or said last; 0 for ever.
func (f Retention) keeps(ctx context.Context, book Directory, id string) (time.Duration, error) {
	d, ok := book.Action(id)
	if !ok {
		all, err := f.Memory.ActionVersions(ctx, id)
		if err != nil {
			return 0, err
		}
		if len(all) > 0 {
			d = all[0].Definition
		}
	}
	if d.Limits.KeepOutput > 0 {
		return d.Limits.KeepOutput, nil
	}
	return f.Keep, nil
}

// forgetOf forgets runs of one action one by one: each is locked no longer than it must be.
func (f Retention) forgetOf(ctx context.Context, action string, before time.Time) error {
	for after := int64(0); ; {
		old, err := f.Memory.OldRuns(ctx, action, before, after, forgetAtOnce)
		if err != nil {
			return err
		}
		for _, o := range old {
			if err := f.Memory.ForgetOutput(ctx, o.ID, forget(before)); err != nil {
				return err
			}
			after = o.Number
		}
		if len(old) < forgetAtOnce {
			return nil
		}
	}
}

// forget lets a run lose what it said, if nobody needs it any more.
func forget(before time.Time) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		var cs journal.Consequences
		if !r.ForgottenAt.IsZero() || !r.settledBefore(before) || c.needed() {
			return r, cs, nil
		}
		// Not about the incident: nothing happened there.
		cs.Add(journal.Entry{Actor: journal.By(people.System("job")), Verb: "run.output_forgotten", Subject: journal.Of("run", r.ID),
			Facts: map[string]any{"action": r.Definition.ID, "number": r.Number, "lines": r.Lines, "files": len(r.Result.Files)}})
		return r.withoutOutput(c.Now), cs, nil
	}
}

// settledBefore says whether nothing has come of the run since the time, and nothing will.
func (r Run) settledBefore(t time.Time) bool {
	switch r.State {
	case Planned:
		return r.PlannedAt.Before(t)
	case Running, Waiting, Unknown:
		return false
	}
	return r.EndedAt.Before(t)
}

// needed says whether somebody or something may still want what the run said: to take it back, to review it, or to go on with its flow.
func (c Current) needed() bool {
	return c.Run.mayUndo(c.Now) == nil || c.Run.Glass.Open() || c.Flow != nil && c.Flow.EndedAt.IsZero()
}

// withoutOutput is what stays of a run: what ran, for whom and when, the plan's hash, and in one sentence each what was planned and what became of
// it, with the facts that the journal has.
func (r Run) withoutOutput(now time.Time) Run {
	r.ForgottenAt, r.Inputs, r.Sealed, r.Progress = now, map[string]any{}, nil, Progress{}
	r.Plan = Plan{Summary: r.Plan.Summary, Nothing: r.Plan.Nothing, At: r.Plan.At}
	was := r.Result
	r.Result = Result{Summary: was.Summary, Done: was.Done, Unknown: was.Unknown, Facts: was.Facts}
	if was.Check != nil {
		r.Result.Check = &Finding{Helped: was.Check.Helped, Summary: was.Check.Summary, Facts: was.Check.Facts}
	}
	return r
}

// WithoutWords is what stays of a run when the person is erased whom it was about: what ran, when, its states and its facts. False when the run has not
// come to an end, for then its words are still needed.
func (r Run) WithoutWords(now time.Time) (Run, bool) {
	switch r.State {
	case Running, Waiting, Unknown:
		return r, false
	}
	r = r.withoutOutput(now)
	r.Reason = ""
	r.Plan.Summary, r.Result.Summary = "", ""
	if r.Result.Check != nil {
		r.Result.Check.Summary = ""
	}
	return r, true
}
