package store

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"frontline/config"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/privacy"
)

var _ privacy.Store = (*DB)(nil)

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}

// Whom implements privacy.Store.
func (db *DB) Whom(ctx context.Context, ref string) (privacy.Whom, error) {
	w := privacy.Whom{Ref: ref}
	all, err := definitions(ctx, db.read)
	if err != nil {
		return w, err
	}
	for _, r := range all {
		if r.Kind == "person" {
			if err := meet(&w, r); err != nil {
				return w, err
			}
		}
	}
	if strings.Contains(ref, "@") && !slices.Contains(w.Addresses, ref) {
		w.Addresses = append(w.Addresses, ref)
	}
	list, args := in(2, w.Addresses)
	parties, err := rows(ctx, db.read, scanParty, `SELECT id, person, address, name FROM party WHERE person <> '' AND person = $1 OR person = '' AND address <> '' AND address IN (`+list+`) ORDER BY id`,
		append([]any{w.Person}, args...)...)
	for _, p := range parties {
		w.Parties = append(w.Parties, p.ID)
		w.Names, w.Addresses = with(w.Names, p.Name), with(w.Addresses, p.Address)
	}
	return w, err
}

// meet fills in what a definition says when it is that of the person who is named.
func meet(w *privacy.Whom, r config.Row) error {
	var p people.Person
	if err := json.Unmarshal([]byte(r.Body), &p); err != nil {
		return err
	}
	addresses := with(nil, strings.ToLower(p.Email))
	for _, c := range p.Contacts {
		addresses = with(addresses, strings.ToLower(c.Address))
	}
	if r.ID != w.Ref && !slices.Contains(addresses, w.Ref) || w.Here {
		return nil
	}
	w.Person, w.Here, w.Folder = r.ID, !r.Retired, r.Folder
	w.Addresses, w.Names = addresses, with(nil, p.Name)
	return nil
}

