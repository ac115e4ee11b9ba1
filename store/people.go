package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"frontline/config"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

var _ people.Store = (*DB)(nil)

// Password implements people.Accounts.
func (db *DB) Password(ctx context.Context, person string) (string, error) {
	return passwordOf(ctx, db.read, person)
}

func passwordOf(ctx context.Context, q querier, person string) (string, error) {
	hash, _, err := row(ctx, q, value[string], `SELECT hash FROM password WHERE person = $1`, person)
	return hash, err
}

// HavePassword implements people.Accounts.
func (db *DB) HavePassword(ctx context.Context) ([]string, error) {
	return rows(ctx, db.read, value[string], `SELECT person FROM password ORDER BY person`)
}

// Link implements people.Accounts.
func (db *DB) Link(ctx context.Context, hash string) (people.Link, bool, error) {
	return row(ctx, db.read, scanLink, `SELECT hash, purpose, person, until_at FROM link WHERE hash = $1`, hash)
}

func scanLink(s scan) (l people.Link, err error) {
	var until int64
	err = s(&l.Hash, &l.Purpose, &l.Person, &until)
	l.Until = fromMicros(until)
	return l, err
}

// ChangeAccount implements people.Accounts.
func (db *DB) ChangeAccount(ctx context.Context, person string, decide func(people.Account) (people.Change, error)) error {
	return db.write(ctx, func(t *tx) error {
		a, err := t.account(ctx, person)
		if err != nil {
			return err
		}
		c, err := decide(a)
		if err != nil {
			return err
		}
		return t.change(ctx, c)
	})
}

// RedeemLink implements people.Accounts. Of two transactions that delete the same row the later one waits and finds none.
func (db *DB) RedeemLink(ctx context.Context, hash string, decide func(people.Link, people.Account) (people.Change, error)) error {
	return db.write(ctx, func(t *tx) error {
		l, _, err := row(ctx, t, scanLink, `DELETE FROM link WHERE hash = $1 RETURNING hash, purpose, person, until_at`, hash)
		if err != nil {
			return err
		}
		a, err := t.account(ctx, l.Person)
		if err != nil {
			return err
		}
		c, err := decide(l, a)
		if err != nil {
			return err
		}
		return t.change(ctx, c)
	})
}

// account locks and reads how a person gets in.
func (t *tx) account(ctx context.Context, person string) (a people.Account, err error) {
	if err := t.lockKey(ctx, "account "+person); err != nil {
		return a, err
	}
	a.Person = person
	if a.Password, err = passwordOf(ctx, t, person); err != nil {
		return a, err
	}
	if a.Sessions, err = sessionsOf(ctx, t, person); err != nil {
		return a, err
	}
	a.Tokens, err = tokensOf(ctx, t, person)
	return a, err
}

// change writes what was decided about an account.
func (t *tx) change(ctx context.Context, c people.Change) error {
	for _, part := range []func(context.Context, people.Change) error{t.addPerson, t.setPassword, t.changeSessions, t.changeTokens, t.makeLink, t.forgive} {
		if err := part(ctx, c); err != nil {
			return err
		}
	}
	var said journal.Consequences
	for _, d := range c.Deeds {
		said.Add(journal.Note(d.By, d.Verb, journal.Of("person", d.Person), d.Facts))
	}
	return t.record(ctx, said)
}

// addPerson writes a person of the screens' own, who must be new.
func (t *tx) addPerson(ctx context.Context, c people.Change) error {
	if c.Add == nil {
		return nil
	}
	body, err := json.Marshal(c.Add)
	if err != nil {
		return fmt.Errorf("person as JSON: %w", err)
	}
	if err := t.lockKey(ctx, "definitions"); err != nil {
		return err
	}
	_, taken, err := row(ctx, t, value[string], `SELECT id FROM definition WHERE kind = 'person' AND id = $1`, c.Add.ID)
	if err != nil {
		return err
	}
	if taken {
		return fault.New(fault.Conflict, "The id %s is or was another person's. Choose another one.", c.Add.ID)
	}
	return t.putDefinition(ctx, config.Row{Kind: "person", ID: c.Add.ID, Body: string(body)})
}

