package store

import (
	"context"
	"encoding/json"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
	"frontline/runner"
)

var _ runner.Store = (*DB)(nil)

const runnerColumns = `id, name, labels, key, added_by, added_at, revoked_by, revoked_at, boot, version, sandbox, policy, seen_at`

func scanRunner(s scan) (r runner.Runner, err error) {
	var labels string
	var key []byte
	var added, revoked, seen int64
	err = s(&r.ID, &r.Name, &labels, &key, &r.AddedBy, &added, &r.RevokedBy, &revoked, &r.Boot, &r.Version, &r.Sandbox, &r.Policy, &seen)
	if err != nil {
		return r, err
	}
	r.Key, r.AddedAt, r.RevokedAt, r.SeenAt = key, fromMicros(added), fromMicros(revoked), fromMicros(seen)
	return r, json.Unmarshal([]byte(labels), &r.Labels)
}

// Runners implements runner.Roll.
func (db *DB) Runners(ctx context.Context) ([]runner.Runner, error) {
	return rows(ctx, db.read, scanRunner, `SELECT `+runnerColumns+` FROM runner ORDER BY CASE WHEN revoked_at = 0 THEN 0 ELSE 1 END, name, revoked_at DESC LIMIT 500`)
}

// RunnersWork implements runner.Roll.
func (db *DB) RunnersWork(ctx context.Context) ([]runner.Work, error) {
	return rows(ctx, db.read, func(s scan) (w runner.Work, err error) {
		var number, since int64
		err = s(&w.Runner, &w.Run, &number, &w.Action, &since)
		w.Ref, w.Since = action.Run{Number: number}.Ref(), fromMicros(since)
		return w, err
	}, `SELECT a.runner, a.run, r.number, a.action, a.made_at FROM assignment a JOIN run r ON r.id = a.run WHERE a.state = 'held' ORDER BY a.made_at, a.id LIMIT 1000`)
}

// RunnerByID implements runner.Roll.
func (db *DB) RunnerByID(ctx context.Context, id string) (runner.Runner, error) {
	return runnerByID(ctx, db.read, id)
}

