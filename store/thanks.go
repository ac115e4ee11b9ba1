package store

import (
	"context"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/thanks"
)

var _ thanks.Database = (*DB)(nil)

const thanksQuery = `SELECT h.number, h.id, h.giver, h.about_kind, h.about_id, h.ref, h.at, h.changed_at, h.taken_at, h.void, COALESCE(x.body, ''), COALESCE(x.salt, '')
	FROM thanks h LEFT JOIN thanks_text x ON x.thanks = h.id`

func scanThanks(s scan) (x thanks.Thanks, err error) {
	var at, changed, taken int64
	err = s(&x.Number, &x.ID, &x.By, &x.About.Kind, &x.About.ID, &x.Ref, &at, &changed, &taken, &x.Void, &x.Text.Body, &x.Text.Salt)
	x.At, x.ChangedAt, x.TakenAt = fromMicros(at), fromMicros(changed), fromMicros(taken)
	return x, err
}

type thanked struct {
	thanks string
	to     thanks.To
}

func scanThanked(s scan) (x thanked, err error) {
	err = s(&x.thanks, &x.to.Kind, &x.to.ID)
	return x, err
}

// thanksOf reads the thanks of a query, with whom they thank.
func thanksOf(ctx context.Context, q querier, query string, args ...any) ([]thanks.Thanks, error) {
	all, err := rows(ctx, q, scanThanks, query, args...)
	if err != nil || len(all) == 0 {
		return all, err
	}
	ids, at := make([]string, len(all)), map[string]int{}
	for i, x := range all {
		ids[i], at[x.ID] = x.ID, i
	}
	var c conditions
	addIn(&c, "thanks", ids)
	to, err := rows(ctx, q, scanThanked, `SELECT thanks, kind, target FROM thanks_to WHERE TRUE`+c.text+` ORDER BY thanks, place`, c.args...)
	for _, x := range to {
		all[at[x.thanks]].To = append(all[at[x.thanks]].To, x.to)
	}
	return all, err
}

func oneThanks(ctx context.Context, q querier, ref string) (thanks.Thanks, error) {
	where, arg := called("h", "T-", ref)
	all, err := thanksOf(ctx, q, thanksQuery+` WHERE `+where, arg)
	if err != nil {
		return thanks.Thanks{}, err
	}
	if len(all) == 0 {
		return thanks.Thanks{}, fault.New(fault.NotFound, "There is no thanks %.60s. Look at the wall.", ref)
	}
	return all[0], nil
}

// Thanks implements thanks.Store.
func (db *DB) Thanks(ctx context.Context, ref string) (thanks.Thanks, error) {
	return oneThanks(ctx, db.read, ref)
}

// ListThanks implements thanks.Store.
func (db *DB) ListThanks(ctx context.Context, f thanks.Filter) ([]thanks.Thanks, error) {
	var c conditions
	c.eq("h.giver", f.By)
	c.eq("h.about_kind", f.About.Kind)
	c.eq("h.about_id", f.About.ID)
	if !f.From.IsZero() {
		c.add(`h.at >= %s`, micros(f.From))
	}
	if !f.Until.IsZero() {
		c.add(`h.at < %s`, micros(f.Until))
	}
	if f.Before > 0 {
		c.add(`h.number < %s`, f.Before)
	}
	if !f.Taken {
		c.and(`h.taken_at = 0`)
	}
	if len(f.To) > 0 {
		any := make([]string, len(f.To))
		for i, to := range f.To {
			any[i] = `o.target = ` + c.arg(to.ID) + ` AND o.kind = ` + c.arg(string(to.Kind))
		}
		c.and(`EXISTS (SELECT 1 FROM thanks_to o WHERE o.thanks = h.id AND (` + strings.Join(any, " OR ") + `))`)
	}
	limit := c.arg(orUsual(f.Limit, 50))
	return thanksOf(ctx, db.read, thanksQuery+` WHERE TRUE`+c.text+` ORDER BY h.number DESC LIMIT `+limit, c.args...)
}

// AddThanks implements thanks.Store. The giver's lock lets their limits hold.
func (db *DB) AddThanks(ctx context.Context, in thanks.Arrival, decide func(thanks.Now) (thanks.Thanks, journal.Consequences, error)) (out thanks.Thanks, fresh bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		out, fresh, err = t.addThanks(ctx, in, decide)
		return err
	})
	return out, fresh, err
}

