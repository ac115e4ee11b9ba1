package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"frontline/fault"
	"frontline/watch"
)

var _ watch.Store = (*DB)(nil)

// watchKept is what is stored of a watch.
type watchKept struct {
	watch.State
	mark []byte
}

func scanWatch(s scan) (w watchKept, err error) {
	var doc string
	var name, version string
	var position, at int64
	var body []byte
	if err = s(&name, &version, &position, &at, &doc, &body, &w.mark); err != nil {
		return w, err
	}
	err = json.Unmarshal([]byte(doc), &w.State)
	w.Watch, w.Version, w.Position, w.At, w.Body = name, version, uint32(position), fromMicros(at), body
	return w, err
}

const watchColumns = `watch, version, position, at, doc, body, mark`

// holdWatch locks a watch and reads what is kept of it.
func (t *tx) holdWatch(ctx context.Context, name string) (watchKept, error) {
	if err := t.lockKey(ctx, "watch "+name); err != nil {
		return watchKept{}, err
	}
	w, _, err := row(ctx, t, scanWatch, `SELECT `+watchColumns+` FROM watch_state WHERE watch = $1`, name)
	w.Watch = name
	return w, err
}

func (t *tx) putWatch(ctx context.Context, w watchKept) error {
	doc := w.State
	doc.Body = nil
	_, err := t.exec(ctx, `INSERT INTO watch_state (`+watchColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (watch) DO UPDATE SET version = excluded.version, position = excluded.position, at = excluded.at, doc = excluded.doc, body = excluded.body, mark = excluded.mark`,
		w.Watch, w.Version, int64(w.Position), micros(w.At), asJSON(doc), w.Body, w.mark)
	t.after.topic("watch", w.Watch)
	return err
}

// WatchStates implements watch.Store.
func (db *DB) WatchStates(ctx context.Context) (map[string]watch.State, error) {
	all, err := rows(ctx, db.read, scanWatch, `SELECT watch, version, position, at, doc, NULL, NULL FROM watch_state`)
	out := make(map[string]watch.State, len(all))
	for _, w := range all {
		out[w.Watch] = w.State
	}
	return out, err
}

// WatchState implements watch.Store.
func (db *DB) WatchState(ctx context.Context, name string) (watch.State, error) {
	w, _, err := row(ctx, db.read, scanWatch, `SELECT `+watchColumns+` FROM watch_state WHERE watch = $1`, name)
	return w.State, err
}

// TakeCounts implements watch.Counter.
func (db *DB) TakeCounts(ctx context.Context, name string, take func(watch.Cursor) (watch.Taken, error)) error {
	return db.write(ctx, func(t *tx) error {
		w, err := t.holdWatch(ctx, name)
		if err != nil {
			return err
		}
		taken, err := take(watch.Cursor{Position: w.Position, Mark: w.mark})
		if err != nil {
			return err
		}
		if fresh, err := t.freshDelivery(ctx, name, taken.Key); err != nil || !fresh {
			return err
		}
		if taken.Replace {
			err = t.keepBuckets(ctx, w, taken.Buckets)
		} else {
			err = t.addBuckets(ctx, w, taken.Buckets)
		}
		if err != nil || taken.Mark == nil {
			return err
		}
		w.mark = taken.Mark
		return t.putWatch(ctx, w)
	})
}

// freshDelivery notes a delivery; false when it was taken before.
func (t *tx) freshDelivery(ctx context.Context, name, delivery string) (bool, error) {
	if delivery == "" {
		return true, nil
	}
	n, err := t.exec(ctx, `INSERT INTO watch_taken (watch, delivery, at) VALUES ($1, $2, $3) ON CONFLICT (watch, delivery) DO NOTHING`, name, delivery, micros(t.now))
	return n > 0, err
}

// keepBuckets writes whole buckets that are not there and not decided.
func (t *tx) keepBuckets(ctx context.Context, w watchKept, buckets []watch.Bucket) error {
	for _, b := range buckets {
		if b.Number <= w.Position {
			continue
		}
		if err := t.put(ctx, `INSERT INTO watch_count (watch, bucket, leaves) VALUES ($1, $2, $3) ON CONFLICT (watch, bucket) DO NOTHING`,
			w.Watch, int64(b.Number), watch.PackLeaves(b.Leaves)); err != nil {
			return err
		}
	}
	return nil
}

// addBuckets adds to buckets; what is for decided ones goes to the late part of the next.
func (t *tx) addBuckets(ctx context.Context, w watchKept, buckets []watch.Bucket) error {
	more := map[uint32]*watch.Bucket{}
	into := func(n uint32) *watch.Bucket {
		if more[n] == nil {
			more[n] = &watch.Bucket{Number: n}
		}
		return more[n]
	}
	for _, b := range buckets {
		if b.Number <= w.Position && w.Position > 0 {
			next := into(w.Position + 1)
			next.Late = watch.Add(next.Late, b.Leaves)
			continue
		}
		same := into(b.Number)
		same.Leaves = watch.Add(same.Leaves, b.Leaves)
	}
	for n, b := range more {
		was, _, err := row(ctx, t, scanBucket, `SELECT bucket, leaves, late FROM watch_count WHERE watch = $1 AND bucket = $2`, w.Watch, int64(n))
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `INSERT INTO watch_count (watch, bucket, leaves, late) VALUES ($1, $2, $3, $4)
			ON CONFLICT (watch, bucket) DO UPDATE SET leaves = excluded.leaves, late = excluded.late`,
			w.Watch, int64(n), watch.PackLeaves(watch.Add(was.Leaves, b.Leaves)), watch.PackLeaves(watch.Add(was.Late, b.Late))); err != nil {
			return err
		}
	}
	return nil
}

func scanBucket(s scan) (b watch.Bucket, err error) {
	var number int64
	var leaves, late []byte
	if err = s(&number, &leaves, &late); err != nil {
		return b, err
	}
	b.Number = uint32(number)
	if b.Leaves, err = watch.UnpackLeaves(leaves); err == nil {
		b.Late, err = watch.UnpackLeaves(late)
	}
	return b, err
}

// WatchCounts implements watch.Archive.
func (db *DB) WatchCounts(ctx context.Context, name string, from, until uint32) ([]watch.Bucket, error) {
	return rows(ctx, db.read, scanBucket, `SELECT bucket, leaves, late FROM watch_count WHERE watch = $1 AND bucket >= $2 AND bucket <= $3 ORDER BY bucket`,
		name, int64(from), int64(until))
}

// ChangeWatch implements watch.Store.
func (db *DB) ChangeWatch(ctx context.Context, name string, limit int, decide func(watch.Current) (watch.Decided, error)) (after watch.State, err error) {
	err = db.write(ctx, func(t *tx) error {
		w, err := t.holdWatch(ctx, name)
		if err != nil {
			return err
		}
		c := watch.Current{State: w.State, Now: t.now, NewID: newID}
		if c.Buckets, err = rows(ctx, t, scanBucket, `SELECT bucket, leaves, late FROM watch_count WHERE watch = $1 AND bucket > $2 ORDER BY bucket LIMIT $3`,
			name, int64(w.Position), limit); err != nil {
			return err
		}
		if c.Open, err = rows(ctx, t, scanFinding, `SELECT `+findingColumns+` FROM watch_finding WHERE watch = $1 AND state = 'open' ORDER BY number`, name); err != nil {
			return err
		}
		done, err := decide(c)
		if err != nil {
			return err
		}
		after, w.State = done.State, done.State
		w.Watch = name
		return t.decided(ctx, w, done)
	})
	return after, err
}

// decided writes what was decided about a watch.
func (t *tx) decided(ctx context.Context, w watchKept, done watch.Decided) error {
	if err := t.putWatch(ctx, w); err != nil {
		return err
	}
	for _, f := range done.Findings {
		if err := t.putFinding(ctx, f); err != nil {
			return err
		}
	}
	return t.record(ctx, done.Consequences)
}

const findingColumns = `number, body`

func scanFinding(s scan) (f watch.Finding, err error) {
	var number int64
	var body string
	if err = s(&number, &body); err == nil {
		err = json.Unmarshal([]byte(body), &f)
	}
	f.Number = number
	return f, err
}

func (t *tx) putFinding(ctx context.Context, f watch.Finding) error {
	t.after.topic("finding", f.ID)
	t.after.topic("watch", f.Watch)
	n, err := t.exec(ctx, `UPDATE watch_finding SET state = $2, past = $3, body = $4 WHERE id = $1`, f.ID, string(f.State), f.Past, asJSON(f))
	if err != nil || n > 0 {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO watch_finding (id, watch, state, past, raised_at, body) VALUES ($1, $2, $3, $4, $5, $6)`,
		f.ID, f.Watch, string(f.State), f.Past, micros(f.RaisedAt), asJSON(f))
	return err
}

