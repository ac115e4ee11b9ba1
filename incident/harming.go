package incident

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
	"frontline/watch"
)

// Harm says whom an incident hurts. While it is open this is computed from what is counted now; afterwards it is as it was at the resolution.
func (s *Service) Harm(ctx context.Context, a people.Actor, id string) (Harm, error) {
	if err := people.May(a, people.SeeIncidents, topic(id)); err != nil {
		return Harm{}, err
	}
	inc, err := s.DB.Incident(ctx, id)
	if err != nil {
		return Harm{}, err
	}
	h, _, err := s.harm(ctx, a, inc)
	return h, err
}

// harm is Harm with the version of the extent that it was computed from.
func (s *Service) harm(ctx context.Context, a people.Actor, inc Incident) (Harm, int64, error) {
	kept, err := s.DB.HarmKept(ctx, inc.ID)
	if err != nil {
		return Harm{}, 0, err
	}
	if !inc.Open() {
		if kept.Frozen == nil { // resolved before anybody could say
			return Harm{At: inc.ResolvedAt, Frozen: true}, kept.Extent.Version, nil
		}
		return *kept.Frozen, kept.Extent.Version, nil
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Harm{}, 0, err
	}
	asked, err := s.DB.AskedAbout(ctx, inc.ID)
	if err != nil {
		return Harm{}, 0, err
	}
	h := Harm{At: s.DB.Now(), Own: kept.Extent.Own}
	if h.Measures, err = s.measured(ctx, a, inc, kept.Extent); err != nil {
		return Harm{}, 0, err
	}
	h.Customers = weigh(book, h.Measures, kept.Extent.Named, asked)
	return h, kept.Extent.Version, nil
}

