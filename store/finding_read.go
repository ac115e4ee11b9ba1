package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"frontline/desk"
)

// Candidates implements desk.Finding.
func (db *DB) Candidates(ctx context.Context, r desk.Retrieval) ([]int64, error) {
	if len(r.Any) == 0 {
		return nil, nil
	}
	q := &conditions{}
	if r.Kind == desk.KindRequest {
		q = narrowed(r.Filter)
	}
	query := db.candidates(q, r)
	args := q.args
	if db.dialect == postgresDialect {
		// A plan that fits this word: one for any word would walk the index of a common one, or the whole table for a rare one.
		args = append([]any{pgx.QueryExecModeExec}, args...)
	}
	docs, err := rows(ctx, db.read, value[int64], query, args...)
	for i, doc := range docs {
		docs[i] = numberOf(r.Kind, doc)
	}
	return docs, err
}

// candidates is the query. The index is walked from the newest document, and each is looked up: so a common word costs no more than the documents
// that are returned.
func (db *DB) candidates(q *conditions, r desk.Retrieval) string {
	doc, from, match := `f.rowid`, `finding_text f`, `finding_text MATCH %s`
	expression := fullText(r)
	if db.dialect == postgresDialect {
		doc, from, match = `f.doc`, `finding f`, `f.terms @@ CAST(CAST(%s AS TEXT) AS TSQUERY)`
		expression = textQuery(r)
	}
	where := fmt.Sprintf(match, q.arg(expression)) + q.text
	side, order := ` AND `+doc+` > 0`, ` ORDER BY `+doc+` DESC`
	if r.Kind == desk.KindIncident {
		side, order = ` AND `+doc+` < 0`, ` ORDER BY `+doc
	} else {
		from += ` CROSS JOIN request r` // in this order
		side += ` AND r.number = ` + doc
	}
	return `SELECT ` + doc + ` FROM ` + from + ` WHERE ` + where + side + order + ` LIMIT ` + q.arg(orUsual(r.Limit, 50))
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
