package store

import (
	"context"
	"encoding/json"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
)

var (
	_ desk.EscalationStore   = (*DB)(nil)
	_ desk.EscalationReading = (*DB)(nil)
)

// ChangeEscalation implements desk.EscalationStore.
func (db *DB) ChangeEscalation(ctx context.Context, id, request string, decide func(desk.EscalationNow) (desk.EscalationChange, error)) (out desk.Escalation, err error) {
	err = db.write(ctx, func(t *tx) error {
		now, err := t.escalationNow(ctx, id, request)
		if err != nil {
			return err
		}
		c, err := decide(now)
		if err != nil {
			return err
		}
		out = c.Escalation
		return t.putEscalationChange(ctx, now, c)
	})
	return out, err
}

// escalationNow locks an escalation and then the request, and reads what a decision needs.
func (t *tx) escalationNow(ctx context.Context, id, request string) (now desk.EscalationNow, err error) {
	now = desk.EscalationNow{New: id == "", Now: t.now, NewID: newID, Known: map[string]bool{}}
	if now.New {
		now.Escalation.ID = newID()
	} else if err = t.lockKey(ctx, "escalation "+id); err != nil {
		return now, err
	}
	if request != "" {
		if now.Request, err = t.requestNow(ctx, request, nil); err != nil {
			return now, err
		}
	}
	if now.New {
		if now.Has, err = rows(ctx, t, scanEscalation, escalationQuery+` WHERE e.id IN (SELECT escalation FROM escalation_request WHERE request = $1) ORDER BY e.number`, request); err != nil {
			return now, err
		}
		now.Escalation.Number, _, err = row(ctx, t, value[int64], `INSERT INTO escalation (id, tracker, issue, state, closed_at, untold, title, words, body)
			VALUES ($1, '', '', '', 0, 0, '', '', '{}') RETURNING number`, now.Escalation.ID)
		return now, err
	}
	var ok bool
	if now.Escalation, ok, err = row(ctx, t, scanEscalation, escalationQuery+` WHERE e.id = $1`, id); err != nil {
		return now, err
	}
	if !ok {
		return now, noEscalation(id)
	}
	return now, t.hangingOn(ctx, &now, request)
}

// hangingOn reads what belongs to an escalation.
func (t *tx) hangingOn(ctx context.Context, now *desk.EscalationNow, request string) (err error) {
	id := now.Escalation.ID
	if now.Links, err = rows(ctx, t, scanEscalated, `SELECT reason, body FROM escalation_request WHERE escalation = $1 ORDER BY at, request`, id); err != nil {
		return err
	}
	for _, l := range now.Links {
		if l.Request == request {
			now.Link, now.Linked = l, true
		}
	}
	out, err := rows(ctx, t, scanOutgoing, outgoingQuery+` WHERE escalation = $1 AND state <> 'sent' ORDER BY at, id`, id)
	if err != nil {
		return err
	}
	for _, o := range out {
		if o.State == desk.Failed {
			now.Failed = append(now.Failed, o)
		} else {
			now.Waiting = append(now.Waiting, o)
		}
	}
	known, err := rows(ctx, t, value[string], `SELECT ref FROM escalation_said WHERE escalation = $1 UNION SELECT ref FROM escalation_out WHERE escalation = $1 AND ref <> ''`, id)
	if err != nil {
		return err
	}
	for _, ref := range known {
		now.Known[ref] = true
	}
	if now.Linked {
		now.Heard, err = rows(ctx, t, scanDeveloped, saidQuery+` WHERE escalation = $1 AND place > $2 ORDER BY place`, id, now.Link.Seen)
	}
	return err
}

