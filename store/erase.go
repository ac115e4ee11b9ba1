package store

import (
	"context"
	"time"

	"frontline/desk"
	"frontline/privacy"
)

var _ desk.Memory = (*DB)(nil)

// TypesWithWords implements desk.Memory.
func (db *DB) TypesWithWords(ctx context.Context) ([]string, error) {
	return rows(ctx, db.read, value[string], `SELECT DISTINCT type FROM request WHERE state = 'closed' AND erased_at = 0 AND NOT held AND asker <> '' ORDER BY type`)
}

// OldWords implements desk.Memory.
func (db *DB) OldWords(ctx context.Context, kind string, before time.Time, limit int) ([]string, error) {
	return rows(ctx, db.read, value[string], `SELECT id FROM request WHERE state = 'closed' AND erased_at = 0 AND type = $1 AND closed_at < $2 AND NOT held AND asker <> ''
		ORDER BY closed_at LIMIT $3`, kind, micros(before), limit)
}

// EraseWords implements desk.Memory.
func (db *DB) EraseWords(ctx context.Context, id string, decide func(desk.Current) (desk.Change, error)) error {
	return db.write(ctx, func(t *tx) error {
		cur, err := t.requestNow(ctx, id, nil)
		if err != nil {
			return err
		}
		c, err := decide(cur)
		if err != nil || !c.Request.Wordless() || cur.Request.Wordless() {
			return err
		}
		if err := t.eraseWords(ctx, c.Request, new(privacy.Counts)); err != nil {
			return err
		}
		return t.record(ctx, c.Consequences)
	})
}

// ForgetAskers implements desk.Memory.
func (db *DB) ForgetAskers(ctx context.Context) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE party SET address = '', name = '' WHERE person = '' AND address || name <> ''
			AND EXISTS (SELECT 1 FROM request r WHERE r.asker = party.id AND r.erased_at > 0)
			AND NOT EXISTS (SELECT 1 FROM request r WHERE r.asker = party.id AND r.erased_at = 0)
			AND NOT EXISTS (SELECT 1 FROM request_message m WHERE m.party = party.id AND m.salt <> '')`)
		return err
	})
}

// eraseWords takes away all that was written about a request, under its lock: r is what stays. What is counted of it is not touched.
func (t *tx) eraseWords(ctx context.Context, r desk.Request, n *privacy.Counts) error {
	if err := t.putRequest(ctx, r); err != nil {
		return err
	}
	n.Requests++
	if r.Open() {
		n.Open++
	}
	for _, part := range []struct {
		count *int
		text  string
		args  []any
	}{
		{&n.Messages, `UPDATE request_message SET body = '', cut = '', salt = '', ref = '' WHERE request = $1 AND salt <> ''`, []any{r.ID}},
		{&n.Files, `DELETE FROM request_file WHERE request = $1`, []any{r.ID}},
		{nil, `UPDATE request_send SET state = 'failed', ended_at = $2 WHERE request = $1 AND state = 'waiting'`, []any{r.ID, micros(t.now)}},
		{&n.Sends, `UPDATE request_send SET receipt = '', error = '' WHERE request = $1 AND receipt || error <> ''`, []any{r.ID}},
		{&n.Drafts, `DELETE FROM request_draft WHERE request = $1`, []any{r.ID}},
		{nil, `UPDATE rule_firing SET inputs = '{}', say = '' WHERE for_kind = 'request' AND for_id = $1`, []any{r.ID}},
		{&n.Answers, `UPDATE answer_text SET title = $2, body = '', salt = '' WHERE salt <> '' AND answer IN (SELECT a.id FROM answer a WHERE a.request = $1
			AND (a.state = 'draft' OR a.version > answer_text.version))`, []any{r.ID, desk.ErasedTitle}},
	} {
		changed, err := t.exec(ctx, part.text, part.args...)
		if err != nil {
			return err
		}
		if part.count != nil {
			*part.count += int(changed)
		}
	}
	if err := t.eraseEscalated(ctx, r.ID); err != nil {
		return err
	}
	if err := t.eraseRuns(ctx, r.ID, n); err != nil {
		return err
	}
	return t.reindex(ctx, desk.KindRequest, []int64{r.Number})
}

// eraseRuns takes away what runs for a request were given and said. One that has not ended needs it still, and is counted.
func (t *tx) eraseRuns(ctx context.Context, request string, n *privacy.Counts) error {
	ids, err := rows(ctx, t, value[string], `SELECT id FROM run WHERE for_kind = 'request' AND for_id = $1 AND for_id <> '' ORDER BY id`, request)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.lockKey(ctx, "run "+id); err != nil {
			return err
		}
		before, err := t.run(ctx, id)
		if err != nil {
			return err
		}
		after, ended := before.WithoutWords(t.now)
		if !ended {
			n.Unfinished++
			continue
		}
		if err := t.forgetRun(ctx, before, after); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE run SET reason = '', salt = '' WHERE id = $1`, id); err != nil {
			return err
		}
		n.Runs++
	}
	return nil
}