func with(all []string, one string) []string {
	if one == "" || slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// Weigh implements privacy.Store.
func (db *DB) Weigh(ctx context.Context, w privacy.Whom) (n privacy.Counts, err error) {
	parties, args := in(1, w.Parties)
	asked := `(SELECT id FROM request WHERE asker IN (` + parties + `))`
	n.Parties = len(w.Parties)
	for _, part := range []struct {
		count *int
		text  string
	}{
		{&n.Requests, `SELECT COUNT(*) FROM request WHERE erased_at = 0 AND asker IN (` + parties + `)`},
		{&n.Open, `SELECT COUNT(*) FROM request WHERE erased_at = 0 AND state <> 'closed' AND asker IN (` + parties + `)`},
		{&n.Messages, `SELECT COUNT(*) FROM request_message WHERE salt <> '' AND (party IN (` + parties + `) OR request IN ` + asked + `)`},
		{&n.Files, `SELECT COUNT(*) FROM request_file f JOIN request_message m ON m.id = f.message WHERE m.party IN (` + parties + `) OR f.request IN ` + asked},
		{&n.Drafts, `SELECT COUNT(*) FROM request_draft WHERE request IN ` + asked},
		{&n.Sends, `SELECT COUNT(*) FROM request_send WHERE receipt || error <> '' AND request IN ` + asked},
		{&n.Runs, `SELECT COUNT(*) FROM run WHERE for_kind = 'request' AND for_id <> '' AND state NOT IN ('running', 'waiting', 'unknown') AND for_id IN ` + asked},
		{&n.Unfinished, `SELECT COUNT(*) FROM run WHERE for_kind = 'request' AND for_id <> '' AND state IN ('running', 'waiting', 'unknown') AND for_id IN ` + asked},
		{&n.Answers, `SELECT COUNT(*) FROM answer_text x JOIN answer a ON a.id = x.answer WHERE x.salt <> '' AND (a.state = 'draft' OR a.version > x.version) AND a.request IN ` + asked},
		{&n.Published, `SELECT COUNT(*) FROM answer a WHERE a.state <> 'draft' AND a.request IN ` + asked},
	} {
		if *part.count, _, err = row(ctx, db.read, value[int], part.text, args...); err != nil {
			return n, err
		}
	}
	if w.Leaves() && w.Person != "" {
		n.Sessions, _, err = row(ctx, db.read, value[int], `SELECT (SELECT COUNT(*) FROM session WHERE person = $1) + (SELECT COUNT(*) FROM token WHERE person = $1) + (SELECT COUNT(*) FROM link WHERE person = $1)`, w.Person)
		if err == nil {
			n.Thanks, _, err = row(ctx, db.read, value[int], `SELECT COUNT(*) FROM thanks_text WHERE thanks IN (SELECT id FROM thanks WHERE giver = $1)`, w.Person)
		}
	}
	if err == nil {
		err = db.weighKept(ctx, w, &n)
	}
	return n, err
}

// weighKept counts what names the person and is not ours to change.
func (db *DB) weighKept(ctx context.Context, w privacy.Whom, n *privacy.Counts) error {
	x := mentionsOf(w)
	if x == nil {
		return nil
	}
	count := func(to *int, query string) error {
		*to = 0
		return db.read.query(ctx, func(s scan) error {
			var body []byte
			err := s(&body)
			if err == nil && x.in(body) {
				*to++
			}
			return err
		}, query, w.Person)
	}
	if err := count(&n.Configured, `SELECT body FROM definition WHERE NOT (kind = 'person' AND id = $1)`); err != nil {
		return public(err)
	}
	return public(count(&n.Quarantine, `SELECT envelope FROM quarantine WHERE envelope IS NOT NULL AND $1 = $1`))
}

const erasureColumns = `number, id, state, asked_by, asked_at, ended_at, leaves, counts`

func scanErasure(s scan) (e privacy.Erasure, err error) {
	var at, ended int64
	var counts string
	if err = s(&e.Number, &e.ID, &e.State, &e.By, &at, &ended, &e.Leaves, &counts); err == nil {
		err = json.Unmarshal([]byte(counts), &e.Counts)
	}
	e.At, e.EndedAt = fromMicros(at), fromMicros(ended)
	return e, err
}

// BeginErasure implements privacy.Store.
func (db *DB) BeginErasure(ctx context.Context, w privacy.Whom, by string, then func(privacy.Erasure) journal.Consequences) (e privacy.Erasure, err error) {
	err = db.write(ctx, func(t *tx) error {
		e = privacy.Erasure{ID: newID(), State: privacy.Running, By: by, At: t.now, Leaves: w.Leaves()}
		e.Number, _, err = row(ctx, t, value[int64], `INSERT INTO erasure (id, state, asked_by, asked_at, leaves, whom, step, counts) VALUES ($1, 'running', $2, $3, $4, $5, $6, '{}') RETURNING number`,
			e.ID, by, micros(t.now), e.Leaves, asJSON(w), stepRequests)
		if err != nil {
			return err
		}
		return t.record(ctx, then(e))
	})
	return e, err
}

// Erasures implements privacy.Store.
func (db *DB) Erasures(ctx context.Context, limit int) ([]privacy.Erasure, error) {
	return rows(ctx, db.read, scanErasure, `SELECT `+erasureColumns+` FROM erasure ORDER BY number DESC LIMIT $1`, limit)
}

// Erasure implements privacy.Store.
func (db *DB) Erasure(ctx context.Context, ref string) (privacy.Erasure, error) {
	where, arg := called("erasure", "ER-", ref)
	e, ok, err := row(ctx, db.read, scanErasure, `SELECT `+erasureColumns+` FROM erasure WHERE `+where, arg)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no erasure %.60s. Look in the list.", ref)
	}
	return e, err
}

// The steps of an erasure, in their order. Those in which mentions are looked for are named after their tables: "sweep 1 run_output". Everything is
// looked through twice, for somebody may have been writing what they had read before the first time.
const (
	stepRequests = "requests"
	stepMessages = "messages"
	stepAccount  = "account"
	stepSweep    = "sweep"
	stepScrub    = "scrub"
	rounds       = 2
)

// under is an erasure while it is carried out.
type under struct {
	privacy.Erasure
	whom  privacy.Whom
	step  string
	place int64
}

