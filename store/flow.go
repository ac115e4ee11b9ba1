package store

import (
	"context"

	"frontline/action"
)

// course is how far a flow is; empty for every other run.
func course(r action.Run) string {
	if !r.Definition.Flow() {
		return ""
	}
	return asJSON(r.Course)
}

func isAsking(r action.Run) bool { _, _, asking := r.Asking(); return asking }

// inFlow is the run that stands at a place in a flow.
func (t *tx) inFlow(ctx context.Context, in action.Place) (action.Run, error) {
	r, ok, err := row(ctx, t, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.in_flow = $1 AND r.in_step = $2 AND r.in_try = $3 AND r.in_flow <> ''`, in.Flow, in.Step, in.Try)
	if err == nil && !ok {
		err = noRun(in.Step)
	}
	return r, err
}

// flow is the flow that a run which may start now is a step of. It is not locked: whoever stops the flow cancels its step afterwards, under the
// step's own lock.
func (t *tx) flow(ctx context.Context, r action.Run) (*action.Run, error) {
	if r.In.Flow == "" || r.State != action.Planned && r.State != action.Waiting {
		return nil, nil
	}
	other, ok, err := row(ctx, t, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.id = $1`, r.In.Flow)
	if err != nil || !ok {
		return nil, err
	}
	return &other, nil
}

// setProgress writes how far a flow is: nobody holds it, so its decisions do.
func (t *tx) setProgress(ctx context.Context, r action.Run) error {
	_, err := t.exec(ctx, `UPDATE run SET progress = $2 WHERE id = $1`, r.ID, asJSON(r.Progress))
	return err
}

// IdleFlows implements action.Shelf.
func (db *DB) IdleFlows(ctx context.Context) ([]string, error) {
	return rows(ctx, db.read, value[string], `SELECT id FROM run WHERE state = 'running' AND course <> '' AND NOT asks
		AND NOT EXISTS (SELECT 1 FROM job WHERE job.kind = 'action.flow' AND (job.key = run.id OR job.key = run.id || ' again') AND job.state IN ('ready', 'leased'))
		AND NOT EXISTS (SELECT 1 FROM run step WHERE step.in_flow = run.id AND step.in_flow <> '' AND step.state IN ('waiting', 'running')) ORDER BY number`)
}