// shutOut ends the sessions of somebody who is retired, and their invitation. Their password and API tokens stay, and are refused until
// they are back: moving a person from one folder to another must not cost them either.
func (t *tx) shutOut(ctx context.Context, person string) error {
	if err := t.lockKey(ctx, "account "+person); err != nil {
		return err
	}
	_, err := t.exec(ctx, `DELETE FROM session WHERE person = $1`, person)
	if err == nil {
		_, err = t.exec(ctx, `DELETE FROM link WHERE purpose = $1 AND person = $2`, string(people.ForInvite), person)
	}
	return err
}

// setPassword replaces the password; an invitation that was still open ends with the old one.
func (t *tx) setPassword(ctx context.Context, c people.Change) error {
	if c.Password == "" {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO password (person, hash, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at`, c.Person, c.Password, micros(t.now))
	if err == nil {
		_, err = t.exec(ctx, `DELETE FROM link WHERE purpose = $1 AND person = $2`, string(people.ForInvite), c.Person)
	}
	return err
}

func (t *tx) changeSessions(ctx context.Context, c people.Change) error {
	if len(c.End) > 0 {
		list, args := in(2, c.End)
		if _, err := t.exec(ctx, `DELETE FROM session WHERE person = $1 AND id IN (`+list+`)`, append([]any{c.Person}, args...)...); err != nil {
			return err
		}
	}
	if k := c.Confirm; k != nil {
		if _, err := t.exec(ctx, `UPDATE session SET confirmed_at = $2 WHERE id = $1`, k.ID, micros(k.ConfirmedAt)); err != nil {
			return err
		}
	}
	if c.Begin == nil {
		return nil
	}
	k := c.Begin
	_, err := t.exec(ctx, `INSERT INTO session (id, hash, person, address, made_at, seen_at, until_at, confirmed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.ID, k.Hash, k.Person, k.From, micros(k.Made), micros(k.Seen), micros(k.Until), micros(k.ConfirmedAt))
	return err
}

func (t *tx) changeTokens(ctx context.Context, c people.Change) error {
	if c.Revoke != "" {
		if _, err := t.exec(ctx, `DELETE FROM token WHERE person = $1 AND id = $2`, c.Person, c.Revoke); err != nil {
			return err
		}
	}
	if c.Make == nil {
		return nil
	}
	k := c.Make
	_, err := t.exec(ctx, `INSERT INTO token (id, hash, person, name, hint, role, made_at, used_at, until_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		k.ID, k.Hash, k.Person, k.Name, k.Hint, string(k.Role), micros(k.Made), micros(k.Used), micros(k.Until))
	return err
}

func (t *tx) makeLink(ctx context.Context, c people.Change) error {
	if c.Link == nil {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO link (purpose, person, hash, until_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (purpose, person) DO UPDATE SET hash = excluded.hash, until_at = excluded.until_at`,
		string(c.Link.Purpose), c.Link.Person, c.Link.Hash, micros(c.Link.Until))
	return err
}

func (t *tx) forgive(ctx context.Context, c people.Change) error {
	for _, key := range c.Settle {
		if _, err := t.exec(ctx, `DELETE FROM tally WHERE key = $1`, key); err != nil {
			return err
		}
	}
	for _, key := range c.Forgive {
		if _, err := t.exec(ctx, `UPDATE tally SET failures = failures - 1 WHERE key = $1 AND failures > 0`, key); err != nil {
			return err
		}
	}
	return nil
}

const sessionColumns = `id, hash, person, address, device, made_at, seen_at, until_at, confirmed_at`

func scanSession(s scan) (k people.KeptSession, err error) {
	var made, seen, until, confirmed int64
	err = s(&k.ID, &k.Hash, &k.Person, &k.From, &k.Device, &made, &seen, &until, &confirmed)
	k.Made, k.Seen, k.Until, k.ConfirmedAt = fromMicros(made), fromMicros(seen), fromMicros(until), fromMicros(confirmed)
	return k, err
}

// Session implements people.Sessions.
func (db *DB) Session(ctx context.Context, hash string) (people.KeptSession, bool, error) {
	return row(ctx, db.read, scanSession, `SELECT `+sessionColumns+` FROM session WHERE hash = $1`, hash)
}

// SessionsOf implements people.Sessions.
func (db *DB) SessionsOf(ctx context.Context, person string) ([]people.KeptSession, error) {
	return sessionsOf(ctx, db.read, person)
}

func sessionsOf(ctx context.Context, q querier, person string) ([]people.KeptSession, error) {
	return rows(ctx, q, scanSession, `SELECT `+sessionColumns+` FROM session WHERE person = $1 ORDER BY id`, person)
}

// SeeSession implements people.Sessions.
func (db *DB) SeeSession(ctx context.Context, id string, at, since time.Time) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE session SET seen_at = $2 WHERE id = $1 AND seen_at <= $3`, id, micros(at), micros(since))
		return err
	})
}

// NameSession implements people.Sessions.
func (db *DB) NameSession(ctx context.Context, id, device string) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE session SET device = $2 WHERE id = $1`, id, device)
		return err
	})
}

