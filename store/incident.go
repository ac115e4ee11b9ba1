package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"frontline/fault"
	"frontline/incident"
	"frontline/journal"
)

var _ incident.Database = (*DB)(nil)

// OpenIncident implements incident.Store.
func (db *DB) OpenIncident(ctx context.Context, group string, decide func(incident.Current) (incident.Change, error)) (out incident.Incident, fresh bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		if group != "" {
			there, ok, err := t.openIncidentOf(ctx, group)
			if err != nil || ok {
				out, fresh = there, false
				return err
			}
		}
		id := newID()
		number, _, err := row(ctx, t, value[int64], `INSERT INTO incident (id, title, severity, state, opened_at, resolved_at, body)
			VALUES ($1, '', '', '', $2, 0, '{}') RETURNING number`, id, micros(t.now))
		if err != nil {
			return err
		}
		before := incident.Incident{ID: id, Number: number}
		c, err := decide(incident.Current{Incident: before, Now: t.now, NewID: newID})
		if err != nil {
			return err
		}
		out, fresh = c.Incident, true
		return t.saveIncident(ctx, before, c)
	})
	return out, fresh, err
}

// lockGroup keeps two incidents from taking the same alert group at once.
func (t *tx) lockGroup(ctx context.Context, group string) error {
	return t.lockKey(ctx, "incident of group "+group)
}

func (t *tx) openIncidentOf(ctx context.Context, group string) (incident.Incident, bool, error) {
	if err := t.lockGroup(ctx, group); err != nil {
		return incident.Incident{}, false, err
	}
	return row(ctx, t, scanIncident, `SELECT `+incidentColumns+` FROM incident_group g JOIN incident i ON i.id = g.incident
		WHERE g.alert_group = $1 AND g.active`, group)
}

// ChangeIncident implements incident.Store.
func (db *DB) ChangeIncident(ctx context.Context, id string, scope incident.Scope, decide func(incident.Current) (incident.Change, error)) (out incident.Incident, err error) {
	if id, err = db.incidentID(ctx, id); err != nil {
		return out, err
	}
	err = db.write(ctx, func(t *tx) error {
		cur, err := t.current(ctx, id, scope)
		if err != nil {
			return err
		}
		c, err := decide(cur)
		if err != nil {
			return err
		}
		out = c.Incident
		return t.saveIncident(ctx, cur.Incident, c)
	})
	return out, err
}

// current locks the incident and what else the decision needs, always in this order: incident, groups by name, page.
func (t *tx) current(ctx context.Context, id string, scope incident.Scope) (cur incident.Current, err error) {
	cur = incident.Current{Now: t.now, NewID: newID}
	if err = t.lockKey(ctx, "incident "+id); err != nil {
		return cur, err
	}
	inc, ok, err := row(ctx, t, scanIncident, `SELECT `+incidentColumns+` FROM incident i WHERE i.id = $1`, id)
	if err != nil {
		return cur, err
	}
	if !ok {
		return cur, noIncident(id)
	}
	cur.Incident = inc
	if len(scope.Groups) > 0 {
		if cur.Elsewhere, err = t.elsewhere(ctx, id, scope.Groups); err != nil {
			return cur, err
		}
	}
	if scope.Harm {
		if cur.Harm, err = harmKept(ctx, t, id); err != nil {
			return cur, err
		}
	}
	if scope.Page {
		cur.Page, err = t.lockPage(ctx, incident.PublicID("incident", id))
	}
	return cur, err
}

func (t *tx) elsewhere(ctx context.Context, id string, groups []string) (map[string]int64, error) {
	out := map[string]int64{}
	for _, g := range slices.Sorted(slices.Values(groups)) {
		other, ok, err := t.openIncidentOf(ctx, g)
		if err != nil {
			return nil, err
		}
		if ok && other.ID != id {
			out[g] = other.Number
		}
	}
	return out, nil
}

