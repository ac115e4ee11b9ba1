package store

import (
	"context"
	"encoding/json"
	"time"

	"frontline/incident"
	"frontline/journal"
)

// This file reads and writes the four published tables and touches no other one.

// Published implements incident.StatusReader.
func (db *DB) Published(ctx context.Context, since time.Time) (incident.Published, error) {
	return published(ctx, db.read, `resolved_at = 0 OR resolved_at >= $1 OR id IN (SELECT id FROM published_incident ORDER BY created_at DESC LIMIT 50)`, micros(since))
}

// ChangeStatusPage implements incident.StatusStore.
func (db *DB) ChangeStatusPage(ctx context.Context, decide func(incident.Published, time.Time) (incident.Publication, journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		before, err := t.lockPage(ctx, "")
		if err != nil {
			return err
		}
		p, out, err := decide(before, t.now)
		if err != nil {
			return err
		}
		if err := t.putPublication(ctx, p); err != nil {
			return err
		}
		return t.record(ctx, out)
	})
}

// lockPage locks the status page and returns it with its unresolved incidents and the one that is asked for. Whoever holds an incident's lock as
// well has taken that one first.
func (t *tx) lockPage(ctx context.Context, incidentID string) (incident.Published, error) {
	if err := t.lockKey(ctx, "status page"); err != nil {
		return incident.Published{}, err
	}
	return published(ctx, t, `resolved_at = 0 OR id = $1`, incidentID)
}

func published(ctx context.Context, q querier, which string, arg any) (p incident.Published, err error) {
	p.Page, _, err = row(ctx, q, func(s scan) (x incident.PublishedPage, err error) {
		var created, updated int64
		err = s(&x.ID, &x.Name, &x.URL, &x.Zone, &x.Version, &created, &updated)
		x.CreatedAt, x.UpdatedAt = fromMicros(created), fromMicros(updated)
		return x, err
	}, `SELECT id, name, url, zone, version, created_at, updated_at FROM published_page`)
	if err != nil {
		return p, err
	}
	p.Components, err = rows(ctx, q, func(s scan) (x incident.PublishedComponent, err error) {
		var created, updated int64
		err = s(&x.ID, &x.Name, &x.Description, &x.Group, &x.Position, &x.Status, &created, &updated, &x.Retired)
		x.CreatedAt, x.UpdatedAt = fromMicros(created), fromMicros(updated)
		return x, err
	}, `SELECT id, name, description, heading, position, status, created_at, updated_at, retired FROM published_component ORDER BY position, id`)
	if err != nil {
		return p, err
	}
	p.Incidents, err = rows(ctx, q, scanPublishedIncident, `SELECT id, name, state, impact, components, next_at, created_at, updated_at, monitoring_at, resolved_at
		FROM published_incident WHERE `+which+` ORDER BY created_at DESC, id`, arg)
	if err != nil || len(p.Incidents) == 0 {
		return p, err
	}
	return p, addPublishedUpdates(ctx, q, p.Incidents, which, arg)
}

func scanPublishedIncident(s scan) (x incident.PublishedIncident, err error) {
	var next, created, updated, monitoring, resolved int64
	var components string
	if err = s(&x.ID, &x.Name, &x.State, &x.Impact, &components, &next, &created, &updated, &monitoring, &resolved); err != nil {
		return x, err
	}
	x.NextAt, x.CreatedAt, x.UpdatedAt = fromMicros(next), fromMicros(created), fromMicros(updated)
	x.MonitoringAt, x.ResolvedAt = fromMicros(monitoring), fromMicros(resolved)
	return x, json.Unmarshal([]byte(components), &x.Components)
}

// addPublishedUpdates fills in the updates, newest first, with one query for all incidents.
func addPublishedUpdates(ctx context.Context, q querier, incidents []incident.PublishedIncident, which string, arg any) error {
	updates, err := rows(ctx, q, func(s scan) (x incident.PublishedUpdate, err error) {
		var at int64
		var affected string
		if err = s(&x.ID, &x.Incident, &x.N, &x.State, &x.Body, &at, &affected); err != nil {
			return x, err
		}
		x.At = fromMicros(at)
		return x, json.Unmarshal([]byte(affected), &x.Affected)
	}, `SELECT id, incident, n, state, body, at, affected FROM published_update
		WHERE incident IN (SELECT id FROM published_incident WHERE `+which+`) ORDER BY n DESC`, arg)
	at := map[string]int{}
	for i := range incidents {
		at[incidents[i].ID] = i
	}
	for _, u := range updates {
		if i, ok := at[u.Incident]; ok { // one that was published between the two queries comes with the next reading
			incidents[i].Updates = append(incidents[i].Updates, u)
		}
	}
	return err
}

// putPublication writes what is to be seen in public.
func (t *tx) putPublication(ctx context.Context, p incident.Publication) error {
	if x := p.Page; x != nil {
		if err := t.putPublishedPage(ctx, *x); err != nil {
			return err
		}
	}
	for _, x := range p.Components {
		_, err := t.exec(ctx, `INSERT INTO published_component (id, name, description, heading, position, status, created_at, updated_at, retired)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, heading = excluded.heading, position = excluded.position,
				status = excluded.status, updated_at = excluded.updated_at, retired = excluded.retired`,
			x.ID, x.Name, x.Description, x.Group, x.Position, string(x.Status), micros(x.CreatedAt), micros(x.UpdatedAt), x.Retired)
		if err != nil {
			return err
		}
	}
	if x := p.Incident; x != nil {
		_, err := t.exec(ctx, `INSERT INTO published_incident (id, name, state, impact, components, next_at, created_at, updated_at, monitoring_at, resolved_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state, impact = excluded.impact, components = excluded.components,
				next_at = excluded.next_at, updated_at = excluded.updated_at, monitoring_at = excluded.monitoring_at, resolved_at = excluded.resolved_at`,
			x.ID, x.Name, string(x.State), string(x.Impact), asJSON(x.Components), micros(x.NextAt), micros(x.CreatedAt), micros(x.UpdatedAt), micros(x.MonitoringAt), micros(x.ResolvedAt))
		if err != nil {
			return err
		}
	}
	if x := p.Update; x != nil {
		_, err := t.exec(ctx, `INSERT INTO published_update (id, incident, n, state, body, at, affected) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			x.ID, x.Incident, x.N, string(x.State), x.Body, micros(x.At), asJSON(x.Affected))
		return err
	}
	return nil
}

// putPublishedPage writes the head of the page. There is one; a page with another id takes its place.
func (t *tx) putPublishedPage(ctx context.Context, x incident.PublishedPage) error {
	if _, err := t.exec(ctx, `DELETE FROM published_page WHERE id <> $1`, x.ID); err != nil {
		return err
	}
	t.after.topic("status", x.ID)
	_, err := t.exec(ctx, `INSERT INTO published_page (id, name, url, zone, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, url = excluded.url, zone = excluded.zone, version = excluded.version, updated_at = excluded.updated_at`,
		x.ID, x.Name, x.URL, x.Zone, x.Version, micros(x.CreatedAt), micros(x.UpdatedAt))
	return err
}
