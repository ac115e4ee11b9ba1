package store

import (
	"context"
	"strconv"

	"frontline/config"
	"frontline/journal"
)

var _ config.Store = (*DB)(nil)

const versionName = "definitions.version"

// DefinitionsVersion implements config.Store.
func (db *DB) DefinitionsVersion(ctx context.Context) (int64, error) {
	return version(ctx, db.read)
}

func version(ctx context.Context, q querier) (int64, error) {
	text, ok, err := row(ctx, q, value[string], `SELECT value FROM meta WHERE name = $1`, versionName)
	if err != nil || !ok {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// Definitions implements config.Store. The version is read first: rows that are newer than it are read once more, never missed.
func (db *DB) Definitions(ctx context.Context) (int64, []config.Row, error) {
	v, err := version(ctx, db.read)
	if err != nil {
		return 0, nil, err
	}
	all, err := definitions(ctx, db.read)
	return v, all, err
}

func definitions(ctx context.Context, q querier) ([]config.Row, error) {
	return rows(ctx, q, func(s scan) (r config.Row, err error) {
		var retired int64
		err = s(&r.Kind, &r.ID, &r.Folder, &r.Body, &retired)
		r.Retired = retired > 0
		return r, err
	}, `SELECT kind, id, folder, body, retired_at FROM definition ORDER BY kind, id`)
}

// DefinitionVersions implements config.Store.
func (db *DB) DefinitionVersions(ctx context.Context, kind, id string) ([]config.Version, error) {
	return rows(ctx, db.read, func(s scan) (v config.Version, err error) {
		var at int64
		err = s(&v.Number, &v.Body, &v.By, &at, &v.Retired)
		v.At = fromMicros(at)
		return v, err
	}, `SELECT version, body, author, at, retired FROM definition_version WHERE kind = $1 AND id = $2 ORDER BY version DESC LIMIT 100`, kind, id)
}

// ChangeDefinitions implements config.Store.
func (db *DB) ChangeDefinitions(ctx context.Context, decide func(int64, []config.Row) ([]config.Row, journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "definitions"); err != nil {
			return err
		}
		v, err := version(ctx, t)
		if err != nil {
			return err
		}
		current, err := definitions(ctx, t)
		if err != nil {
			return err
		}
		changed, then, err := decide(v, current)
		if err != nil || len(changed) == 0 {
			return err
		}
		for _, r := range changed {
			if err := t.putDefinition(ctx, r); err != nil {
				return err
			}
			if r.Kind == "person" && r.Retired {
				if err := t.shutOut(ctx, r.ID); err != nil {
					return err
				}
			}
		}
		return t.record(ctx, then)
	})
}

// putDefinition writes one definition and moves the version on. The caller holds the lock "definitions".
func (t *tx) putDefinition(ctx context.Context, r config.Row) error {
	var retired int64
	if r.Retired {
		retired = micros(t.now)
	}
	_, err := t.exec(ctx, `INSERT INTO definition (kind, id, folder, body, changed_at, retired_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kind, id) DO UPDATE SET folder = excluded.folder, body = excluded.body, changed_at = excluded.changed_at, retired_at = excluded.retired_at`,
		r.Kind, r.ID, r.Folder, r.Body, micros(t.now), retired)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO meta (name, value) VALUES ($1, '1')
		ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)`, versionName)
	if err == nil && r.By != "" {
		var last int64
		if last, _, err = row(ctx, t, value[int64], `SELECT COALESCE(MAX(version), 0) FROM definition_version WHERE kind = $1 AND id = $2`, r.Kind, r.ID); err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO definition_version (kind, id, version, folder, body, author, at, retired) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.Kind, r.ID, last+1, r.Folder, r.Body, r.By, micros(t.now), r.Retired)
	}
	t.after.topic("config", r.Kind)
	t.after.definitions = true
	return err
}
