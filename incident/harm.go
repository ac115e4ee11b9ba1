package incident

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"frontline/alert"
	"frontline/catalog"
	"frontline/fault"
	"frontline/plain"
	"frontline/watch"
	"frontline/watch/detect"
	"frontline/watch/locate"
)

// Certainty is how sure it is that an incident hurts a customer.
type Certainty string

// The certainties, the surest first.
const (
	Certainly Certainty = "certainly" // somebody named them, or the change brought them an error with a chance of 0.95 or more
	Probably  Certainty = "probably"  // with a chance of 0.5 or more
	AskedUs   Certainty = "asked"     // nothing of it was measured, but a request of theirs belongs to the incident
)

// Certainties lists them, the surest first.
func Certainties() []Certainty { return []Certainty{Certainly, Probably, AskedUs} }

const (
	sureFrom      = 0.95
	probableFrom  = 0.5
	mostMeasures  = 12
	mostNamed     = 5000
	longestNaming = 200
)

// Measure is a part of what a watch counts, in which the incident shows.
type Measure struct {
	watch.Scope
	Finding string `json:"finding,omitempty"` // "F-12" when it follows what the watch found
}

// Extent is what people have said about whom an incident hurts.
type Extent struct {
	Version  int64         `json:"version"`       // counts its changes
	Own      bool          `json:"own,omitempty"` // people chose the measures; otherwise they follow what the watches behind its alerts found
	Measures []watch.Scope `json:"measures,omitempty"`
	Named    []string      `json:"named,omitempty"` // customers: ids of the catalog, or names that it does not have
}

// Harm is whom an incident hurts, beside those who use what it affects. While the incident is open it is computed anew each time; from its
// resolution on it stays as it was.
type Harm struct {
	At        time.Time  `json:"at"` // as of
	Frozen    bool       `json:"frozen,omitempty"`
	Own       bool       `json:"own,omitempty"` // as of Extent
	Measures  []Measured `json:"measures,omitempty"`
	Customers []Hurt     `json:"customers,omitempty"` // the surest first
}

// Measured is a measure with what it came to.
type Measured struct {
	Measure
	Name        string `json:"name"` // of the watch
	watch.Reach `json:"reach"`
}

// Hurt is a customer whom an incident hurts.
type Hurt struct {
	ID        string    `json:"id,omitempty"` // in the catalog; empty when it does not have them
	Name      string    `json:"name"`
	Tier      string    `json:"tier,omitempty"`
	Owner     string    `json:"owner,omitempty"`
	Certainty Certainty `json:"certainty"`
	Named     bool      `json:"named,omitempty"` // by people
	Errors    float64   `json:"errors"`          // of the measure that is surest of them, as the other figures
	Requests  float64   `json:"requests"`
	Expected  float64   `json:"expected"`
	Chance    float64   `json:"chance"`
	Asked     int       `json:"asked,omitempty"` // requests of theirs that belong to the incident
}

// HarmKept is what is kept of it.
type HarmKept struct {
	Extent Extent
	Frozen *Harm // nil while the incident is open
}

// Count is how many customers have this certainty.
func (h Harm) Count(c Certainty) int {
	n := 0
	for _, x := range h.Customers {
		if x.Certainty == c {
			n++
		}
	}
	return n
}

// Empty says whether nobody said or measured anything.
func (h Harm) Empty() bool { return len(h.Measures) == 0 && len(h.Customers) == 0 }

// Hit estimates how many customers were hit: of the only measure that knows; false when there is none or several, whose customers may be the same.
func (h Harm) Hit() (locate.Customers, bool) {
	var out locate.Customers
	known := 0
	for _, m := range h.Measures {
		if m.NamesCustomers && m.Missing == "" {
			out, known = m.Customers, known+1
		}
	}
	return out, known == 1 && out.Hit.Value > 0
}

// Say is the harm in a sentence: "About 38 customers were hit (31 to 45 of 240): 12 certainly, 20 probably; 6 more asked us." It is empty when
// nobody is known to be hurt.
func (h Harm) Say() string {
	var parts []string
	for _, c := range Certainties()[:2] {
		if n := h.Count(c); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c))
		}
	}
	asked := h.Count(AskedUs)
	hit, known := h.Hit()
	var s string
	switch {
	case known:
		s = fmt.Sprintf("About %s hit (%s to %s of %d)", were(int(math.Round(hit.Hit.Value))), watch.Figure(math.Floor(hit.Hit.Low)), watch.Figure(math.Ceil(hit.Hit.High)), hit.Exposed)
		if len(parts) > 0 {
			s += ": " + strings.Join(parts, ", ")
		}
	case len(parts) > 0:
		s = capitalised(were(h.Count(Certainly)+h.Count(Probably))) + " hit: " + strings.Join(parts, ", ")
	case asked > 0:
		return fmt.Sprintf("%s asked us about it.", capitalised(count(asked, "customer")))
	default:
		return ""
	}
	if asked > 0 {
		s += fmt.Sprintf("; %d more asked us", asked)
	}
	return s + "."
}

