package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"frontline/desk"
	"frontline/fault"
)

// Request implements desk.Reading.
func (db *DB) Request(ctx context.Context, ref string) (desk.Request, error) {
	where, arg := called("r", "R-", ref)
	r, ok, err := row(ctx, db.read, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE `+where, arg)
	if err == nil && !ok {
		err = noRequest(ref)
	}
	return r, err
}

// RequestFrom implements desk.Reading.
func (db *DB) RequestFrom(ctx context.Context, channel, ref string) (string, bool, error) {
	return row(ctx, db.read, value[string], `SELECT request FROM request_message WHERE channel = $1 AND ref = $2`, channel, ref)
}

// Requests implements desk.Reading.
func (db *DB) Requests(ctx context.Context, f desk.Filter) ([]desk.Request, error) {
	q := narrowed(f)
	db.narrowText(q, `IN`, f.Text)
	db.narrowText(q, `NOT IN`, f.Without)
	order := ` ORDER BY r.number DESC`
	switch {
	case f.Order == desk.ByDue:
		order = ` ORDER BY r.due_at, r.number`
		if f.After.Number != 0 {
			due := micros(f.After.DueAt)
			if due == 0 {
				due = never
			}
			q.and(`(r.due_at, r.number) > (` + q.arg(due) + `, ` + q.arg(f.After.Number) + `)`)
		}
	case f.After.Number != 0:
		q.and(`r.number < ` + q.arg(f.After.Number))
	}
	limit := q.arg(orUsual(f.Limit, 50))
	return rows(ctx, db.read, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE TRUE`+q.text+order+` LIMIT `+limit, q.args...)
}

// CountRequests implements desk.Reading.
func (db *DB) CountRequests(ctx context.Context, f desk.Filter) (int, error) {
	q := narrowed(f)
	db.narrowText(q, `IN`, f.Text)
	db.narrowText(q, `NOT IN`, f.Without)
	limit := ``
	if f.Limit > 0 {
		limit = ` LIMIT ` + q.arg(f.Limit)
	}
	n, _, err := row(ctx, db.read, value[int], `SELECT COUNT(*) FROM (SELECT 1 FROM request r WHERE TRUE`+q.text+limit+`) found`, q.args...)
	return n, err
}

// narrowed is the filter as SQL. The texts of its parts are constant; only values are bound.
func narrowed(f desk.Filter) *conditions {
	q := &conditions{}
	q.and(`r.asker <> ''`) // not yet, while it is being made
	narrowParts(q, f)
	for _, c := range f.Where {
		narrowCondition(q, c, f.Now)
	}
	narrowSeer(q, f.Seer)
	return q
}

// narrowParts adds each part of the filter that is not empty.
func narrowParts(q *conditions, f desk.Filter) {
	narrowStates(q, f)
	q.eq(`r.waits_for`, string(f.WaitsFor))
	q.eq(`r.team`, f.Team)
	q.eq(`r.type`, f.Type)
	q.eq(`r.service`, f.Service)
	q.eq(`r.customer`, f.Customer)
	q.eq(`r.asker`, f.Asker)
	q.eq(`r.of_request`, f.Of)
	q.eq(`r.problem`, f.Problem)
	q.eq(`r.incident`, f.Incident)
	switch f.Assignee {
	case "nobody":
		q.and(`r.assignee = ''`)
	default:
		q.eq(`r.assignee`, f.Assignee)
	}
	if f.Follows != "" {
		q.and(`r.id IN (SELECT request FROM request_follow WHERE person = ` + q.arg(f.Follows) + `)`)
	}
	if f.Number != 0 {
		q.add(`r.number = %s`, f.Number)
	}
	narrowAskers(q, f)
	narrowHas(q, f.Has)
	if len(f.Demands) > 0 {
		q.and(`r.id IN (SELECT c.request FROM request_code c WHERE ` + isIn(q, `c.demand`, f.Demands) + `)`)
	}
	if f.Tag != "" {
		q.and(`r.id IN (SELECT g.request FROM request_tag g WHERE g.tag = ` + q.arg(f.Tag) + `)`)
	}
	narrowTimes(q, f)
}

