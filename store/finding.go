package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"frontline/desk"
	"frontline/fault"
	"frontline/search"
)

var _ desk.Finding = (*DB)(nil)

// The text index is a follower of the journal: an entry about a request or an incident says that its words may have changed, and they are read and
// written anew. What must be exact at once, as erasing must, calls reindex in its own transaction.

// How many documents one transaction of the follower writes: few, for on SQLite everything else waits for it.
const (
	followed = 50
	filled   = 100
)

// findingCursor is how far the index has come.
type findingCursor struct {
	known   bool
	seq     int64
	filling desk.Kind // empty once everything that there was is in
	filled  int64     // the number up to which it is
}

func readFindingCursor(ctx context.Context, q querier) (findingCursor, error) {
	c, _, err := row(ctx, q, func(s scan) (findingCursor, error) {
		c := findingCursor{known: true}
		return c, s(&c.seq, &c.filling, &c.filled)
	}, `SELECT seq, filling, filled FROM finding_cursor WHERE name = 'finding'`)
	return c, err
}

func (t *tx) putFindingCursor(ctx context.Context, c findingCursor) error {
	_, err := t.exec(ctx, `INSERT INTO finding_cursor (name, seq, filling, filled) VALUES ('finding', $1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, filling = excluded.filling, filled = excluded.filled`, c.seq, string(c.filling), c.filled)
	return err
}

// FollowFindings implements desk.Finding.
func (db *DB) FollowFindings(ctx context.Context) (more bool, err error) {
	at, err := readFindingCursor(ctx, db.read)
	if err != nil {
		return false, err
	}
	if at.known && at.filling == "" {
		entries, err := db.SealedAfter(ctx, at.seq, 1)
		if err != nil || len(entries) == 0 {
			return false, err
		}
	}
	err = db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "finding"); err != nil {
			return err
		}
		at, err := readFindingCursor(ctx, t)
		if err != nil {
			return err
		}
		next := at
		switch {
		case !at.known: // from here on the journal is followed; what is older is filled in
			next.seq, _, err = row(ctx, t, value[int64], `SELECT seq FROM journal WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
			next.filling, more = desk.KindRequest, true
		case at.filling != "":
			next, err = t.fill(ctx, at)
			more = true
		default:
			next.seq, more, err = t.follow(ctx, at.seq)
		}
		if err != nil {
			return err
		}
		return t.putFindingCursor(ctx, next)
	})
	return more, err
}

// fill writes the next documents of the kind that is being filled in.
func (t *tx) fill(ctx context.Context, at findingCursor) (findingCursor, error) {
	numbers, err := rows(ctx, t, value[int64], `SELECT number FROM `+tableOf(at.filling)+` WHERE number > $1 ORDER BY number LIMIT $2`, at.filled, filled)
	if err != nil {
		return at, err
	}
	if len(numbers) > 0 {
		at.filled = numbers[len(numbers)-1]
		return at, t.writeAnew(ctx, at.filling, numbers, nil)
	}
	if at.filling == desk.KindRequest {
		at.filling, at.filled = desk.KindIncident, 0
	} else {
		at.filling, at.filled = "", 0
	}
	return at, nil
}

// follow writes what the next entries of the journal are about.
func (t *tx) follow(ctx context.Context, seq int64) (int64, bool, error) {
	entries, err := rows(ctx, t, scanEntry, `SELECT `+entryColumns+` FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, followed)
	if err != nil || len(entries) == 0 {
		return seq, false, err
	}
	changed := map[desk.Kind][]string{}
	for _, e := range entries {
		kind := desk.Kind(e.Subject.Kind)
		if kind == desk.KindRequest || kind == desk.KindIncident {
			changed[kind] = append(changed[kind], e.Subject.ID)
		}
	}
	for _, kind := range []desk.Kind{desk.KindRequest, desk.KindIncident} {
		if len(changed[kind]) == 0 {
			continue
		}
		list, args := in(1, changed[kind])
		numbers, err := rows(ctx, t, value[int64], `SELECT number FROM `+tableOf(kind)+` WHERE id IN (`+list+`) ORDER BY number`, args...)
		if err != nil {
			return seq, false, err
		}
		if err := t.reindex(ctx, kind, numbers); err != nil {
			return seq, false, err
		}
	}
	return entries[len(entries)-1].Seq, len(entries) == followed, nil
}

func tableOf(kind desk.Kind) string {
	if kind == desk.KindIncident {
		return "incident"
	}
	return "request"
}

// docOf is the document's number in the index, and numberOf takes it back. Requests count up from one and incidents down, so that each kind is a
// range of its own, and the newest are at its end.
func docOf(kind desk.Kind, number int64) int64 {
	if kind == desk.KindIncident {
		return -4 * number
	}
	return number
}

func numberOf(kind desk.Kind, doc int64) int64 {
	if kind == desk.KindIncident {
		return doc / -4
	}
	return doc
}

// indexed is a document as the index holds it.
type indexed struct {
	doc          int64
	terms, notes string
	marks        []string
}

func (x indexed) hash() string {
	sum := sha256.Sum256([]byte(x.terms + "\x00" + x.notes + "\x00" + strings.Join(x.marks, " ")))
	return hex.EncodeToString(sum[:16])
}

// mostIndexed is how much of each part of a document is indexed, in bytes: what is longer is a log that somebody pasted.
const mostIndexed = 60_000

