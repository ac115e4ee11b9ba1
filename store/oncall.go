package store

import (
	"context"
	"encoding/json"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
)

var (
	_ oncall.Pages     = (*DB)(nil)
	_ oncall.Ledger    = (*DB)(nil)
	_ oncall.Overrides = (*DB)(nil)
)

var errNoPage = fault.New(fault.NotFound, "There is no such page. Look at the list of pages.")

// ChangePage implements oncall.Pages.
func (db *DB) ChangePage(ctx context.Context, id string, decide func(oncall.Page, []oncall.Attempt, time.Time) oncall.Outcome) (oncall.Page, error) {
	var page oncall.Page
	err := db.write(ctx, func(t *tx) error {
		p, ok, err := row(ctx, t, scanPage, `SELECT number, body FROM page WHERE id = $1`+t.forUpdate(), id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoPage
		}
		page, err = t.decidePage(ctx, p, decide)
		return err
	})
	return page, err
}

// decidePage lets decide see a locked page with its live attempts, and writes what comes of it.
func (t *tx) decidePage(ctx context.Context, p oncall.Page, decide func(oncall.Page, []oncall.Attempt, time.Time) oncall.Outcome) (oncall.Page, error) {
	tries, err := rows(ctx, t, scanJSON[oncall.Attempt], `SELECT body FROM attempt
		WHERE page = $1 AND (firing = $2 OR state IN ('waiting', 'sending')) ORDER BY n`, p.ID, p.Firing)
	if err != nil {
		return p, err
	}
	o := decide(p, tries, t.now)
	if o.Nothing(p.Version) {
		return o.Page, nil
	}
	return o.Page, t.putOutcome(ctx, p.Version, o)
}

// putOutcome writes a decision about a page that is there.
func (t *tx) putOutcome(ctx context.Context, version int64, o oncall.Outcome) error {
	p := o.Page
	err := t.must(ctx, errPageChanged, `UPDATE page SET state = $2, due_at = $3, exhausted = $4, version = $5, body = $6 WHERE id = $1 AND version = $7`,
		p.ID, string(p.State), micros(p.DueAt), p.Exhausted, p.Version, asJSON(p), version)
	if err != nil {
		return err
	}
	return t.putRest(ctx, o)
}

var errPageChanged = fault.New(fault.Conflict, "The page has changed meanwhile. Look at it again.")

// putRest writes the attempts and what follows from a decision.
func (t *tx) putRest(ctx context.Context, o oncall.Outcome) error {
	t.after.topic("page", o.Page.ID)
	for _, a := range o.Attempts {
		err := t.put(ctx, `INSERT INTO attempt (id, page, n, firing, person, state, due_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, body = excluded.body`,
			a.ID, a.Page, a.N, a.Firing, a.Duty.Person, string(a.State), micros(a.DueAt), asJSON(a))
		if err != nil {
			return err
		}
	}
	return t.record(ctx, o.Consequences)
}

// CarryOut implements oncall.Pages.
func (db *DB) CarryOut(ctx context.Context, o oncall.Order) (pages []oncall.Page, err error) {
	err = db.write(ctx, func(t *tx) error {
		pages, err = t.carryOut(ctx, o)
		return err
	})
	return pages, err
}