func were(n int) string {
	if n == 1 {
		return "1 customer was"
	}
	return fmt.Sprintf("%d customers were", n)
}

func capitalised(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Asking is a customer with how many of their requests belong to an incident.
type Asking struct {
	Customer string // in the catalog
	Requests int
}

// knownAs finds a customer by what somebody or a label calls them: their id or name, in either case.
func knownAs(book Directory) func(string) (catalog.Customer, bool) {
	by := map[string]catalog.Customer{}
	for _, c := range book.Customers() {
		by[strings.ToLower(c.Name)] = c
	}
	for _, c := range book.Customers() { // an id is surer than a name
		by[strings.ToLower(c.ID)] = c
	}
	return func(name string) (catalog.Customer, bool) {
		c, ok := by[strings.ToLower(strings.TrimSpace(name))]
		return c, ok
	}
}

// weigh says who is hurt, and how sure that is: by what was measured, by whom people named and by who asked.
func weigh(book Directory, measured []Measured, named []string, asked []Asking) []Hurt {
	find := knownAs(book)
	at := map[string]int{}
	var all []Hurt
	of := func(name string) *Hurt {
		h := Hurt{Name: name}
		if c, ok := find(name); ok {
			h = Hurt{ID: c.ID, Name: c.Name, Tier: c.Tier, Owner: c.Owner}
		}
		key := cmp.Or(h.ID, "\x00"+strings.ToLower(name))
		if _, there := at[key]; !there {
			at[key] = len(all)
			all = append(all, h)
		}
		return &all[at[key]]
	}
	for _, m := range measured {
		for _, x := range m.Customers.List {
			if x.Chance < probableFrom || x.Customer == "" {
				continue
			}
			if h := of(x.Customer); x.Chance > h.Chance || x.Chance == h.Chance && x.Errors > h.Errors {
				h.Errors, h.Requests, h.Expected, h.Chance = x.Errors, x.Requests, x.Expected, x.Chance
			}
		}
	}
	for _, name := range named {
		of(name).Named = true
	}
	for _, a := range asked {
		of(a.Customer).Asked += a.Requests
	}
	for i := range all {
		all[i].Certainty = all[i].sure()
	}
	slices.SortStableFunc(all, bySureness)
	return all
}

func (h Hurt) sure() Certainty {
	switch {
	case h.Named || h.Chance >= sureFrom:
		return Certainly
	case h.Chance >= probableFrom:
		return Probably
	}
	return AskedUs
}

// bySureness orders customers: the surest first, then by errors beyond those expected, then by name.
func bySureness(a, b Hurt) int {
	return cmp.Or(cmp.Compare(slices.Index(Certainties(), a.Certainty), slices.Index(Certainties(), b.Certainty)),
		cmp.Compare(b.Errors-b.Expected, a.Errors-a.Expected), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
}

// watchOf is the watch whose findings an alert group tells; false when it is of something else.
func watchOf(g alert.Group) (string, bool) {
	id, ok := strings.CutPrefix(g.Key, "watch/")
	return id, ok && g.Source == watch.Origin(watch.Definition{}).ID
}

// follow are the measures of what a watch found while a group of its alerts was open: of the whole where it is known where that is, otherwise of
// each series.
func follow(d watch.Definition, found []watch.Finding, g alert.Group) []Measure {
	var whole, parts []Measure
	for _, f := range found {
		if f.Direction != detect.Up || f.AssessedAt.IsZero() || f.Start.IsZero() || f.Feedback == watch.NotProblem || f.RaisedAt.Before(g.BeganAt) || !g.ResolvedAt.IsZero() && f.RaisedAt.After(g.ResolvedAt) {
			continue
		}
		m := Measure{Scope: watch.Scope{Watch: d.ID, From: f.Start, Until: f.EndedAt}, Finding: f.Name()}
		for i, value := range f.Series {
			if i < len(d.By) {
				m.Labels = append(m.Labels, locate.Label{Name: d.By[i], Value: value})
			}
		}
		if len(f.Causes) > 0 {
			for _, l := range f.Causes[0].Labels {
				if !slices.ContainsFunc(m.Labels, func(x locate.Label) bool { return x.Name == l.Name }) && slices.Contains(d.Labels, l.Name) {
					m.Labels = append(m.Labels, l)
				}
			}
		}
		if len(f.Series) == 0 && (len(f.Causes) > 0 || f.Everyone) {
			whole = append(whole, m)
		} else if len(f.Series) > 0 {
			parts = append(parts, m)
		}
	}
	if len(whole) > 0 {
		parts = whole
	}
	return oncePerPlace(parts)
}

// oncePerPlace keeps of measures of the same labels the one that began first.
func oncePerPlace(all []Measure) []Measure {
	slices.SortStableFunc(all, func(a, b Measure) int { return a.From.Compare(b.From) })
	var out []Measure
	for _, m := range all {
		slices.SortFunc(m.Labels, func(a, b locate.Label) int { return strings.Compare(a.Name, b.Name) })
		same := slices.IndexFunc(out, func(x Measure) bool { return slices.Equal(x.Labels, m.Labels) })
		switch {
		case same < 0:
			out = append(out, m)
		case m.Until.IsZero() || !out[same].Until.IsZero() && m.Until.After(out[same].Until): // it came again
			out[same].Until = m.Until
		}
	}
	return out[:min(len(out), mostMeasures)]
}

// setMeasures decides by what whom it hurts is measured; not own: by what the watches found.
func (t *turn) setMeasures(own bool, to []watch.Scope) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	if len(to) > mostMeasures {
		return fault.Wrong("measures", "An incident is measured in at most %d ways. Leave some out.", mostMeasures)
	}
	x := t.cur.Harm.Extent
	x.Own, x.Measures = own, nil
	if own {
		x.Measures = to
	}
	t.extend(x)
	t.note("incident.measured", map[string]any{"measures": len(x.Measures), "own": own})
	return nil
}

// nameCustomers decides whom people name, and whom they do not name any more.
func (t *turn) nameCustomers(add, remove []string) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	find := knownAs(t.book)
	key := func(name string) string {
		if c, ok := find(name); ok {
			return c.ID
		}
		return name
	}
	x := t.cur.Harm.Extent
	gone, seen := map[string]bool{}, map[string]bool{}
	for _, name := range remove {
		gone[strings.ToLower(key(name))] = true
	}
	before := len(x.Named)
	left := slices.DeleteFunc(slices.Clone(x.Named), func(name string) bool { return gone[strings.ToLower(key(name))] })
	for _, name := range left {
		seen[strings.ToLower(key(name))] = true
	}
	removed := before - len(left)
	for i, name := range add {
		if name = plain.Line(name); name == "" {
			continue
		}
		if len([]rune(name)) > longestNaming {
			return fault.Wrong("customers", "Customer %d of the list has more than %d characters. Give one customer a line.", i+1, longestNaming)
		}
		if name = key(name); !seen[strings.ToLower(name)] {
			seen[strings.ToLower(name)] = true
			left = append(left, name)
		}
	}
	added := len(left) - (before - removed)
	switch {
	case len(left) > mostNamed:
		return fault.Wrong("customers", "At most %d customers are named; these are %d. When it is nearly everyone, measure it instead.", mostNamed, len(left))
	case added == 0 && removed == 0:
		return nil
	}
	x.Named = left
	t.extend(x)
	t.note("incident.customers_named", map[string]any{"added": added, "removed": removed, "named": len(left)})
	return nil
}