// addThanks runs under the lock of whoever gives, so that their limits hold.
func (t *tx) addThanks(ctx context.Context, in thanks.Arrival, decide func(thanks.Now) (thanks.Thanks, journal.Consequences, error)) (out thanks.Thanks, fresh bool, err error) {
	if err := t.lockKey(ctx, "thanks of "+in.By); err != nil {
		return out, false, err
	}
	if in.Ref != "" {
		if known, err := thanksOf(ctx, t, thanksQuery+` WHERE h.ref = $1`, in.Ref); err != nil || len(known) > 0 {
			return append(known, out)[0], false, err
		}
	}
	now := thanks.Now{Now: t.now}
	now.Lately, err = thanksOf(ctx, t, thanksQuery+` WHERE h.giver = $1 AND (h.at >= $2 OR $3 <> '' AND h.about_id = $3)`, in.By, micros(in.Since), in.About.ID)
	if err != nil {
		return out, false, err
	}
	now.Fresh.ID = newID()
	now.Fresh.Number, _, err = row(ctx, t, value[int64], `INSERT INTO thanks (id, giver, about_kind, about_id, ref, at, changed_at, taken_at, void) VALUES ($1, $2, $3, $4, $5, $6, $6, 0, FALSE) RETURNING number`,
		now.Fresh.ID, in.By, in.About.Kind, in.About.ID, in.Ref, micros(t.now))
	if err != nil {
		return out, false, err
	}
	out, follows, err := decide(now)
	if err != nil {
		return out, false, err
	}
	to := make([][]any, len(out.To))
	for i, x := range out.To {
		to[i] = []any{out.ID, i, string(x.Kind), x.ID}
	}
	if err := t.insertRows(ctx, `INSERT INTO thanks_to (thanks, place, kind, target) VALUES `, to); err != nil {
		return out, false, err
	}
	if err := t.putThanks(ctx, out); err != nil {
		return out, false, err
	}
	return out, true, t.record(ctx, follows)
}

// putThanks writes what may change, and the words. Words that are gone are deleted.
func (t *tx) putThanks(ctx context.Context, x thanks.Thanks) error {
	if _, err := t.exec(ctx, `UPDATE thanks SET changed_at = $2, taken_at = $3, void = $4 WHERE id = $1`, x.ID, micros(x.ChangedAt), micros(x.TakenAt), x.Void); err != nil {
		return err
	}
	if x.Text.Body == "" {
		_, err := t.exec(ctx, `DELETE FROM thanks_text WHERE thanks = $1`, x.ID)
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO thanks_text (thanks, body, salt) VALUES ($1, $2, $3) ON CONFLICT (thanks) DO UPDATE SET body = excluded.body, salt = excluded.salt`,
		x.ID, x.Text.Body, x.Text.Salt)
	return err
}

// ChangeThanks implements thanks.Store.
func (db *DB) ChangeThanks(ctx context.Context, id string, decide func(thanks.Thanks, time.Time) (thanks.Thanks, journal.Consequences, error)) (out thanks.Thanks, err error) {
	err = db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "thanks "+id); err != nil {
			return err
		}
		before, err := oneThanks(ctx, t, id)
		if err != nil {
			return err
		}
		after, follows, err := decide(before, t.now)
		if err != nil {
			return err
		}
		out = after
		if err := t.putThanks(ctx, after); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
	return out, err
}

type wished struct {
	person string
	thanks.Wish
}

func scanWish(s scan) (w wished, err error) {
	err = s(&w.person, &w.Told, &w.Digest)
	return w, err
}

// Wishes implements thanks.Post.
func (db *DB) Wishes(ctx context.Context) (map[string]thanks.Wish, error) {
	all, err := rows(ctx, db.read, scanWish, `SELECT person, told, digest FROM thanks_wish`)
	out := map[string]thanks.Wish{}
	for _, w := range all {
		out[w.person] = w.Wish
	}
	return out, err
}

// SaveWish implements thanks.Post.
func (db *DB) SaveWish(ctx context.Context, person string, w thanks.Wish) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO thanks_wish (person, told, digest) VALUES ($1, $2, $3) ON CONFLICT (person) DO UPDATE SET told = excluded.told, digest = excluded.digest`,
			person, w.Told, w.Digest)
		return err
	})
}

// DigestSent implements thanks.Post.
func (db *DB) DigestSent(ctx context.Context, m thanks.Month) (bool, error) {
	_, ok, err := row(ctx, db.read, value[int64], `SELECT at FROM thanks_digest WHERE month = $1`, string(m))
	return ok, err
}

// SendDigest implements thanks.Post.
func (db *DB) SendDigest(ctx context.Context, m thanks.Month, follows journal.Consequences) (sent bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err := t.exec(ctx, `INSERT INTO thanks_digest (month, at) VALUES ($1, $2) ON CONFLICT (month) DO NOTHING`, string(m), micros(t.now))
		sent = n > 0
		if err != nil || !sent {
			return err
		}
		return t.record(ctx, follows)
	})
	return sent, err
}
