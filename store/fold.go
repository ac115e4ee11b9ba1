package store

import (
	"context"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
)

// Signals come in storms. Batches of one source that wait at the same time are folded one after the other in memory, and written together:
// one transaction, one statement a table. The sender of each waits for that one commit.

// foldMost is how many batches are written together at most, and foldSignals how many signals.
const (
	foldMost    = 64
	foldSignals = 400
)

// folding is a batch that waits.
type folding struct {
	ctx    context.Context
	batch  alert.Batch
	decide func(alert.Current, time.Time, func() string) alert.Folded
	result alert.Folded
	err    error
	done   chan struct{}
}

// FoldSignals implements alert.Store.
func (db *DB) FoldSignals(ctx context.Context, b alert.Batch, decide func(alert.Current, time.Time, func() string) alert.Folded) (alert.Folded, error) {
	one := &folding{ctx: ctx, batch: b, decide: decide, done: make(chan struct{})}
	select {
	case db.folds <- one:
	case <-ctx.Done():
		return alert.Folded{}, fault.Wrap(ctx.Err(), fault.Unavailable, "The database is too busy to take this. Try again in a moment.")
	}
	select {
	case <-one.done: // a fold always answers: its writes are bounded by the batches' own contexts
		return one.result, one.err
	case <-db.closed:
		return alert.Folded{}, errStopping()
	}
}

// foldAll takes waiting batches until ctx ends, then refuses what is left. Several of these run on PostgreSQL, one on SQLite.
func (db *DB) foldAll(ctx context.Context) {
	var next *folding
	for {
		if next == nil {
			select {
			case next = <-db.folds:
			case <-ctx.Done():
				db.refuseFolds()
				return
			}
		}
		var together []*folding
		together, next = db.gather(next)
		db.foldTogether(together)
	}
}

func (db *DB) refuseFolds() {
	for {
		select {
		case one := <-db.folds:
			one.err = errStopping()
			close(one.done)
		default:
			return
		}
	}
}

// gather returns first with what else waits for the same source, and the first batch that does not fit.
func (db *DB) gather(first *folding) (together []*folding, next *folding) {
	together = []*folding{first}
	signals := len(first.batch.Signals)
	for len(together) < foldMost && signals < foldSignals {
		select {
		case one := <-db.folds:
			if one.batch.Source != first.batch.Source {
				return together, one
			}
			together = append(together, one)
			signals += len(one.batch.Signals)
		default:
			return together, nil
		}
	}
	return together, nil
}

// foldTogether writes the batches in one transaction, and each alone when that fails: one bad batch must not fail the others.
func (db *DB) foldTogether(together []*folding) {
	ctx, cancel := within(together)
	defer cancel()
	err := db.write(ctx, func(t *tx) error { return t.fold(ctx, together) })
	for _, one := range together {
		if one.err = err; err != nil && len(together) > 1 {
			one.err = db.write(one.ctx, func(t *tx) error { return t.fold(one.ctx, []*folding{one}) })
		}
		close(one.done)
	}
}

// within returns a context that lasts as long as the most patient of the batches, and five seconds at most.
func within(together []*folding) (context.Context, context.CancelFunc) {
	if len(together) == 1 {
		return context.WithCancel(together[0].ctx)
	}
	return context.WithTimeout(context.WithoutCancel(together[0].ctx), 5*time.Second)
}

// fold decides the batches one after the other and writes what is left in the end.
func (t *tx) fold(ctx context.Context, together []*folding) error {
	var all alert.Batch
	all.Source = together[0].batch.Source
	for _, one := range together {
		all.Signals = append(all.Signals, one.batch.Signals...)
	}
	cur, err := t.currentFor(ctx, all)
	if err != nil {
		return err
	}
	w := newFolded(cur)
	for _, one := range together {
		body := newID()
		one.result = one.decide(w.currentFor(one.batch), t.now, newID)
		w.bodies = append(w.bodies, []any{body, one.batch.Source, micros(t.now), one.batch.Raw})
		w.take(one.result, body)
	}
	return t.writeFolded(ctx, w)
}

