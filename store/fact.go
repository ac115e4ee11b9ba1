package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"frontline/desk"
	"frontline/insight"
	"frontline/insight/stat"
	"frontline/journal"
)

var _ insight.Facts = (*DB)(nil)

// putFact writes what is counted of a request, in the transaction that changes it. ended are the rounds of its goals that this ends.
func (t *tx) putFact(ctx context.Context, r desk.Request, ended []journal.Entry) error {
	met, missed := roundsOf(ended)
	waits := r.State == desk.Waiting && r.WaitsFor == desk.Developers
	_, err := t.exec(ctx, `INSERT INTO request_fact (request, number, type, team, service, customer, asker, of_request, outcome, size, received_at, replied_at, closed_at,
			touch, developers, met, missed, due_first, due_next, due_resolution, codes, guess)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $17, $18, $19, $20, '')
		ON CONFLICT (request) DO UPDATE SET type = excluded.type, team = excluded.team, service = excluded.service, customer = excluded.customer, asker = excluded.asker,
			of_request = excluded.of_request, outcome = excluded.outcome, size = excluded.size, received_at = excluded.received_at, replied_at = excluded.replied_at,
			closed_at = excluded.closed_at, developers = request_fact.developers OR excluded.developers, met = request_fact.met + excluded.met,
			missed = request_fact.missed + excluded.missed, due_first = excluded.due_first, due_next = excluded.due_next, due_resolution = excluded.due_resolution,
			codes = excluded.codes`,
		r.ID, r.Number, r.Type, r.Team, r.Service, r.Customer, r.Asker, r.Of, string(r.Outcome), string(r.Size), micros(r.ReceivedAt), micros(r.FirstReplyAt), micros(r.ClosedAt),
		waits, met, missed, dueOf(r, desk.FirstReply), dueOf(r, desk.NextReply), dueOf(r, desk.Resolution), codesOf(r))
	return err
}

// roundsOf counts the rounds of goals that entries of the journal say have ended.
func roundsOf(entries []journal.Entry) (met, missed int) {
	for _, e := range entries {
		if e.Verb != "request.goal_ended" {
			continue
		}
		if kept, _ := e.Facts["kept"].(bool); kept {
			met++
		} else {
			missed++
		}
	}
	return met, missed
}

// dueOf is when the running round of a goal is broken. What is broken already was due then.
func dueOf(r desk.Request, goal desk.GoalKind) int64 {
	for _, c := range r.Clocks {
		switch {
		case c.Goal != goal:
		case !c.EndedAt.IsZero() || r.State == desk.Closed:
			return 0
		case !c.BrokenAt.IsZero():
			return micros(c.BrokenAt)
		case c.DueAt.IsZero():
			return never
		default:
			return micros(c.DueAt)
		}
	}
	return 0
}

// noDemand is how a fact says that it is none of the demands.
const noDemand = "none"

func codesOf(r desk.Request) string {
	if r.NoDemand {
		return noDemand
	}
	all := make([]string, len(r.Codes))
	for i, c := range r.Codes {
		all[i] = c.Demand + ":" + strconv.Itoa(c.Share)
	}
	return strings.Join(all, " ")
}

func demandsOf(codes string) (parts []stat.Part, err error) {
	for _, one := range strings.Fields(codes) {
		demand, share, _ := strings.Cut(one, ":")
		n, err := strconv.Atoi(share)
		if err != nil {
			return nil, fmt.Errorf("the codes %q: %w", codes, err)
		}
		parts = append(parts, stat.Part{Demand: demand, Share: float64(n) / 100})
	}
	return parts, nil
}

// Facts implements insight.Facts.
func (db *DB) Facts(ctx context.Context, from, to time.Time) ([]insight.Fact, error) {
	own, err := db.ownSeconds(ctx, from, to)
	if err != nil {
		return nil, err
	}
	asked, err := db.latestEscalations(ctx, from, to)
	if err != nil {
		return nil, err
	}
	read := factReader{own: own, asked: asked, words: map[string]string{}}
	return rows(ctx, db.read, read.scan, `SELECT f.request, f.number, f.type, f.team, f.service, f.customer, f.asker, f.outcome, f.size, f.received_at, f.replied_at, f.closed_at,
			f.touch, f.developers, f.met, f.missed, f.due_first, f.due_next, f.due_resolution, f.codes, f.guess, f.verdict,
			COALESCE(o.received_at, 0), COALESCE(o.replied_at, 0), COALESCE(o.closed_at, 0), COALESCE(o.codes, '')
		FROM request_fact f LEFT JOIN request_fact o ON o.request = f.of_request AND f.of_request <> ''
		WHERE f.received_at >= $1 AND f.received_at < $2 AND f.asker <> '' ORDER BY f.received_at, f.number`, micros(from), micros(to))
}

// ownSeconds is how long people had a plan before them that then helped a request of the time.
func (db *DB) ownSeconds(ctx context.Context, from, to time.Time) (map[string]float64, error) {
	out := map[string]float64{}
	err := db.read.query(ctx, func(s scan) error {
		var request string
		var own int64
		err := s(&request, &own)
		out[request] = span(own).Seconds()
		return err
	}, `SELECT r.for_id, SUM(r.own) FROM run r JOIN request_fact f ON f.request = r.for_id
		WHERE r.for_kind = 'request' AND r.for_id <> '' AND r.counts AND f.received_at >= $1 AND f.received_at < $2 GROUP BY r.for_id`, micros(from), micros(to))
	return out, public(err)
}

