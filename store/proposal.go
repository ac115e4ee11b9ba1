package store

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/insight"
	"frontline/insight/group"
	"frontline/job"
	"frontline/journal"
)

var (
	_ insight.Piles     = (*DB)(nil)
	_ insight.Proposals = (*DB)(nil)
)

// unnamed are the facts of requests that nobody has named, as their index knows them.
const unnamed = ` FROM request_fact f WHERE (f.codes = '' OR f.codes = 'none') AND f.asker <> '' AND f.of_request = ''`

func (db *DB) unnamedSince(ctx context.Context, since time.Time, shut []string, more string, limit int) ([]int64, error) {
	q := &conditions{}
	q.add(`f.received_at >= %s`, micros(since))
	if len(shut) > 0 {
		q.and(`NOT (` + isIn(q, `f.type`, shut) + `)`)
	}
	return rows(ctx, db.read, value[int64], `SELECT f.number`+unnamed+more+q.text+` ORDER BY f.received_at DESC, f.number DESC LIMIT `+q.arg(limit), q.args...)
}

// Uncoded implements insight.Piles.
func (db *DB) Uncoded(ctx context.Context, since time.Time, shut []string, limit int) ([]int64, error) {
	return db.unnamedSince(ctx, since, shut, ` AND f.codes = ''`, limit)
}

// inPile is what of the unnamed is none of the demands.
const inPile = ` AND (f.codes = 'none' OR f.guess = '' AND f.closed_at <> 0)`

// Pile implements insight.Piles.
func (db *DB) Pile(ctx context.Context, since time.Time, shut []string, limit int) ([]int64, int, error) {
	numbers, err := db.unnamedSince(ctx, since, shut, inPile, limit)
	if err != nil || len(numbers) < limit {
		return numbers, len(numbers), err
	}
	q := &conditions{}
	q.add(`f.received_at >= %s`, micros(since))
	if len(shut) > 0 {
		q.and(`NOT (` + isIn(q, `f.type`, shut) + `)`)
	}
	all, _, err := row(ctx, db.read, value[int], `SELECT COUNT(*)`+unnamed+inPile+q.text, q.args...)
	return numbers, all, err
}

