package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"frontline/job"
	"frontline/journal"
)

// record writes what a decision named: entries, jobs, and the end of the job it runs under.
func (t *tx) record(ctx context.Context, c journal.Consequences) error {
	entries := make([][]any, len(c.Entries))
	for i, e := range c.Entries {
		entries[i] = t.entryValues(e)
	}
	if err := t.insertRows(ctx, insertEntry, entries); err != nil {
		return err
	}
	if err := t.enqueue(ctx, c.Jobs); err != nil {
		return err
	}
	if claim, ok := job.ClaimOf(ctx); ok && c.Finish {
		if err := t.finish(ctx, claim); err != nil {
			return err
		}
		t.after.finished = &claim
	}
	return nil
}

const insertEntry = `INSERT INTO journal (id, at, actor_kind, actor, via, verb, subject_kind, subject, about_kind, about, facts, text_hash) VALUES `

// entryValues completes an entry, and announces it.
func (t *tx) entryValues(e journal.Entry) []any {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.At.IsZero() {
		e.At = t.now
	}
	t.after.topic(e.Subject.Kind, e.Subject.ID)
	t.after.topic(e.About.Kind, e.About.ID)
	t.after.entries = true
	return []any{e.ID, micros(e.At), string(e.Actor.Kind), e.Actor.ID, e.Actor.Via, e.Verb, e.Subject.Kind, e.Subject.ID, e.About.Kind, e.About.ID, e.FactsJSON(), e.Text}
}

const entryColumns = `id, COALESCE(seq, 0), at, actor_kind, actor, via, verb, subject_kind, subject, about_kind, about, facts, text_hash`

func scanEntry(s scan) (e journal.Entry, err error) {
	var at int64
	var facts string
	err = s(&e.ID, &e.Seq, &at, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Via, &e.Verb, &e.Subject.Kind, &e.Subject.ID, &e.About.Kind, &e.About.ID, &facts, &e.Text)
	if err != nil {
		return e, err
	}
	e.At = fromMicros(at)
	var both struct {
		F map[string]any
		R map[string]string
	}
	err = json.Unmarshal([]byte(facts), &both)
	e.Facts, e.Refs = both.F, both.R
	return e, err
}

// JournalOf returns what happened to the subjects, oldest first, at most limit entries (the newest ones).
func (db *DB) JournalOf(ctx context.Context, subjects []journal.Subject, limit int) ([]journal.Entry, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	query, args := journalOf(subjects, limit)
	return rows(ctx, db.read, scanEntry, query, args...)
}

func journalOf(subjects []journal.Subject, limit int) (query string, args []any) {
	var where []string
	args = []any{limit}
	for i, s := range subjects {
		// about <> '' says nothing new, but without it the partial index on about is not used and the whole journal is read.
		where = append(where, fmt.Sprintf("(subject_kind = $%d AND subject = $%d) OR (about_kind = $%d AND about = $%d AND about <> '')", 2*i+2, 2*i+3, 2*i+2, 2*i+3))
		args = append(args, s.Kind, s.ID)
	}
	return `SELECT * FROM (SELECT ` + entryColumns + ` FROM journal WHERE ` + strings.Join(where, " OR ") + `
		ORDER BY at DESC, id DESC LIMIT $1) newest ORDER BY at, id`, args
}

// JournalPage returns entries before the given one (or the newest), newest first; verb and actor narrow it when not empty. verb may end
// with "." to mean a whole wing.
func (db *DB) JournalPage(ctx context.Context, before journal.Entry, verb, actor string, limit int) ([]journal.Entry, error) {
	at, id := micros(before.At), before.ID
	if id == "" {
		at, id = micros(db.Now().Add(24*time.Hour)), "~"
	}
	return rows(ctx, db.read, scanEntry, `SELECT `+entryColumns+` FROM journal
		WHERE (at, id) < ($1, $2) AND ($3 = '' OR verb LIKE $3 || '%') AND ($4 = '' OR actor = $4)
		ORDER BY at DESC, id DESC LIMIT $5`, at, id, verb, actor, limit)
}

// Seal gives unsealed entries their sequence number and chains a hash over them, at most limit, and returns how many it
// sealed. Only one replica seals at a time. The order of commits is not the order of ids, so the number is given here and not at writing.
func (db *DB) Seal(ctx context.Context, limit int) (int, error) {
	var sealed int
	err := db.writer.do(ctx, func(t *tx) error {
		sealed = 0
		if err := t.lockKey(ctx, "journal seal"); err != nil {
			return err
		}
		entries, err := rows(ctx, t, scanEntry, `SELECT `+entryColumns+` FROM journal WHERE seq IS NULL ORDER BY id LIMIT $1`, limit)
		if err != nil || len(entries) == 0 {
			return err
		}
		last, _, err := row(ctx, t, scanSeal, `SELECT seq, hash FROM journal WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
		if err != nil {
			return err
		}
		links := make([][]any, len(entries))
		for i, e := range entries {
			last = last.next(e)
			links[i] = []any{e.ID, last.seq, last.hash}
		}
		if err := t.updateRows(ctx, "journal", seals(), links); err != nil {
			return err
		}
		sealed = len(entries)
		return nil
	})
	return sealed, public(err)
}

func seals() []column {
	return []column{{"seq", integer}, {"hash", text}}
}

type seal struct {
	seq  int64
	hash string
}

func scanSeal(s scan) (x seal, err error) { return x, s(&x.seq, &x.hash) }

// next is the link after s: SHA-256 over the last hash and everything the entry says.
func (s seal) next(e journal.Entry) seal {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n%s\n%d\n%q %q %q\n%q\n%q %q\n%q %q\n%s\n%s", s.hash, s.seq+1, e.ID, micros(e.At), e.Actor.Kind, e.Actor.ID, e.Actor.Via, e.Verb,
		e.Subject.Kind, e.Subject.ID, e.About.Kind, e.About.ID, e.FactsJSON(), e.Text)
	return seal{s.seq + 1, hex.EncodeToString(h.Sum(nil))}
}

// Sealing implements journal.Pages.
func (db *DB) Sealing(ctx context.Context) (journal.Sealing, error) {
	var s journal.Sealing
	last, _, err := row(ctx, db.read, value[int64], `SELECT seq FROM journal WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
	if err != nil {
		return s, err
	}
	s, _, err = row(ctx, db.read, func(sc scan) (x journal.Sealing, err error) {
		var oldest int64
		err = sc(&x.Waiting, &oldest)
		x.Since = fromMicros(oldest)
		return x, err
	}, `SELECT COUNT(*), COALESCE(MIN(at), 0) FROM journal WHERE seq IS NULL`)
	s.Sealed = last
	return s, err
}

// VerifyJournal walks the sealed journal and returns the sequence number of the first entry that was altered or removed; 0 when
// every link holds.
func (db *DB) VerifyJournal(ctx context.Context) (int64, error) {
	var last seal
	for {
		type sealed struct {
			journal.Entry
			hash string
		}
		page, err := rows(ctx, db.read, func(s scan) (x sealed, err error) {
			x.Entry, err = scanEntry(func(dest ...any) error { return s(append(dest, &x.hash)...) })
			return x, err
		}, `SELECT `+entryColumns+`, hash FROM journal WHERE seq > $1 ORDER BY seq LIMIT 1000`, last.seq)
		if err != nil || len(page) == 0 {
			return 0, err
		}
		for _, e := range page {
			if last = last.next(e.Entry); last.seq != e.Seq || last.hash != e.hash {
				return last.seq, nil
			}
		}
	}
}
