package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/journal"
)

var _ action.Uploads = (*DB)(nil)

// uploadPart is how much of a file is one row, in bytes: one part is in memory at a time, and no write holds others up.
const uploadPart = 256 << 10

// AddUpload implements action.Uploads. The parts are written one by one; until the last is there nobody finds the file.
func (db *DB) AddUpload(ctx context.Context, u action.Upload, body io.Reader, decide func(int) error, follows func(action.Upload) journal.Consequences) (action.Upload, error) {
	u.ID = newID()
	if err := db.beginUpload(ctx, u, decide); err != nil {
		return u, err
	}
	var err error
	if u.Size, u.Hash, err = db.addParts(ctx, u.ID, body); err == nil {
		err = db.write(ctx, func(t *tx) error {
			if _, err := t.exec(ctx, `UPDATE upload SET size = $2, hash = $3 WHERE id = $1`, u.ID, u.Size, u.Hash); err != nil {
				return err
			}
			return t.record(ctx, follows(u))
		})
	}
	if err == nil {
		return u, nil
	}
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return action.Upload{}, errors.Join(err, db.write(settled, func(t *tx) error { return t.dropUploads(settled, `id = $1`, u.ID) }))
}

// beginUpload takes the file's place among those of its owner.
func (db *DB) beginUpload(ctx context.Context, u action.Upload, decide func(int) error) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "uploads "+u.Owner); err != nil {
			return err
		}
		waiting, _, err := row(ctx, t, value[int], `SELECT COUNT(*) FROM upload WHERE owner = $1 AND NOT kept AND until > $2`, u.Owner, micros(t.now))
		if err == nil {
			err = decide(waiting)
		}
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO upload (id, action, input, owner, name, type, until) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			u.ID, u.Action, u.Input, u.Owner, u.Name, u.Type, micros(u.Until))
		return err
	})
}

// addParts writes the body to its end and returns its size and SHA-256.
func (db *DB) addParts(ctx context.Context, id string, body io.Reader) (int64, string, error) {
	size, sum := int64(0), sha256.New()
	for number := 0; ; number++ {
		part := make([]byte, uploadPart) // a new one each time: the writer may still hold the last
		n, err := io.ReadFull(body, part)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return 0, "", err
		}
		if part = part[:n]; n > 0 {
			size += int64(n)
			_, _ = sum.Write(part) // a hash takes everything
			if err := db.write(ctx, func(t *tx) error {
				_, err := t.exec(ctx, `INSERT INTO upload_part (upload, number, body) VALUES ($1, $2, $3)`, id, number, part)
				return err
			}); err != nil {
				return 0, "", err
			}
		}
		if last {
			return size, hex.EncodeToString(sum.Sum(nil)), nil
		}
	}
}

// dropUploads deletes the uploads that the condition selects.
func (t *tx) dropUploads(ctx context.Context, which string, arg any) error {
	_, err := t.exec(ctx, `DELETE FROM upload_part WHERE upload IN (SELECT id FROM upload WHERE `+which+`)`, arg)
	if err == nil {
		_, err = t.exec(ctx, `DELETE FROM upload WHERE `+which, arg)
	}
	return err
}

// Upload implements action.Uploads.
func (db *DB) Upload(ctx context.Context, id string) (action.Upload, error) {
	u, ok, err := row(ctx, db.read, func(s scan) (u action.Upload, err error) {
		var until int64
		err = s(&u.ID, &u.Action, &u.Input, &u.Owner, &u.Name, &u.Type, &u.Hash, &u.Size, &until)
		u.Until = fromMicros(until)
		return u, err
	}, `SELECT id, action, input, owner, name, type, hash, size, until FROM upload WHERE id = $1 AND size >= 0`, id)
	if err == nil && !ok {
		err = errNoUpload()
	}
	return u, err
}

func errNoUpload() error {
	return fault.New(fault.NotFound, "There is no such file, or it was forgotten. Upload it again.")
}

// OpenUpload implements action.Uploads.
func (db *DB) OpenUpload(ctx context.Context, id string) (io.ReadCloser, error) {
	u, err := db.Upload(ctx, id)
	if err != nil {
		return nil, err
	}
	return &uploadReader{ctx: ctx, db: db, id: id, left: u.Size}, nil
}

// uploadReader reads a file part by part.
type uploadReader struct {
	ctx    context.Context //nolint:containedctx // a reader's Read takes none
	db     *DB
	id     string
	number int
	part   []byte
	left   int64
}

// Read implements io.Reader. A file that is deleted meanwhile ends with an error, never early.
func (r *uploadReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.part) == 0 {
		part, ok, err := row(r.ctx, r.db.read, value[[]byte], `SELECT body FROM upload_part WHERE upload = $1 AND number = $2`, r.id, r.number)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, errNoUpload()
		}
		r.part, r.number = part, r.number+1
	}
	n := copy(p, r.part)
	r.part, r.left = r.part[n:], r.left-int64(n)
	return n, nil
}

// Close implements io.Closer.
func (r *uploadReader) Close() error { return nil }

// KeepUploads implements action.Uploads.
func (db *DB) KeepUploads(ctx context.Context, ids []string, until time.Time) error {
	return db.write(ctx, func(t *tx) error {
		list, args := in(2, ids)
		n, err := t.exec(ctx, `UPDATE upload SET kept = TRUE, until = CASE WHEN until > $1 THEN until ELSE $1 END WHERE size >= 0 AND id IN (`+list+`)`,
			append([]any{micros(until)}, args...)...)
		if err == nil && n != int64(len(ids)) {
			err = fault.New(fault.Conflict, "A file was forgotten meanwhile. Upload it again.")
		}
		return err
	})
}

// ForgetUploads implements action.Uploads. It only reads while there is nothing to forget.
func (db *DB) ForgetUploads(ctx context.Context, now time.Time) error {
	n, _, err := row(ctx, db.read, value[int64], `SELECT COUNT(*) FROM upload WHERE until <= $1`, micros(now))
	if err != nil || n == 0 {
		return err
	}
	return db.write(ctx, func(t *tx) error { return t.dropUploads(ctx, `until <= $1`, micros(now)) })
}

const lookLife = 180 * 24 // hours

// Looked counts that somebody was offered what an action returned. The first time in an hour is an entry of the journal.
func (db *DB) Looked(ctx context.Context, by journal.Actor, of string) error {
	return db.write(ctx, func(t *tx) error {
		hour := t.now.Unix() / 3600
		looks, _, err := row(ctx, t, value[int64], `INSERT INTO action_look (action, actor, hour, looks) VALUES ($1, $2, $3, 1)
			ON CONFLICT (action, actor, hour) DO UPDATE SET looks = action_look.looks + 1 RETURNING looks`, of, by.ID, hour)
		if err != nil || looks > 1 {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM action_look WHERE action = $1 AND actor = $2 AND hour < $3`, of, by.ID, hour-lookLife); err != nil {
			return err
		}
		var cs journal.Consequences
		cs.Add(journal.Entry{Actor: by, Verb: "action.looked", Subject: journal.Of("action", of), Facts: map[string]any{"hour": hour}})
		return t.record(ctx, cs)
	})
}