// SetGuesses implements insight.Piles.
func (db *DB) SetGuesses(ctx context.Context, guesses map[int64]string) error {
	by := map[string][]int64{}
	for number, guess := range guesses {
		by[guess] = append(by[guess], number)
	}
	return db.write(ctx, func(t *tx) error {
		for guess, numbers := range by {
			list, args := in(2, numbers)
			if _, err := t.exec(ctx, `UPDATE request_fact SET guess = $1 WHERE guess <> $1 AND request IN (SELECT id FROM request WHERE number IN (`+list+`))`, append([]any{guess}, args...)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Proposals implements insight.Proposals.
func (db *DB) Proposals(ctx context.Context) (insight.Known, error) {
	k, err := readKnown(ctx, db.read)
	k.Now = db.Now()
	return k, err
}

func readKnown(ctx context.Context, q querier) (k insight.Known, err error) {
	night, ok, err := row(ctx, q, value[string], `SELECT body FROM proposal_night WHERE name = 'last'`)
	if err == nil && ok {
		err = json.Unmarshal([]byte(night), &k.Night)
	}
	if err != nil {
		return k, err
	}
	if k.Proposals, err = rows(ctx, q, scanProposal, `SELECT number, state, reason, body FROM proposal ORDER BY number`); err != nil {
		return k, err
	}
	at := map[int]*insight.Proposal{}
	for i := range k.Proposals {
		at[k.Proposals[i].Number] = &k.Proposals[i]
	}
	return k, public(q.query(ctx, func(s scan) error {
		var number int
		var word group.Term
		var inside, elsewhere int64
		err := s(&number, &word.Word, &inside, &elsewhere)
		word.In, word.Elsewhere = float64(inside)/million, float64(elsewhere)/million
		if p := at[number]; p != nil {
			p.Words = append(p.Words, word)
		}
		return err
	}, `SELECT proposal, word, inside, elsewhere FROM proposal_word ORDER BY proposal, place`))
}

const million = 1_000_000

func scanProposal(s scan) (p insight.Proposal, err error) {
	var number int
	var state insight.ProposalState
	var reason, body string
	if err = s(&number, &state, &reason, &body); err == nil {
		err = json.Unmarshal([]byte(body), &p)
	}
	p.Number, p.State, p.Reason = number, state, reason
	return p, err
}

// MembersOf implements insight.Proposals.
func (db *DB) MembersOf(ctx context.Context, number, limit int) ([]string, error) {
	return rows(ctx, db.read, value[string], `SELECT m.request FROM proposal_member m JOIN request_fact f ON f.request = m.request
		WHERE m.proposal = $1 AND (f.codes = '' OR f.codes = 'none') ORDER BY m.place LIMIT $2`, number, limit)
}

// ChangeProposals implements insight.Proposals.
func (db *DB) ChangeProposals(ctx context.Context, decide func(insight.Known) (insight.Known, journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "proposals"); err != nil {
			return err
		}
		before, err := readKnown(ctx, t)
		if err != nil {
			return err
		}
		before.Now, before.Members = t.now, map[int][]insight.Member{}
		if err := t.query(ctx, func(s scan) error {
			var number int
			var m insight.Member
			err := s(&number, &m.Request, &m.Print)
			before.Members[number] = append(before.Members[number], m)
			return err
		}, `SELECT proposal, request, print FROM proposal_member ORDER BY proposal, place`); err != nil {
			return err
		}
		after, follows, err := decide(before)
		if err != nil {
			return err
		}
		if err := t.putKnown(ctx, before, after); err != nil {
			return err
		}
		return t.record(ctx, follows)
	})
}

// putKnown writes all proposals in place of what there was. Of their many members only those are written that are new or went elsewhere.
func (t *tx) putKnown(ctx context.Context, before, after insight.Known) error {
	var proposals, words, members [][]any
	was, is := membership(before), membership(after)
	var gone []string
	for request, m := range was {
		if is[request] != m {
			gone = append(gone, request)
		}
	}
	slices.Sort(gone)
	for _, p := range after.Proposals {
		proposals = append(proposals, []any{p.Number, string(p.State), p.Reason, asJSON(p)})
		for i, w := range p.Words {
			words = append(words, []any{p.Number, i, w.Word, int64(math.Round(million * w.In)), int64(math.Round(million * w.Elsewhere))})
		}
		for i, m := range after.Members[p.Number] {
			if was[m.Request] != is[m.Request] {
				members = append(members, []any{m.Request, p.Number, i, m.Print})
			}
		}
	}
	for some := range slices.Chunk(gone, 500) {
		list, args := in(1, some)
		if _, err := t.exec(ctx, `DELETE FROM proposal_member WHERE request IN (`+list+`)`, args...); err != nil {
			return err
		}
	}
	for _, text := range []string{`DELETE FROM proposal_word`, `DELETE FROM proposal_night`, `DELETE FROM proposal`} {
		if _, err := t.exec(ctx, text); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		text string
		rows [][]any
	}{
		{`INSERT INTO proposal (number, state, reason, body) VALUES `, proposals},
		{`INSERT INTO proposal_word (proposal, place, word, inside, elsewhere) VALUES `, words},
		{`INSERT INTO proposal_member (request, proposal, place, print) VALUES `, members},
		{`INSERT INTO proposal_night (name, body) VALUES `, [][]any{{"last", asJSON(after.Night)}}},
	} {
		if err := t.insertRows(ctx, x.text, x.rows); err != nil {
			return err
		}
	}
	return nil
}

// belonging is in which proposal a request is, and how its text was.
type belonging struct {
	proposal int
	print    string
}

func membership(k insight.Known) map[string]belonging {
	out := map[string]belonging{}
	for _, p := range k.Proposals {
		for _, m := range k.Members[p.Number] {
			out[m.Request] = belonging{p.Number, m.Print}
		}
	}
	return out
}

// ChangeProposal implements insight.Proposals.
func (db *DB) ChangeProposal(ctx context.Context, number int, decide func(insight.Proposal, time.Time) (insight.Proposal, journal.Consequences, error)) (out insight.Proposal, err error) {
	err = db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "proposals"); err != nil {
			return err
		}
		before, ok, err := row(ctx, t, scanProposal, `SELECT number, state, reason, body FROM proposal WHERE number = $1`, number)
		if err == nil && !ok {
			err = fault.New(fault.NotFound, "There is no such proposal. It may have become another one over night; look at the list.")
		}
		if err != nil {
			return err
		}
		after, follows, err := decide(before, t.now)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE proposal SET state = $2, reason = $3, body = $4 WHERE number = $1`, number, string(after.State), after.Reason, asJSON(after)); err != nil {
			return err
		}
		out = after
		return t.record(ctx, follows)
	})
	return out, err
}

// unlabel takes the words of proposals away whose texts have changed since they were grouped, as erasing changes them, and asks for new ones.
func (t *tx) unlabel(ctx context.Context, changed []desk.Written) error {
	prints := map[string]string{}
	for _, w := range changed {
		prints[w.Request.ID] = insight.Print(w)
	}
	if len(prints) == 0 {
		return nil
	}
	ids := make([]string, 0, len(prints))
	for id := range prints {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	list, args := in(1, ids)
	var gone []string
	proposals := map[int]bool{}
	if err := t.query(ctx, func(s scan) error {
		var request, print string
		var proposal int
		err := s(&request, &print, &proposal)
		if print != prints[request] {
			gone, proposals[proposal] = append(gone, request), true
		}
		return err
	}, `SELECT request, print, proposal FROM proposal_member WHERE request IN (`+list+`)`, args...); err != nil || len(gone) == 0 {
		return err
	}
	list, args = in(1, gone)
	if _, err := t.exec(ctx, `DELETE FROM proposal_member WHERE request IN (`+list+`)`, args...); err != nil {
		return err
	}
	for number := range proposals {
		if _, err := t.exec(ctx, `DELETE FROM proposal_word WHERE proposal = $1`, number); err != nil {
			return err
		}
	}
	return t.enqueue(ctx, []job.New{insight.ExploreSoon(t.now)})
}