// extend writes another extent down.
func (t *turn) extend(x Extent) {
	x.Version++
	t.out.Harm = &HarmKept{Extent: x}
	t.edited()
}

// freeze writes down whom it hurt, as it is now. Who has to be credited must not depend on what is counted or configured later.
func (t *turn) freeze(h Harm) {
	if h.Empty() && t.cur.Harm.Extent.Version == 0 {
		return
	}
	h.At, h.Frozen = t.cur.Now, true
	t.out.Harm = &HarmKept{Extent: t.cur.Harm.Extent, Frozen: &h}
	t.note("incident.harm_frozen", map[string]any{"certainly": h.Count(Certainly), "probably": h.Count(Probably), "asked": h.Count(AskedUs)})
}

// thaw has it computed anew.
func (t *turn) thaw() {
	if t.cur.Harm.Frozen != nil {
		t.out.Harm = &HarmKept{Extent: t.cur.Harm.Extent}
	}
}

// Customers reads customers out of what somebody pasted or sent: one a line, or CSV, whose column "customer", "customer_id", "id" or "name" is taken,
// and the first one when no line names columns.
func Customers(text string) ([]string, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = -1, true, true
	first, _, _ := strings.Cut(text, "\n")
	for _, sep := range []rune{';', '\t'} {
		if strings.Count(first, string(sep)) > strings.Count(first, string(r.Comma)) {
			r.Comma = sep
		}
	}
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fault.Wrong("customers", "This is no list and no CSV. Give one customer a line.")
	}
	column := -1
	if len(lines) > 0 {
		column = customerColumn(lines[0])
	}
	if column >= 0 {
		lines = lines[1:]
	}
	var out []string
	for _, fields := range lines {
		if at := max(column, 0); at < len(fields) {
			if name := plain.Line(fields[at]); name != "" {
				out = append(out, name)
			}
		}
	}
	return out, nil
}

// customerColumn is the column that names the customer; −1 when none does.
func customerColumn(columns []string) int {
	for _, want := range []string{"customer", "customer_id", "customer id", "id", "name"} {
		if i := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(strings.TrimSpace(c), want) }); i >= 0 {
			return i
		}
	}
	return -1
}
