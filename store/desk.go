package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
)

var _ desk.Database = (*DB)(nil)

// Receive implements desk.Store.
func (db *DB) Receive(ctx context.Context, in desk.Arrival, decide func(desk.Current) (desk.Change, error)) (out desk.Request, fresh bool, err error) {
	err = db.write(ctx, func(t *tx) error {
		out, fresh, err = t.receive(ctx, in, decide)
		return err
	})
	return out, fresh, err
}

func (t *tx) receive(ctx context.Context, a desk.Arrival, decide func(desk.Current) (desk.Change, error)) (desk.Request, bool, error) {
	if a.Ref != "" {
		if err := t.lockKey(ctx, "message "+a.Channel+" "+a.Ref); err != nil {
			return desk.Request{}, false, err
		}
		known, ok, err := row(ctx, t, scanRequest, `SELECT `+requestColumns+` FROM request_message m JOIN request r ON r.id = m.request
			WHERE m.channel = $1 AND m.ref = $2`, a.Channel, a.Ref)
		if err != nil || ok {
			return known, false, err
		}
	}
	party, err := t.partyOf(ctx, a.From)
	if err != nil {
		return desk.Request{}, false, err
	}
	said, err := t.threadOf(ctx, a, party.ID)
	if err != nil {
		return desk.Request{}, false, err
	}
	cur, err := t.arrived(ctx, said)
	if err != nil {
		return desk.Request{}, false, err
	}
	cur.Party = party
	c, err := decide(cur)
	if err != nil {
		return desk.Request{}, false, err
	}
	return c.Request, true, t.saveRequest(ctx, cur.Request, c)
}

// arrived is what a decision about a new message sees: of a duplicate, the request whose conversation it is.
func (t *tx) arrived(ctx context.Context, said string) (cur desk.Current, err error) {
	if said == "" {
		cur = desk.Current{New: true, Now: t.now, NewID: newID, Request: desk.Request{ID: newID()}}
		cur.Request.Number, _, err = row(ctx, t, value[int64], `INSERT INTO request (id, title, fields, type, team, service, customer, asker, state, waits_for,
			assignee, of_request, problem, incident, received_at, snoozed_until, closed_at, due_at, body)
			VALUES ($1, '', '{}', '', '', '', '', '', '', '', '', '', '', '', $2, 0, 0, 0, '{}') RETURNING number`, cur.Request.ID, micros(t.now))
		return cur, err
	}
	of, _, err := row(ctx, t, value[string], `SELECT of_request FROM request WHERE id = $1`, said)
	if err != nil {
		return cur, err
	}
	if of == "" {
		return t.requestNow(ctx, said, nil)
	}
	cur, err = t.requestNow(ctx, of, nil)
	cur.Said = said
	return cur, err
}