func runnerByID(ctx context.Context, q querier, id string) (runner.Runner, error) {
	r, ok, err := row(ctx, q, scanRunner, `SELECT `+runnerColumns+` FROM runner WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such runner. Look at the list of runners.")
	}
	return r, err
}

// AddRunnerToken implements runner.Roll. An earlier token of the name that nobody used is void.
func (db *DB) AddRunnerToken(ctx context.Context, k runner.Token, follows journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.nameFree(ctx, k.Name); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM runner_token WHERE name = $1 OR until < $2`, k.Name, micros(t.now)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO runner_token (hash, name, labels, made_by, until) VALUES ($1, $2, $3, $4, $5)`,
			k.Hash, k.Name, asJSON(k.Labels), k.By, micros(k.Until)); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}

// nameFree holds the name and says whether a runner that may work has it.
func (t *tx) nameFree(ctx context.Context, name string) error {
	if err := t.lockKey(ctx, "runner name "+name); err != nil {
		return err
	}
	_, taken, err := row(ctx, t, value[string], `SELECT id FROM runner WHERE name = $1 AND revoked_at = 0`, name)
	if err == nil && taken {
		err = fault.New(fault.Conflict, "A runner %s is enrolled already. Revoke it first, or choose another name.", name)
	}
	return err
}

// Enrol implements runner.Roll.
func (db *DB) Enrol(ctx context.Context, hash string, decide func(runner.Token, time.Time) (runner.Runner, journal.Consequences, error)) (runner.Runner, error) {
	var r runner.Runner
	err := db.write(ctx, func(t *tx) error {
		k, ok, err := row(ctx, t, func(s scan) (k runner.Token, err error) {
			var labels string
			var until int64
			if err = s(&k.Hash, &k.Name, &labels, &k.By, &until); err != nil {
				return k, err
			}
			k.Until = fromMicros(until)
			return k, json.Unmarshal([]byte(labels), &k.Labels)
		}, `DELETE FROM runner_token WHERE hash = $1 AND until > $2 RETURNING hash, name, labels, made_by, until`, hash, micros(t.now))
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Unauthenticated, "The enrolment token is not known, was used, or is older than an hour. Ask an administrator for a new one: frontline runner add NAME.")
		}
		var follows journal.Consequences
		if r, follows, err = decide(k, t.now); err != nil {
			return err
		}
		if err := t.nameFree(ctx, r.Name); err != nil {
			return err
		}
		r.ID = newID()
		for i := range follows.Entries {
			follows.Entries[i].Subject = journal.Of("runner", r.ID)
		}
		_, err = t.exec(ctx, `INSERT INTO runner (id, name, labels, key, added_by, added_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			r.ID, r.Name, asJSON(r.Labels), []byte(r.Key), r.AddedBy, micros(r.AddedAt))
		if err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
	return r, err
}

// RevokeRunner implements runner.Roll.
func (db *DB) RevokeRunner(ctx context.Context, id string, decide func(runner.Runner, time.Time) (runner.Runner, journal.Consequences, error)) (runner.Runner, error) {
	var r runner.Runner
	err := db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "runner "+id); err != nil {
			return err
		}
		before, err := runnerByID(ctx, t, id)
		if err != nil {
			return err
		}
		var follows journal.Consequences
		if r, follows, err = decide(before, t.now); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE runner SET revoked_at = $2, revoked_by = $3 WHERE id = $1`, id, micros(r.RevokedAt), r.RevokedBy); err != nil {
			return err
		}
		if err := t.loseHeld(ctx, id, ""); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
	return r, err
}

// loseHeld gives up what other processes of a runner than this one hold.
func (t *tx) loseHeld(ctx context.Context, id, boot string) error {
	lost, err := rows(ctx, t, value[string], `UPDATE assignment SET state = 'lost', ended_at = $3 WHERE runner = $1 AND boot <> $2 AND state = 'held' RETURNING id`, id, boot, micros(t.now))
	for _, a := range lost {
		t.after.topic("assignment", a)
	}
	return err
}

// UseNonce implements runner.Calls. Old nonces go with new ones.
func (db *DB) UseNonce(ctx context.Context, by, nonce string, until time.Time) (fresh bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `INSERT INTO runner_nonce (runner, nonce, until) VALUES ($1, $2, $3) ON CONFLICT (runner, nonce) DO NOTHING`, by, nonce, micros(until))
		fresh = n == 1
		if err == nil {
			_, err = t.exec(ctx, `DELETE FROM runner_nonce WHERE until < $1`, micros(t.now))
		}
		return err
	})
	return fresh, err
}

// Beat implements runner.Calls.
func (db *DB) Beat(ctx context.Context, b runner.Beat) (held []runner.Assignment, appeared bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "runner "+b.Runner); err != nil {
			return err
		}
		r, err := runnerByID(ctx, t, b.Runner)
		if err != nil {
			return err
		}
		if !r.RevokedAt.IsZero() {
			return fault.New(fault.Forbidden, "The runner %s was revoked. Ask an administrator of the server.", r.Name)
		}
		if b.Boot < r.Boot {
			return fault.New(fault.Conflict, "A later process works with the key of the runner %s. Stop one of them; when there is none, set the clock of the runner's machine.", r.Name)
		}
		until, err := t.heard(ctx, b)
		if err != nil {
			return err
		}
		appeared = b.Boot != r.Boot || until.Before(t.now)
		if appeared {
			t.after.topic("runner", r.ID)
			if err := t.loseHeld(ctx, r.ID, b.Boot); err != nil {
				return err
			}
		}
		if err := t.take(ctx, r, b); err != nil {
			return err
		}
		held, err = rows(ctx, t, scanAssignment, `UPDATE assignment SET until = $3 WHERE runner = $1 AND boot = $2 AND state = 'held' RETURNING `+assignmentColumns, r.ID, b.Boot, micros(t.now.Add(b.Lease)))
		return err
	})
	return held, appeared, err
}

// heard notes that the runner is there, and returns until when it was expected.
func (t *tx) heard(ctx context.Context, b runner.Beat) (time.Time, error) {
	until, _, err := row(ctx, t, value[int64], `SELECT seen_until FROM runner WHERE id = $1`, b.Runner)
	if err != nil {
		return time.Time{}, err
	}
	_, err = t.exec(ctx, `UPDATE runner SET boot = $2, version = $3, sandbox = $4, policy = $5, seen_at = $6, seen_until = $7 WHERE id = $1`,
		b.Runner, b.Boot, b.Version, b.Sandbox, b.Policy, micros(t.now), micros(t.now.Add(b.Lease)))
	return fromMicros(until), err
}

// take gives the runner what waits for it, the oldest first.
func (t *tx) take(ctx context.Context, r runner.Runner, b runner.Beat) error {
	waiting, err := waitingFor(ctx, t, r)
	if err != nil {
		return err
	}
	room := b.Room
	for _, a := range waiting {
		if room == 0 {
			break
		}
		n, err := t.exec(ctx, `UPDATE assignment SET state = 'held', runner = $2, boot = $3, until = $4 WHERE id = $1 AND state = 'waiting'`, a.ID, r.ID, b.Boot, micros(t.now.Add(b.Lease)))
		if err != nil {
			return err
		}
		if n == 0 {
			continue // another runner was faster
		}
		room--
		t.after.topic("assignment", a.ID)
		t.after.topic("runner", r.ID)
		if a.Step == action.OrderDo {
			if _, err := t.exec(ctx, `UPDATE run SET runner = $2 WHERE id = $1`, a.Run, r.Name); err != nil {
				return err
			}
			t.after.topic("run", a.Run)
		}
	}
	return nil
}

// waitingFor is what the runner may take.
func waitingFor(ctx context.Context, q querier, r runner.Runner) ([]runner.Assignment, error) {
	all, err := rows(ctx, q, scanAssignment, `SELECT `+assignmentColumns+` FROM assignment WHERE state = 'waiting' AND only_for IN ('', $1) ORDER BY made_at, id LIMIT 200`, r.ID)
	var out []runner.Assignment
	for _, a := range all {
		if r.Carries(a.Labels) {
			out = append(out, a)
		}
	}
	return out, err
}

// WaitingFor implements runner.Changes. It only reads.
func (db *DB) WaitingFor(ctx context.Context, r runner.Runner, known []string) (bool, error) {
	waiting, err := waitingFor(ctx, db.read, r)
	if err != nil || len(waiting) > 0 {
		return len(waiting) > 0, err
	}
	list, args := in(1, known)
	n, _, err := row(ctx, db.read, value[int64], `SELECT COUNT(*) FROM assignment WHERE id IN (`+list+`) AND (state <> 'held' OR cancel_at > 0)`, args...)
	return n > 0, err
}

const assignmentColumns = `id, run, step, action, labels, only_for, state, task, reply, runner, COALESCE((SELECT name FROM runner WHERE runner.id = assignment.runner), ''), boot, until, cancel_at, calls, lines, made_at, ended_at`

func scanAssignment(s scan) (a runner.Assignment, err error) {
	var labels string
	var until, cancelled, made, ended int64
	err = s(&a.ID, &a.Run, &a.Step, &a.Action, &labels, &a.Only, &a.State, &a.Order, &a.Reply, &a.Runner, &a.RunnerName, &a.Boot, &until, &cancelled, &a.Calls, &a.Lines, &made, &ended)
	if err != nil {
		return a, err
	}
	a.Until, a.CancelAt, a.MadeAt, a.EndedAt = fromMicros(until), fromMicros(cancelled), fromMicros(made), fromMicros(ended)
	return a, json.Unmarshal([]byte(labels), &a.Labels)
}

// Assign implements runner.Board.
func (db *DB) Assign(ctx context.Context, a runner.Assignment) (runner.Assignment, error) {
	a.ID = newID()
	err := db.write(ctx, func(t *tx) error {
		a.MadeAt = t.now
		t.after.topic("assignment", a.ID)
		_, err := t.exec(ctx, `INSERT INTO assignment (id, run, step, action, labels, only_for, state, task, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			a.ID, a.Run, string(a.Step), a.Action, asJSON(a.Labels), a.Only, string(a.State), a.Order, micros(t.now))
		return err
	})
	return a, err
}

