package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
)

const answerQuery = `SELECT a.number, a.id, a.body, x.title, x.body, x.salt, x.author, x.at,
	(SELECT count(*) FROM answer_vote v WHERE v.answer = a.id AND v.helped),
	(SELECT count(*) FROM answer_vote v WHERE v.answer = a.id AND NOT v.helped),
	(SELECT count(*) FROM answer_use u WHERE u.answer = a.id AND u.what = 'reply'),
	(SELECT count(*) FROM answer_use u WHERE u.answer = a.id AND u.what = 'instead')
	FROM answer a JOIN answer_text x ON x.answer = a.id AND x.version = a.version`

func scanAnswer(s scan) (x desk.Answer, err error) {
	var number, at int64
	var id, body, title, text, salt, author string
	var counts desk.AnswerCounts
	if err = s(&number, &id, &body, &title, &text, &salt, &author, &at, &counts.Helped, &counts.Not, &counts.Replies, &counts.Instead); err != nil {
		return x, err
	}
	err = json.Unmarshal([]byte(body), &x)
	x.Number, x.ID, x.Title, x.Body, x.Salt, x.ChangedBy, x.ChangedAt, x.AnswerCounts = number, id, title, text, salt, author, fromMicros(at), counts
	return x, err
}

func scanAnswerVersion(s scan) (v desk.AnswerVersion, err error) {
	var at int64
	var title, body, about string
	if err = s(&v.Version, &v.By, &at, &title, &body, &about); err != nil {
		return v, err
	}
	err = json.Unmarshal([]byte(about), &v.AnswerDraft)
	v.At, v.Title, v.Body = fromMicros(at), title, body
	return v, err
}

// Answer implements desk.Shelf.
func (db *DB) Answer(ctx context.Context, ref string) (desk.Answer, error) {
	where, arg := called("a", "K-", ref)
	x, ok, err := row(ctx, db.read, scanAnswer, answerQuery+` WHERE `+where, arg)
	if err == nil && !ok {
		err = noAnswer(ref)
	}
	return x, err
}

func noAnswer(ref string) error {
	return fault.New(fault.NotFound, "There is no answer %.60s. Look in the list of answers.", ref)
}

// Answers implements desk.Shelf.
func (db *DB) Answers(ctx context.Context, f desk.AnswerFilter) ([]desk.Answer, error) {
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	return rows(ctx, db.read, scanAnswer, answerQuery+` WHERE ($1 = '' OR a.owner = $1) AND ($2 = '' OR a.request = $2) AND ($3 = '' OR $3 LIKE '%' || a.state || '%') ORDER BY a.number DESC`,
		f.Owner, f.From, strings.Join(states, " "))
}

// AnswerVersions implements desk.Shelf.
func (db *DB) AnswerVersions(ctx context.Context, id string) ([]desk.AnswerVersion, error) {
	return rows(ctx, db.read, scanAnswerVersion, `SELECT version, author, at, title, body, about FROM answer_text WHERE answer = $1 ORDER BY version DESC`, id)
}

// ChangeAnswer implements desk.Shelf. A new version's text is added; the older ones stay.
func (db *DB) ChangeAnswer(ctx context.Context, id string, base int64, decide func(desk.AnswerNow) (desk.Answer, journal.Consequences, error)) (out desk.Answer, err error) {
	err = db.write(ctx, func(t *tx) error {
		now, err := t.answerNow(ctx, id, base)
		if err != nil {
			return err
		}
		after, follows, err := decide(now)
		if err != nil {
			return err
		}
		out = after
		if err := t.putAnswer(ctx, after, after.Version != now.Answer.Version); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
	return out, err
}

func (t *tx) answerNow(ctx context.Context, id string, base int64) (now desk.AnswerNow, err error) {
	now.Now = t.now
	if id == "" {
		now.Answer.ID = newID()
		now.Answer.Number, _, err = row(ctx, t, value[int64], `INSERT INTO answer (id, state, owner, request, version, body) VALUES ($1, '', '', '', 0, '{}') RETURNING number`, now.Answer.ID)
		return now, err
	}
	if err := t.lockKey(ctx, "answer "+id); err != nil {
		return now, err
	}
	var ok bool
	if now.Answer, ok, err = row(ctx, t, scanAnswer, answerQuery+` WHERE a.id = $1`, id); err != nil {
		return now, err
	}
	if !ok {
		return now, noAnswer(id)
	}
	if base == 0 {
		return now, nil
	}
	v, ok, err := row(ctx, t, scanAnswerVersion, `SELECT version, author, at, title, body, about FROM answer_text WHERE answer = $1 AND version = $2`, id, base)
	if err == nil && !ok {
		err = fault.Wrong("version", "%s has no version %d. Read it again, then write.", now.Answer.Name(), base)
	}
	now.Base = v.AnswerDraft
	return now, err
}

func (t *tx) putAnswer(ctx context.Context, x desk.Answer, reworded bool) error {
	if _, err := t.exec(ctx, `UPDATE answer SET state = $2, owner = $3, request = $4, version = $5, body = $6 WHERE id = $1`,
		x.ID, string(x.State), x.Owner, x.From, x.Version, asJSON(x)); err != nil || !reworded {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO answer_text (answer, version, author, at, title, body, salt, about) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		x.ID, x.Version, x.ChangedBy, micros(x.ChangedAt), x.Title, x.Body, x.Salt, asJSON(x.AnswerDraft))
	return err
}

// CountAnswer implements desk.Shelf.
func (db *DB) CountAnswer(ctx context.Context, c desk.AnswerCount, follows journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		if c.Vote {
			if _, err := t.exec(ctx, `INSERT INTO answer_vote (answer, person, helped, at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (answer, person) DO UPDATE SET helped = excluded.helped, at = excluded.at`, c.Answer, c.Person, c.Helped, micros(t.now)); err != nil {
				return err
			}
		}
		if c.Instead {
			if err := t.useAnswer(ctx, c, "instead", c.Person+" "+t.now.UTC().Format(time.DateOnly)); err != nil {
				return err
			}
		}
		if c.Request != "" {
			if err := t.useAnswer(ctx, c, "reply", c.Request); err != nil {
				return err
			}
		}
		return t.record(ctx, follows)
	})
}

func (t *tx) useAnswer(ctx context.Context, c desk.AnswerCount, what, once string) error {
	_, err := t.exec(ctx, `INSERT INTO answer_use (answer, what, once, person, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (answer, what, once) DO NOTHING`,
		c.Answer, what, once, c.Person, micros(t.now))
	return err
}