// carryOut carries an order out in the transaction of the wing that gives it.
func (t *tx) carryOut(ctx context.Context, o oncall.Order) ([]oncall.Page, error) {
	if err := t.lockKey(ctx, "pages about "+o.About.Kind+" "+o.About.ID); err != nil {
		return nil, err
	}
	live, err := rows(ctx, t, scanPage, `SELECT number, body FROM page
		WHERE subject_kind = $1 AND subject = $2 AND state <> 'ended' ORDER BY number`+t.forUpdate(), o.About.Kind, o.About.ID)
	if err != nil {
		return nil, err
	}
	var pages []oncall.Page
	for _, p := range live {
		if o.Do == oncall.DoRaise && !o.Raise.Fits(p) {
			continue
		}
		p, err := t.decidePage(ctx, p, o.On)
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	if len(pages) > 0 || o.Do != oncall.DoRaise {
		return pages, nil
	}
	p, err := t.openPage(ctx, oncall.OpenPage(o.Raise, newID(), o.By, t.now))
	return []oncall.Page{p}, err
}

// openPage writes a new page, which gets its number by that.
func (t *tx) openPage(ctx context.Context, o oncall.Outcome) (oncall.Page, error) {
	p := o.Page
	n, _, err := row(ctx, t, value[int64], `INSERT INTO page (id, subject_kind, subject, state, due_at, exhausted, version, opened_at, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING number`,
		p.ID, p.Subject.Kind, p.Subject.ID, string(p.State), micros(p.DueAt), p.Exhausted, p.Version, micros(p.OpenedAt), asJSON(p))
	if err != nil {
		return p, err
	}
	p.Number = n
	return p, t.putRest(ctx, o)
}

// Page implements oncall.Pages.
func (db *DB) Page(ctx context.Context, ref string) (oncall.Page, []oncall.Attempt, error) {
	where, arg := called("page", "P-", ref)
	p, ok, err := row(ctx, db.read, scanPage, `SELECT number, body FROM page WHERE `+where, arg)
	if err != nil {
		return p, nil, err
	}
	if !ok {
		return p, nil, errNoPage
	}
	tries, err := rows(ctx, db.read, scanJSON[oncall.Attempt], `SELECT body FROM attempt WHERE page = $1 ORDER BY n`, p.ID)
	return p, tries, err
}

// PagesAbout implements oncall.Pages.
func (db *DB) PagesAbout(ctx context.Context, about journal.Subject) ([]oncall.Page, error) {
	return rows(ctx, db.read, scanPage, `SELECT number, body FROM page WHERE subject_kind = $1 AND subject = $2 ORDER BY number DESC LIMIT 20`,
		about.Kind, about.ID)
}

// pagesTo reads the live pages and the young ones by their indexes, and then looks for an attempt in each.
const pagesTo = `SELECT number, body FROM page
	WHERE number IN (SELECT number FROM page WHERE state <> 'ended' UNION ALL SELECT number FROM page WHERE opened_at >= $2)
	AND EXISTS (SELECT 1 FROM attempt WHERE attempt.page = page.id AND person = $1) ORDER BY number DESC LIMIT $3`

// PagesTo implements oncall.Pages.
func (db *DB) PagesTo(ctx context.Context, person string, since time.Time, limit int) ([]oncall.Page, error) {
	return rows(ctx, db.read, scanPage, pagesTo, person, micros(since), limit)
}

// The auditor's three questions, each answered by a partial index of its own.
const (
	latePages      = `SELECT number, body FROM page WHERE state <> 'ended' AND due_at < $1 ORDER BY due_at LIMIT $2`
	exhaustedPages = `SELECT number, body FROM page WHERE exhausted ORDER BY number LIMIT $1`
	stuckAttempts  = `SELECT body FROM attempt WHERE state IN ('waiting', 'sending') AND due_at < $1 ORDER BY due_at LIMIT $2`
)

// failedAttempts is answered by a partial index, which no attempt that succeeds ever touches.
const failedAttempts = `SELECT body FROM attempt WHERE state = 'failed' AND due_at >= $1 ORDER BY due_at DESC LIMIT $2`

// Failures implements oncall.Ledger.
func (db *DB) Failures(ctx context.Context, since time.Time, limit int) ([]oncall.Attempt, error) {
	return rows(ctx, db.read, scanJSON[oncall.Attempt], failedAttempts, micros(since), limit)
}

// Trouble implements oncall.Ledger.
func (db *DB) Trouble(ctx context.Context, late, stuck time.Time, limit int) (found oncall.Trouble, err error) {
	if found.Late, err = rows(ctx, db.read, scanPage, latePages, micros(late), limit); err != nil {
		return found, err
	}
	if found.Stuck, err = rows(ctx, db.read, scanJSON[oncall.Attempt], stuckAttempts, micros(stuck), limit); err != nil {
		return found, err
	}
	found.Exhausted, err = rows(ctx, db.read, scanPage, exhaustedPages, limit)
	return found, err
}

// Enqueue implements oncall.Ledger.
func (db *DB) Enqueue(ctx context.Context, jobs ...job.New) error {
	return db.write(ctx, func(t *tx) error { return t.enqueue(ctx, jobs) })
}

// Overrides implements oncall.Overrides.
func (db *DB) Overrides(ctx context.Context, from, to time.Time) ([]oncall.Override, error) {
	return rows(ctx, db.read, scanJSON[oncall.Override], `SELECT body FROM rota_override WHERE to_at >= $1 AND from_at <= $2 ORDER BY from_at, id`,
		micros(from), micros(to))
}

// Override implements oncall.Overrides.
func (db *DB) Override(ctx context.Context, id string) (oncall.Override, error) {
	o, ok, err := row(ctx, db.read, scanJSON[oncall.Override], `SELECT body FROM rota_override WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such override. Look at the rota.")
	}
	return o, err
}

// PutOverride implements oncall.Overrides.
func (db *DB) PutOverride(ctx context.Context, o oncall.Override, then journal.Consequences) error {
	return db.write(ctx, func(t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO rota_override (id, rotation, from_at, to_at, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET from_at = excluded.from_at, to_at = excluded.to_at, body = excluded.body`,
			o.ID, o.Rotation, micros(o.From), micros(o.To), asJSON(o))
		if err != nil {
			return err
		}
		return t.record(ctx, then)
	})
}

func scanPage(s scan) (p oncall.Page, err error) {
	var n int64
	var body string
	if err := s(&n, &body); err != nil {
		return p, err
	}
	err = json.Unmarshal([]byte(body), &p)
	p.Number = n // the column is given at writing
	return p, err
}

// scanJSON reads a column that holds a whole value as JSON.
func scanJSON[T any](s scan) (v T, err error) {
	var body string
	if err := s(&body); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(body), &v)
}