// reindex reads documents and writes what the index holds of them. Whoever erases words calls it in the same transaction: then nobody finds by them any
// more. It holds the requests' locks, so that it never writes what another transaction is just taking away.
func (t *tx) reindex(ctx context.Context, kind desk.Kind, numbers []int64) error {
	if len(numbers) == 0 {
		return nil
	}
	docs := make([]int64, len(numbers))
	for i, n := range numbers {
		docs[i] = docOf(kind, n)
	}
	held, err := t.hashes(ctx, docs)
	if err != nil {
		return err
	}
	return t.writeAnew(ctx, kind, numbers, held)
}

// writeAnew writes what the index holds of documents, but for those that it holds already, by their hashes.
func (t *tx) writeAnew(ctx context.Context, kind desk.Kind, numbers []int64, held map[int64]string) error {
	if err := t.lockDocuments(ctx, kind, numbers); err != nil {
		return err
	}
	all, err := written(ctx, t, kind, numbers)
	if err != nil {
		return err
	}
	var changed []desk.Written
	for _, w := range all {
		x := indexed{doc: docOf(kind, w.Number), notes: terms(w.Notes), terms: terms(w.Title + "\n" + w.Asked + "\n" + w.Answered)}
		if kind == desk.KindRequest {
			x.marks = desk.Marks(w.Request)
		}
		hash := x.hash()
		if held[x.doc] == hash {
			continue
		}
		if held[x.doc] != "" && kind == desk.KindRequest {
			changed = append(changed, w)
		}
		if err := t.putDocument(ctx, x, hash); err != nil {
			return err
		}
	}
	return t.unlabel(ctx, changed)
}

func terms(s string) string {
	if len(s) > mostIndexed {
		s = strings.ToValidUTF8(s[:mostIndexed], "")
	}
	return search.Terms(s)
}

// lockDocuments takes the locks under which the documents are changed.
func (t *tx) lockDocuments(ctx context.Context, kind desk.Kind, numbers []int64) error {
	if t.db.dialect != postgresDialect {
		return nil
	}
	list, args := in(1, numbers)
	ids, err := rows(ctx, t, value[string], `SELECT id FROM `+tableOf(kind)+` WHERE number IN (`+list+`)`, args...)
	if err != nil {
		return err
	}
	slices.Sort(ids)
	return t.lockKeys(ctx, tableOf(kind)+" ", ids)
}

func (t *tx) hashes(ctx context.Context, docs []int64) (map[int64]string, error) {
	held := map[int64]string{}
	list, args := in(1, docs)
	return held, t.query(ctx, func(s scan) error {
		var doc int64
		var hash string
		err := s(&doc, &hash)
		held[doc] = hash
		return err
	}, `SELECT doc, hash FROM finding WHERE doc IN (`+list+`)`, args...)
}

// putDocument writes one document in the place of what the index held of it.
func (t *tx) putDocument(ctx context.Context, x indexed, hash string) error {
	if t.db.dialect == postgresDialect {
		return t.put(ctx, `INSERT INTO finding (doc, terms, hash) VALUES ($1, CAST(CAST($2 AS TEXT) AS TSVECTOR), $3)
			ON CONFLICT (doc) DO UPDATE SET terms = excluded.terms, hash = excluded.hash`, x.doc, vector(x), hash)
	}
	if _, err := t.exec(ctx, `DELETE FROM finding_text WHERE rowid = $1`, x.doc); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO finding_text (rowid, terms, notes, marks) VALUES ($1, $2, $3, $4)`, x.doc, x.terms, x.notes, strings.Join(x.marks, " "))
	if err == nil {
		_, err = t.exec(ctx, `INSERT INTO finding (doc, hash) VALUES ($1, $2) ON CONFLICT (doc) DO UPDATE SET hash = excluded.hash`, x.doc, hash)
	}
	return err
}

// What PostgreSQL keeps of a word's places.
const (
	lastPlace  = 16383
	mostPlaces = 250
)

// vector writes a document as PostgreSQL reads a tsvector: words with their places, those of notes with the weight D, and the part that it is in.
func vector(x indexed) string {
	places := map[string][]string{}
	at := 0
	for _, part := range []struct{ text, weight string }{{x.terms, "A"}, {x.notes, ""}} {
		for w := range strings.FieldsSeq(part.text) {
			if at++; len(places[w]) < mostPlaces {
				places[w] = append(places[w], fmt.Sprint(min(at, lastPlace), part.weight))
			}
		}
		at++ // no phrase begins in one part and ends in the other
	}
	var b strings.Builder
	for w, ps := range places {
		fmt.Fprintf(&b, "%s:%s ", lexeme(w), strings.Join(ps, ","))
	}
	for _, m := range append([]string{partOf(x.doc)}, x.marks...) {
		b.WriteString(lexeme(m) + " ")
	}
	return b.String()
}

// lexeme quotes a word for a tsvector or a tsquery.
func lexeme(w string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(w) + "'"
}

// RebuildFindings implements desk.Finding. The index is searched while it is written anew.
func (db *DB) RebuildFindings(ctx context.Context) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "finding"); err != nil {
			return err
		}
		_, err := t.exec(ctx, `DELETE FROM finding_cursor WHERE name = 'finding'`)
		return err
	})
}

// noKind refuses what is not in the index.
func noKind(kind desk.Kind) error {
	return fault.New(fault.Internal, "The text index has no %s.", kind)
}
