package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/oncall"
)

var _ alert.Store = (*DB)(nil)

// obey carries out the orders that a decision gave the pager, in the decision's own transaction.
func (t *tx) obey(ctx context.Context, orders []oncall.Order) error {
	for _, o := range orders {
		if _, err := t.carryOut(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// currentFor locks and reads what a batch is about. The locks are on the group keys; two batches that open the same alert in different
// groups meet at a unique index, and one of them is decided again.
func (t *tx) currentFor(ctx context.Context, b alert.Batch) (cur alert.Current, err error) {
	var keys, groups []string
	for _, s := range b.Signals {
		keys = append(keys, s.Key)
		groups = append(groups, groupKey(s))
	}
	keys, groups = distinct(keys), distinct(groups)
	if err := t.lockKeys(ctx, "group "+b.Source+" ", groups); err != nil {
		return cur, err
	}
	list, args := in(2, groups) // groups are locked before alerts, here and in ChangeGroup
	cur.Groups, err = rows(ctx, t, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE source = $1 AND state <> 'resolved' AND key IN (`+list+`) ORDER BY id`+t.forUpdate(), append([]any{b.Source}, args...)...)
	if err != nil {
		return cur, err
	}
	list, args = in(2, keys)
	cur.Alerts, err = rows(ctx, t, scanAlert, `SELECT `+alertColumns+` FROM alert WHERE source = $1 AND state = 'open' AND key IN (`+list+`) ORDER BY id`+t.forUpdate(), append([]any{b.Source}, args...)...)
	if err != nil {
		return cur, err
	}
	return t.groupsElsewhere(ctx, cur)
}

// groupsElsewhere adds the groups of alerts that were opened under another group key than the one they are sent with now.
func (t *tx) groupsElsewhere(ctx context.Context, cur alert.Current) (alert.Current, error) {
	var missing []string
	for _, a := range cur.Alerts {
		if !slices.ContainsFunc(cur.Groups, func(g alert.Group) bool { return g.ID == a.Group }) {
			missing = append(missing, a.Group)
		}
	}
	if len(missing) == 0 {
		return cur, nil
	}
	list, args := in(1, distinct(missing))
	more, err := rows(ctx, t, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE id IN (`+list+`)`+t.forUpdate(), args...)
	cur.Groups = append(cur.Groups, more...)
	return cur, err
}

func groupKey(s alert.Signal) string {
	if s.Group == "" {
		return s.Key
	}
	return s.Group
}

func distinct(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}

// detail is what an alert says beyond its title; nobody searches for it in SQL.
type detail struct {
	Text   string            `json:"text,omitempty"`
	Host   string            `json:"host,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Links  []alert.Link      `json:"links,omitempty"`
}

const insertAlert = `INSERT INTO alert (id, grp, source, key, episode, state, severity, title, detail, count, opened_at, last_at, resolved_at, body) VALUES `

func alertValues(a alert.Alert) []any {
	return []any{a.ID, a.Group, a.Source, a.Key, micros(a.Episode), string(a.State), string(a.Severity), a.Title, detailOf(a), a.Count, micros(a.OpenedAt),
		micros(a.LastAt), micros(a.ResolvedAt), a.Body}
}

func detailOf(a alert.Alert) string { return asJSON(detail{a.Text, a.Host, a.Labels, a.Links}) }

func alertChanges() []column {
	return []column{{"episode", integer}, {"state", text}, {"severity", text}, {"title", text}, {"detail", text}, {"count", integer}, {"last_at", integer},
		{"resolved_at", integer}, {"body", text}}
}

func changedAlert(a alert.Alert) []any {
	return []any{a.ID, micros(a.Episode), string(a.State), string(a.Severity), a.Title, detailOf(a), a.Count, micros(a.LastAt), micros(a.ResolvedAt), a.Body}
}

const insertGroup = `INSERT INTO alert_group (id, source, key, service, team, policy, state, severity, title, open, total, paged, opened_at, began_at, acked_at, acked_by, resolved_at, left_out) VALUES `

func groupValues(g alert.Group) []any {
	return []any{g.ID, g.Source, g.Key, g.Service, g.Team, g.Policy, string(g.State), string(g.Severity), g.Title, g.Open, g.Total, g.Paged, micros(g.OpenedAt), micros(g.BeganAt),
		micros(g.AckedAt), g.AckedBy, micros(g.ResolvedAt), g.Left}
}

func groupChanges() []column {
	return []column{{"state", text}, {"severity", text}, {"title", text}, {"open", integer}, {"total", integer}, {"paged", boolean}, {"acked_at", integer},
		{"acked_by", text}, {"resolved_at", integer}, {"left_out", integer}}
}

func changedGroup(g alert.Group) []any {
	return []any{g.ID, string(g.State), string(g.Severity), g.Title, g.Open, g.Total, g.Paged, micros(g.AckedAt), g.AckedBy, micros(g.ResolvedAt), g.Left}
}

const alertColumns = `number, id, grp, source, key, episode, state, severity, title, detail, count, opened_at, last_at, resolved_at, body`

func scanAlert(s scan) (a alert.Alert, err error) {
	var episode, opened, last, resolved int64
	var raw string
	if err = s(&a.Number, &a.ID, &a.Group, &a.Source, &a.Key, &episode, &a.State, &a.Severity, &a.Title, &raw, &a.Count, &opened, &last, &resolved, &a.Body); err != nil {
		return a, err
	}
	a.Episode, a.OpenedAt, a.LastAt, a.ResolvedAt = fromMicros(episode), fromMicros(opened), fromMicros(last), fromMicros(resolved)
	var d detail
	err = json.Unmarshal([]byte(raw), &d)
	a.Text, a.Host, a.Labels, a.Links = d.Text, d.Host, d.Labels, d.Links
	return a, err
}

const groupColumns = `number, id, source, key, service, team, policy, state, severity, title, open, total, paged, opened_at, began_at, acked_at, acked_by, resolved_at, left_out`

func scanGroup(s scan) (g alert.Group, err error) {
	var opened, began, acked, resolved int64
	err = s(&g.Number, &g.ID, &g.Source, &g.Key, &g.Service, &g.Team, &g.Policy, &g.State, &g.Severity, &g.Title, &g.Open, &g.Total, &g.Paged, &opened, &began, &acked, &g.AckedBy, &resolved, &g.Left)
	g.OpenedAt, g.BeganAt, g.AckedAt, g.ResolvedAt = fromMicros(opened), fromMicros(began), fromMicros(acked), fromMicros(resolved)
	return g, err
}

// ChangeGroup implements alert.Store.
func (db *DB) ChangeGroup(ctx context.Context, id string, decide func(alert.Group, []alert.Alert, time.Time) (alert.Handled, error)) (alert.Group, error) {
	var after alert.Group
	err := db.write(ctx, func(t *tx) error {
		g, ok, err := row(ctx, t, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE id = $1`+t.forUpdate(), id)
		if err != nil {
			return err
		}
		if !ok {
			return errNoGroup
		}
		open, err := rows(ctx, t, scanAlert, `SELECT `+alertColumns+` FROM alert WHERE grp = $1 AND state = 'open' ORDER BY number`+t.forUpdate(), id)
		if err != nil {
			return err
		}
		done, err := decide(g, open, t.now)
		if err != nil {
			return err
		}
		after = done.Group
		return t.handle(ctx, g, done)
	})
	return after, err
}