// measured takes the measures.
func (s *Service) measured(ctx context.Context, a people.Actor, inc Incident, x Extent) ([]Measured, error) {
	if s.Watches == nil {
		return nil, nil
	}
	var measures []Measure
	for _, m := range x.Measures {
		measures = append(measures, Measure{Scope: m})
	}
	if !x.Own {
		var err error
		if measures, err = s.followed(ctx, a, inc); err != nil {
			return nil, err
		}
	}
	var out []Measured
	for _, m := range measures {
		one, err := s.measure(ctx, a, m)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// measure takes one measure. A watch that is no more, or that cannot be read, is said to be so: no incident stays open because of it.
func (s *Service) measure(ctx context.Context, a people.Actor, m Measure) (Measured, error) {
	out := Measured{Measure: m, Name: m.Watch}
	sight, err := s.Watches.Watch(ctx, a, m.Watch)
	if err == nil {
		out.Name = sight.Name
		out.Reach, err = s.Watches.Reach(ctx, a, m.Scope)
	}
	if ctx.Err() != nil {
		return out, err
	}
	if err != nil {
		out.Missing = fault.Sentence(err)
	}
	return out, nil
}

// followed are the measures of what was found behind the incident's alerts.
func (s *Service) followed(ctx context.Context, a people.Actor, inc Incident) ([]Measure, error) {
	var out []Measure
	for _, id := range inc.Groups {
		g, err := s.Groups.Group(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		name, ok := watchOf(g)
		if !ok {
			continue
		}
		sight, err := s.Watches.Watch(ctx, a, name)
		if fault.Is(err, fault.NotFound) { // it is no more
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := s.Watches.Findings(ctx, a, watch.Filter{Watch: name, NoPast: true, After: g.BeganAt.Add(-1), Limit: 100})
		if err != nil {
			return nil, err
		}
		out = append(out, follow(sight.Definition, found, g)...)
	}
	return out[:min(len(out), mostMeasures)], nil
}

// Measurable are the watches by which somebody may measure, in the order of their names.
func (s *Service) Measurable(ctx context.Context, a people.Actor) ([]watch.Definition, error) {
	if err := people.May(a, people.SeeIncidents, topic("")); err != nil || s.Watches == nil {
		return nil, err
	}
	all, err := s.Watches.Watches(ctx, a)
	var out []watch.Definition
	for _, x := range all {
		out = append(out, x.Definition)
	}
	slices.SortFunc(out, func(a, b watch.Definition) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// SetMeasures changes by what whom the incident hurts is measured. With own false the measures follow what the watches behind its alerts found, as at
// the beginning. seen is the Incident.Version that the person looked at, or 0.
func (s *Service) SetMeasures(ctx context.Context, a people.Actor, id string, own bool, to []watch.Scope, seen int64) (Incident, error) {
	if err := people.May(a, people.WorkIncident, topic(id)); err != nil {
		return Incident{}, err
	}
	for _, m := range to {
		if s.Watches == nil {
			return Incident{}, fault.Wrong("measures", "Nothing is watched here, so nothing can be measured. Name the customers instead.")
		}
		sight, err := s.Watches.Watch(ctx, a, m.Watch)
		if fault.Is(err, fault.NotFound) {
			return Incident{}, fault.Wrong("watch", "There is no watch %.60q. Choose one from the list.", m.Watch)
		}
		if err == nil {
			err = sight.CheckScope(m)
		}
		if err != nil {
			return Incident{}, err
		}
	}
	return s.change(ctx, a, people.WorkIncident, id, Scope{Harm: true}, func(t *turn) error {
		if err := t.unmoved(seen); err != nil {
			return err
		}
		return t.setMeasures(own, to)
	})
}

// NameCustomers says of customers, by id or name, that the incident hurts them, and of others that nobody says so any more. Some may not be in the
// catalog.
func (s *Service) NameCustomers(ctx context.Context, a people.Actor, id string, add, remove []string) (Incident, error) {
	return s.change(ctx, a, people.WorkIncident, id, Scope{Harm: true}, func(t *turn) error { return t.nameCustomers(add, remove) })
}

// SetCustomers names exactly these.
func (s *Service) SetCustomers(ctx context.Context, a people.Actor, id string, to []string, seen int64) (Incident, error) {
	return s.change(ctx, a, people.WorkIncident, id, Scope{Harm: true}, func(t *turn) error {
		if err := t.unmoved(seen); err != nil {
			return err
		}
		return t.nameCustomers(to, without(t, to))
	})
}

// without are the customers that are named now and are not among to.
func without(t *turn, to []string) []string {
	find := knownAs(t.book)
	stays := map[string]bool{}
	for _, name := range to {
		if c, ok := find(name); ok {
			name = c.ID
		}
		stays[strings.ToLower(strings.TrimSpace(name))] = true
	}
	return slices.DeleteFunc(slices.Clone(t.cur.Harm.Extent.Named), func(name string) bool { return stays[strings.ToLower(name)] })
}

// CustomersOfRun are the customers in what a run found: of its first table that has a column for them. Only runs of actions that read are taken.
func (s *Service) CustomersOfRun(ctx context.Context, a people.Actor, ref string) ([]string, error) {
	if err := people.May(a, people.WorkIncident, topic("")); err != nil {
		return nil, err
	}
	r, err := s.Runs.Run(ctx, a, ref)
	if err != nil {
		return nil, err
	}
	if r.Definition.Risk != action.RiskRead {
		return nil, fault.Wrong("run", "%s changed something. Take a run of an action that reads.", r.Ref())
	}
	for _, table := range r.Result.Tables {
		at := customerColumn(table.Columns)
		if at < 0 {
			continue
		}
		var out []string
		for _, row := range table.Rows {
			if at < len(row) && strings.TrimSpace(row[at]) != "" {
				out = append(out, row[at])
			}
		}
		return out, nil
	}
	return nil, fault.Wrong("run", "No table of %s has a column customer, customer_id, id or name.", r.Ref())
}

// mostMoves is how often a resolution is tried anew because the extent was changed meanwhile.
const mostMoves = 5

// end resolves an incident, with whom it hurts frozen in the same transaction.
func (s *Service) end(ctx context.Context, a people.Actor, id string, v people.Verb, scope Scope, decide func(*turn) error) (Incident, error) {
	if err := people.May(a, v, topic(id)); err != nil {
		return Incident{}, err
	}
	scope.Harm = true
	for try := 1; ; try++ {
		inc, err := s.DB.Incident(ctx, id)
		if err != nil {
			return Incident{}, err
		}
		h, version, err := s.harm(ctx, people.System("incident"), inc) // the figures do not depend on who resolves it
		if err != nil {
			return Incident{}, err
		}
		moved := false
		inc, err = s.change(ctx, a, v, inc.ID, scope, func(t *turn) error {
			open := t.inc.Open()
			if moved = open && t.cur.Harm.Extent.Version != version && try < mostMoves; moved {
				return fault.New(fault.Conflict, "Whom it hurts was changed at the same moment. Try again.")
			}
			if err := decide(t); err != nil || !open {
				return err
			}
			t.freeze(h)
			return nil
		})
		if !moved {
			return inc, err
		}
	}
}

// WriteCSV writes whom it hurts as CSV, one customer a line. Text that a spreadsheet would take for a formula has an apostrophe before it.
func (h Harm) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	figure := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	rows := [][]string{{"customer", "name", "tier", "owner", "certainty", "errors", "requests", "expected", "chance", "named", "requests_to_us"}}
	for _, c := range h.Customers {
		row := []string{c.ID, safe(c.Name), safe(c.Tier), c.Owner, string(c.Certainty), "", "", "", "", strconv.FormatBool(c.Named), strconv.Itoa(c.Asked)}
		if c.Requests > 0 {
			row[5], row[6] = figure(c.Errors), figure(c.Requests)
			row[7], row[8] = strconv.FormatFloat(c.Expected, 'f', 2, 64), strconv.FormatFloat(c.Chance, 'f', 4, 64)
		}
		rows = append(rows, row)
	}
	return out.WriteAll(rows)
}

// safe keeps a spreadsheet from taking text for a formula.
func safe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
