package store

import (
	"context"
	"encoding/json"
	"slices"

	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
)

// Demands implements desk.Register.
func (db *DB) Demands(ctx context.Context) ([]desk.Demand, error) {
	return rows(ctx, db.read, scanDemand, `SELECT number, id, title, body FROM demand ORDER BY title, number`)
}

func scanDemand(s scan) (d desk.Demand, err error) {
	var number int64
	var id, title, body string
	if err = s(&number, &id, &title, &body); err != nil {
		return d, err
	}
	err = json.Unmarshal([]byte(body), &d)
	d.Number, d.ID, d.Title = number, id, title
	return d, err
}

// ChangeDemands implements desk.Register. The register is small and changes seldom: one lock holds all of it.
func (db *DB) ChangeDemands(ctx context.Context, ids []string, fresh int, decide func(desk.DemandsNow) ([]desk.Demand, journal.Consequences, error)) (out []desk.Demand, err error) {
	err = db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "demands"); err != nil {
			return err
		}
		now := desk.DemandsNow{Now: t.now}
		for _, id := range ids {
			d, ok, err := row(ctx, t, scanDemand, `SELECT number, id, title, body FROM demand WHERE id = $1`, id)
			if err == nil && !ok {
				err = fault.New(fault.NotFound, "There is no demand %.60s. Look in the register.", id)
			}
			if err != nil {
				return err
			}
			now.Named = append(now.Named, d)
		}
		for range fresh {
			d := desk.Demand{ID: newID()}
			if d.Number, _, err = row(ctx, t, value[int64], `INSERT INTO demand (id, title, ended_at, body) VALUES ($1, '', 0, '{}') RETURNING number`, d.ID); err != nil {
				return err
			}
			now.New = append(now.New, d)
		}
		changed, consequences, err := decide(now)
		if err != nil {
			return err
		}
		for _, d := range changed {
			if _, err := t.exec(ctx, `UPDATE demand SET title = $2, ended_at = $3, body = $4 WHERE id = $1`, d.ID, d.Title, micros(d.EndedAt), asJSON(d)); err != nil {
				return err
			}
		}
		out = changed
		return t.record(ctx, consequences)
	})
	return out, err
}

// putCodes writes what a request was about, in place of what was said before.
func (t *tx) putCodes(ctx context.Context, r desk.Request) error {
	if _, err := t.exec(ctx, `DELETE FROM request_code WHERE request = $1`, r.ID); err != nil {
		return err
	}
	codes := make([][]any, 0, len(r.Codes)+1)
	for _, c := range r.Codes {
		codes = append(codes, []any{r.ID, c.Demand, c.Share, c.By, micros(c.At)})
	}
	if r.NoDemand {
		codes = append(codes, []any{r.ID, "", 100, "", micros(t.now)})
	}
	return t.insertRows(ctx, `INSERT INTO request_code (request, demand, share, author, at) VALUES `, codes)
}

// putTags writes the words by which a request is told apart, in place of those before.
func (t *tx) putTags(ctx context.Context, r desk.Request) error {
	if _, err := t.exec(ctx, `DELETE FROM request_tag WHERE request = $1`, r.ID); err != nil {
		return err
	}
	tags := make([][]any, len(r.Tags))
	for i, tag := range r.Tags {
		tags[i] = []any{r.ID, tag}
	}
	return t.insertRows(ctx, `INSERT INTO request_tag (request, tag) VALUES `, tags)
}

// recoded says whether the codes changed.
func recoded(before, after desk.Request) bool {
	return before.NoDemand != after.NoDemand || !slices.Equal(before.Codes, after.Codes)
}

// Coded implements desk.Examples.
func (db *DB) Coded(ctx context.Context, demand string, limit int) ([]int64, error) {
	return rows(ctx, db.read, value[int64], `SELECT r.number FROM request_code c JOIN request r ON r.id = c.request WHERE c.demand = $1 ORDER BY c.at DESC, r.number DESC LIMIT $2`, demand, limit)
}