var errNoGroup = fault.New(fault.NotFound, "There is no such alert. It may be from another installation; look in the list of alerts.")

func (t *tx) handle(ctx context.Context, before alert.Group, done alert.Handled) error {
	var alerts [][]any
	for _, a := range done.Alerts {
		alerts = append(alerts, changedAlert(a))
	}
	if err := t.updateRows(ctx, "alert", alertChanges(), alerts); err != nil {
		return err
	}
	if done.Group != before {
		if err := t.updateRows(ctx, "alert_group", groupChanges(), [][]any{changedGroup(done.Group)}); err != nil {
			return err
		}
	}
	if err := t.record(ctx, done.Consequences); err != nil {
		return err
	}
	return t.obey(ctx, done.Orders)
}

// ForgetBodies implements alert.Store.
func (db *DB) ForgetBodies(ctx context.Context, before time.Time, limit int) (n int64, err error) {
	err = db.write(ctx, func(t *tx) error {
		n, err = t.exec(ctx, `DELETE FROM signal_body WHERE id IN (SELECT id FROM signal_body WHERE at < $1 ORDER BY at LIMIT $2)`, micros(before), limit)
		return err
	})
	return n, err
}

// Group returns a group by its id.
func (db *DB) Group(ctx context.Context, id string) (alert.Group, error) {
	return found(row(ctx, db.read, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE id = $1`, id))
}

// GroupNumbered returns a group by the number that people see.
func (db *DB) GroupNumbered(ctx context.Context, n int64) (alert.Group, error) {
	return found(row(ctx, db.read, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE number = $1`, n))
}