func (t *tx) putEscalationChange(ctx context.Context, now desk.EscalationNow, c desk.EscalationChange) error {
	if err := t.putEscalation(ctx, c.Escalation); err != nil {
		return err
	}
	if c.Request != nil {
		if err := t.saveRequest(ctx, now.Request.Request, *c.Request); err != nil {
			return err
		}
	}
	if c.Link != nil {
		if err := t.putEscalated(ctx, *c.Link, c.Unlink); err != nil {
			return err
		}
	}
	if c.Link != nil || c.Escalation.Verdict != now.Escalation.Verdict {
		if err := t.putVerdicts(ctx, c.Escalation, c.Link); err != nil {
			return err
		}
	}
	for _, o := range c.Outgoing {
		if err := t.putOutgoing(ctx, o); err != nil {
			return err
		}
	}
	for _, m := range c.Heard {
		if _, err := t.exec(ctx, `INSERT INTO escalation_said (escalation, ref, author, at, words, salt) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.Escalation.ID, m.Ref, m.Author, micros(m.At), m.Text.Body, m.Text.Salt); err != nil {
			return err
		}
	}
	return t.record(ctx, c.Consequences)
}

func (t *tx) putEscalation(ctx context.Context, e desk.Escalation) error {
	_, err := t.exec(ctx, `UPDATE escalation SET tracker = $2, issue = $3, state = $4, closed_at = $5, untold = $6, title = $7, words = $8, body = $9 WHERE id = $1`,
		e.ID, e.Tracker, e.Key, string(e.State), micros(e.ClosedAt), e.Untold, e.Title, e.Text, asJSON(e))
	return err
}

func (t *tx) putEscalated(ctx context.Context, l desk.Escalated, gone bool) error {
	if gone {
		_, err := t.exec(ctx, `DELETE FROM escalation_request WHERE escalation = $1 AND request = $2`, l.Escalation, l.Request)
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO escalation_request (escalation, request, at, reason, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (escalation, request) DO UPDATE SET reason = excluded.reason, body = excluded.body`, l.Escalation, l.Request, micros(l.At), l.Reason, asJSON(l))
	return err
}

// putVerdicts counts for each request what developers found. A request that left the escalation has no verdict of it.
func (t *tx) putVerdicts(ctx context.Context, e desk.Escalation, l *desk.Escalated) error {
	if l != nil {
		if _, err := t.exec(ctx, `UPDATE request_fact SET verdict = '' WHERE request = $1`, l.Request); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `UPDATE request_fact SET verdict = $2 WHERE request IN (SELECT request FROM escalation_request WHERE escalation = $1)`, e.ID, string(e.Verdict))
	return err
}

func (t *tx) putOutgoing(ctx context.Context, o desk.Outgoing) error {
	_, err := t.exec(ctx, `INSERT INTO escalation_out (id, escalation, state, at, ref, words, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, ref = excluded.ref, words = excluded.words, body = excluded.body`,
		o.ID, o.Escalation, string(o.State), micros(o.At), o.Ref, o.Text, asJSON(o))
	return err
}

// ChangeTracker implements desk.EscalationStore.
func (db *DB) ChangeTracker(ctx context.Context, tracker string, live time.Time, decide func(desk.TrackerNow) (desk.TrackerState, journal.Consequences)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "tracker "+tracker); err != nil {
			return err
		}
		now := desk.TrackerNow{Now: t.now}
		var err error
		if now.State, err = trackerState(ctx, t, tracker); err != nil {
			return err
		}
		if now.Live, _, err = row(ctx, t, value[int], `SELECT COUNT(*) FROM escalation WHERE tracker = $1 AND (state <> 'closed' OR closed_at >= $2)`, tracker, micros(live)); err != nil {
			return err
		}
		state, follows := decide(now)
		if _, err := t.exec(ctx, `INSERT INTO tracker_state (tracker, body) VALUES ($1, $2) ON CONFLICT (tracker) DO UPDATE SET body = excluded.body`, tracker, asJSON(state)); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}

// HearOnce implements desk.EscalationStore.
func (db *DB) HearOnce(ctx context.Context, tracker, delivery string, follows journal.Consequences) (fresh bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `INSERT INTO tracker_heard (tracker, delivery, at) VALUES ($1, $2, $3) ON CONFLICT (tracker, delivery) DO NOTHING`, tracker, delivery, micros(t.now))
		if fresh = n > 0; err != nil || !fresh {
			return err
		}
		return t.record(ctx, follows)
	})
	return fresh, err
}

// ForgetHeard implements desk.EscalationStore.
func (db *DB) ForgetHeard(ctx context.Context, before time.Time) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `DELETE FROM tracker_heard WHERE at < $1`, micros(before))
		return err
	})
}

// eraseEscalated takes away what was written to developers about a request, as far as it is here. What is in their tracker is theirs to erase. What they
// said stays while another request with words hangs on it.
func (t *tx) eraseEscalated(ctx context.Context, request string) error {
	const of = `(SELECT escalation FROM escalation_request WHERE request = $1)`
	for _, part := range []struct {
		text string
		args []any
	}{
		{`UPDATE escalation SET title = $2, words = CASE WHEN words = '' THEN '' ELSE $2 END WHERE id IN ` + of, []any{request, desk.ErasedTitle}},
		{`UPDATE escalation_request SET reason = '' WHERE request = $1`, []any{request}},
		{`DELETE FROM escalation_out WHERE state <> 'sent' AND escalation IN ` + of + ` AND body LIKE '%"request":"' || $1 || '"%'`, []any{request}},
		{`UPDATE escalation_said SET author = '', words = '', salt = '' WHERE escalation IN ` + of + ` AND NOT EXISTS (SELECT 1 FROM escalation_request o JOIN request r ON r.id = o.request
			WHERE o.escalation = escalation_said.escalation AND o.request <> $1 AND r.erased_at = 0)`, []any{request}},
	} {
		if _, err := t.exec(ctx, part.text, part.args...); err != nil {
			return err
		}
	}
	return nil
}

