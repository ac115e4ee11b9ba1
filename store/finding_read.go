package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"frontline/desk"
)

// Candidates implements desk.Finding.
func (db *DB) Candidates(ctx context.Context, r desk.Retrieval) ([]int64, error) {
	if len(r.Any) == 0 {
		return nil, nil
	}
	search := db.newestOfIndex
	if db.dialect == postgresDialect {
		search = db.newestOfParts
	}
	docs, err := search(ctx, r)
	for i, doc := range docs {
		docs[i] = numberOf(r.Kind, doc)
	}
	return docs, err
}

// narrowedOf is the filter of a retrieval, and whether it narrows anything. Incidents have none, and every request in the index meets an empty one.
func narrowedOf(r desk.Retrieval) (*conditions, bool) {
	if r.Kind == desk.KindRequest {
		if q := narrowed(r.Filter); q.text != narrowed(desk.Filter{}).text {
			return q, true
		}
	}
	return &conditions{}, false
}

// newestOfIndex asks FTS5, whose index is walked from the newest document: so a common word costs no more than the documents that are returned.
func (db *DB) newestOfIndex(ctx context.Context, r desk.Retrieval) ([]int64, error) {
	q, narrows := narrowedOf(r)
	from, side, order := `finding_text f`, ` AND f.rowid < 0`, ` ORDER BY f.rowid`
	if r.Kind == desk.KindRequest {
		side, order = ` AND f.rowid > 0`, ` ORDER BY f.rowid DESC`
	}
	if narrows {
		from, side = from+` CROSS JOIN request r`, side+` AND r.number = f.rowid` // in this order
	}
	where := `finding_text MATCH ` + q.arg(fullText(r)) + q.text + side + order + ` LIMIT ` + q.arg(orUsual(r.Limit, 50))
	return rows(ctx, db.read, value[int64], `SELECT f.rowid FROM `+from+` WHERE `+where, q.args...)
}

// A GIN index gives all documents that hold a word or none, in no order, and the newest hundred of a common one would cost a look at every row that
// holds it. So each document also holds the part of all numbers that it is in, and the newest parts are asked first, then eight times as many.
const (
	partBits  = 14    // 16,384 documents
	walked    = 2_000 // of the newest documents, which are looked at one by one: enough for the commonest words
	moreParts = 8
)

func partOf(doc int64) string { return fmt.Sprintf("part:%d", doc>>partBits) }

// newestOfParts asks PostgreSQL, further back until there are enough; first as far back as there should be. The answer is the same as if all had been asked at
// once.
func (db *DB) newestOfParts(ctx context.Context, r desk.Retrieval) ([]int64, error) {
	expression := textQuery(r)
	if r.Kind == desk.KindIncident {
		return db.newestOf(ctx, r, expression, ``, `<`)
	}
	newest, _, err := row(ctx, db.read, value[int64], `SELECT COALESCE(MAX(doc), 0) FROM finding`)
	if err != nil {
		return nil, err
	}
	limit := orUsual(r.Limit, 50)
	back := farBack(r, limit)
	if back <= walked {
		if found, err := db.newestOf(ctx, r, expression, fmt.Sprintf(` AND f.doc > %d`, newest-walked), `>`); err != nil || len(found) >= limit {
			return found, err
		}
	}
	for parts := int64(1); parts<<partBits < newest; parts *= moreParts {
		if float64(parts<<partBits) < back {
			continue
		}
		within := make([]string, 0, parts)
		for at := range parts {
			within = append(within, lexeme(partOf(newest-at<<partBits)))
		}
		found, err := db.newestOf(ctx, r, `(`+expression+`) & (`+strings.Join(within, ` | `)+`)`, ``, `>`)
		if err != nil || len(found) >= limit {
			return found, err
		}
	}
	return db.newestOf(ctx, r, expression, ``, `>`)
}

// farBack is within how many of the newest documents there should be enough; 0 when nothing is known.
func farBack(r desk.Retrieval, limit int) float64 {
	share := 0.0
	for _, m := range r.Any {
		if m.Share == 0 {
			return 0
		}
		share += m.Share
	}
	return float64(limit) / min(share, 1)
}

// newestOf asks PostgreSQL once. What the words match is found first, by the index on words, and only then looked up one by one: planned together, with how
// rare words are being little known, it walks all documents or all requests.
func (db *DB) newestOf(ctx context.Context, r desk.Retrieval, expression, within, side string) ([]int64, error) {
	q, narrows := narrowedOf(r)
	hit := `SELECT f.doc FROM finding f WHERE f.terms @@ CAST(CAST(` + q.arg(expression) + ` AS TEXT) AS TSQUERY) AND f.doc ` + side + ` 0` + within
	met, order := ``, ` ORDER BY hit.doc`
	if narrows {
		met = ` CROSS JOIN LATERAL (SELECT 1 FROM request r WHERE r.number = hit.doc` + q.text + ` OFFSET 0) met`
	}
	if r.Kind == desk.KindRequest {
		order += ` DESC`
	}
	query := `WITH hit AS MATERIALIZED (` + hit + `) SELECT hit.doc FROM hit` + met + order + ` LIMIT ` + q.arg(orUsual(r.Limit, 50))
	// A plan that fits these words, not one for any.
	return rows(ctx, db.read, value[int64], query, append([]any{pgx.QueryExecModeExec}, q.args...)...)
}