// escalatedTo is what a request hangs on.
type escalatedTo struct{ escalation, tracker string }

// latestEscalations is what each request of the time hangs on; of several the latest.
func (db *DB) latestEscalations(ctx context.Context, from, to time.Time) (map[string]escalatedTo, error) {
	out := map[string]escalatedTo{}
	err := db.read.query(ctx, func(s scan) error {
		var request string
		var e escalatedTo
		err := s(&request, &e.escalation, &e.tracker)
		out[request] = e
		return err
	}, `SELECT x.request, e.id, e.tracker FROM escalation_request x JOIN escalation e ON e.id = x.escalation JOIN request_fact f ON f.request = x.request
		WHERE f.received_at >= $1 AND f.received_at < $2 ORDER BY x.at, e.number`, micros(from), micros(to))
	return out, public(err)
}

// factReader reads rows of request_fact. Words that come again are kept once.
type factReader struct {
	own   map[string]float64
	asked map[string]escalatedTo
	words map[string]string
}

func (x factReader) scan(s scan) (f insight.Fact, err error) {
	var request, outcome, size, codes, originalCodes string
	var received, replied, closed, touch, met, missed, first, next, resolution, oReceived, oReplied, oClosed int64
	var developers bool
	if err = s(&request, &f.Number, &f.Type, &f.Team, &f.Service, &f.Customer, &f.Asker, &outcome, &size, &received, &replied, &closed, &touch, &developers,
		&met, &missed, &first, &next, &resolution, &codes, &f.Guess, &f.Verdict, &oReceived, &oReplied, &oClosed, &originalCodes); err != nil {
		return f, err
	}
	for _, word := range []*string{&f.Type, &f.Team, &f.Service, &f.Customer, &f.Asker, &f.Guess, &f.Verdict} {
		*word = x.once(*word)
	}
	if oReceived != 0 { // a duplicate is answered, solved and coded where its original is
		replied, closed, codes = afterwards(received, oReplied), afterwards(received, oClosed), originalCodes
	}
	f.Arrived, f.Replied, f.Resolved = fromMicros(received), fromMicros(replied), fromMicros(closed)
	f.Measured = (float64(touch) + x.own[request]) / 3600
	f.Size, f.Hours = insight.Size(size), insight.TouchHours(f.Measured, insight.Size(size))
	f.Escalated = developers || outcome == string(desk.Fixed)
	f.Escalation, f.Tracker = x.asked[request].escalation, x.asked[request].tracker
	f.Confirmed, f.None = codes != "", codes == noDemand
	if f.Confirmed && !f.None {
		f.Demands, err = demandsOf(codes)
	}
	f.Targets = targetsOf(f.Arrived, met, missed, first, next, resolution)
	return f, err
}

func (x factReader) once(word string) string {
	known, ok := x.words[word]
	if !ok {
		x.words[word], known = word, word
	}
	return known
}

// afterwards is the later of two times; none when the second is none.
func afterwards(received, then int64) int64 {
	if then == 0 {
		return 0
	}
	return max(received, then)
}

// targetsOf spells counted rounds as targets: those that have ended were met or missed, the others are due.
func targetsOf(arrived time.Time, met, missed int64, dues ...int64) []stat.Target {
	var all []stat.Target
	for range met {
		all = append(all, stat.Target{Due: arrived, Done: arrived})
	}
	for range missed {
		all = append(all, stat.Target{Due: arrived, Done: arrived.Add(time.Microsecond)})
	}
	for _, due := range dues {
		if due != 0 {
			all = append(all, stat.Target{Due: fromMicros(due)})
		}
	}
	return all
}

// fillAtOnce is how many missing facts one transaction makes.
const fillAtOnce = 200

// FillFacts implements insight.Facts: it makes the facts of requests from before facts were kept.
func (db *DB) FillFacts(ctx context.Context) (n int, err error) {
	missing, err := rows(ctx, db.read, value[string], `SELECT r.id FROM request r LEFT JOIN request_fact f ON f.request = r.id
		WHERE f.request IS NULL AND r.asker <> '' ORDER BY r.number LIMIT $1`, fillAtOnce)
	for _, id := range missing {
		if err == nil {
			err = db.write(ctx, func(t *tx) error { return t.fillFact(ctx, id) })
		}
	}
	return len(missing), err
}

func (t *tx) fillFact(ctx context.Context, id string) error {
	if err := t.lockKey(ctx, "request "+id); err != nil {
		return err
	}
	known, _, err := row(ctx, t, value[int], `SELECT COUNT(*) FROM request_fact WHERE request = $1`, id)
	if err != nil || known > 0 {
		return err
	}
	r, ok, err := row(ctx, t, scanRequest, `SELECT `+requestColumns+` FROM request r WHERE r.id = $1`, id)
	if err != nil || !ok {
		return err
	}
	past, err := rows(ctx, t, scanEntry, `SELECT `+entryColumns+` FROM journal WHERE subject_kind = 'request' AND subject = $1 AND verb IN ('request.goal_ended', 'request.waits')`, id)
	if err != nil {
		return err
	}
	if err := t.putFact(ctx, r, past); err != nil {
		return err
	}
	waited := false
	for _, e := range past {
		waited = waited || e.Facts["for"] == string(desk.Developers)
	}
	_, err = t.exec(ctx, `UPDATE request_fact SET developers = developers OR $2, touch = (SELECT COALESCE(SUM(seconds), 0) FROM request_touch WHERE request = $1) WHERE request = $1`, id, waited)
	return err
}
