package web

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"frontline/fault"
	"frontline/incident"
	"frontline/people"
	"frontline/watch"
	"frontline/watch/locate"
)

// RoomHarm is whom an incident hurts. incident.Service implements it.
type RoomHarm interface {
	Harm(ctx context.Context, a people.Actor, id string) (incident.Harm, error)
	SetMeasures(ctx context.Context, a people.Actor, id string, own bool, to []watch.Scope, seen int64) (incident.Incident, error)
	NameCustomers(ctx context.Context, a people.Actor, id string, add, remove []string) (incident.Incident, error)
	CustomersOfRun(ctx context.Context, a people.Actor, ref string) ([]string, error)
	Measurable(ctx context.Context, a people.Actor) ([]watch.Definition, error)
}

var _ RoomHarm = (*incident.Service)(nil)

// harmView is whom an incident hurts, beside those who use what it affects.
type harmView struct {
	Say      string
	Frozen   bool
	AsOf     moment
	Own      bool
	Measures []measureView
	First    []hurtView
	Rest     []hurtView
	All      int
}

type measureView struct {
	N       int
	Name    string
	Path    string // of what it follows; empty when people chose it
	Finding string
	Where   string
	From    moment
	Until   moment
	Lasts   bool
	Hourly  bool
	Missing string
	Figures []figure
}

type hurtView struct {
	Key, Name, Tier, Owner string
	State                  state
	Errors, Usual          string
	Asked                  int
	Named                  bool
}

// shownHurt is how many customers the room lists; the screen of its own lists more of them and the CSV all.
const (
	shownHurt  = 8
	listedHurt = 200
)

func harmOf(v *visit, book Book, h incident.Harm, first, most int) harmView {
	out := harmView{Say: h.Say(), Frozen: h.Frozen, AsOf: v.at(h.At), Own: h.Own, All: len(h.Customers)}
	for i, m := range h.Measures {
		out.Measures = append(out.Measures, measureOf(v, i, m))
	}
	for i, c := range h.Customers {
		row := hurtView{Key: c.Name, Name: c.Name, Tier: c.Tier, State: certain(c.Certainty), Asked: c.Asked, Named: c.Named}
		if c.ID != "" {
			row.Key = c.ID
		}
		if c.Owner != "" {
			row.Owner = book.Name("person", c.Owner)
		}
		if c.Requests > 0 {
			row.Errors, row.Usual = watch.Figure(c.Errors), watch.Figure(c.Expected)
		}
		switch {
		case i < first:
			out.First = append(out.First, row)
		case i < most:
			out.Rest = append(out.Rest, row)
		}
	}
	return out
}

func certain(c incident.Certainty) state {
	switch c {
	case incident.Certainly:
		return newState("warning", "Certainly")
	case incident.Probably:
		return newState("calm", "Probably", "info")
	}
	return newState("calm", "Asked us", "mail")
}

func measureOf(v *visit, n int, m incident.Measured) measureView {
	out := measureView{N: n, Name: m.Name, Finding: m.Finding, Where: "everything", From: v.at(m.Scope.From), Until: v.at(m.Scope.Until), Lasts: m.Scope.Until.IsZero(), Hourly: m.Hourly, Missing: m.Missing}
	if m.Finding != "" {
		out.Path = "/watches/" + m.Watch + "/findings/" + m.Finding
	}
	if len(m.Labels) > 0 {
		out.Where = watch.Labels(m.Labels)
	}
	if m.Missing != "" {
		return out
	}
	out.Figures = []figure{{Name: "Errors", Value: watch.Figure(m.Errors)}, {Name: "Extra", Value: watch.Figure(math.Round(m.Excess.Value)), Unit: interval95(m.Excess.Low, m.Excess.High)}}
	if m.NamesCustomers {
		hit := m.Customers.Hit
		out.Figures = append(out.Figures, figure{Name: "Customers hit", Value: watch.Figure(math.Round(hit.Value)), Unit: interval95(math.Floor(hit.Low), math.Ceil(hit.High)) + " of " + number(m.Customers.Exposed)})
	}
	return out
}