// Holders implements desk.Finding.
func (db *DB) Holders(ctx context.Context, ways []desk.Match, limit int) ([][]int64, error) {
	out := make([][]int64, len(ways))
	for i, way := range ways {
		var err error
		if out[i], err = db.holders(ctx, desk.Retrieval{Kind: desk.KindRequest, Limit: limit, Any: []desk.Match{way}}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// holders are the newest that hold it, whoever may see them. With SQLite the numbers travel as one value: thousands of rows of one number cost twice as much.
func (db *DB) holders(ctx context.Context, r desk.Retrieval) (out []int64, err error) {
	if db.dialect == postgresDialect {
		return db.Candidates(ctx, r)
	}
	all, _, err := row(ctx, db.read, value[string], `SELECT COALESCE(group_concat(doc, ' '), '')
		FROM (SELECT rowid AS doc FROM finding_text WHERE finding_text MATCH $1 AND rowid > 0 ORDER BY rowid DESC LIMIT $2) newest`, fullText(r), r.Limit)
	if err != nil {
		return nil, err
	}
	for doc := range strings.FieldsSeq(all) {
		number, err := strconv.ParseInt(doc, 10, 64)
		if err != nil {
			return nil, public(err)
		}
		out = append(out, number)
	}
	return out, nil
}

// Meeting implements desk.Finding.
func (db *DB) Meeting(ctx context.Context, numbers []int64, f desk.Filter) ([]int64, error) {
	q := narrowed(f)
	q.and(isIn(q, `r.number`, numbers))
	met, err := rows(ctx, db.read, value[int64], `SELECT r.number FROM request r WHERE TRUE`+q.text, q.args...)
	if err != nil {
		return nil, err
	}
	is := make(map[int64]bool, len(met))
	for _, n := range met {
		is[n] = true
	}
	return slices.DeleteFunc(slices.Clone(numbers), func(n int64) bool { return !is[n] }), nil
}

// narrowText wants requests to hold words, or not to, in a list that has another order than the index.
func (db *DB) narrowText(q *conditions, is string, r *desk.Retrieval) {
	switch {
	case r == nil:
	case db.dialect == postgresDialect:
		q.and(`r.number ` + is + ` (SELECT f.doc FROM finding f WHERE f.terms @@ CAST(CAST(` + q.arg(textQuery(*r)) + ` AS TEXT) AS TSQUERY))`)
	default:
		q.and(`r.number ` + is + ` (SELECT rowid FROM finding_text WHERE finding_text MATCH ` + q.arg(fullText(*r)) + `)`)
	}
}

// fullText is what is retrieved as FTS5 reads it.
func fullText(r desk.Retrieval) string {
	columns := `terms`
	if r.Notes {
		columns = `{terms notes}`
	}
	leaf := func(h desk.Holding) string {
		if h.Mark != "" {
			return `marks : "` + strings.ReplaceAll(h.Mark, `"`, `""`) + `"`
		}
		return columns + ` : "` + strings.ReplaceAll(strings.Join(h.Words, " "), `"`, `""`) + `"`
	}
	return expression(r, leaf, " AND ", " OR ", " NOT ")
}

// textQuery is what is retrieved as PostgreSQL reads a tsquery.
func textQuery(r desk.Retrieval) string {
	weight := ":A"
	if r.Notes {
		weight = ""
	}
	leaf := func(h desk.Holding) string {
		if h.Mark != "" {
			return lexeme(h.Mark)
		}
		words := make([]string, len(h.Words))
		for i, w := range h.Words {
			words[i] = lexeme(w) + weight
		}
		if len(words) == 1 {
			return words[0]
		}
		return "(" + strings.Join(words, " <-> ") + ")"
	}
	return expression(r, leaf, " & ", " | ", " & !")
}

// expression joins the parts of a retrieval; the databases differ in their operators only.
func expression(r desk.Retrieval, leaf func(desk.Holding) string, and, or, not string) string {
	var ways []string
	for _, m := range r.Any {
		all := make([]string, len(m.All))
		for i, any := range m.All {
			one := make([]string, len(any))
			for j, h := range any {
				one[j] = leaf(h)
			}
			all[i] = "(" + strings.Join(one, or) + ")"
		}
		way := "(" + strings.Join(all, and) + ")"
		for _, h := range m.None {
			way = "(" + way + not + "(" + leaf(h) + "))"
		}
		ways = append(ways, way)
	}
	return strings.Join(ways, or)
}

// Newest implements desk.Finding.
func (db *DB) Newest(ctx context.Context, kind desk.Kind, limit int) ([]int64, error) {
	return rows(ctx, db.read, value[int64], `SELECT number FROM `+tableOf(kind)+` ORDER BY number DESC LIMIT $1`, limit)
}

// mostWritten is how many documents one statement reads.
const mostWritten = 256

// Written implements desk.Finding.
func (db *DB) Written(ctx context.Context, kind desk.Kind, numbers []int64) ([]desk.Written, error) {
	return written(ctx, db.read, kind, numbers)
}

func written(ctx context.Context, q querier, kind desk.Kind, numbers []int64) ([]desk.Written, error) {
	var out []desk.Written
	for len(numbers) > 0 {
		n := min(len(numbers), mostWritten)
		var some []desk.Written
		var err error
		switch kind {
		case desk.KindRequest:
			some, err = writtenRequests(ctx, q, numbers[:n])
		case desk.KindIncident:
			some, err = writtenIncidents(ctx, q, numbers[:n])
		default:
			err = noKind(kind)
		}
		if err != nil {
			return nil, err
		}
		out, numbers = append(out, some...), numbers[n:]
	}
	return out, nil
}

func writtenRequests(ctx context.Context, q querier, numbers []int64) ([]desk.Written, error) {
	list, args := in(1, numbers)
	all, err := rows(ctx, q, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE r.number IN (`+list+`) AND r.asker <> '' ORDER BY r.number DESC`, args...)
	if err != nil {
		return nil, err
	}
	out, at, ids := make([]desk.Written, len(all)), map[string]*desk.Written{}, make([]string, len(all))
	for i, r := range all {
		out[i] = desk.Written{Kind: desk.KindRequest, Number: r.Number, Request: r, Title: r.Title, At: r.ReceivedAt}
		at[r.ID], ids[i] = &out[i], r.ID
		if r.Erased != nil && r.Title == desk.ErasedTitle {
			out[i].Title = "" // it is nobody's word, and is not searched
		}
	}
	list, args = in(1, ids)
	err = q.query(ctx, func(s scan) error {
		var request, body string
		var kind desk.MessageKind
		if err := s(&request, &kind, &body); err != nil {
			return err
		}
		w := at[request]
		switch kind {
		case desk.Question:
			w.Asked = joined(w.Asked, body)
		case desk.Reply:
			w.Answered = joined(w.Answered, body)
		case desk.Note:
			w.Notes = joined(w.Notes, body)
		}
		return nil
	}, `SELECT request, kind, body FROM request_message WHERE request IN (`+list+`) ORDER BY request, at, id`, args...)
	for i := range out {
		out[i].Asked = joined(out[i].Asked, desk.Filled(out[i].Request))
	}
	return out, public(err)
}

func joined(text, more string) string {
	if text == "" || more == "" {
		return text + more
	}
	return text + "\n" + more
}

func writtenIncidents(ctx context.Context, q querier, numbers []int64) ([]desk.Written, error) {
	list, args := in(1, numbers)
	all, err := rows(ctx, q, scanIncident, `SELECT `+incidentColumns+` FROM incident i WHERE i.number IN (`+list+`) ORDER BY i.number DESC`, args...)
	if err != nil {
		return nil, err
	}
	out, at, ids := make([]desk.Written, len(all)), map[string]*desk.Written{}, make([]string, len(all))
	for i, x := range all {
		out[i] = desk.Written{Kind: desk.KindIncident, Number: x.Number, Incident: x, Title: x.Title, At: x.OpenedAt}
		at[x.ID], ids[i] = &out[i], x.ID
	}
	list, args = in(1, ids)
	err = q.query(ctx, func(s scan) error {
		var id, audience, body string
		if err := s(&id, &audience, &body); err != nil {
			return err
		}
		if w := at[id]; audience == "public" {
			w.Asked = joined(w.Asked, body)
		} else {
			w.Answered = joined(w.Answered, body)
		}
		return nil
	}, `SELECT incident, audience, body FROM incident_update WHERE incident IN (`+list+`) ORDER BY incident, at, audience, n`, args...)
	if err != nil {
		return nil, public(err)
	}
	err = q.query(ctx, func(s scan) error {
		var id, body string
		if err := s(&id, &body); err != nil {
			return err
		}
		at[id].Answered = joined(at[id].Answered, body)
		return nil
	}, `SELECT p.incident, x.body`+paperTables+` WHERE p.state = 'published' AND p.incident IN (`+list+`)`, args...)
	return out, public(err)
}
