package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
)

var (
	_ action.Runs    = (*DB)(nil)
	_ action.Records = (*DB)(nil)
	_ action.Shelf   = (*DB)(nil)
)

// AddRun implements action.Runs.
func (db *DB) AddRun(ctx context.Context, r action.Run, follows func(action.Run) journal.Consequences) (action.Run, error) {
	r.ID = newID()
	err := db.write(ctx, func(t *tx) error {
		err := t.addVersion(ctx, r)
		if err != nil {
			return err
		}
		number, added, err := row(ctx, t, value[int64], `INSERT INTO run (id, action, version, inputs, sealed, reason, salt, for_kind, for_id, state, lane,
				plan, plan_hash, planned_by, planned_at, undoes, cost, in_flow, in_step, in_try, course, spends)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
			ON CONFLICT (in_flow, in_step, in_try) WHERE in_flow <> '' DO NOTHING RETURNING number`,
			r.ID, r.Definition.ID, r.Version, asJSON(r.Inputs), r.Sealed, r.Reason, r.Salt, r.For.Kind, r.For.ID, string(r.State), r.Lane,
			asJSON(r.Plan), r.PlanHash, asJSON(r.PlannedBy), micros(t.now), r.Undoes, r.Plan.Cost(), r.In.Flow, r.In.Step, r.In.Try, course(r), r.Spends())
		if err != nil {
			return err
		}
		if !added {
			r, err = t.inFlow(ctx, r.In)
			return err
		}
		r.Number, r.PlannedAt = number, t.now
		return t.record(ctx, follows(r))
	})
	return r, err
}

// addVersion keeps the definition that a run was planned from.
func (t *tx) addVersion(ctx context.Context, r action.Run) error {
	_, err := t.exec(ctx, `INSERT INTO action_version (action, version, body, first_at) VALUES ($1, $2, $3, $4) ON CONFLICT (action, version) DO NOTHING`,
		r.Definition.ID, r.Version, asJSON(r.Definition), micros(t.now))
	return err
}

// asJSON writes a plain struct of ours as the databases keep it.
func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("stored JSON: " + err.Error())
	}
	return string(raw)
}

// ChangeRun implements action.Runs.
func (db *DB) ChangeRun(ctx context.Context, id string, decide func(action.Current) (action.Run, journal.Consequences, error)) (action.Run, error) {
	return db.changeRun(ctx, id, nil, decide)
}

// StartRun implements action.Runs.
func (db *DB) StartRun(ctx context.Context, id string, who action.Starter, decide func(action.Current) (action.Run, journal.Consequences, error)) (action.Run, error) {
	return db.changeRun(ctx, id, &who, decide)
}

// changeRun lets decide change a run; who starts it, when it may be a start.
func (db *DB) changeRun(ctx context.Context, id string, who *action.Starter, decide func(action.Current) (action.Run, journal.Consequences, error)) (action.Run, error) {
	var after action.Run
	err := db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "run "+id); err != nil {
			return err
		}
		before, err := t.run(ctx, id)
		if err != nil {
			return err
		}
		current := action.Current{Run: before, Now: t.now}
		if current.Busy, err = t.busy(ctx, before); err != nil {
			return err
		}
		if current.Origin, err = t.origin(ctx, before); err != nil {
			return err
		}
		if current.Flow, err = t.flow(ctx, before); err != nil {
			return err
		}
		if who != nil {
			if err := t.starting(ctx, *who, &current); err != nil {
				return err
			}
		}
		next, follows, err := decide(current)
		if err != nil {
			return err
		}
		after = next
		if err := t.setRun(ctx, next); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
	return after, err
}

const runFrom = ` FROM run r JOIN action_version v ON v.action = r.action AND v.version = r.version`

const runColumns = `r.number, r.id, v.body, r.version, r.inputs, r.sealed, r.reason, r.salt, r.for_kind, r.for_id, r.state, r.lane, r.plan, r.plan_hash,
	r.result, r.progress, r.steps, r.lines, r.start_key, r.holder, r.planned_by, r.started_by, r.cancelled_by,
	r.planned_at, r.started_at, r.begun_at, r.cancel_at, r.ended_at, r.undoes, r.undone_by, r.consent, r.glass, r.charged, r.charged_at,
	r.in_flow, r.in_step, r.in_try, r.course, r.origin, r.counts, r.by_hand, r.own, r.saved, r.customer, r.runner, r.forgotten_at`

