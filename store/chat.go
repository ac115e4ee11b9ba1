package store

import (
	"context"
	"time"

	"frontline/chat"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
)

var (
	_ chat.Store  = (*DB)(nil)
	_ chat.Follow = (*DB)(nil)
)

// TakeCall implements chat.Store.
func (db *DB) TakeCall(ctx context.Context, id string, jobs ...job.New) (fresh bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `INSERT INTO chat_call (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, micros(t.now))
		if fresh = n > 0; err != nil || !fresh {
			return err
		}
		return t.enqueue(ctx, jobs)
	})
	return fresh, err
}

// ForgetCalls implements chat.Follow.
func (db *DB) ForgetCalls(ctx context.Context, before time.Time) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `DELETE FROM chat_call WHERE at < $1`, micros(before))
		return err
	})
}

// PutPost implements chat.Store.
func (db *DB) PutPost(ctx context.Context, p chat.Post) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO chat_post (place, ts, purpose, kind, subject, of_what, at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (place, ts) DO NOTHING`,
			p.Place, p.TS, string(p.Purpose), p.Subject.Kind, p.Subject.ID, p.Of, micros(t.now))
		return err
	})
}

const postColumns = `place, ts, purpose, kind, subject, of_what, at`

func scanPost(s scan) (p chat.Post, err error) {
	var at int64
	err = s(&p.Place, &p.TS, &p.Purpose, &p.Subject.Kind, &p.Subject.ID, &p.Of, &at)
	p.At = fromMicros(at)
	return p, err
}

// PostAt implements chat.Store.
func (db *DB) PostAt(ctx context.Context, place, ts string) (chat.Post, bool, error) {
	return row(ctx, db.read, scanPost, `SELECT `+postColumns+` FROM chat_post WHERE place = $1 AND ts = $2`, place, ts)
}

// PostsOf implements chat.Store.
func (db *DB) PostsOf(ctx context.Context, s journal.Subject, p chat.Purpose) ([]chat.Post, error) {
	return rows(ctx, db.read, scanPost, `SELECT `+postColumns+` FROM chat_post WHERE kind = $1 AND subject = $2 AND purpose = $3 ORDER BY at, place, ts`, s.Kind, s.ID, string(p))
}

// ChatCursor implements chat.Follow.
func (db *DB) ChatCursor(ctx context.Context) (at, end int64, err error) {
	at, known, err := row(ctx, db.read, value[int64], `SELECT seq FROM chat_cursor WHERE name = 'chat'`)
	if err != nil {
		return 0, 0, err
	}
	if !known {
		at = -1
	}
	end, _, err = row(ctx, db.read, value[int64], `SELECT seq FROM journal WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
	return at, end, err
}

// FollowChat implements chat.Follow.
func (db *DB) FollowChat(ctx context.Context, from, to int64, jobs []job.New) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "chat cursor"); err != nil {
			return err
		}
		at, known, err := row(ctx, t, value[int64], `SELECT seq FROM chat_cursor WHERE name = 'chat'`)
		if err != nil {
			return err
		}
		if !known {
			at = -1
		}
		if at != from {
			return fault.New(fault.Conflict, "Another replica has followed the journal further. Look again.")
		}
		if _, err = t.exec(ctx, `INSERT INTO chat_cursor (name, seq) VALUES ('chat', $1) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq`, to); err != nil {
			return err
		}
		return t.enqueue(ctx, jobs)
	})
}
