package store

import (
	"context"

	"frontline/action"
	"frontline/fault"
)

// AddFile implements action.Runs.
func (db *DB) AddFile(ctx context.Context, run, holder string, f action.File, body []byte) (string, error) {
	var id string
	err := db.write(ctx, func(t *tx) (err error) {
		id, err = t.addFile(ctx, run, holder, f, body)
		return err
	})
	return id, err
}

func (t *tx) addFile(ctx context.Context, run, holder string, f action.File, body []byte) (string, error) {
	n, err := t.exec(ctx, `UPDATE run SET holder = holder WHERE id = $1 AND holder = $2 AND state IN ('running', 'unknown')`, run, holder)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return "", action.ErrTaken
	}
	id := newID()
	_, err = t.exec(ctx, `INSERT INTO run_file (id, run, name, type, hash, size, body, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, run, f.Name, f.Type, f.Hash, f.Size, body, micros(t.now))
	return id, err
}

// RunFile implements action.Records.
func (db *DB) RunFile(ctx context.Context, run, id string) (f action.File, body []byte, err error) {
	f, ok, err := row(ctx, db.read, func(s scan) (f action.File, err error) {
		err = s(&f.ID, &f.Name, &f.Type, &f.Hash, &f.Size, &body)
		return f, err
	}, `SELECT id, name, type, hash, size, body FROM run_file WHERE id = $1 AND run = $2`, id, run)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "This run has no such file, or it was deleted. Look at its result.")
	}
	return f, body, err
}
