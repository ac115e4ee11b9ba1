package web

import (
	"context"
	"encoding/csv"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"frontline/alert"
	"frontline/fault"
	"frontline/people"
	"frontline/watch"
	"frontline/watch/locate"
)

// findingScreen is one finding: what moved, since when, where, whom it hurts, and what people say of it.
type findingScreen struct {
	head
	Row       findingRow
	Watch     link
	Text      string
	Figures   []figure
	Chart     *rateChart
	Causes    []causeRow
	Everyone  bool
	Customers []hurtRow
	Hidden    string
	CSV       string
	Facts     []fact
	Judges    []choice
	May       bool // the actor may say what it was
	Open      bool
	Live      bool
	Wrong     *refusal
}

// causeRow is one combination of labels that carries the change.
type causeRow struct{ Where, Before, After, Ratio, RatioSpan, Extra, ExtraSpan, Share string }

// hurtRow is one customer with errors since the change began.
type hurtRow struct {
	Name, Path               string
	Errors, Requests, Usual  string
	Chance                   string
	Sure                     bool
	id                       string
	errors, requests, chance float64
	usual                    float64
}

const customersShown = 50

func (s *Server) showFinding(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.finding(w, r, v, http.StatusOK, nil)
}

// finding shows one, with what was refused where something was.
func (s *Server) finding(w http.ResponseWriter, r *http.Request, v *visit, status int, wrong *refusal) error {
	f, d, err := s.findingOf(r.Context(), v, r.PathValue("id"), r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := findingScreen{Row: findingRowOf(v, d, f), Watch: link{Word: d.Name, Path: "/watches/" + f.Watch}, Text: f.Text(inZone(d, v)), Everyone: f.Everyone, Open: !f.Over(), Wrong: wrong,
		May: people.May(v.Actor, people.JudgeFinding, d.Subject()) == nil, CSV: findingPath(f) + "/customers.csv",
		head: head{Title: f.Name() + " " + d.Name, Wing: "/watches", Trail: trail("Watches", "/watches", d.Name, "/watches/"+f.Watch, f.Name()), Topics: topics("finding", f.ID)}}
	if r.Method == http.MethodPost {
		scr.Topics = nil
	}
	scr.Figures = findingFigures(d, f)
	for _, c := range f.Causes {
		scr.Causes = append(scr.Causes, causeRowOf(c))
	}
	scr.Customers = hurtBy(book, f)
	if more := len(scr.Customers) - customersShown; more > 0 {
		scr.Customers, scr.Hidden = scr.Customers[:customersShown], plural(more, "more customer is", "more customers are")+" in the CSV."
	}
	for _, j := range []watch.Feedback{watch.Real, watch.Known, watch.NotProblem} {
		scr.Judges = append(scr.Judges, choice{Value: string(j), Label: capitalised(feedbackWord(j)), Here: j == f.Feedback})
	}
	if scr.Facts, err = s.findingFacts(r.Context(), v, book, f, d); err != nil {
		return err
	}
	if scr.Chart, err = s.findingChart(r.Context(), v, f, d); err != nil {
		return err
	}
	return s.show(w, r, v, status, "finding", scr)
}

// inZone is the watch with its sentences in the viewer's zone, where it has none of its own.
func inZone(d watch.Definition, v *visit) watch.Definition {
	if d.Zone == "" {
		d.Zone = v.Zone.String()
	}
	return d
}

// findingOf is a finding of the watch that the address names.
func (s *Server) findingOf(ctx context.Context, v *visit, id, ref string) (watch.Finding, watch.Definition, error) {
	f, d, err := s.deps.Watches.Finding(ctx, v.Actor, ref)
	if err == nil && f.Watch != id {
		err = fault.New(fault.NotFound, "The watch %.70q has no finding %.40q. Look at the list of watches.", id, ref)
	}
	return f, d, err
}

// findingSpan is the time that a picture of a finding shows: as much before it as it lasts, six hours at least.
func findingSpan(f watch.Finding, now time.Time) (from, until time.Time) {
	start, until := began(f), now
	if f.Over() {
		until = f.EndedAt.Add(max(f.EndedAt.Sub(start)/4, 30*time.Minute))
		if until.After(now) {
			until = now
		}
	}
	return start.Add(-max(until.Sub(start), 6*time.Hour)), until
}

func (s *Server) findingChart(ctx context.Context, v *visit, f watch.Finding, d watch.Definition) (*rateChart, error) {
	if d.Service == "" { // the watch is no more
		return nil, nil
	}
	from, until := findingSpan(f, v.Now)
	points, err := s.deps.Watches.Chart(ctx, v.Actor, f.Watch, f.Series, from, until)
	if err != nil || len(points) < 2 {
		return nil, err
	}
	c := newRateChart(d, points, from, until)
	c.mark(v, d, []watch.Finding{f}, f.Series)
	c.table(v, d, points)
	return c, nil
}

func findingFigures(d watch.Definition, f watch.Finding) []figure {
	if f.AssessedAt.IsZero() || f.Requests == 0 {
		return nil
	}
	out := []figure{{Name: "Usual", Value: watch.Rate(f.Before())}, {Name: "Now", Value: watch.Rate(f.After())}}
	if d.Counted() {
		out = []figure{{Name: "Usual", Value: watch.Figure(f.Expected)}, {Name: "Counted", Value: watch.Figure(f.Errors)}}
	}
	out = append(out, figure{Name: "Extra", Value: watch.Figure(f.Excess.Value), Unit: spanOf(f.Excess.Low, f.Excess.High)})
	if hit := f.Hit(); hit.Exposed > 0 {
		out = append(out, figure{Name: "Customers hit", Value: watch.Figure(math.Round(hit.Hit.Value)), Unit: spanOf(math.Floor(hit.Hit.Low), math.Ceil(hit.Hit.High)) + " of " + number(hit.Exposed)})
	}
	return out
}

func spanOf(low, high float64) string { return watch.Figure(low) + "–" + watch.Figure(high) }

func causeRowOf(c locate.Cause) causeRow {
	out := causeRow{Where: watch.Labels(c.Labels), Ratio: watch.Figure(c.Ratio.Value), RatioSpan: spanOf(c.Ratio.Low, c.Ratio.High), Extra: watch.Figure(c.Excess.Value), ExtraSpan: spanOf(c.Excess.Low, c.Excess.High), Share: watch.Rate(c.Share)}
	if c.Requests > 0 {
		out.Before, out.After = watch.Rate(c.Expected/c.Requests), watch.Rate(c.Errors/c.Requests)
	}
	return out
}

// hurtBy are the customers with errors, the surest first: in the first cause, or in all when there is none or there are several.
func hurtBy(book Book, f watch.Finding) (out []hurtRow) {
	known := map[string][2]string{}
	for _, c := range book.Customers() {
		known[strings.ToLower(c.ID)], known[strings.ToLower(c.Name)] = [2]string{c.ID, c.Name}, [2]string{c.ID, c.Name}
	}
	for _, h := range f.Hit().List {
		row := hurtRow{Name: h.Customer, id: h.Customer, Errors: watch.Figure(h.Errors), Requests: watch.Figure(h.Requests), Usual: watch.Figure(h.Expected), Chance: chanceWord(h.Chance), Sure: h.Chance >= 0.95,
			errors: h.Errors, requests: h.Requests, usual: h.Expected, chance: h.Chance}
		if c, ok := known[strings.ToLower(h.Customer)]; ok {
			row.Name, row.Path = c[1], "/customers/"+c[0]
		}
		if row.Name == "" {
			row.Name = "(none)"
		}
		out = append(out, row)
	}
	return out
}

func chanceWord(p float64) string {
	switch {
	case p >= 0.995:
		return "certain"
	case p < 0.01:
		return "under 1 %"
	}
	return strconv.Itoa(int(math.Round(100*p))) + " %"
}

// findingFacts is what else is known of it, and where people work on it.
func (s *Server) findingFacts(ctx context.Context, v *visit, book Book, f watch.Finding, d watch.Definition) ([]fact, error) {
	out := []fact{{Name: "Series", Value: seriesName(d, f.Series)}, {Name: "Began", Value: v.at(began(f)).Abs()}}
	if !f.From.IsZero() {
		out = append(out, fact{Name: "Between", Value: v.at(f.From).Abs() + " and " + v.at(f.To).Abs()})
	}
	out = append(out, fact{Name: "Raised", Value: v.at(f.RaisedAt).Abs()})
	if f.Past {
		out = append(out, fact{Name: "Found in", Value: "history; nobody was paged"})
	}
	if !f.EndedAt.IsZero() {
		out = append(out, fact{Name: "Ended", Value: v.at(f.EndedAt).Abs()})
	}
	if f.JudgedBy != "" && f.Feedback != "" {
		out = append(out, fact{Name: "Judged", Value: feedbackWord(f.Feedback) + ", by " + book.Name("person", f.JudgedBy) + ", " + v.at(f.JudgedAt).Abs()})
	}
	g, ok, err := s.groupTelling(ctx, v, f, d)
	if err != nil || !ok {
		return out, err
	}
	out = append(out, fact{Name: "Alert", Value: g.Short(), Path: "/alerts/" + g.Short(), Mono: true})
	if people.May(v.Actor, people.SeeIncidents, people.Subject{Kind: "incident"}) != nil {
		return out, nil
	}
	if inc, ok, err := s.deps.Incidents.IncidentOf(ctx, v.Actor, g.ID); err == nil && ok {
		out = append(out, fact{Name: "Incident", Value: inc.Name(), Path: "/incidents/" + inc.Name(), Mono: true})
	} else if err != nil {
		return out, err
	}
	return out, nil
}

// groupTelling is the alert that told of the finding.
func (s *Server) groupTelling(ctx context.Context, v *visit, f watch.Finding, d watch.Definition) (alert.Group, bool, error) {
	if !f.Told || people.May(v.Actor, people.SeeAlerts, people.Subject{Kind: "group"}) != nil {
		return alert.Group{}, false, nil
	}
	all, err := s.deps.Alerts.Groups(ctx, alert.Query{Service: d.Service, Limit: 200})
	for _, g := range all {
		if g.Source == "watch" && g.Key == "watch/"+f.Watch && (g.ResolvedAt.IsZero() || !g.ResolvedAt.Before(f.RaisedAt)) && (!f.Over() || !g.OpenedAt.After(f.EndedAt.Add(time.Hour))) {
			return g, true, nil
		}
	}
	return alert.Group{}, false, err
}

func (s *Server) judgeFinding(w http.ResponseWriter, r *http.Request, v *visit) error {
	if _, _, err := s.findingOf(r.Context(), v, r.PathValue("id"), r.PathValue("ref")); err != nil {
		return err
	}
	f, err := s.deps.Watches.Judge(r.Context(), v.Actor, r.PathValue("ref"), watch.Feedback(r.PostForm.Get("feedback")))
	if err != nil {
		return err
	}
	say := "Noted: " + feedbackWord(f.Feedback) + ". It stays with the finding, and changes no threshold."
	if f.Feedback == "" {
		say = "Taken back: nobody has said what it was."
	}
	return s.done(w, r, findingPath(f), say)
}

func (s *Server) acceptFinding(w http.ResponseWriter, r *http.Request, v *visit) error {
	if _, _, err := s.findingOf(r.Context(), v, r.PathValue("id"), r.PathValue("ref")); err != nil {
		return err
	}
	f, err := s.deps.Watches.Accept(r.Context(), v.Actor, r.PathValue("ref"))
	if fault.Is(err, fault.Conflict) {
		return s.finding(w, r, v, http.StatusConflict, &refusal{Say: fault.Sentence(err)})
	}
	if err != nil {
		return err
	}
	return s.done(w, r, findingPath(f), "The level since the change is the usual one from now on.")
}

// findingCustomers sends the customers with errors as a table for spreadsheets.
func (s *Server) findingCustomers(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, _, err := s.findingOf(r.Context(), v, r.PathValue("id"), r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	rows := [][]string{{"customer", "name", "errors", "requests", "expected", "chance_hit"}}
	for _, c := range hurtBy(book, f) {
		rows = append(rows, []string{harmless(c.id), harmless(c.Name), exactly(c.errors), exactly(c.requests), exactly(c.usual), exactly(c.chance)})
	}
	return sendTable(w, f.Name()+"-customers.csv", rows)
}

// sendPoints sends what a chart shows as a table.
func sendPoints(w http.ResponseWriter, d watch.Definition, points []watch.Point) error {
	rows := [][]string{{"at", "errors", "requests", "rate", "usual", "low", "high"}}
	for _, p := range points {
		rows = append(rows, []string{p.At.UTC().Format(time.RFC3339), exactly(p.Errors), exactly(p.Requests), exactly(p.Rate()), exactly(p.Usual), exactly(p.Low), exactly(p.High)})
	}
	return sendTable(w, d.ID+".csv", rows)
}

func sendTable(w http.ResponseWriter, name string, rows [][]string) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_ = csv.NewWriter(w).WriteAll(rows) // the connection is gone when this fails
	return nil
}

func exactly(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// harmless keeps what came from outside from being a formula in a spreadsheet.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func queryEscape(s string) string { return url.QueryEscape(s) }

func capitalised(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