// GroupOfAlert returns the group of the alert with the number that people see.
func (db *DB) GroupOfAlert(ctx context.Context, n int64) (alert.Group, error) {
	return found(row(ctx, db.read, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE id = (SELECT grp FROM alert WHERE number = $1)`, n))
}

func found(g alert.Group, ok bool, err error) (alert.Group, error) {
	if err == nil && !ok {
		err = errNoGroup
	}
	return g, err
}

// AlertsOf returns the alerts of a group, open ones first, then the newest, at most limit.
func (db *DB) AlertsOf(ctx context.Context, group string, limit int) ([]alert.Alert, error) {
	return rows(ctx, db.read, scanAlert, `SELECT `+alertColumns+` FROM alert WHERE grp = $1 ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, number DESC LIMIT $2`, group, limit)
}

// Groups lists groups, newest first.
func (db *DB) Groups(ctx context.Context, q alert.Query) ([]alert.Group, error) {
	before := q.Before
	if before == 0 {
		before = 1 << 62
	}
	var narrow string
	switch q.State {
	case alert.Live:
		narrow = ` AND state <> 'resolved'`
	case alert.Open:
		narrow = ` AND state = 'open'`
	case alert.Taken:
		narrow = ` AND state = 'acknowledged'`
	case alert.Over:
		narrow = ` AND state = 'resolved'`
	}
	if q.Unrouted {
		narrow += ` AND service = ''`
	}
	return rows(ctx, db.read, scanGroup, `SELECT `+groupColumns+` FROM alert_group WHERE number < $1 AND ($2 = '' OR service = $2)`+narrow+` ORDER BY number DESC LIMIT $3`, before, q.Service, q.Limit)
}

// CountGroups counts the live groups by state, and those that nobody was found for.
func (db *DB) CountGroups(ctx context.Context) (alert.Counts, error) {
	c, _, err := row(ctx, db.read, func(s scan) (c alert.Counts, err error) {
		return c, s(&c.Open, &c.Acknowledged, &c.Unrouted, &c.Critical)
	},
		`SELECT COALESCE(SUM(CASE WHEN state = 'open' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state = 'acknowledged' THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN service = '' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state = 'open' AND severity = 'critical' THEN 1 ELSE 0 END), 0)
		FROM alert_group WHERE state <> 'resolved'`)
	return c, err
}

// Body returns the raw body that last changed an alert; NotFound once it is forgotten.
func (db *DB) Body(ctx context.Context, id string) ([]byte, error) {
	b, ok, err := row(ctx, db.read, value[[]byte], `SELECT body FROM signal_body WHERE id = $1`, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "The message as it was received is kept for 7 days and gone now. The alert still says what it meant.")
	}
	return b, err
}

// SourceActivity tells when each source was last heard and how many messages it sent since the time.
func (db *DB) SourceActivity(ctx context.Context, since time.Time) ([]alert.Activity, error) {
	return rows(ctx, db.read, func(s scan) (a alert.Activity, err error) {
		var last int64
		err = s(&a.Source, &last, &a.Messages)
		a.LastAt = fromMicros(last)
		return a, err
	}, `SELECT source, MAX(at), COUNT(*) FROM signal_body WHERE at >= $1 GROUP BY source ORDER BY source`, micros(since))
}
