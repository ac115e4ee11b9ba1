package store

import (
	"context"
	"encoding/json"

	"frontline/config"
)

var _ config.Folders = (*DB)(nil)

// SetFolder implements config.Folders.
func (db *DB) SetFolder(ctx context.Context, f config.Folder) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO folder (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body`, f.Name, asJSON(f))
		t.after.topic("config", "folder")
		return err
	})
}

// Folders implements config.Folders.
func (db *DB) Folders(ctx context.Context) ([]config.Folder, error) {
	return rows(ctx, db.read, func(s scan) (f config.Folder, err error) {
		var body string
		if err := s(&body); err != nil {
			return f, err
		}
		return f, json.Unmarshal([]byte(body), &f)
	}, `SELECT body FROM folder ORDER BY name`)
}
