package store

import (
	"context"
	"encoding/json"
	"slices"

	"frontline/desk"
	"frontline/journal"
	"frontline/people"
	"frontline/privacy"
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
	c.Done, err = db.JournalPage(ctx, journal.Entry{}, "", person, mostDone)
	return err
}

func scanVote(s scan) (v privacy.CopiedVote, err error) {
	var at int64
	err = s(&v.Answer, &v.Helped, &at)
	v.At = fromMicros(at)
	return v, err
}