func (t *tx) erasureNow(ctx context.Context, id string) (u under, err error) {
	if err := t.lockKey(ctx, "erasure "+id); err != nil {
		return u, err
	}
	u, ok, err := row(ctx, t, func(s scan) (u under, err error) {
		var whom string
		u.Erasure, err = scanErasure(func(dest ...any) error { return s(append(dest, &whom, &u.step, &u.place)...) })
		if err == nil && whom != "" {
			err = json.Unmarshal([]byte(whom), &u.whom)
		}
		return u, err
	}, `SELECT `+erasureColumns+`, whom, step, place FROM erasure WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such erasure.")
	}
	return u, err
}

func (t *tx) putErasure(ctx context.Context, u under) error {
	whom := ""
	if u.step != stepScrub && u.State == privacy.Running {
		whom = asJSON(u.whom)
	}
	_, err := t.exec(ctx, `UPDATE erasure SET state = $2, ended_at = $3, whom = $4, step = $5, place = $6, counts = $7 WHERE id = $1`,
		u.ID, string(u.State), micros(u.EndedAt), whom, u.step, u.place, asJSON(u.Counts))
	t.after.topic("erasure", u.ID)
	return err
}

// StepErasure implements privacy.Store.
func (db *DB) StepErasure(ctx context.Context, id string, finish func(privacy.Erasure) journal.Consequences) (more bool, err error) {
	step, _, err := row(ctx, db.read, value[string], `SELECT step FROM erasure WHERE id = $1 AND state = 'running'`, id)
	if err != nil || step == "" {
		return false, err
	}
	if step == stepScrub {
		if err := db.scrub(ctx); err != nil {
			return false, err
		}
	}
	return step != stepScrub, db.write(ctx, func(t *tx) error {
		u, err := t.erasureNow(ctx, id)
		if err != nil || u.State == privacy.Ended {
			return err
		}
		if u.step == stepScrub {
			u.State, u.EndedAt = privacy.Ended, t.now
			if err := t.putErasure(ctx, u); err != nil {
				return err
			}
			return t.record(ctx, finish(u.Erasure))
		}
		if err := t.stepErasure(ctx, &u); err != nil {
			return err
		}
		return t.putErasure(ctx, u)
	})
}

// stepErasure carries out one batch of the step, and names the next one when it was the last.
func (t *tx) stepErasure(ctx context.Context, u *under) error {
	switch u.step {
	case stepRequests:
		return t.eraseAsked(ctx, u)
	case stepMessages:
		return t.eraseSaid(ctx, u)
	case stepAccount:
		return t.eraseIdentity(ctx, u)
	}
	return t.sweep(ctx, u)
}

// How many rows one transaction of an erasure changes: few, for on SQLite everything else waits for it.
const (
	askedAtOnce = 10
	saidAtOnce  = 50
)

// eraseAsked takes the words of some of the requests that the person asked.
func (t *tx) eraseAsked(ctx context.Context, u *under) error {
	list, args := in(3, u.whom.Parties)
	some, err := rows(ctx, t, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE r.number > $1 AND r.erased_at = 0 AND r.asker IN (`+list+`) ORDER BY r.number LIMIT $2`,
		append([]any{u.place, askedAtOnce}, args...)...)
	if err != nil {
		return err
	}
	for _, r := range some {
		if err := t.eraseOne(ctx, r.ID, &u.Counts); err != nil {
			return err
		}
		u.place = r.Number
	}
	if len(some) < askedAtOnce {
		u.step, u.place = stepMessages, 0
	}
	return nil
}

func (t *tx) eraseOne(ctx context.Context, id string, n *privacy.Counts) error {
	cur, err := t.requestNow(ctx, id, nil)
	if err != nil || cur.Request.Wordless() {
		return err
	}
	published, _, err := row(ctx, t, value[int], `SELECT COUNT(*) FROM answer WHERE request = $1 AND state <> 'draft'`, id)
	if err != nil {
		return err
	}
	n.Published += published
	after, said := desk.Erasing(cur.Request, t.now, 0)
	if err := t.eraseWords(ctx, after, n); err != nil {
		return err
	}
	return t.record(ctx, journal.Consequences{Entries: []journal.Entry{said}})
}

// eraseSaid takes what the person wrote in the requests of others.
func (t *tx) eraseSaid(ctx context.Context, u *under) error {
	list, args := in(2, u.whom.Parties)
	some, err := rows(ctx, t, scanMessage, `SELECT `+messageColumns+` FROM request_message WHERE salt <> '' AND party IN (`+list+`) ORDER BY request, id LIMIT $1`,
		append([]any{saidAtOnce}, args...)...)
	if err != nil {
		return err
	}
	var requests []string
	for _, m := range some {
		requests = with(requests, m.Request)
	}
	slices.Sort(requests)
	if err := t.lockKeys(ctx, "request ", requests); err != nil {
		return err
	}
	for _, m := range some {
		files, err := t.exec(ctx, `DELETE FROM request_file WHERE message = $1`, m.ID)
		if err == nil {
			_, err = t.exec(ctx, `UPDATE request_message SET body = '', cut = '', salt = '', ref = '' WHERE id = $1`, m.ID)
		}
		if err != nil {
			return err
		}
		u.Counts.Messages++
		u.Counts.Files += int(files)
	}
	if len(some) < saidAtOnce {
		u.step, u.place = stepAccount, 0
	}
	return t.reindexOf(ctx, desk.KindRequest, requests)
}