// ChangeFinding implements watch.Store.
func (db *DB) ChangeFinding(ctx context.Context, id string, decide func(watch.Current, watch.Finding) (watch.Decided, error)) (after watch.Finding, err error) {
	f, err := db.Finding(ctx, id)
	if err != nil {
		return f, err
	}
	err = db.write(ctx, func(t *tx) error {
		w, err := t.holdWatch(ctx, f.Watch)
		if err != nil {
			return err
		}
		before, err := finding(ctx, t, f.ID)
		if err != nil {
			return err
		}
		done, err := decide(watch.Current{State: w.State, Now: t.now, NewID: newID}, before)
		if err != nil {
			return err
		}
		after = before
		if at := slices.IndexFunc(done.Findings, func(x watch.Finding) bool { return x.ID == f.ID }); at >= 0 {
			after = done.Findings[at]
		}
		there := w.Version != "" || w.mark != nil
		w.State = done.State
		w.Watch = f.Watch
		if there {
			return t.decided(ctx, w, done)
		}
		for _, x := range done.Findings { // the watch is no more
			if err := t.putFinding(ctx, x); err != nil {
				return err
			}
		}
		return t.record(ctx, done.Consequences)
	})
	return after, err
}

func finding(ctx context.Context, q querier, ref string) (watch.Finding, error) {
	where, arg := called("f", "F-", ref)
	f, ok, err := row(ctx, q, scanFinding, `SELECT f.number, f.body FROM watch_finding f WHERE `+where, arg)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no finding %.60q. Look at the list of findings.", ref)
	}
	return f, err
}