// folded is what several batches make of alerts and groups, in memory.
type folded struct {
	alerts  map[string]*alert.Alert // open ones, by key
	groups  map[string]*alert.Group // live ones, by key
	byID    map[string]*alert.Group
	changed []*alert.Alert // in order
	regroup []*alert.Group
	touched map[string]bool
	bodies  [][]any
	orders  []oncall.Order
	journal.Consequences
}

func newFolded(cur alert.Current) *folded {
	w := &folded{alerts: map[string]*alert.Alert{}, groups: map[string]*alert.Group{}, byID: map[string]*alert.Group{}, touched: map[string]bool{}}
	for _, a := range cur.Alerts {
		w.alerts[a.Key] = &a
	}
	for _, g := range cur.Groups {
		w.groups[g.Key], w.byID[g.ID] = &g, &g
	}
	return w
}

// currentFor is the part of the memory that a batch is about.
func (w *folded) currentFor(b alert.Batch) (cur alert.Current) {
	seen := map[string]bool{}
	group := func(g *alert.Group) {
		if g != nil && !seen[g.ID] {
			seen[g.ID] = true
			cur.Groups = append(cur.Groups, *g)
		}
	}
	for _, s := range b.Signals {
		group(w.groups[groupKey(s)])
		if a := w.alerts[s.Key]; a != nil && !seen[a.ID] {
			seen[a.ID] = true
			cur.Alerts = append(cur.Alerts, *a)
			group(w.byID[a.Group])
		}
	}
	return cur
}

// take remembers what a batch decided, for the next one and for writing.
func (w *folded) take(f alert.Folded, body string) {
	for _, a := range f.Alerts {
		a.Body = body
		w.changed = replaced(w.changed, &a, w.touched, func(x *alert.Alert) string { return x.ID })
		if w.alerts[a.Key] = &a; a.State == alert.Over {
			delete(w.alerts, a.Key)
		}
	}
	for _, g := range f.Groups {
		w.regroup = replaced(w.regroup, &g, w.touched, func(x *alert.Group) string { return x.ID })
		w.byID[g.ID] = &g
		if w.groups[g.Key] = &g; g.State == alert.Over {
			delete(w.groups, g.Key)
		}
	}
	w.orders = append(w.orders, f.Orders...)
	w.Add(f.Entries...)
	w.Do(f.Jobs...)
}

// replaced appends v, or puts it in the place of an earlier state of the same thing.
func replaced[T any](list []*T, v *T, touched map[string]bool, id func(*T) string) []*T {
	if !touched[id(v)] {
		touched[id(v)] = true
		return append(list, v)
	}
	for i := len(list) - 1; i >= 0; i-- {
		if id(list[i]) == id(v) {
			list[i] = v
			break
		}
	}
	return list
}

func (t *tx) writeFolded(ctx context.Context, w *folded) error {
	if err := t.insertRows(ctx, `INSERT INTO signal_body (id, source, at, body) VALUES `, w.bodies); err != nil {
		return err
	}
	var alerts, groups, oldAlerts, oldGroups [][]any
	for _, a := range w.changed {
		if a.Number > 0 {
			oldAlerts = append(oldAlerts, changedAlert(*a))
		} else {
			alerts = append(alerts, alertValues(*a))
		}
	}
	for _, g := range w.regroup {
		if g.Number > 0 {
			oldGroups = append(oldGroups, changedGroup(*g))
		} else {
			groups = append(groups, groupValues(*g))
		}
	}
	if err := t.updateRows(ctx, "alert", alertChanges(), oldAlerts); err != nil {
		return err
	}
	if err := t.updateRows(ctx, "alert_group", groupChanges(), oldGroups); err != nil {
		return err
	}
	if err := t.insertRows(ctx, insertAlert, alerts); err != nil {
		return err
	}
	if err := t.insertRows(ctx, insertGroup, groups); err != nil {
		return err
	}
	if err := t.record(ctx, w.Consequences); err != nil {
		return err
	}
	return t.obey(ctx, w.orders)
}