// saveIncident writes what a decision left.
func (t *tx) saveIncident(ctx context.Context, before incident.Incident, c incident.Change) error {
	if err := t.putIncident(ctx, c.Incident); err != nil {
		return err
	}
	if before.Open() != c.Incident.Open() || !slices.Equal(before.Groups, c.Incident.Groups) {
		if err := t.putIncidentGroups(ctx, c.Incident); err != nil {
			return err
		}
	}
	if c.Harm != nil {
		if err := t.putHarm(ctx, c.Incident.ID, *c.Harm); err != nil {
			return err
		}
	}
	for _, n := range c.Notes {
		if err := t.putNote(ctx, n); err != nil {
			return err
		}
	}
	for _, u := range c.Updates {
		if err := t.putUpdate(ctx, u); err != nil {
			return err
		}
	}
	for _, n := range c.Notices {
		if err := t.putNotice(ctx, n); err != nil {
			return err
		}
	}
	if err := t.putPublication(ctx, c.Publication); err != nil {
		return err
	}
	if err := t.record(ctx, c.Consequences); err != nil {
		return err
	}
	for _, o := range c.Orders { // after the entries that say why
		if _, err := t.carryOut(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) putIncident(ctx context.Context, i incident.Incident) error {
	title, id := i.Title, i.ID
	i.Title = "" // words have one place, so that they can be erased
	_, err := t.exec(ctx, `UPDATE incident SET title = $2, severity = $3, state = $4, opened_at = $5, resolved_at = $6, body = $7 WHERE id = $1`,
		id, title, string(i.Severity), string(i.State), micros(i.OpenedAt), micros(i.ResolvedAt), asJSON(i))
	return err
}

func (t *tx) putIncidentGroups(ctx context.Context, i incident.Incident) error {
	if _, err := t.exec(ctx, `DELETE FROM incident_group WHERE incident = $1`, i.ID); err != nil {
		return err
	}
	for _, g := range i.Groups {
		if _, err := t.exec(ctx, `INSERT INTO incident_group (incident, alert_group, active) VALUES ($1, $2, $3)`, i.ID, g, i.Open()); err != nil {
			return err
		}
	}
	return nil
}

const incidentColumns = `i.number, i.id, i.title, i.body`

func scanIncident(s scan) (i incident.Incident, err error) {
	var number int64
	var id, title, body string
	if err = s(&number, &id, &title, &body); err != nil {
		return i, err
	}
	err = json.Unmarshal([]byte(body), &i)
	i.Number, i.ID, i.Title = number, id, title
	return i, err
}

func noIncident(name string) error {
	return fault.New(fault.NotFound, "There is no incident %s. Look at the list of incidents.", name)
}

// incidentID returns the id behind an id or a name such as "INC-31".
func (db *DB) incidentID(ctx context.Context, name string) (string, error) {
	number, ok := short("INC-", name)
	if !ok {
		return name, nil
	}
	id, ok, err := row(ctx, db.read, value[string], `SELECT id FROM incident WHERE number = $1`, number)
	if err == nil && !ok {
		err = noIncident(name)
	}
	return id, err
}

// Incident implements incident.Store.
func (db *DB) Incident(ctx context.Context, id string) (incident.Incident, error) {
	where, arg := called("i", "INC-", id)
	i, ok, err := row(ctx, db.read, scanIncident, `SELECT `+incidentColumns+` FROM incident i WHERE `+where, arg)
	if err == nil && !ok {
		err = noIncident(id)
	}
	return i, err
}

// Incidents implements incident.Store.
func (db *DB) Incidents(ctx context.Context, f incident.Filter) ([]incident.Incident, error) {
	if f.Before == 0 {
		f.Before = 1 << 62
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	which := ``
	switch f.State {
	case "open":
		which = ` AND i.state <> 'resolved'`
	case "resolved":
		which = ` AND i.state = 'resolved'`
	}
	return rows(ctx, db.read, scanIncident, `SELECT `+incidentColumns+` FROM incident i WHERE i.number < $1`+which+` ORDER BY i.number DESC LIMIT $2`, f.Before, f.Limit)
}

// IncidentOf implements incident.Store.
func (db *DB) IncidentOf(ctx context.Context, group string) (incident.Incident, bool, error) {
	return row(ctx, db.read, scanIncident, `SELECT `+incidentColumns+` FROM incident_group g JOIN incident i ON i.id = g.incident
		WHERE g.alert_group = $1 ORDER BY g.active DESC, i.number DESC LIMIT 1`, group)
}

func (t *tx) putNote(ctx context.Context, n incident.Note) error {
	_, err := t.exec(ctx, `INSERT INTO incident_note (id, incident, kind, author, at, body, salt) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n.ID, n.Incident, string(n.Kind), n.By, micros(n.At), n.Text.Body, n.Text.Salt)
	return err
}

// Notes implements incident.Records.
func (db *DB) Notes(ctx context.Context, id string) ([]incident.Note, error) {
	return rows(ctx, db.read, func(s scan) (n incident.Note, err error) {
		var at int64
		err = s(&n.ID, &n.Incident, &n.Kind, &n.By, &at, &n.Text.Body, &n.Text.Salt)
		n.At = fromMicros(at)
		return n, err
	}, `SELECT id, incident, kind, author, at, body, salt FROM incident_note WHERE incident = $1 ORDER BY at, id`, id)
}

func (t *tx) putUpdate(ctx context.Context, u incident.Update) error {
	_, err := t.exec(ctx, `INSERT INTO incident_update (id, incident, audience, n, state, author, at, body, salt, components, next_by, kept)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		u.ID, u.Incident, string(u.Audience), u.N, string(u.State), u.By, micros(u.At), u.Text.Body, u.Text.Salt, asJSON(u.Components), micros(u.NextBy), micros(u.Kept))
	return err
}

// Updates implements incident.Records.
func (db *DB) Updates(ctx context.Context, id string) ([]incident.Update, error) {
	return rows(ctx, db.read, func(s scan) (u incident.Update, err error) {
		var at, nextBy, kept int64
		var components string
		if err = s(&u.ID, &u.Incident, &u.Audience, &u.N, &u.State, &u.By, &at, &u.Text.Body, &u.Text.Salt, &components, &nextBy, &kept); err != nil {
			return u, err
		}
		u.At, u.NextBy, u.Kept = fromMicros(at), fromMicros(nextBy), fromMicros(kept)
		return u, json.Unmarshal([]byte(components), &u.Components)
	}, `SELECT id, incident, audience, n, state, author, at, body, salt, components, next_by, kept FROM incident_update WHERE incident = $1 ORDER BY at, id`, id)
}

func (t *tx) putNotice(ctx context.Context, n incident.Notice) error {
	_, err := t.exec(ctx, `INSERT INTO incident_notice (id, incident, about, n, round, person, state, tries, made_at, ended_at, receipt, error)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, tries = excluded.tries, ended_at = excluded.ended_at, receipt = excluded.receipt, error = excluded.error`,
		n.ID, n.Incident, string(n.About), n.N, n.Round, n.Person, string(n.State), n.Tries, micros(n.MadeAt), micros(n.EndedAt), n.Receipt, n.Error)
	return err
}

const noticeColumns = `id, incident, about, n, round, person, state, tries, made_at, ended_at, receipt, error`

func scanNotice(s scan) (n incident.Notice, err error) {
	var made, ended int64
	err = s(&n.ID, &n.Incident, &n.About, &n.N, &n.Round, &n.Person, &n.State, &n.Tries, &made, &ended, &n.Receipt, &n.Error)
	n.MadeAt, n.EndedAt = fromMicros(made), fromMicros(ended)
	return n, err
}

// Notice implements incident.Ledger.
func (db *DB) Notice(ctx context.Context, id string) (incident.Notice, error) {
	return oneNotice(ctx, db.read, id)
}

func oneNotice(ctx context.Context, q querier, id string) (incident.Notice, error) {
	n, ok, err := row(ctx, q, scanNotice, `SELECT `+noticeColumns+` FROM incident_notice WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such mail to a stakeholder.")
	}
	return n, err
}

// Notices implements incident.Ledger.
func (db *DB) Notices(ctx context.Context, id string) ([]incident.Notice, error) {
	return rows(ctx, db.read, scanNotice, `SELECT `+noticeColumns+` FROM incident_notice WHERE incident = $1 ORDER BY made_at, id`, id)
}

// ChangeNotice implements incident.Ledger.
func (db *DB) ChangeNotice(ctx context.Context, id string, decide func(incident.Notice, time.Time) (incident.Notice, journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "notice "+id); err != nil {
			return err
		}
		n, err := oneNotice(ctx, t, id)
		if err != nil {
			return err
		}
		n, out, err := decide(n, t.now)
		if err != nil {
			return err
		}
		if err := t.putNotice(ctx, n); err != nil {
			return err
		}
		return t.record(ctx, out)
	})
}
