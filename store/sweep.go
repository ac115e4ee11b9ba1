package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"frontline/desk"
	"frontline/fault"
)

// How much of a table is looked through in one transaction.
const (
	sweptRows  = 2000 // of SQLite
	sweptFiles = 100  // of SQLite, where rows hold bytes
	sweptPages = 200  // of PostgreSQL, 8 kB each
)

// sweep looks for mentions in the next part of a table and replaces them.
func (t *tx) sweep(ctx context.Context, u *under) error {
	table := strings.Fields(u.step)[2]
	x := mentionsOf(u.whom)
	if x == nil {
		u.step = stepScrub
		return nil
	}
	end, err := t.endOf(ctx, table)
	if err != nil {
		return err
	}
	s := sweeping{t: t, table: table, holding: words()[table], mentions: x}
	to := u.place + sweptRows
	switch {
	case t.db.dialect == postgresDialect:
		to = u.place + sweptPages
	case s.bytes != "":
		to = u.place + sweptFiles
	}
	if err := s.part(ctx, u.place, to); err != nil {
		return err
	}
	u.Counts.Mentions += s.found
	if u.place = to; to >= end {
		u.step, u.place = nextSweep(u.step), 0
		if u.step == stepScrub {
			return t.db.weighKept(ctx, u.whom, &u.Counts)
		}
	}
	return nil
}

// endOf is where a table ends: behind its last row on SQLite, behind its last page on PostgreSQL.
func (t *tx) endOf(ctx context.Context, table string) (int64, error) {
	query := `SELECT COALESCE(MAX(rowid), 0) + 1 FROM ` + table
	if t.db.dialect == postgresDialect {
		query = `SELECT pg_relation_size('` + table + `') / 8192 + 1`
	}
	end, _, err := row(ctx, t, value[int64], query)
	return end, err
}

// sweeping is a part of one table that is looked through.
type sweeping struct {
	holding
	t        *tx
	table    string
	mentions *mentions
	found    int
}

// part looks through the rows from one place to before the other.
func (s *sweeping) part(ctx context.Context, from, to int64) error {
	prose, bodies := strings.Fields(s.prose), strings.Fields(s.bytes)
	kind, column, _ := strings.Cut(s.about, " ")
	if column == "" {
		column = `''`
	}
	place, where := `rowid`, `rowid >= $1 AND rowid < $2`
	args := []any{from, to}
	if s.t.db.dialect == postgresDialect {
		place, where = `CAST(ctid AS TEXT)`, `ctid >= CAST(CAST($1 AS TEXT) AS TID) AND ctid < CAST(CAST($2 AS TEXT) AS TID)`
		args = []any{fmt.Sprintf("(%d,0)", from), fmt.Sprintf("(%d,0)", to)}
	}
	if s.unless != "" {
		where += ` AND NOT (` + s.unless + `)`
	}
	columns := slices.Concat(prose, bodies)
	query := `SELECT CAST(` + place + ` AS TEXT), CAST(` + column + ` AS TEXT), ` + strings.Join(columns, ", ") + ` FROM ` + s.table + ` WHERE ` + where + s.narrow(prose, bodies, &args) + s.t.forUpdate()
	hits, err := rows(ctx, s.t, func(sc scan) (h hit, err error) {
		h.prose, h.bodies = make([]string, len(prose)), make([][]byte, len(bodies))
		dest := []any{&h.place, &h.about}
		for i := range prose {
			dest = append(dest, &h.prose[i])
		}
		for i := range bodies {
			dest = append(dest, &h.bodies[i])
		}
		return h, sc(dest...)
	}, query, args...)
	if err != nil {
		return err
	}
	return s.mend(ctx, hits, prose, bodies, desk.Kind(kind))
}

// hit is a row that may mention the person.
type hit struct {
	place, about string
	prose        []string
	bodies       [][]byte
}

// narrow leaves out rows that hold no piece of a mention.
func (s *sweeping) narrow(prose, bodies []string, args *[]any) string {
	var some []string
	for _, like := range s.mentions.likes() {
		if len(prose) == 0 {
			break
		}
		*args = append(*args, like)
		for _, c := range prose {
			some = append(some, fmt.Sprintf(`LOWER(%s) LIKE $%d ESCAPE '!'`, c, len(*args)))
		}
	}
	for _, whole := range s.mentions.whole {
		if len(bodies) == 0 {
			break
		}
		*args = append(*args, []byte(whole))
		for _, c := range bodies {
			some = append(some, fmt.Sprintf(s.t.db.within(), c, len(*args)))
		}
	}
	return ` AND (` + strings.Join(some, " OR ") + `)`
}