const tokenColumns = `id, hash, person, name, hint, role, made_at, used_at, until_at`

func scanToken(s scan) (k people.KeptToken, err error) {
	var made, used, until int64
	err = s(&k.ID, &k.Hash, &k.Person, &k.Name, &k.Hint, &k.Role, &made, &used, &until)
	k.Made, k.Used, k.Until = fromMicros(made), fromMicros(used), fromMicros(until)
	return k, err
}

// Token implements people.Tokens.
func (db *DB) Token(ctx context.Context, hash string) (people.KeptToken, bool, error) {
	return row(ctx, db.read, scanToken, `SELECT `+tokenColumns+` FROM token WHERE hash = $1`, hash)
}

// TokensOf implements people.Tokens.
func (db *DB) TokensOf(ctx context.Context, person string) ([]people.KeptToken, error) {
	return tokensOf(ctx, db.read, person)
}

func tokensOf(ctx context.Context, q querier, person string) ([]people.KeptToken, error) {
	return rows(ctx, q, scanToken, `SELECT `+tokenColumns+` FROM token WHERE person = $1 ORDER BY id`, person)
}

// UseToken implements people.Tokens.
func (db *DB) UseToken(ctx context.Context, id string, day time.Time) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `UPDATE token SET used_at = $2 WHERE id = $1 AND used_at < $2`, id, micros(day))
		return err
	})
}

// ChangeTallies implements people.Tallies.
func (db *DB) ChangeTallies(ctx context.Context, keys []string, before time.Time, decide func([]people.Tally) ([]people.Tally, error)) error {
	return db.write(ctx, func(t *tx) error {
		current := make([]people.Tally, len(keys))
		for _, key := range slices.Sorted(slices.Values(keys)) { // always in one order, so that two do not wait for each other
			if err := t.lockKey(ctx, "tally "+key); err != nil {
				return err
			}
			one, _, err := row(ctx, t, scanTally, `SELECT key, failures, since_at, last_at FROM tally WHERE key = $1`, key)
			if err != nil {
				return err
			}
			one.Key = key
			current[slices.Index(keys, key)] = one
		}
		next, err := decide(current)
		if err != nil {
			return err
		}
		return t.putTallies(ctx, next, before)
	})
}

func scanTally(s scan) (y people.Tally, err error) {
	var since, last int64
	err = s(&y.Key, &y.Failures, &since, &last)
	y.Since, y.Last = fromMicros(since), fromMicros(last)
	return y, err
}

func (t *tx) putTallies(ctx context.Context, tallies []people.Tally, before time.Time) error {
	for _, y := range tallies {
		_, err := t.exec(ctx, `INSERT INTO tally (key, failures, since_at, last_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, since_at = excluded.since_at, last_at = excluded.last_at`,
			y.Key, y.Failures, micros(y.Since), micros(y.Last))
		if err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `DELETE FROM tally WHERE last_at < $1`, micros(before))
	return err
}