// narrowCondition adds a condition. One that a single filter must meet is added as it stands, so that the indexes are used.
func narrowCondition(q *conditions, c desk.Condition, now time.Time) {
	if !c.Not && len(c.Any) == 1 {
		one := c.Any[0]
		one.Now = now
		narrowParts(q, one)
		return
	}
	ways := make([]string, len(c.Any))
	for i, f := range c.Any {
		f.Now = now
		way := &conditions{args: q.args}
		narrowParts(way, f)
		ways[i], q.args = `(TRUE`+way.text+`)`, way.args
	}
	text := `(` + strings.Join(ways, ` OR `) + `)`
	if c.Not {
		text = `NOT ` + text
	}
	q.and(text)
}

// narrowAskers names who asked.
func narrowAskers(q *conditions, f desk.Filter) {
	var who []string
	if len(f.Askers) > 0 {
		who = append(who, isIn(q, `p.id`, f.Askers), isIn(q, `p.person`, f.Askers))
	}
	if f.From != "" {
		from := strings.ToLower(f.From)
		like := strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(from)
		who = append(who, `p.address LIKE `+q.arg(like+`%`)+` ESCAPE '!'`, `LOWER(p.name) LIKE `+q.arg(`%`+like+`%`)+` ESCAPE '!'`)
		if strings.Contains(from, ".") {
			who = append(who, `p.address LIKE `+q.arg(`%@%`+strings.TrimPrefix(like, "@"))+` ESCAPE '!'`)
		}
	}
	if len(who) > 0 {
		q.and(`r.asker IN (SELECT p.id FROM party p WHERE ` + strings.Join(who, ` OR `) + `)`)
	}
}

func narrowHas(q *conditions, has desk.Has) {
	switch has {
	case desk.HasFile:
		q.and(`EXISTS (SELECT 1 FROM request_message m JOIN request_file f ON f.message = m.id WHERE m.request = r.id AND m.kind <> 'note')`)
	case desk.HasReply:
		q.and(`EXISTS (SELECT 1 FROM request_message m WHERE m.request = r.id AND m.kind = 'reply')`)
	case desk.HasNote:
		q.and(`EXISTS (SELECT 1 FROM request_message m WHERE m.request = r.id AND m.kind = 'note')`)
	case desk.HasRun:
		q.and(`EXISTS (SELECT 1 FROM run x WHERE x.for_kind = 'request' AND x.for_id = r.id AND x.for_id <> '')`)
	case desk.HasDemand:
		q.and(`EXISTS (SELECT 1 FROM request_code c WHERE c.request = r.id AND c.demand <> '')`)
	case desk.HasIncident:
		q.and(`r.incident <> ''`)
	}
}

// narrowStates also lets the partial indexes of open and of closed requests be used.
func narrowStates(q *conditions, f desk.Filter) {
	if len(f.States) == 0 {
		return
	}
	open := true
	for _, s := range f.States {
		open = open && s != desk.Closed
	}
	switch {
	case open && len(f.States) == 3:
		q.and(`r.state <> 'closed'`)
	case open:
		q.and(`r.state <> 'closed' AND ` + isIn(q, `r.state`, texts(f.States)))
	case len(f.States) == 1:
		q.and(`r.state = 'closed'`)
	default:
		q.and(isIn(q, `r.state`, texts(f.States)))
	}
}