// reindexOf is reindex by ids.
func (t *tx) reindexOf(ctx context.Context, kind desk.Kind, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	list, args := in(1, ids)
	numbers, err := rows(ctx, t, value[int64], `SELECT number FROM `+tableOf(kind)+` WHERE id IN (`+list+`) ORDER BY number`, args...)
	if err != nil {
		return err
	}
	return t.reindex(ctx, kind, numbers)
}

// eraseIdentity takes how the person is known and gets in. Somebody who is still here stays known as a person of the house.
func (t *tx) eraseIdentity(ctx context.Context, u *under) error {
	list, args := in(1, u.whom.Parties)
	if _, err := t.exec(ctx, `UPDATE party SET person = '', address = '', name = '' WHERE id IN (`+list+`)`, args...); err != nil {
		return err
	}
	u.Counts.Parties = len(u.whom.Parties)
	u.step, u.place = stepScrub, 0
	if !u.whom.Leaves() {
		return nil
	}
	if u.step = nextSweep(stepSweep + " 1 "); u.whom.Person == "" {
		return nil
	}
	return t.eraseStaff(ctx, u)
}

// formerName is how somebody is called who was erased.
const formerName = "Somebody erased"

// eraseStaff takes the account of somebody who has left, and what they had begun to write. Their id stays: it is what the journal knows them by.
func (t *tx) eraseStaff(ctx context.Context, u *under) error {
	person := u.whom.Person
	if err := t.lockKeys(ctx, "", []string{"account " + person, "definitions"}); err != nil {
		return err
	}
	for text, count := range map[string]*int{
		`DELETE FROM session WHERE person = $1`:                                            &u.Counts.Sessions,
		`DELETE FROM token WHERE person = $1`:                                              &u.Counts.Sessions,
		`DELETE FROM link WHERE person = $1`:                                               &u.Counts.Sessions,
		`DELETE FROM password WHERE person = $1`:                                           nil,
		`DELETE FROM request_draft WHERE person = $1`:                                      &u.Counts.Drafts,
		`DELETE FROM thanks_wish WHERE person = $1`:                                        nil,
		`DELETE FROM thanks_text WHERE thanks IN (SELECT id FROM thanks WHERE giver = $1)`: &u.Counts.Thanks,
	} {
		n, err := t.exec(ctx, text, person)
		if err != nil {
			return err
		}
		if count != nil {
			*count += int(n)
		}
	}
	was, ok, err := row(ctx, t, func(s scan) (r config.Row, err error) {
		var retired int64
		err = s(&r.Folder, &r.Body, &retired)
		r.Retired = retired > 0
		return r, err
	}, `SELECT folder, body, retired_at FROM definition WHERE kind = 'person' AND id = $1`, person)
	if err != nil || !ok || !was.Retired { // they came back meanwhile: how they are configured now is not touched
		return err
	}
	// A place of its own stays, for two of them must not have the same address.
	empty := people.Person{ID: person, Name: formerName, Email: person + "@erased.invalid", Role: people.Member}
	if _, err := t.exec(ctx, `UPDATE definition_version SET body = $2 WHERE kind = 'person' AND id = $1`, person, asJSON(empty)); err != nil {
		return err
	}
	return t.putDefinition(ctx, config.Row{Kind: "person", ID: person, Folder: was.Folder, Body: asJSON(empty), Retired: true})
}

func nextSweep(step string) string {
	parts := strings.Fields(step + " ")
	round, _ := strconv.Atoi(parts[1])
	all := swept()
	at := 0
	if len(parts) > 2 {
		at = slices.Index(all, parts[2]) + 1
	}
	if at == len(all) {
		round, at = round+1, 0
	}
	if round > rounds {
		return stepScrub
	}
	return stepSweep + " " + strconv.Itoa(round) + " " + all[at]
}