// within is how to ask whether a column of bytes holds others.
func (db *DB) within() string {
	if db.dialect == postgresDialect {
		return `POSITION(CAST($%[2]d AS BYTEA) IN %[1]s) > 0`
	}
	return `INSTR(%[1]s, $%[2]d) > 0`
}

// mend writes rows without their mentions, and what the text index holds of them.
func (s *sweeping) mend(ctx context.Context, hits []hit, prose, bodies []string, kind desk.Kind) error {
	var about []string
	for _, h := range hits {
		set, args := s.without(h, prose, bodies)
		if len(set) == 0 {
			continue
		}
		args = append(args, h.place)
		where := fmt.Sprintf(`rowid = CAST($%d AS BIGINT)`, len(args))
		if s.t.db.dialect == postgresDialect {
			where = fmt.Sprintf(`ctid = CAST(CAST($%d AS TEXT) AS TID)`, len(args))
		}
		if _, err := s.t.exec(ctx, `UPDATE `+s.table+` SET `+strings.Join(set, ", ")+` WHERE `+where, args...); err != nil {
			return err
		}
		about = with(about, h.about)
	}
	if kind == "" || len(about) == 0 {
		return nil
	}
	return s.reindex(ctx, kind, about)
}

// without is what is to be changed in a row.
func (s *sweeping) without(h hit, prose, bodies []string) (set []string, args []any) {
	put := func(column string, v any) {
		args = append(args, v)
		set = append(set, fmt.Sprintf("%s = $%d", column, len(args)))
	}
	for i, c := range prose {
		if text, n := s.mentions.without(h.prose[i]); n > 0 {
			put(c, text)
			s.found += n
		}
	}
	if len(set) > 0 && s.salted() {
		put("salt", "")
	}
	for i, c := range bodies {
		if s.mentions.in(h.bodies[i]) {
			put(c, []byte{})
			s.found++
		}
	}
	return set, args
}

// reindex takes the changed texts out of the text index. Rows name their request or incident by its id, and it names itself by its number.
func (s *sweeping) reindex(ctx context.Context, kind desk.Kind, about []string) error {
	if s.table != tableOf(kind) {
		return s.t.reindexOf(ctx, kind, sorted(about))
	}
	var numbers []int64
	for _, a := range about {
		var n int64
		if _, err := fmt.Sscan(a, &n); err != nil {
			return fmt.Errorf("the number %q: %w", a, err)
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return s.t.reindex(ctx, kind, numbers)
}

// smallFile is up to what size SQLite's file is written anew at the end of an erasure, in bytes: that takes a second or two, in which nothing else is
// written. In a larger one pages that became free before this version may hold old words until they are used again.
const smallFile = 64 << 20

// scrub leaves nothing of what was erased in the files. On SQLite whatever is deleted is overwritten at once (secure_delete), here the log is emptied, and a
// small file is written anew. On PostgreSQL nobody reads what was deleted any more; VACUUM gives its place free.
func (db *DB) scrub(ctx context.Context) error {
	if db.dialect == postgresDialect {
		for _, table := range append(swept(), "party", "session", "token", "definition", "erasure", "finding") {
			if _, err := db.read.ExecContext(ctx, `VACUUM `+table); err != nil {
				return public(err)
			}
		}
		return nil
	}
	size, _, err := row(ctx, db.read, value[int64], `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`)
	if err != nil {
		return err
	}
	if size <= smallFile {
		if _, err := db.read.ExecContext(ctx, `VACUUM`); err != nil {
			return public(err)
		}
	}
	return db.emptyLog(ctx)
}

// emptyLog moves SQLite's write-ahead log into the file and cuts it. Readers of an older state must end first; a job tries again.
func (db *DB) emptyLog(ctx context.Context) error {
	var busy, log, moved sql.NullInt64
	if err := db.read.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &log, &moved); err != nil {
		return public(err)
	}
	if busy.Int64 != 0 {
		return fault.New(fault.Unavailable, "Somebody is reading an older state of the database. The log is emptied in a moment.")
	}
	return nil
}