// Assignment implements runner.Board.
func (db *DB) Assignment(ctx context.Context, id string) (runner.Assignment, error) {
	return assignment(ctx, db.read, id)
}

func assignment(ctx context.Context, q querier, id string) (runner.Assignment, error) {
	a, ok, err := row(ctx, q, scanAssignment, `SELECT `+assignmentColumns+` FROM assignment WHERE id = $1`, id)
	if err == nil && !ok {
		err = runner.ErrGone
	}
	return a, err
}

// LastAssignment implements runner.Board.
func (db *DB) LastAssignment(ctx context.Context, run string, step action.OrderStep) (runner.Assignment, bool, error) {
	return row(ctx, db.read, scanAssignment, `SELECT `+assignmentColumns+` FROM assignment WHERE run = $1 AND run <> '' AND step = $2 ORDER BY id DESC LIMIT 1`, run, string(step))
}

// ChangeAssignment implements runner.Board.
func (db *DB) ChangeAssignment(ctx context.Context, id string, decide func(runner.Change) (runner.Assignment, journal.Consequences, error)) (runner.Assignment, error) {
	var after runner.Assignment
	err := db.write(ctx, func(t *tx) error {
		c, err := t.assignmentNow(ctx, id)
		if err != nil {
			return err
		}
		var follows journal.Consequences
		if after, follows, err = decide(c); err != nil {
			return err
		}
		if _, err = t.exec(ctx, `UPDATE assignment SET state = $2, reply = $3, cancel_at = $4, ended_at = $5 WHERE id = $1`,
			id, string(after.State), after.Reply, micros(after.CancelAt), micros(after.EndedAt)); err != nil {
			return err
		}
		t.after.topic("assignment", id)
		if after.Runner != "" {
			t.after.topic("runner", after.Runner)
		}
		return t.record(ctx, follows)
	})
	return after, err
}

