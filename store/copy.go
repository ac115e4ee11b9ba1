package store

import (
	"context"
	"encoding/json"
	"slices"

	"frontline/desk"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/privacy"
	"frontline/thanks"
)

var _ privacy.Copies = (*DB)(nil)

// mostDone is how many entries of the journal a copy holds at most, the newest.
const mostDone = 20_000

// CopyOf implements privacy.Copies.
func (db *DB) CopyOf(ctx context.Context, w privacy.Whom, notes bool) (c privacy.Copy, err error) {
	list, args := in(1, w.Parties)
	if c.KnownAs, err = rows(ctx, db.read, scanParty, `SELECT id, person, address, name FROM party WHERE id IN (`+list+`) ORDER BY id`, args...); err != nil {
		return c, err
	}
	asked, err := rows(ctx, db.read, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE r.asker IN (`+list+`) ORDER BY r.number`, args...)
	if err != nil {
		return c, err
	}
	own := map[string]bool{}
	for some := range slices.Chunk(asked, 100) {
		copied, err := db.copyRequests(ctx, some, notes)
		if err != nil {
			return c, err
		}
		c.Requests = append(c.Requests, copied...)
		for _, r := range some {
			own[r.ID] = true
		}
	}
	said, err := rows(ctx, db.read, scanMessage, `SELECT `+messageColumns+` FROM request_message WHERE party IN (`+list+`) ORDER BY at, id`, args...)
	if err != nil {
		return c, err
	}
	c.Elsewhere = slices.DeleteFunc(said, func(m desk.Message) bool { return own[m.Request] })
	if err := db.attach(ctx, c.Elsewhere, `message IN (SELECT id FROM request_message WHERE party IN (`+list+`))`, args); err != nil {
		return c, err
	}
	if w.Person == "" {
		return c, nil
	}
	return c, db.copyStaff(ctx, w.Person, &c)
}

func (db *DB) copyRequests(ctx context.Context, asked []desk.Request, notes bool) ([]privacy.CopiedRequest, error) {
	out, at, ids := make([]privacy.CopiedRequest, len(asked)), map[string]*privacy.CopiedRequest{}, make([]string, len(asked))
	for i, r := range asked {
		out[i] = privacy.CopiedRequest{Request: r, Called: r.Name()}
		at[r.ID], ids[i] = &out[i], r.ID
	}
	said, err := db.Messages(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range said {
		if notes || m.Kind != desk.Note {
			at[m.Request].Messages = append(at[m.Request].Messages, m)
		}
	}
	sends, err := db.Sends(ctx, ids)
	for _, s := range sends {
		at[s.Request].Sends = append(at[s.Request].Sends, s)
	}
	return out, err
}

// copyStaff reads what is held about somebody who works here, or did.
func (db *DB) copyStaff(ctx context.Context, person string, c *privacy.Copy) (err error) {
	body, ok, err := row(ctx, db.read, value[string], `SELECT body FROM definition WHERE kind = 'person' AND id = $1`, person)
	if err != nil {
		return err
	}
	if ok {
		c.Person = &people.Person{}
		if err := json.Unmarshal([]byte(body), c.Person); err != nil {
			return err
		}
	}
	if c.Drafts, err = rows(ctx, db.read, scanDraft, `SELECT person, request, kind, body, said, at FROM request_draft WHERE person = $1 ORDER BY at`, person); err != nil {
		return err
	}
	if c.Follows, err = rows(ctx, db.read, value[string], `SELECT 'R-' || r.number FROM request_follow f JOIN request r ON r.id = f.request WHERE f.person = $1 ORDER BY r.number`, person); err != nil {
		return err
	}
	sessions, err := db.SessionsOf(ctx, person)
	if err != nil {
		return err
	}
	for _, k := range sessions {
		c.Sessions = append(c.Sessions, privacy.CopiedAccess{Device: k.Device, From: k.From, MadeAt: k.Made, UsedAt: k.Seen})
	}
	tokens, err := db.TokensOf(ctx, person)
	if err != nil {
		return err
	}
	for _, k := range tokens {
		c.Tokens = append(c.Tokens, privacy.CopiedAccess{Name: k.Name, MadeAt: k.Made, UsedAt: k.Used})
	}
	if c.Votes, err = rows(ctx, db.read, scanVote, `SELECT 'K-' || a.number, v.helped, v.at FROM answer_vote v JOIN answer a ON a.id = v.answer WHERE v.person = $1 ORDER BY v.at`, person); err != nil {
		return err
	}
	if c.Given, c.Got, err = db.copyThanks(ctx, person); err != nil {
		return err
	}
	if c.Escalated, err = db.copyEscalations(ctx, person); err != nil {
		return err
	}
	if c.Pages, err = rows(ctx, db.read, scanPaged, `SELECT 'P-' || p.number, a.body FROM attempt a JOIN page p ON p.id = a.page WHERE a.person = $1 ORDER BY p.number DESC, a.n DESC LIMIT $2`,
		person, mostDone); err != nil {
		return err
	}
	c.Done, err = db.JournalPage(ctx, journal.Entry{}, "", person, mostDone)
	return err
}

// copyThanks reads the thanks that somebody gave, and those that name them. What was taken back as if it had never been is no news for whom it named.
func (db *DB) copyThanks(ctx context.Context, person string) (given, got []privacy.CopiedThanks, err error) {
	gave, err := thanksOf(ctx, db.read, thanksQuery+` WHERE h.giver = $1 ORDER BY h.number`, person)
	if err != nil {
		return nil, nil, err
	}
	was, err := thanksOf(ctx, db.read, thanksQuery+` WHERE NOT h.void AND EXISTS (SELECT 1 FROM thanks_to o WHERE o.thanks = h.id AND o.target = $1 AND o.kind = 'person') ORDER BY h.number`, person)
	return copiedThanks(gave), copiedThanks(was), err
}

func copiedThanks(all []thanks.Thanks) []privacy.CopiedThanks {
	out := make([]privacy.CopiedThanks, len(all))
	for i, x := range all {
		out[i] = privacy.CopiedThanks{Called: x.Name(), By: x.By, About: x.About, Reason: x.Text.Body, At: x.At, TakenAt: x.TakenAt}
		for _, to := range x.To {
			out[i].To = append(out[i].To, string(to.Kind)+" "+to.ID)
		}
	}
	return out
}

// copyEscalations reads what somebody asked developers. Who did it stands in the bodies: a text search finds them, and the fields decide.
func (db *DB) copyEscalations(ctx context.Context, person string) (out []privacy.CopiedEscalation, err error) {
	const by = `body LIKE '%by":"' || $1 || '"%'` // by, told_by
	all, err := rows(ctx, db.read, scanEscalation, escalationQuery+` WHERE e.`+by+` OR e.id IN (SELECT escalation FROM escalation_request WHERE `+by+`)
		OR e.id IN (SELECT escalation FROM escalation_out WHERE `+by+`) ORDER BY e.number`, person)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		links, err := rows(ctx, db.read, scanEscalated, `SELECT reason, body FROM escalation_request WHERE escalation = $1 ORDER BY at, request`, e.ID)
		if err != nil {
			return nil, err
		}
		wrote, err := rows(ctx, db.read, scanOutgoing, outgoingQuery+` WHERE escalation = $1 ORDER BY at, id`, e.ID)
		if err != nil {
			return nil, err
		}
		if x, theirs := copiedEscalation(e, links, wrote, person); theirs {
			out = append(out, x)
		}
	}
	return out, nil
}

// copiedEscalation is one person's part in an escalation; theirs is false when they have none.
func copiedEscalation(e desk.Escalation, links []desk.Escalated, wrote []desk.Outgoing, person string) (out privacy.CopiedEscalation, theirs bool) {
	out = privacy.CopiedEscalation{Called: e.Name(), By: e.By, Tracker: e.Tracker, Issue: e.Issue, Address: e.Address, At: e.MadeAt}
	if e.By == person {
		out.Title, out.Text = e.Title, e.Text
	}
	for _, l := range links {
		if l.By == person {
			out.Requests = append(out.Requests, l.Request)
		}
		if l.ToldBy == person && l.Reason != "" {
			out.Skipped = append(out.Skipped, l.Reason)
		}
	}
	for _, o := range wrote {
		if o.By == person && o.Kind == desk.NoteToThem {
			out.Comments = append(out.Comments, privacy.CopiedDevelopment{At: o.At, State: string(o.State), Text: o.Text})
		}
	}
	return out, e.By == person || len(out.Requests)+len(out.Skipped)+len(out.Comments) > 0
}

func scanPaged(s scan) (out privacy.CopiedAttempt, err error) {
	var body string
	var a oncall.Attempt
	if err = s(&out.Page, &body); err != nil {
		return out, err
	}
	err = json.Unmarshal([]byte(body), &a)
	out.Channel, out.Address, out.State, out.MadeAt, out.SentAt = a.Contact.Channel, a.Contact.Address, string(a.State), a.MadeAt, a.SentAt
	out.Receipt, out.Error, out.Skip = a.Receipt.Detail, a.Error, a.Skip
	return out, err
}

func scanVote(s scan) (v privacy.CopiedVote, err error) {
	var at int64
	err = s(&v.Answer, &v.Helped, &at)
	v.At = fromMicros(at)
	return v, err
}