func narrowTimes(q *conditions, f desk.Filter) {
	if f.Asleep != nil {
		comparison := ` <= `
		if *f.Asleep {
			comparison = ` > `
		}
		q.and(`r.snoozed_until` + comparison + q.arg(micros(f.Now)))
	}
	if !f.Since.IsZero() {
		q.and(`r.received_at >= ` + q.arg(micros(f.Since)))
	}
	if !f.Until.IsZero() {
		q.and(`r.received_at < ` + q.arg(micros(f.Until)))
	}
	if f.Overdue {
		q.and(`r.state <> 'closed' AND r.due_at < ` + q.arg(micros(f.Now)))
	}
	if f.Merged {
		q.and(`r.of_request <> ''`)
	}
	if !f.ClosedFrom.IsZero() {
		q.and(`r.closed_at >= ` + q.arg(micros(f.ClosedFrom)))
	}
}

// narrowSeer leaves out what whoever looks may not know of: it says the same as Request.Topic says to the gate.
func narrowSeer(q *conditions, s desk.Seer) {
	if s.All || len(s.Shut) == 0 {
		return
	}
	open := []string{`NOT (` + isIn(q, `r.type`, s.Shut) + `)`}
	if len(s.Teams) > 0 {
		open = append(open, isIn(q, `r.team`, s.Teams))
	}
	if s.Person != "" {
		open = append(open, `r.id IN (SELECT request FROM request_follow WHERE person = `+q.arg(s.Person)+`)`)
	}
	q.and(`(` + strings.Join(open, ` OR `) + `)`)
}

const messageColumns = `id, request, kind, author, party, at, body, cut, salt, channel, ref`

func scanMessage(s scan) (m desk.Message, err error) {
	var at int64
	err = s(&m.ID, &m.Request, &m.Kind, &m.By, &m.Party, &at, &m.Text.Body, &m.Cut, &m.Text.Salt, &m.Channel, &m.Ref)
	m.At = fromMicros(at)
	return m, err
}

// Messages implements desk.Reading.
func (db *DB) Messages(ctx context.Context, requests []string) ([]desk.Message, error) {
	list, args := in(1, requests)
	all, err := rows(ctx, db.read, scanMessage, `SELECT `+messageColumns+` FROM request_message WHERE request IN (`+list+`) ORDER BY at, id`, args...)
	if err != nil {
		return nil, err
	}
	return all, db.attach(ctx, all, `request IN (`+list+`)`, args)
}

// Message implements desk.Reading.
func (db *DB) Message(ctx context.Context, id string) (desk.Message, error) {
	all, err := rows(ctx, db.read, scanMessage, `SELECT `+messageColumns+` FROM request_message WHERE id = $1`, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "There is no such message. Look at the request again.")
	}
	if err != nil {
		return desk.Message{}, err
	}
	err = db.attach(ctx, all, `message = $1`, []any{id})
	return all[0], err
}

// attach puts the files, without their bodies, to their messages.
func (db *DB) attach(ctx context.Context, all []desk.Message, which string, args []any) error {
	at := map[string]*desk.Message{}
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	_, err := rows(ctx, db.read, func(s scan) (f desk.File, err error) {
		var message string
		if err = s(&f.ID, &f.Request, &message, &f.Name, &f.Type, &f.Size, &f.Hash); err == nil && at[message] != nil {
			at[message].Files = append(at[message].Files, f)
		}
		return f, err
	}, `SELECT id, request, message, name, type, size, hash FROM request_file WHERE `+which+` ORDER BY message, place`, args...)
	return err
}

const sendColumns = `id, request, message, party, channel, state, tries, made_at, ended_at, receipt, error`

func scanSend(s scan) (x desk.Send, err error) {
	var made, ended int64
	err = s(&x.ID, &x.Request, &x.Message, &x.Party, &x.Channel, &x.State, &x.Tries, &made, &ended, &x.Receipt, &x.Error)
	x.MadeAt, x.EndedAt = fromMicros(made), fromMicros(ended)
	return x, err
}

// Sends implements desk.Reading.
func (db *DB) Sends(ctx context.Context, requests []string) ([]desk.Send, error) {
	list, args := in(1, requests)
	return rows(ctx, db.read, scanSend, `SELECT `+sendColumns+` FROM request_send WHERE request IN (`+list+`) ORDER BY made_at, id`, args...)
}

