package store

import (
	"context"
	"time"

	"frontline/fault"
	"frontline/incident"
	"frontline/journal"
)

const paperColumns = `p.incident, p.number, p.title, p.severity, p.state, p.version, p.made_at, p.published_by, p.published_at, p.by_hand, x.author, x.at, x.body, x.salt`

const paperTables = ` FROM postmortem p JOIN postmortem_text x ON x.incident = p.incident AND x.version = p.version`

func scanPaper(s scan) (p incident.Postmortem, err error) {
	var made, published, changed int64
	err = s(&p.Incident, &p.Number, &p.Title, &p.Severity, &p.State, &p.Version, &made, &p.PublishedBy, &published, &p.ByHand, &p.ChangedBy, &changed, &p.Text.Body, &p.Text.Salt)
	p.MadeAt, p.PublishedAt, p.ChangedAt = fromMicros(made), fromMicros(published), fromMicros(changed)
	return p, err
}

// Postmortem implements incident.Papers.
func (db *DB) Postmortem(ctx context.Context, id string) (incident.Postmortem, bool, error) {
	return row(ctx, db.read, scanPaper, `SELECT `+paperColumns+paperTables+` WHERE p.incident = $1`, id)
}

// Postmortems implements incident.Papers.
func (db *DB) Postmortems(ctx context.Context, before int64, limit int) ([]incident.Postmortem, error) {
	if before == 0 {
		before = 1 << 62
	}
	return rows(ctx, db.read, scanPaper, `SELECT p.incident, p.number, p.title, p.severity, p.state, p.version, p.made_at, p.published_by, p.published_at, p.by_hand,
		x.author, x.at, '', ''`+paperTables+` WHERE p.number < $1 ORDER BY p.number DESC LIMIT $2`, before, limit)
}

// ChangePostmortem implements incident.Papers. A new version's text is added; the older ones stay.
func (db *DB) ChangePostmortem(ctx context.Context, id string, decide func(*incident.Postmortem, time.Time) (incident.Postmortem, journal.Consequences, error)) (out incident.Postmortem, err error) {
	err = db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "postmortem "+id); err != nil {
			return err
		}
		before, ok, err := row(ctx, t, scanPaper, `SELECT `+paperColumns+paperTables+` WHERE p.incident = $1`, id)
		if err != nil {
			return err
		}
		known := &before
		if !ok {
			known = nil
		}
		after, follows, err := decide(known, t.now)
		if err != nil {
			return err
		}
		out = after
		if err := t.putPaper(ctx, after, after.Version != before.Version); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
	return out, err
}

func (t *tx) putPaper(ctx context.Context, p incident.Postmortem, reworded bool) error {
	_, err := t.exec(ctx, `INSERT INTO postmortem (incident, number, title, severity, state, version, made_at, published_by, published_at, by_hand)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (incident) DO UPDATE SET title = excluded.title, severity = excluded.severity, state = excluded.state, version = excluded.version,
			published_by = excluded.published_by, published_at = excluded.published_at, by_hand = excluded.by_hand`,
		p.Incident, p.Number, p.Title, string(p.Severity), string(p.State), p.Version, micros(p.MadeAt), p.PublishedBy, micros(p.PublishedAt), p.ByHand)
	if err != nil || !reworded {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO postmortem_text (incident, version, author, at, body, salt) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.Incident, p.Version, p.ChangedBy, micros(p.ChangedAt), p.Text.Body, p.Text.Salt)
	return err
}

const followUpColumns = `id, incident, owner, due, made_by, made_at, done_by, done_at, version, body, salt`

func scanFollowUp(s scan) (f incident.FollowUp, err error) {
	var made, done int64
	err = s(&f.ID, &f.Incident, &f.Owner, &f.Due, &f.MadeBy, &made, &f.DoneBy, &done, &f.Version, &f.Text.Body, &f.Text.Salt)
	f.MadeAt, f.DoneAt = fromMicros(made), fromMicros(done)
	return f, err
}

// FollowUps implements incident.Papers.
func (db *DB) FollowUps(ctx context.Context, f incident.FollowUpFilter) ([]incident.FollowUp, error) {
	if f.Limit == 0 {
		f.Limit = 200
	}
	open := ``
	if f.Open {
		open = ` AND done_at = 0`
	}
	return rows(ctx, db.read, scanFollowUp, `SELECT `+followUpColumns+` FROM follow_up
		WHERE ($1 = '' OR incident = $1) AND ($2 = '' OR owner = $2)`+open+` ORDER BY due, id LIMIT $3`, f.Incident, f.Owner, f.Limit)
}

// ChangeFollowUp implements incident.Papers.
func (db *DB) ChangeFollowUp(ctx context.Context, id string, decide func(incident.FollowUp, time.Time) (incident.FollowUp, journal.Consequences, error)) (out incident.FollowUp, err error) {
	err = db.write(ctx, func(t *tx) error {
		before, err := t.followUp(ctx, id)
		if err != nil {
			return err
		}
		after, follows, err := decide(before, t.now)
		if err != nil {
			return err
		}
		out = after
		_, err = t.exec(ctx, `INSERT INTO follow_up (`+followUpColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, due = excluded.due, done_by = excluded.done_by, done_at = excluded.done_at,
				version = excluded.version, body = excluded.body, salt = excluded.salt`,
			after.ID, after.Incident, after.Owner, string(after.Due), after.MadeBy, micros(after.MadeAt), after.DoneBy, micros(after.DoneAt), after.Version, after.Text.Body, after.Text.Salt)
		if err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
	return out, err
}

// followUp locks and returns one; without an id, a new one.
func (t *tx) followUp(ctx context.Context, id string) (incident.FollowUp, error) {
	if id == "" {
		return incident.FollowUp{ID: newID()}, nil
	}
	if err := t.lockKey(ctx, "follow-up "+id); err != nil {
		return incident.FollowUp{}, err
	}
	f, ok, err := row(ctx, t, scanFollowUp, `SELECT `+followUpColumns+` FROM follow_up WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such follow-up. Look at the incident's list.")
	}
	return f, err
}
