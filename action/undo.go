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
	if u == nil || r.State != Succeeded && !r.stopped() {
		return time.Time{}
	}
	if u.Within == 0 {
		return r.EndedAt.Add(usualUndo)
	}
	return r.EndedAt.Add(min(u.Within, mostUndo))
}

// stopped says whether it is a flow that ended before its last step: what it did until then can still be taken back.
func (r Run) stopped() bool {
	return r.Definition.Flow() && (r.State == Failed || r.State == Cancelled)
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
	of, err := r.Run(ctx, by, ref)
	if err != nil {
		return Run{}, err
	}
	if err := of.mayUndo(r.Clock.Now()); err != nil {
		return Run{}, err
	}
	d := of.Definition.reversed(*of.Result.Undo)
	if err := r.mayPlan(by, d); err != nil {
		return Run{}, err
	}
	return r.plan(ctx, by, d, PlanRequest{Inputs: of.Result.Undo.Inputs, For: of.For, Reason: reason}, origin{undoes: of.ID})
}

// originStill refuses to take back what has been taken back meanwhile, or cannot be any more, and to do a step of a flow that is over.
func (c Current) originStill() error {
	if f := c.Flow; c.Run.In.Flow != "" && (f == nil || f.State != Running || !f.CancelAt.IsZero()) {
		return fault.New(fault.Conflict, "The flow that this run is a step of has ended or is being stopped. Look at the flow.")
	}
	if c.Run.Undoes == "" {
		return nil
	}
	if c.Origin == nil {
		return fault.New(fault.Conflict, "The run that this one takes back is not there any more. There is nothing to undo.")
	}
	return c.Origin.mayUndo(c.Now)
}