// partyOf finds or makes a party: by the person, or by the address of somebody whom we do not know.
func (t *tx) partyOf(ctx context.Context, p desk.Party) (desk.Party, error) {
	if err := t.lockKey(ctx, "party "+p.Person+" "+p.Address); err != nil {
		return p, err
	}
	query, arg := `SELECT id, person, address, name FROM party WHERE person = $1`, p.Person
	if p.Person == "" {
		query, arg = `SELECT id, person, address, name FROM party WHERE person = '' AND address = $1`, p.Address
	}
	known, ok, err := row(ctx, t, scanParty, query, arg)
	if err != nil {
		return p, err
	}
	if ok && arg != "" {
		p.ID = known.ID
		p.Address, p.Name = orElse(p.Address, known.Address), orElse(p.Name, known.Name)
		_, err = t.exec(ctx, `UPDATE party SET address = $2, name = $3 WHERE id = $1`, p.ID, p.Address, p.Name)
		return p, err
	}
	p.ID = newID()
	_, err = t.exec(ctx, `INSERT INTO party (id, person, address, name) VALUES ($1, $2, $3, $4)`, p.ID, p.Person, p.Address, p.Name)
	return p, err
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func scanParty(s scan) (p desk.Party, err error) {
	return p, s(&p.ID, &p.Person, &p.Address, &p.Name)
}

// threadOf finds the request that a message belongs to: the one it is added to, the one whose messages it answers, or the one whose number it names,
// when its sender takes part in that one. Empty when it belongs to none.
func (t *tx) threadOf(ctx context.Context, a desk.Arrival, party string) (string, error) {
	if a.Request != "" {
		return a.Request, nil
	}
	for _, answered := range slices.Backward(a.Thread) { // the nearest first
		query, args := `SELECT request FROM request_message WHERE channel = $1 AND ref = $2`, []any{a.Channel, answered}
		if send, ours := strings.CutPrefix(answered, desk.SendRef); ours {
			query, args = `SELECT request FROM request_send WHERE id = $1`, []any{send}
		}
		id, ok, err := row(ctx, t, value[string], query, args...)
		if err != nil || ok {
			return id, err
		}
	}
	if a.Number == 0 {
		return "", nil
	}
	id, _, err := row(ctx, t, value[string], `SELECT r.id FROM request r WHERE r.number = $1
		AND (r.asker = $2 OR EXISTS (SELECT 1 FROM request_message m WHERE m.request = r.id AND m.party = $2))`, a.Number, party)
	return id, err
}

// ChangeRequest implements desk.Store.
func (db *DB) ChangeRequest(ctx context.Context, id string, with []string, decide func(desk.Current) (desk.Change, error)) (out desk.Request, err error) {
	err = db.write(ctx, func(t *tx) error {
		cur, err := t.requestNow(ctx, id, with)
		if err != nil {
			return err
		}
		c, err := decide(cur)
		if err != nil {
			return err
		}
		out = c.Request
		return t.saveRequest(ctx, cur.Request, c)
	})
	return out, err
}

// DeedDone implements desk.Store.
func (db *DB) DeedDone(ctx context.Context, key string) (bool, error) {
	_, done, err := row(ctx, db.read, value[string], `SELECT key FROM request_deed WHERE key = $1`, key)
	return done, err
}

// requestNow locks a request and those beside it, in the order of their ids, and reads what a decision needs.
func (t *tx) requestNow(ctx context.Context, id string, with []string) (cur desk.Current, err error) {
	cur = desk.Current{Now: t.now, NewID: newID, With: map[string]desk.Request{}}
	locks := append([]string{id}, with...)
	slices.Sort(locks)
	if err = t.lockKeys(ctx, "request ", slices.Compact(locks)); err != nil {
		return cur, err
	}
	for _, other := range with {
		r, ok, err := row(ctx, t, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE r.id = $1`, other)
		if err != nil {
			return cur, err
		}
		if ok {
			cur.With[other] = r
		}
	}
	r, ok, err := row(ctx, t, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE r.id = $1`, id)
	if err == nil && !ok {
		err = noRequest(id)
	}
	if err != nil {
		return cur, err
	}
	cur.Request = r
	if cur.To, err = rows(ctx, t, scanRecipient, `SELECT r.id, r.body, p.id, p.person, p.address, p.name FROM request r JOIN party p ON p.id = r.asker
		WHERE r.id = $1 OR r.of_request = $1 ORDER BY r.number`, id); err != nil {
		return cur, err
	}
	cur.Hanging, err = rows(ctx, t, value[string], `SELECT id FROM request WHERE problem = $1 AND state <> 'closed' ORDER BY number`, id)
	return cur, err
}

func scanRecipient(s scan) (to desk.Recipient, err error) {
	var body string
	if err = s(&to.Request, &body, &to.Party.ID, &to.Party.Person, &to.Party.Address, &to.Party.Name); err != nil {
		return to, err
	}
	var r desk.Request
	err = json.Unmarshal([]byte(body), &r)
	to.Channel = r.Channel
	return to, err
}

// saveRequest writes what a decision left.
func (t *tx) saveRequest(ctx context.Context, before desk.Request, c desk.Change) error {
	if c.Once != "" {
		n, err := t.exec(ctx, `INSERT INTO request_deed (key, request, at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`, c.Once, c.Request.ID, micros(t.now))
		if err != nil || n == 0 { // somebody was faster: it is done, and nothing is written twice
			return err
		}
	}
	if err := t.putRequest(ctx, c.Request); err != nil {
		return err
	}
	if err := t.putFact(ctx, c.Request, c.Entries); err != nil {
		return err
	}
	if !slices.Equal(before.Watchers, c.Request.Watchers) {
		if err := t.putFollowers(ctx, c.Request); err != nil {
			return err
		}
	}
	if !slices.Equal(before.Tags, c.Request.Tags) {
		if err := t.putTags(ctx, c.Request); err != nil {
			return err
		}
	}
	if recoded(before, c.Request) {
		if err := t.putCodes(ctx, c.Request); err != nil {
			return err
		}
	}
	for _, m := range c.Messages {
		if err := t.putMessage(ctx, m); err != nil {
			return err
		}
	}
	for _, s := range c.Sends {
		if err := t.putSend(ctx, s); err != nil {
			return err
		}
	}
	if c.Got != "" {
		if _, err := t.exec(ctx, `INSERT INTO request_got (person, last_at) VALUES ($1, $2) ON CONFLICT (person) DO UPDATE SET last_at = excluded.last_at`, c.Got, micros(t.now)); err != nil {
			return err
		}
	}
	if c.Step != nil {
		if _, err := t.exec(ctx, `INSERT INTO request_step (bulk, request, at, body) VALUES ($1, $2, $3, $4)`, c.Step.Bulk, c.Step.Request, micros(c.Step.At), asJSON(c.Step)); err != nil {
			return err
		}
	}
	return t.record(ctx, c.Consequences)
}

// never is when something is due that has no time: after everything else.
const never = int64(1) << 62

func (t *tx) putRequest(ctx context.Context, r desk.Request) error {
	fields, due := asJSON(r.Fields), micros(r.DueAt)
	if due == 0 {
		due = never
	}
	title, erased := r.Title, int64(0)
	if r.Wordless() {
		title, fields, erased = "", "{}", micros(r.Erased.At)
	}
	r.Title, r.Fields = "", nil // words have one place, so that they can be erased
	_, err := t.exec(ctx, `UPDATE request SET title = $2, fields = $3, type = $4, team = $5, service = $6, customer = $7, asker = $8, state = $9, waits_for = $10,
		assignee = $11, of_request = $12, problem = $13, incident = $14, received_at = $15, snoozed_until = $16, closed_at = $17, due_at = $18, body = $19, erased_at = $20, held = $21
		WHERE id = $1`,
		r.ID, title, fields, r.Type, r.Team, r.Service, r.Customer, r.Asker, string(r.State), string(r.WaitsFor),
		r.Assignee, r.Of, r.Problem, r.Incident, micros(r.ReceivedAt), micros(r.SnoozedUntil), micros(r.ClosedAt), due, asJSON(r), erased, r.Hold != nil)
	return err
}

func (t *tx) putFollowers(ctx context.Context, r desk.Request) error {
	if _, err := t.exec(ctx, `DELETE FROM request_follow WHERE request = $1`, r.ID); err != nil {
		return err
	}
	follow := make([][]any, len(r.Watchers))
	for i, p := range r.Watchers {
		follow[i] = []any{p, r.ID}
	}
	return t.insertRows(ctx, `INSERT INTO request_follow (person, request) VALUES `, follow)
}

func (t *tx) putMessage(ctx context.Context, m desk.Message) error {
	_, err := t.exec(ctx, `INSERT INTO request_message (id, request, kind, author, party, at, body, cut, salt, channel, ref) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		m.ID, m.Request, string(m.Kind), m.By, m.Party, micros(m.At), m.Text.Body, m.Cut, m.Text.Salt, m.Channel, m.Ref)
	for i, f := range m.Files {
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO request_file (id, request, message, place, name, type, size, hash, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			f.ID, m.Request, m.ID, i, f.Name, f.Type, f.Size, f.Hash, f.Body)
	}
	return err
}

func (t *tx) putSend(ctx context.Context, s desk.Send) error {
	_, err := t.exec(ctx, `INSERT INTO request_send (id, request, message, party, channel, state, tries, made_at, ended_at, receipt, error)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, tries = excluded.tries, ended_at = excluded.ended_at, receipt = excluded.receipt, error = excluded.error`,
		s.ID, s.Request, s.Message, s.Party, s.Channel, string(s.State), s.Tries, micros(s.MadeAt), micros(s.EndedAt), s.Receipt, s.Error)
	return err
}

// ChangeSend implements desk.Store.
func (db *DB) ChangeSend(ctx context.Context, id string, decide func(desk.Send, time.Time) (desk.Send, journal.Consequences, error)) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "send "+id); err != nil {
			return err
		}
		s, err := oneSend(ctx, t, id)
		if err != nil {
			return err
		}
		s, out, err := decide(s, t.now)
		if err != nil {
			return err
		}
		if err := t.putSend(ctx, s); err != nil {
			return err
		}
		return t.record(ctx, out)
	})
}

// SaveDraft implements desk.Store.
func (db *DB) SaveDraft(ctx context.Context, d desk.Draft) error {
	return db.write(ctx, func(t *tx) error {
		if d.Body == "" {
			_, err := t.exec(ctx, `DELETE FROM request_draft WHERE person = $1 AND request = $2`, d.Person, d.Request)
			return err
		}
		_, err := t.exec(ctx, `INSERT INTO request_draft (person, request, kind, body, said, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (person, request) DO UPDATE SET kind = excluded.kind, body = excluded.body, said = excluded.said, at = excluded.at`,
			d.Person, d.Request, string(d.Kind), d.Body, d.Said, micros(t.now))
		return err
	})
}

// sitting is how long after the last touch a new one begins a sitting of its own.
const sitting = 5 * time.Minute

// Touch implements desk.Store.
func (db *DB) Touch(ctx context.Context, request, person string, typing bool, seconds int) error {
	return db.write(ctx, func(t *tx) error {
		if err := t.lockKey(ctx, "touch "+request+" "+person); err != nil {
			return err
		}
		n, err := t.exec(ctx, `UPDATE request_touch SET last_at = $3, seconds = seconds + $4, typing = $5 WHERE request = $1 AND person = $2 AND last_at > $6`,
			request, person, micros(t.now), seconds, typing, micros(t.now.Add(-sitting)))
		if err == nil && n == 0 {
			_, err = t.exec(ctx, `INSERT INTO request_touch (id, request, person, begun_at, last_at, seconds, typing) VALUES ($1, $2, $3, $4, $4, $5, $6)`,
				newID(), request, person, micros(t.now), seconds, typing)
			t.after.topic("presence", request) // who came; how long they stay is asked with every touch
		}
		if err == nil && seconds > 0 {
			_, err = t.exec(ctx, `UPDATE request_fact SET touch = touch + $2 WHERE request = $1`, request, seconds)
		}
		return err
	})
}

const requestColumns = `r.number, r.id, r.title, r.fields, r.body`

func scanRequest(s scan) (r desk.Request, err error) {
	var number int64
	var id, title, fields, body string
	if err = s(&number, &id, &title, &fields, &body); err != nil {
		return r, err
	}
	if err = json.Unmarshal([]byte(body), &r); err == nil {
		err = json.Unmarshal([]byte(fields), &r.Fields)
	}
	r.Number, r.ID, r.Title = number, id, title
	if title == "" && r.Erased != nil {
		r.Title = desk.ErasedTitle
	}
	return r, err
}

func noRequest(ref string) error {
	return fault.New(fault.NotFound, "There is no request %.60s, or it is not open to you. Look in the list of requests.", ref)
}