// assignmentNow holds an assignment and its run, and reads both: a server that starts anew may be taking the run over at this moment.
func (t *tx) assignmentNow(ctx context.Context, id string) (c runner.Change, err error) {
	n, err := t.exec(ctx, `UPDATE assignment SET calls = calls WHERE id = $1`, id) // holds the row until the end of the transaction
	if err == nil && n == 0 {
		err = runner.ErrGone
	}
	if err != nil {
		return c, err
	}
	if c.Assignment, err = assignment(ctx, t, id); err != nil {
		return c, err
	}
	c.Now = t.now
	if c.Assignment.Run == "" {
		return c, nil
	}
	if err = t.lockKey(ctx, "run "+c.Assignment.Run); err == nil {
		c.Run, err = t.run(ctx, c.Assignment.Run)
	}
	return c, err
}

// ForgetAssignments implements runner.Board. It only reads while there is nothing to forget.
func (db *DB) ForgetAssignments(ctx context.Context, before time.Time) error {
	const which = ` FROM assignment WHERE ended_at > 0 AND ended_at < $1 AND NOT EXISTS (SELECT 1 FROM run WHERE run.id = assignment.run AND run.state IN ('running', 'unknown'))`
	n, _, err := row(ctx, db.read, value[int64], `SELECT COUNT(*)`+which, micros(before))
	if err != nil || n == 0 {
		return err
	}
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `DELETE FROM assignment WHERE id IN (SELECT id`+which+`)`, micros(before))
		return err
	})
}

// Unsettled implements runner.Changes.
func (db *DB) Unsettled(ctx context.Context) ([]action.Run, error) {
	return rows(ctx, db.read, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.state = 'unknown' AND EXISTS (SELECT 1 FROM assignment a WHERE a.run = r.id AND a.run <> '') ORDER BY r.number LIMIT 500`)
}

// forRunner lets a process that holds an assignment write to its run. A call that was done already is not done again.
func (db *DB) forRunner(ctx context.Context, h runner.Hold, call int64, do func(t *tx, c runner.Change) (string, error)) (reply string, err error) {
	err = db.write(ctx, func(t *tx) error {
		c, err := t.assignmentNow(ctx, h.Assignment)
		if err != nil {
			return err
		}
		if c.State != runner.Held || c.Runner != h.Runner || c.Boot != h.Boot || call < c.Calls {
			return runner.ErrGone
		}
		if call == c.Calls {
			reply, _, err = row(ctx, t, value[string], `SELECT last_reply FROM assignment WHERE id = $1`, c.ID)
			return err
		}
		if reply, err = do(t, c); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE assignment SET calls = $2, last_reply = $3 WHERE id = $1`, c.ID, call, reply)
		return err
	})
	return reply, err
}

// StepFor implements runner.Calls.
func (db *DB) StepFor(ctx context.Context, h runner.Hold, call int64, s action.StepOf, follows journal.Consequences) (string, error) {
	return db.forRunner(ctx, h, call, func(t *tx, c runner.Change) (string, error) {
		s.Holder = c.Run.Holder
		return t.commitStep(ctx, s, follows)
	})
}

// FileFor implements runner.Calls.
func (db *DB) FileFor(ctx context.Context, h runner.Hold, call int64, f action.File, body []byte) (string, error) {
	return db.forRunner(ctx, h, call, func(t *tx, c runner.Change) (string, error) {
		return t.addFile(ctx, c.Run.ID, c.Run.Holder, f, body)
	})
}

// OutputFor implements runner.Calls.
func (db *DB) OutputFor(ctx context.Context, h runner.Hold, after int64, lines []action.Line, p action.Progress) error {
	return db.write(ctx, func(t *tx) error {
		c, err := t.assignmentNow(ctx, h.Assignment)
		if err != nil {
			return err
		}
		if c.State != runner.Held || c.Runner != h.Runner || c.Boot != h.Boot {
			return runner.ErrGone
		}
		if after > c.Lines {
			return fault.New(fault.Invalid, "Lines are missing before these. Send them first.")
		}
		lines := lines[min(c.Lines-after, int64(len(lines))):]
		if _, err := t.exec(ctx, `UPDATE assignment SET lines = lines + $2 WHERE id = $1`, c.ID, len(lines)); err != nil {
			return err
		}
		return t.addOutput(ctx, c.Run.ID, c.Run.Holder, lines, p)
	})
}
