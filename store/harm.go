package store

import (
	"context"
	"encoding/json"

	"frontline/incident"
)

// HarmKept implements incident.Harms.
func (db *DB) HarmKept(ctx context.Context, id string) (incident.HarmKept, error) {
	return harmKept(ctx, db.read, id)
}

func harmKept(ctx context.Context, q querier, id string) (incident.HarmKept, error) {
	k, _, err := row(ctx, q, func(s scan) (k incident.HarmKept, err error) {
		var extent, frozen string
		if err = s(&extent, &frozen); err != nil {
			return k, err
		}
		if frozen != "" {
			k.Frozen = &incident.Harm{}
			if err = json.Unmarshal([]byte(frozen), k.Frozen); err != nil {
				return k, err
			}
		}
		return k, json.Unmarshal([]byte(extent), &k.Extent)
	}, `SELECT extent, frozen FROM incident_harm WHERE incident = $1`, id)
	return k, err
}

func (t *tx) putHarm(ctx context.Context, id string, k incident.HarmKept) error {
	frozen := ""
	if k.Frozen != nil {
		frozen = asJSON(k.Frozen)
	}
	_, err := t.exec(ctx, `INSERT INTO incident_harm (incident, extent, frozen) VALUES ($1, $2, $3)
		ON CONFLICT (incident) DO UPDATE SET extent = excluded.extent, frozen = excluded.frozen`, id, asJSON(k.Extent), frozen)
	return err
}

// AskedAbout implements incident.Harms.
func (db *DB) AskedAbout(ctx context.Context, id string) ([]incident.Asking, error) {
	return rows(ctx, db.read, func(s scan) (a incident.Asking, err error) {
		err = s(&a.Customer, &a.Requests)
		return a, err
	}, `SELECT customer, COUNT(*) FROM request WHERE incident = $1 AND incident <> '' AND customer <> '' GROUP BY customer ORDER BY customer`, id)
}