func interval95(low, high float64) string {
	return watch.Figure(math.Round(low)) + " to " + watch.Figure(math.Round(high))
}

type harmScreen struct {
	head
	Ref     string
	Version int64
	Work    bool
	Harm    harmView
	Names   form
	Measure form
}

// showHarm shows whom an incident hurts, and takes what people know of it; as CSV it is for whoever gives credits.
func (s *Server) showHarm(w http.ResponseWriter, r *http.Request, v *visit) error {
	if r.URL.Query().Get("as") != "csv" {
		scr, err := s.harmScreen(r, v, nil, nil)
		if err != nil {
			return err
		}
		return s.show(w, r, v, http.StatusOK, "harm", scr)
	}
	inc, err := s.deps.Rooms.Incident(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	h, err := s.deps.Rooms.Harm(r.Context(), v.Actor, inc.ID)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := h.WriteCSV(&text); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+inc.Name()+`-customers.csv"`)
	_, _ = w.Write(text.Bytes()) // the connection is gone when this fails
	return nil
}

// harmScreen draws the screen; a form that was refused comes back with what was typed.
func (s *Server) harmScreen(r *http.Request, v *visit, names, measure *form) (harmScreen, error) {
	ctx := r.Context()
	inc, err := s.deps.Rooms.Incident(ctx, v.Actor, r.PathValue("ref"))
	if err != nil {
		return harmScreen{}, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return harmScreen{}, err
	}
	h, err := s.deps.Rooms.Harm(ctx, v.Actor, inc.ID)
	if err != nil {
		return harmScreen{}, err
	}
	watches, err := s.deps.Rooms.Measurable(ctx, v.Actor)
	if err != nil {
		return harmScreen{}, err
	}
	name := inc.Name()
	scr := harmScreen{Ref: name, Version: inc.Version, Harm: harmOf(v, book, h, listedHurt, listedHurt), Names: namesForm(), Measure: measureForm(v, inc, watches),
		Work: inc.Open() && people.May(v.Actor, people.WorkIncident, people.Subject{Kind: "incident", ID: inc.ID}) == nil,
		head: head{Title: "Whom " + name + " hurts", Wing: "/incidents", Trail: trail("Incidents", "/incidents", name, "/incidents/"+name, "Whom it hurts")}}
	if names != nil {
		scr.Names = *names
	}
	if measure != nil {
		scr.Measure = *measure
		scr.Measure.Fields[0].Options = measureForm(v, inc, watches).Fields[0].Options
	}
	return scr, nil
}

func namesForm() form {
	return form{Fields: []field{
		{Name: "customers", Label: "Customers", Kind: "area", Optional: true, Hint: "One a line, or CSV with a column customer, id or name. Who is not in the catalog is taken as written."},
		{Name: "run", Label: "Or those that a run found", Optional: true, Hint: "RUN-884, of an action that reads and has a column for the customer."},
	}}
}

func measureForm(v *visit, inc incident.Incident, watches []watch.Definition) form {
	f := form{Fields: []field{
		{Name: "watch", Label: "Watch", Kind: "select"},
		{Name: "labels", Label: "Labels", Optional: true, Hint: "Such as country=KE, sdk=5.2; all of them hold. Nothing is everything."},
		{Name: "from", Label: "From", Kind: "datetime-local", Value: inc.BeganAt.In(v.Zone).Format(wallFormat)},
		{Name: "until", Label: "Until", Kind: "datetime-local", Optional: true, Hint: "Empty while it lasts."},
	}}
	for _, d := range watches {
		label := d.Name
		if len(d.Labels) > 0 {
			label += " (" + strings.Join(d.Labels, ", ") + ")"
		}
		f.Fields[0].Options = append(f.Fields[0].Options, option{Value: d.ID, Label: label})
	}
	return f
}

