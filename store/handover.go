package store

import (
	"context"
	"encoding/json"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
)

var _ action.Nights = (*DB)(nil)

const handoverColumns = `team, day, from_at, until_at, made_at, body`

// named is what a hand-over names, as it is kept.
type named struct {
	Runs  []string `json:"runs"`
	Items []string `json:"items"`
}

func scanHandover(s scan) (h action.Handover, err error) {
	var from, until, made int64
	var body string
	if err := s(&h.Team, &h.Night.Day, &from, &until, &made, &body); err != nil {
		return h, err
	}
	h.Night.From, h.Night.Until, h.MadeAt = fromMicros(from), fromMicros(until), fromMicros(made)
	var names named
	err = json.Unmarshal([]byte(body), &names)
	h.Runs, h.Items = names.Runs, names.Items
	return h, err
}

// AddHandover implements action.Nights.
func (db *DB) AddHandover(ctx context.Context, h action.Handover, follows journal.Consequences) (added bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `INSERT INTO handover (team, day, from_at, until_at, made_at, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (team, day) DO NOTHING`,
			h.Team, h.Night.Day, micros(h.Night.From), micros(h.Night.Until), micros(t.now), asJSON(named{h.Runs, h.Items}))
		added = n > 0
		if err != nil || !added {
			return err
		}
		t.after.topic("handover", h.ID())
		return t.record(ctx, follows)
	})
	return added, err
}

// Handovers implements action.Nights.
func (db *DB) Handovers(ctx context.Context, team string, limit int) ([]action.Handover, error) {
	return rows(ctx, db.read, scanHandover, `SELECT `+handoverColumns+` FROM handover WHERE $1 = '' OR team = $1 ORDER BY until_at DESC, team LIMIT $2`, team, limit)
}

// HandoverOf implements action.Nights.
func (db *DB) HandoverOf(ctx context.Context, team, day string) (action.Handover, error) {
	h, ok, err := row(ctx, db.read, scanHandover, `SELECT `+handoverColumns+` FROM handover WHERE team = $1 AND day = $2`, team, day)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no hand-over of this team for this day. Look at the list of hand-overs.")
	}
	return h, err
}

// NightRuns implements action.Nights.
func (db *DB) NightRuns(ctx context.Context, from, until time.Time, limit int) ([]action.Run, error) {
	night, err := rows(ctx, db.read, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.started_at > 0 AND r.started_at >= $1 AND r.started_at < $2 AND r.in_flow = '' ORDER BY r.started_at DESC LIMIT $3`,
		micros(from), micros(until), limit)
	if err != nil {
		return nil, err
	}
	open, err := rows(ctx, db.read, scanRun, `SELECT `+runColumns+runFrom+` WHERE r.state IN ('unknown', 'waiting') AND r.planned_at < $1 AND (r.started_at < $2 OR r.started_at >= $1) AND r.in_flow = '' ORDER BY r.number DESC LIMIT $3`,
		micros(until), micros(from), limit)
	return append(night, open...), err
}