// Finding implements watch.Store.
func (db *DB) Finding(ctx context.Context, ref string) (watch.Finding, error) {
	return finding(ctx, db.read, ref)
}

// Findings implements watch.Store.
func (db *DB) Findings(ctx context.Context, f watch.Filter) ([]watch.Finding, error) {
	var c conditions
	c.eq("watch", f.Watch)
	if f.Open {
		c.text += ` AND state = 'open'`
	}
	if f.NoPast {
		c.text += ` AND NOT past`
	}
	if !f.After.IsZero() {
		c.add(`raised_at >= %s`, micros(f.After))
	}
	if f.Before > 0 {
		c.add(`number < %s`, f.Before)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 200
	}
	return rows(ctx, db.read, scanFinding, `SELECT `+findingColumns+` FROM watch_finding WHERE TRUE`+c.text+` ORDER BY number DESC LIMIT `+c.arg(limit), c.args...)
}

type hourBody struct {
	number int64
	body   []byte
}

func scanHour(s scan) (h hourBody, err error) {
	err = s(&h.number, &h.body)
	return h, err
}

// WatchHours implements watch.Archive.
func (db *DB) WatchHours(ctx context.Context, name string, from, until int64) ([]watch.Hour, error) {
	all, err := rows(ctx, db.read, scanHour, `SELECT hour, body FROM watch_hour WHERE watch = $1 AND hour >= $2 AND hour <= $3 ORDER BY hour`, name, from, until)
	out := make([]watch.Hour, 0, len(all))
	for _, h := range all {
		one, bad := watch.UnpackHour(h.body)
		if bad != nil {
			return nil, bad
		}
		one.Number = h.number
		out = append(out, one)
	}
	return out, err
}

// deliveriesKept is how long a delivery is remembered that may come again.
const deliveriesKept = 7 * 24 * time.Hour

// RollWatch implements watch.Archive.
func (db *DB) RollWatch(ctx context.Context, name string, roll watch.Roll) error {
	return db.write(ctx, func(t *tx) error {
		w, err := t.holdWatch(ctx, name)
		if err != nil {
			return err
		}
		width := int64(roll.Width)
		complete := (int64(w.Position) + 1) / width // the first hour that is not
		last, _, err := row(ctx, t, value[int64], `SELECT COALESCE(MAX(hour), -1) FROM watch_hour WHERE watch = $1`, name)
		if err != nil {
			return err
		}
		buckets, err := rows(ctx, t, scanBucket, `SELECT bucket, leaves, late FROM watch_count WHERE watch = $1 AND bucket >= $2 AND bucket < $3 ORDER BY bucket`, name, (last+1)*width, complete*width)
		if err != nil {
			return err
		}
		for len(buckets) > 0 {
			hour, n := int64(buckets[0].Number)/width, 0
			for n < len(buckets) && int64(buckets[n].Number)/width == hour {
				n++
			}
			if err := t.put(ctx, `INSERT INTO watch_hour (watch, hour, body) VALUES ($1, $2, $3)`, name, hour, watch.PackHour(roll.Sum(hour, buckets[:n]))); err != nil {
				return err
			}
			buckets = buckets[n:]
		}
		for query, before := range map[string]int64{
			`DELETE FROM watch_count WHERE watch = $1 AND bucket <= $2`: min(int64(roll.KeepAfter), complete*width-1),
			`DELETE FROM watch_hour WHERE watch = $1 AND hour <= $2`:    roll.HoursAfter,
			`DELETE FROM watch_taken WHERE watch = $1 AND at <= $2`:     micros(t.now.Add(-deliveriesKept)),
		} {
			if _, err := t.exec(ctx, query, name, before); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetWatch implements watch.Archive.
func (db *DB) ForgetWatch(ctx context.Context, name string) error {
	return db.write(ctx, func(t *tx) error {
		if _, err := t.holdWatch(ctx, name); err != nil {
			return err
		}
		for _, table := range []string{"watch_count", "watch_hour", "watch_taken", "watch_state"} {
			if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE watch = $1`, name); err != nil {
				return err
			}
		}
		t.after.topic("watch", name)
		return nil
	})
}
