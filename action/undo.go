package action

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/people"
)

// UndoUntil is until when the run can be taken back; the zero time when it cannot.
func (r Run) UndoUntil() time.Time {
	u := r.Result.Undo
	if u == nil || r.State != Succeeded {
		return time.Time{}
	}
	if u.Within == 0 {
		return r.EndedAt.Add(usualUndo)
	}
	return r.EndedAt.Add(min(u.Within, mostUndo))
}

// mayUndo says whether the run can be taken back at the time.
func (r Run) mayUndo(now time.Time) error {
	switch until := r.UndoUntil(); {
	case r.UndoneBy != "":
		return fault.New(fault.Conflict, "%s has been taken back already. There is nothing to undo.", r.Ref())
	case until.IsZero():
		return fault.New(fault.Conflict, "%s offers no way back. Look at its result for what can be done by hand.", r.Ref())
	case now.After(until):
		return fault.New(fault.Conflict, "%s could be taken back until %s. Look at its result for what can be done by hand.", r.Ref(), until.Format("2006-01-02 15:04 MST"))
	}
	return nil
}

// Undo plans the run that takes a run back. Like any plan it changes nothing, and waits to be started.
func (r *Runner) Undo(ctx context.Context, by people.Actor, ref, reason string) (Run, error) {
	origin, err := r.Run(ctx, by, ref)
	if err != nil {
		return Run{}, err
	}
	if err := origin.mayUndo(r.Clock.Now()); err != nil {
		return Run{}, err
	}
	d := origin.Definition.reversed(*origin.Result.Undo)
	if err := r.mayPlan(by, d); err != nil {
		return Run{}, err
	}
	return r.plan(ctx, by, d, PlanRequest{Inputs: origin.Result.Undo.Inputs, For: origin.For, Reason: reason}, origin.ID)
}

// originStill refuses to take back what has been taken back meanwhile, or cannot be any more.
func (c Current) originStill() error {
	if c.Run.Undoes == "" {
		return nil
	}
	if c.Origin == nil {
		return fault.New(fault.Conflict, "The run that this one takes back is not there any more. There is nothing to undo.")
	}
	return c.Origin.mayUndo(c.Now)
}