const escalationQuery = `SELECT e.number, e.id, e.title, e.words, e.body FROM escalation e`

func scanEscalation(s scan) (e desk.Escalation, err error) {
	var number int64
	var id, title, words, body string
	if err = s(&number, &id, &title, &words, &body); err != nil {
		return e, err
	}
	err = json.Unmarshal([]byte(body), &e)
	e.Number, e.ID, e.Title, e.Text = number, id, title, words
	return e, err
}

func scanEscalated(s scan) (l desk.Escalated, err error) {
	var body string
	if err = s(&l.Reason, &body); err != nil {
		return l, err
	}
	reason := l.Reason
	err = json.Unmarshal([]byte(body), &l)
	l.Reason = reason
	return l, err
}

const outgoingQuery = `SELECT words, body FROM escalation_out`

func scanOutgoing(s scan) (o desk.Outgoing, err error) {
	var words, body string
	if err = s(&words, &body); err != nil {
		return o, err
	}
	err = json.Unmarshal([]byte(body), &o)
	o.Text = words
	return o, err
}

const saidQuery = `SELECT place, ref, author, at, words, salt FROM escalation_said`

func scanDeveloped(s scan) (m desk.Developed, err error) {
	var at int64
	err = s(&m.Place, &m.Ref, &m.Author, &at, &m.Text.Body, &m.Text.Salt)
	m.At = fromMicros(at)
	return m, err
}

func noEscalation(ref string) error {
	return fault.New(fault.NotFound, "There is no escalation %.60s. Look at the list of escalations.", ref)
}

// Escalation implements desk.EscalationReading.
func (db *DB) Escalation(ctx context.Context, ref string) (desk.Escalation, error) {
	where, arg := called("e", "E-", ref)
	e, ok, err := row(ctx, db.read, scanEscalation, escalationQuery+` WHERE `+where, arg)
	if err == nil && !ok {
		err = noEscalation(ref)
	}
	return e, err
}

// Escalations implements desk.EscalationReading.
func (db *DB) Escalations(ctx context.Context, f desk.EscalationFilter) ([]desk.Escalation, error) {
	q := &conditions{}
	q.eq(`e.tracker`, f.Tracker)
	addIn(q, `e.issue`, f.Keys)
	addIn(q, `e.state`, texts(f.States))
	if f.Request != "" {
		q.add(`e.id IN (SELECT escalation FROM escalation_request WHERE request = %s)`, f.Request)
	}
	if f.Loose {
		q.and(`e.state = 'closed' AND e.untold > 0`)
	}
	if f.Before > 0 {
		q.add(`e.number < %s`, f.Before)
	}
	limit := q.arg(orUsual(f.Limit, 50))
	return rows(ctx, db.read, scanEscalation, escalationQuery+` WHERE TRUE`+q.text+` ORDER BY e.number DESC LIMIT `+limit, q.args...)
}

// Escalated implements desk.EscalationReading.
func (db *DB) Escalated(ctx context.Context, escalation string) ([]desk.Escalated, error) {
	return rows(ctx, db.read, func(s scan) (l desk.Escalated, err error) {
		var reason, link string
		l.Now, err = scanRequest(func(dest ...any) error { return s(append([]any{&reason, &link}, dest...)...) })
		if err == nil {
			now := l.Now
			err = json.Unmarshal([]byte(link), &l)
			l.Reason, l.Now = reason, now
		}
		return l, err
	}, `SELECT x.reason, x.body, `+requestColumns+` FROM escalation_request x JOIN request r ON r.id = x.request WHERE x.escalation = $1 ORDER BY x.at, r.number`, escalation)
}

// Developed implements desk.EscalationReading.
func (db *DB) Developed(ctx context.Context, escalation string) ([]desk.Developed, error) {
	return rows(ctx, db.read, scanDeveloped, saidQuery+` WHERE escalation = $1 ORDER BY place`, escalation)
}

// Outgoing implements desk.EscalationReading.
func (db *DB) Outgoing(ctx context.Context, escalation string) ([]desk.Outgoing, error) {
	return rows(ctx, db.read, scanOutgoing, outgoingQuery+` WHERE escalation = $1 AND state <> 'sent' ORDER BY at, id`, escalation)
}

// TrackerState implements desk.EscalationReading.
func (db *DB) TrackerState(ctx context.Context, tracker string) (desk.TrackerState, error) {
	return trackerState(ctx, db.read, tracker)
}

func trackerState(ctx context.Context, q querier, tracker string) (st desk.TrackerState, err error) {
	body, ok, err := row(ctx, q, value[string], `SELECT body FROM tracker_state WHERE tracker = $1`, tracker)
	if err == nil && ok {
		err = json.Unmarshal([]byte(body), &st)
	}
	return st, err
}