// SendOf implements desk.Reading.
func (db *DB) SendOf(ctx context.Context, id string) (desk.Send, error) {
	return oneSend(ctx, db.read, id)
}

func oneSend(ctx context.Context, q querier, id string) (desk.Send, error) {
	x, ok, err := row(ctx, q, scanSend, `SELECT `+sendColumns+` FROM request_send WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such reply on its way.")
	}
	return x, err
}

// Parties implements desk.Reading.
func (db *DB) Parties(ctx context.Context, ids []string) (map[string]desk.Party, error) {
	list, args := in(1, ids)
	all, err := rows(ctx, db.read, scanParty, `SELECT id, person, address, name FROM party WHERE id IN (`+list+`)`, args...)
	out := map[string]desk.Party{}
	for _, p := range all {
		out[p.ID] = p
	}
	return out, err
}

// Attachment implements desk.Reading.
func (db *DB) Attachment(ctx context.Context, id string) (desk.File, error) {
	f, ok, err := row(ctx, db.read, func(s scan) (f desk.File, err error) {
		return f, s(&f.ID, &f.Request, &f.Name, &f.Type, &f.Size, &f.Hash, &f.Body)
	}, `SELECT id, request, name, type, size, hash, body FROM request_file WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such file, or it is not open to you. Look at the request again.")
	}
	return f, err
}

// DraftOf implements desk.Reading.
func (db *DB) DraftOf(ctx context.Context, request, person string) (desk.Draft, error) {
	d, _, err := row(ctx, db.read, scanDraft, `SELECT person, request, kind, body, said, at FROM request_draft WHERE person = $1 AND request = $2`, person, request)
	return d, err
}

func scanDraft(s scan) (d desk.Draft, err error) {
	var at int64
	err = s(&d.Person, &d.Request, &d.Kind, &d.Body, &d.Said, &at)
	d.At = fromMicros(at)
	return d, err
}

// PresentIn implements desk.Reading.
func (db *DB) PresentIn(ctx context.Context, request string, since time.Time) ([]desk.Presence, error) {
	return rows(ctx, db.read, func(s scan) (p desk.Presence, err error) {
		var at int64
		err = s(&p.Person, &p.Typing, &at)
		p.At = fromMicros(at)
		return p, err
	}, `SELECT person, typing, last_at FROM request_touch WHERE request = $1 AND last_at > $2 ORDER BY begun_at`, request, micros(since))
}

// Load implements desk.Reading.
func (db *DB) Load(ctx context.Context, persons []string) (map[string]desk.Load, error) {
	out := map[string]desk.Load{}
	if len(persons) == 0 {
		return out, nil
	}
	list, args := in(1, persons)
	err := db.read.query(ctx, func(s scan) error {
		var person string
		var open int
		err := s(&person, &open)
		out[person] = desk.Load{Open: open}
		return err
	}, `SELECT assignee, COUNT(*) FROM request WHERE state <> 'closed' AND assignee IN (`+list+`) GROUP BY assignee`, args...)
	if err == nil {
		err = db.read.query(ctx, func(s scan) error {
			var person string
			var at int64
			err := s(&person, &at)
			out[person] = desk.Load{Open: out[person].Open, LastAt: fromMicros(at)}
			return err
		}, `SELECT person, last_at FROM request_got WHERE person IN (`+list+`)`, args...)
	}
	return out, public(err)
}

// Steps implements desk.Store.
func (db *DB) Steps(ctx context.Context, bulk string) ([]desk.Step, error) {
	return rows(ctx, db.read, func(s scan) (x desk.Step, err error) {
		var body string
		if err = s(&body); err == nil {
			err = json.Unmarshal([]byte(body), &x)
		}
		return x, err
	}, `SELECT body FROM request_step WHERE bulk = $1 ORDER BY place`, bulk)
}