func scanRun(s scan) (r action.Run, err error) {
	var body, inputs, plan, result, progress, plannedBy, startedBy, cancelledBy, consent, glass, course string
	var planned, started, begun, cancelled, ended, charged, byHand, own, saved, forgotten int64
	err = s(&r.Number, &r.ID, &body, &r.Version, &inputs, &r.Sealed, &r.Reason, &r.Salt, &r.For.Kind, &r.For.ID, &r.State, &r.Lane, &plan, &r.PlanHash,
		&result, &progress, &r.Steps, &r.Lines, &r.Key, &r.Holder, &plannedBy, &startedBy, &cancelledBy,
		&planned, &started, &begun, &cancelled, &ended, &r.Undoes, &r.UndoneBy, &consent, &glass, &r.Charged, &charged,
		&r.In.Flow, &r.In.Step, &r.In.Try, &course,
		&r.Saving.Origin, &r.Saving.Counts, &byHand, &own, &saved, &r.Saving.Customer, &r.Runner, &forgotten)
	if err != nil {
		return r, err
	}
	r.PlannedAt, r.StartedAt, r.BegunAt, r.CancelAt, r.EndedAt = fromMicros(planned), fromMicros(started), fromMicros(begun), fromMicros(cancelled), fromMicros(ended)
	r.ChargedAt, r.ForgottenAt = fromMicros(charged), fromMicros(forgotten)
	r.Saving.ByHand, r.Saving.Own, r.Saving.Saved = span(byHand), span(own), span(saved)
	if course == "" { // no flow
		course = "{}"
	}
	for _, x := range []struct {
		text string
		into any
	}{{body, &r.Definition}, {inputs, &r.Inputs}, {plan, &r.Plan}, {result, &r.Result}, {progress, &r.Progress},
		{plannedBy, &r.PlannedBy}, {startedBy, &r.StartedBy}, {cancelledBy, &r.CancelledBy},
		{consent, &r.Consent}, {glass, &r.Glass}, {course, &r.Course}} {
		if err := json.Unmarshal([]byte(x.text), x.into); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (t *tx) run(ctx context.Context, id string) (action.Run, error) {
	r, ok, err := row(ctx, t, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.id = $1`, id)
	if err == nil && !ok {
		err = noRun(id)
	}
	return r, err
}

func noRun(ref string) error {
	return fault.New(fault.NotFound, "There is no run %.40q. Look at the list of runs.", ref)
}

// busy is a running run in the lane of one that may start now. The lane's lock is always taken after the run's, so two starts cannot
// wait for each other.
func (t *tx) busy(ctx context.Context, r action.Run) (*action.Run, error) {
	if r.Lane == "" || r.State != action.Planned && r.State != action.Waiting {
		return nil, nil
	}
	if err := t.lockKey(ctx, "lane "+r.Lane); err != nil {
		return nil, err
	}
	other, ok, err := row(ctx, t, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.lane = $1 AND r.state = 'running' AND r.id <> $2 ORDER BY r.number LIMIT 1`, r.Lane, r.ID)
	if err != nil || !ok {
		return nil, err
	}
	return &other, nil
}

// origin is the run that one which may start now takes back.
func (t *tx) origin(ctx context.Context, r action.Run) (*action.Run, error) {
	if r.Undoes == "" || r.State != action.Planned && r.State != action.Waiting {
		return nil, nil
	}
	other, ok, err := row(ctx, t, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.id = $1`, r.Undoes)
	if err != nil || !ok {
		return nil, err
	}
	return &other, nil
}

// setRun writes what decisions change; steps, lines and progress are the holder's.
func (t *tx) setRun(ctx context.Context, r action.Run) error {
	_, err := t.exec(ctx, `UPDATE run SET state = $2, result = $3, start_key = $4, holder = $5, sealed = $6, started_by = $7, cancelled_by = $8,
			started_at = $9, begun_at = $10, cancel_at = $11, ended_at = $12,
			consent = $13, glass = $14, glass_by = $15, review_open = $16, charged = $17, charged_at = $18, course = $19, asks = $20,
			origin = $21, counts = $22, by_hand = $23, own = $24, saved = $25, customer = $26 WHERE id = $1`,
		r.ID, string(r.State), asJSON(r.Result), r.Key, r.Holder, r.Sealed, asJSON(r.StartedBy), asJSON(r.CancelledBy),
		micros(r.StartedAt), micros(r.BegunAt), micros(r.CancelAt), micros(r.EndedAt),
		asJSON(r.Consent), asJSON(r.Glass), r.Glass.By.ID, r.Glass.Open(), r.Charged, micros(r.ChargedAt), course(r), isAsking(r),
		string(r.Saving.Origin), r.Saving.Counts, r.Saving.ByHand.Microseconds(), r.Saving.Own.Microseconds(), r.Saving.Saved.Microseconds(), r.Saving.Customer)
	if err == nil && r.Definition.Flow() {
		err = t.setProgress(ctx, r)
	}
	if err == nil && r.Undoes != "" && r.State == action.Succeeded {
		_, err = t.exec(ctx, `UPDATE run SET undone_by = $2 WHERE id = $1`, r.Undoes, r.ID)
	}
	return err
}

// CommitStep implements action.Runs.
func (db *DB) CommitStep(ctx context.Context, s action.StepOf, c journal.Consequences) (string, error) {
	var kept string
	err := db.write(ctx, func(t *tx) (err error) {
		kept, err = t.commitStep(ctx, s, c)
		return err
	})
	return kept, err
}

func (t *tx) commitStep(ctx context.Context, s action.StepOf, c journal.Consequences) (kept string, err error) {
	number, ok, err := row(ctx, t, value[int64], `UPDATE run SET steps = steps + 1
		WHERE id = $1 AND holder = $2 AND state IN ('running', 'unknown') RETURNING steps`, s.Run, s.Holder)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", action.ErrTaken
	}
	_, err = t.exec(ctx, `INSERT INTO run_step (run, number, name, payload, at) VALUES ($1, $2, $3, $4, $5)`,
		s.Run, number, s.Step.Name, s.Step.Payload, micros(s.Step.At))
	if err == nil && s.Keep != nil {
		kept, err = t.keep(ctx, *s.Keep)
	}
	if err == nil && s.Removed != "" {
		err = t.removed(ctx, s)
	}
	if err == nil && s.Replayed != "" {
		err = t.replayed(ctx, s)
	}
	if err != nil {
		return "", err
	}
	return kept, t.record(ctx, c)
}

const batchMost = 100 // lines in one row of output

// AddOutput implements action.Runs.
func (db *DB) AddOutput(ctx context.Context, run, holder string, lines []action.Line, p action.Progress) error {
	return db.write(ctx, func(t *tx) error { return t.addOutput(ctx, run, holder, lines, p) })
}

func (t *tx) addOutput(ctx context.Context, run, holder string, lines []action.Line, p action.Progress) error {
	last, ok, err := row(ctx, t, value[int64], `UPDATE run SET lines = lines + $3, progress = $4
		WHERE id = $1 AND holder = $2 AND state IN ('running', 'unknown') RETURNING lines`, run, holder, len(lines), asJSON(p))
	if err != nil {
		return err
	}
	if !ok {
		return action.ErrTaken
	}
	for first := last - int64(len(lines)) + 1; len(lines) > 0; first += batchMost {
		batch := lines[:min(batchMost, len(lines))]
		lines = lines[len(batch):]
		if _, err := t.exec(ctx, `INSERT INTO run_output (run, last, first, body) VALUES ($1, $2, $3, $4)`,
			run, first+int64(len(batch))-1, first, asJSON(batch)); err != nil {
			return err
		}
	}
	t.after.topics = append(t.after.topics, "run:"+run) // not "run": lists do not show output
	return nil
}

// ActionRun implements action.Records.
func (db *DB) ActionRun(ctx context.Context, ref string) (action.Run, error) {
	where, arg := called("r", "RUN-", ref)
	r, ok, err := row(ctx, db.read, scanRun, `SELECT `+runColumns+runFrom+` WHERE `+where, arg)
	if err == nil && !ok {
		err = noRun(ref)
	}
	return r, err
}

// ActionRuns implements action.Records.
func (db *DB) ActionRuns(ctx context.Context, f action.RunFilter) ([]action.Run, error) {
	var c conditions
	if f.For.ID != "" {
		c.add(`r.for_kind = %s`, f.For.Kind)
		c.add(`r.for_id = %s AND r.for_id <> ''`, f.For.ID)
	}
	if f.Action != "" {
		c.add(`r.action = %s`, f.Action)
	}
	if f.Before > 0 {
		c.add(`r.number < %s`, f.Before)
	}
	if f.Flow != "" {
		c.add(`r.in_flow = %s AND r.in_flow <> ''`, f.Flow)
	}
	if f.Asking {
		c.text += ` AND r.asks`
	}
	if f.Open {
		c.text += ` AND r.review_open`
	}
	addIn(&c, `r.state`, texts(f.States))
	c.args = append(c.args, orUsual(f.Limit, 50))
	return rows(ctx, db.read, scanRun, `SELECT `+runColumns+runFrom+` WHERE TRUE`+c.text+fmt.Sprintf(` ORDER BY r.number DESC LIMIT $%d`, len(c.args)), c.args...)
}

// RunSteps implements action.Records.
func (db *DB) RunSteps(ctx context.Context, run string) ([]action.Step, error) {
	return rows(ctx, db.read, func(s scan) (x action.Step, err error) {
		var at int64
		err = s(&x.Name, &x.Payload, &at)
		x.At = fromMicros(at)
		return x, err
	}, `SELECT name, payload, at FROM run_step WHERE run = $1 ORDER BY number`, run)
}

// RunOutput implements action.Records.
func (db *DB) RunOutput(ctx context.Context, run string, from int64, limit int) ([]action.Line, error) {
	batches, err := rows(ctx, db.read, scanBatch, `SELECT first, body FROM run_output WHERE run = $1 AND last >= $2 ORDER BY last LIMIT 64`, run, from)
	if err != nil {
		return nil, err
	}
	var lines []action.Line
	for _, b := range batches {
		for _, l := range b {
			if l.Number >= from && len(lines) < limit {
				lines = append(lines, l)
			}
		}
	}
	return lines, nil
}

func scanBatch(s scan) ([]action.Line, error) {
	var first int64
	var body string
	if err := s(&first, &body); err != nil {
		return nil, err
	}
	var lines []action.Line
	err := json.Unmarshal([]byte(body), &lines)
	for i := range lines {
		lines[i].Number = first + int64(i)
	}
	return lines, err
}

// RunEnds implements action.Records.
func (db *DB) RunEnds(ctx context.Context, of string, since time.Time, limit int) ([]action.RunEnd, error) {
	return rows(ctx, db.read, func(s scan) (e action.RunEnd, err error) {
		var took int64
		err = s(&e.Action, &e.State, &took)
		e.Took = time.Duration(took) * time.Microsecond
		return e, err
	}, `SELECT action, state, ended_at - started_at FROM run
		WHERE ended_at > $1 AND started_at > 0 AND ($2 = '' OR action = $2) ORDER BY ended_at DESC LIMIT $3`, max(micros(since), 0), of, limit)
}

// ActionVersions implements action.Shelf.
func (db *DB) ActionVersions(ctx context.Context, of string) ([]action.Versioned, error) {
	return rows(ctx, db.read, func(s scan) (v action.Versioned, err error) {
		var body string
		var first int64
		if err = s(&v.Version, &body, &first); err != nil {
			return v, err
		}
		v.FirstAt = fromMicros(first)
		return v, json.Unmarshal([]byte(body), &v.Definition)
	}, `SELECT version, body, first_at FROM action_version WHERE action = $1 ORDER BY first_at DESC, version`, of)
}

// StrayRuns implements action.Shelf.
func (db *DB) StrayRuns(ctx context.Context) ([]string, error) {
	return rows(ctx, db.read, value[string], `SELECT id FROM run WHERE state = 'running' AND course = '' AND NOT EXISTS
		(SELECT 1 FROM job WHERE job.kind = 'action.run' AND job.key = run.id AND job.state IN ('ready', 'leased')) ORDER BY number`)
}

// ForgetSealed implements action.Shelf. It only reads while there is nothing to forget.
func (db *DB) ForgetSealed(ctx context.Context, state action.State, before time.Time) error {
	const which = ` FROM run WHERE sealed IS NOT NULL AND state = $1 AND planned_at < $2`
	n, _, err := row(ctx, db.read, value[int64], `SELECT COUNT(*)`+which, string(state), micros(before))
	if err != nil || n == 0 {
		return err
	}
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE run SET sealed = NULL WHERE id IN (SELECT id`+which+`)`, string(state), micros(before))
		return err
	})
}