// nameHurt takes customers whom somebody names, or takes one back.
func (s *Server) nameHurt(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref := r.PathValue("ref")
	back := "/incidents/" + ref + "/hurt"
	if gone := r.PostForm.Get("remove"); gone != "" {
		if _, err := s.deps.Rooms.NameCustomers(r.Context(), v.Actor, ref, nil, []string{gone}); err != nil {
			return err
		}
		return s.done(w, r, back, "Taken back.")
	}
	names, err := incident.Customers(r.PostForm.Get("customers"))
	if run := strings.TrimSpace(r.PostForm.Get("run")); err == nil && run != "" {
		var found []string
		found, err = s.deps.Rooms.CustomersOfRun(r.Context(), v.Actor, run)
		names = append(names, found...)
	}
	if err == nil && len(names) == 0 {
		err = fault.Wrong("customers", "Name at least one customer.")
	}
	if err == nil {
		_, err = s.deps.Rooms.NameCustomers(r.Context(), v.Actor, ref, names, nil)
	}
	if err == nil {
		return s.done(w, r, back, plural(len(names), "customer", "customers")+" named.")
	}
	f := namesForm()
	for i := range f.Fields {
		f.Fields[i].Value = r.PostForm.Get(f.Fields[i].Name)
	}
	return s.again(w, r, v, "harm", f, err, func(f form) (screen, error) { return s.harmScreen(r, v, &f, nil) })
}

// setMeasures adds a measure, takes one away, or lets them follow what the watches found.
func (s *Server) setMeasures(w http.ResponseWriter, r *http.Request, v *visit) error {
	ref := r.PathValue("ref")
	back := "/incidents/" + ref + "/hurt"
	if r.PostForm.Get("do") == "follow" {
		if _, err := s.deps.Rooms.SetMeasures(r.Context(), v.Actor, ref, false, nil, 0); err != nil {
			return err
		}
		return s.done(w, r, back, "It follows what the watches find.")
	}
	h, err := s.deps.Rooms.Harm(r.Context(), v.Actor, ref)
	if err != nil {
		return err
	}
	remove, wrong := strconv.Atoi(r.PostForm.Get("remove"))
	var to []watch.Scope
	for i, m := range h.Measures {
		if wrong != nil || i != remove {
			to = append(to, m.Scope)
		}
	}
	if wrong != nil {
		var one watch.Scope
		if one, err = measureTyped(v, r); err == nil {
			to = append(to, one)
		}
	}
	seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64)
	if err == nil {
		_, err = s.deps.Rooms.SetMeasures(r.Context(), v.Actor, ref, true, to, seen)
	}
	if err == nil {
		return s.done(w, r, back, "Measured in "+plural(len(to), "way", "ways")+" now.")
	}
	f := measureForm(v, incident.Incident{}, nil)
	for i := range f.Fields {
		f.Fields[i].Value = r.PostForm.Get(f.Fields[i].Name)
	}
	return s.again(w, r, v, "harm", f, err, func(f form) (screen, error) { return s.harmScreen(r, v, nil, &f) })
}

// measureTyped reads the form of a measure.
func measureTyped(v *visit, r *http.Request) (watch.Scope, error) {
	q := watch.Scope{Watch: r.PostForm.Get("watch")}
	for _, one := range strings.Split(r.PostForm.Get("labels"), ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		if !ok {
			return q, fault.Wrong("labels", "%.60q is no label with its value. Write country=KE, and a comma between several.", one)
		}
		q.Labels = append(q.Labels, locate.Label{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	from, err := wallTime(v, "from", r.PostForm.Get("from"))
	if err != nil {
		return q, err
	}
	q.From = from.UTC()
	if typed := r.PostForm.Get("until"); typed != "" {
		until, err := wallTime(v, "until", typed)
		if err != nil {
			return q, err
		}
		q.Until = until.UTC()
	}
	return q, nil
}
