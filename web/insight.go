package web

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/insight"
	"frontline/insight/stat"
	"frontline/people"
)

// Insight answers questions about the desk's work, in figures with their certainty.
type Insight interface {
	Report(ctx context.Context, a people.Actor, name string, q insight.Asked) (insight.Report, error)
	Overview(ctx context.Context, a people.Actor, q insight.Asked) ([]insight.Report, error)
	Weights(ctx context.Context, a people.Actor, q insight.Asked) (map[string]insight.Weight, error)
}

var _ Insight = (*insight.Board)(nil)

// insightRoutes are the figures' part of the table.
func (s *Server) insightRoutes() []Route {
	return []Route{
		{"GET /insight", needs(people.SeeInsight), s.showInsight},
		{"GET /insight/{report}", needs(people.SeeInsight), s.showReport},
		{"GET /insight/demands", needs(people.SeeRequests), s.showDemands},
		{"POST /insight/demands", needs(people.ManageDemands), s.newDemand},
		{"GET /insight/demands/{ref}", needs(people.SeeRequests), s.showDemand},
		{"POST /insight/demands/{ref}", needs(people.ManageDemands), s.changeDemand},
		{"POST /insight/demands/{ref}/merge", needs(people.ManageDemands), s.mergeDemand},
		{"POST /insight/demands/{ref}/split", needs(people.ManageDemands), s.splitDemand},
		{"POST /insight/demands/{ref}/retire", needs(people.ManageDemands), s.retireDemand},
	}
}

// insightScreen is the overview: each question with its answer.
type insightScreen struct {
	head
	Over    string
	Figures []figure
	Answers []answered
	Filter  form
	AsOf    moment
	Empty   bool
}

// answered is one question with its answer.
type answered struct{ Question, Answer, Path, Small string }

// reportAsked reads the filter of an address. The time begins at a midnight, so that a report looks the same all day.
func reportAsked(v *visit, q url.Values) (insight.Asked, int) {
	days, err := strconv.Atoi(q.Get("days"))
	if err != nil || days < 1 || days > 3660 {
		days = 90
	}
	now := v.Now.In(v.Zone)
	from := time.Date(now.Year(), now.Month(), now.Day()-days, 0, 0, 0, 0, v.Zone)
	return insight.Asked{From: from, Zone: v.Zone, Team: q.Get("team"), Type: q.Get("type"), Service: q.Get("service"), Customer: q.Get("customer"), Demand: q.Get("demand"), CodedThen: q.Get("coded") == "then"}, days
}

// filterForm narrows every report alike.
func filterForm(book Book, q insight.Asked, days int) form {
	all := func(say string, options []option) []option { return append([]option{{Label: say}}, options...) }
	var teams []option
	for _, t := range book.Teams() {
		teams = append(teams, option{Value: t.ID, Label: t.Name})
	}
	coded := ""
	if q.CodedThen {
		coded = "then"
	}
	return form{Fields: []field{
		{Name: "days", Label: "Arrived", Kind: "select", Value: strconv.Itoa(days), Options: []option{{Value: "7", Label: "in 7 days"}, {Value: "30", Label: "in 30 days"}, {Value: "90", Label: "in 90 days"}, {Value: "365", Label: "in a year"}, {Value: "1095", Label: "in 3 years"}}},
		{Name: "team", Label: "Team", Kind: "select", Value: q.Team, Options: all("All teams", teams)},
		{Name: "type", Label: "Type", Kind: "select", Value: q.Type, Options: all("All types", typeOptions(book))},
		{Name: "service", Label: "Service", Kind: "select", Value: q.Service, Options: all("All services", serviceOptions(book))},
		{Name: "customer", Label: "Customer", Kind: "select", Value: q.Customer, Options: all("All customers", customerOptions(book))},
		{Name: "coded", Label: "Demands", Kind: "select", Value: coded, Options: []option{{Label: "as they count now"}, {Value: "then", Label: "as coded then"}}},
	}}
}

// overWhat says in a line what the figures are about.
func overWhat(v *visit, book Book, q insight.Asked) string {
	parts := []string{q.From.In(v.Zone).Format("2 Jan 2006") + " to " + v.Now.In(v.Zone).Format("2 Jan 2006")}
	for _, x := range []struct{ kind, id string }{{"team", q.Team}, {"request_type", q.Type}, {"service", q.Service}, {"customer", q.Customer}} {
		if x.id != "" {
			parts = append(parts, book.Name(x.kind, x.id))
		}
	}
	return strings.Join(parts, ", ")
}

// narrowing is the filter as an address.
func narrowing(q insight.Asked, days int, more ...string) string {
	values := url.Values{}
	add := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	if days != 90 {
		add("days", strconv.Itoa(days))
	}
	for name, value := range map[string]string{"team": q.Team, "type": q.Type, "service": q.Service, "customer": q.Customer, "demand": q.Demand} {
		add(name, value)
	}
	if q.CodedThen {
		add("coded", "then")
	}
	for i := 0; i+1 < len(more); i += 2 {
		add(more[i], more[i+1])
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

func (s *Server) showInsight(w http.ResponseWriter, r *http.Request, v *visit) error {
	q, days := reportAsked(v, r.URL.Query())
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	all, err := s.deps.Insight.Overview(r.Context(), v.Actor, q)
	if err != nil {
		return err
	}
	scr := insightScreen{head: head{Title: "Insight", Wing: "/insight"}, Over: overWhat(v, book, q), Filter: filterForm(book, q, days), Empty: true}
	for _, x := range all {
		scr.AsOf, scr.Empty = v.at(x.AsOf), scr.Empty && x.N == 0
		scr.Answers = append(scr.Answers, answered{Question: x.Question, Answer: x.Answer, Path: "/insight/" + x.Name + narrowing(q, days), Small: plural(x.N, "request", "requests")})
	}
	return s.show(w, r, v, http.StatusOK, "insight", scr)
}

// reportScreen is one report: one question, its answer, the picture, and the table behind it.
type reportScreen struct {
	head
	Name     string
	Over     string
	Question string
	Answer   string
	Figures  []figure
	Bars     []barRow
	Top      string // the end of the bars' axis
	Level    string
	Guessed  bool // some bars have a part that is only suggested
	Line     *reportLine
	Columns  []insight.Column
	Rows     []reportRow
	Facts    []fact
	Notes    []string
	Filter   form
	CSV      string
	JSON     string
	Empty    *blank
}

// reportRow is one line of the table.
type reportRow []cellView

// cellView is one cell: a figure with where the truth lies, or why that is not known.
type cellView struct {
	Text, Span, Title string
	Num               bool
}

func (s *Server) showReport(w http.ResponseWriter, r *http.Request, v *visit) error {
	q, days := reportAsked(v, r.URL.Query())
	name := r.PathValue("report")
	x, err := s.deps.Insight.Report(r.Context(), v.Actor, name, q)
	if err != nil {
		return err
	}
	switch r.URL.Query().Get("as") {
	case "csv":
		return sendReport(w, x, "text/csv; charset=utf-8", ".csv", insight.Report.WriteCSV)
	case "json":
		return sendReport(w, x, "application/json", ".json", insight.Report.WriteJSON)
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := reportScreen{head: head{Title: x.Title, Wing: "/insight", Trail: trail("Insight", "/insight"+narrowing(q, days), x.Title)},
		Name: x.Name, Over: overWhat(v, book, q), Question: x.Question, Answer: x.Answer, Columns: x.Columns, Notes: x.Notes, Filter: filterForm(book, q, days),
		Level: strconv.FormatFloat(100*x.Level, 'f', -1, 64) + " %", CSV: "/insight/" + x.Name + narrowing(q, days, "as", "csv"), JSON: "/insight/" + x.Name + narrowing(q, days, "as", "json")}
	for _, row := range x.Rows {
		scr.Rows = append(scr.Rows, rowView(x.Columns, row))
	}
	scr.Facts = reportFacts(v, x)
	scr.draw(x)
	if len(x.Rows) == 0 {
		b := newBlank("Nothing to count yet", "No request that arrived in this time fits. A wider time, or a wider filter, may have some.", "See three years", "/insight/"+x.Name+"?days=1095")
		if x.N > 0 {
			b = newBlank("Nothing to count yet", "Requests arrived, and what this report is about has not been confirmed for any of them. It is asked where a request is closed.", "See requests", "/requests")
		}
		scr.Empty = &b
	}
	return s.show(w, r, v, http.StatusOK, "report", scr)
}

// sendReport answers with the report's twin for programs and spreadsheets.
func sendReport(w http.ResponseWriter, x insight.Report, kind, ending string, write func(insight.Report, io.Writer) error) error {
	var text bytes.Buffer
	if err := write(x, &text); err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+x.Name+ending+`"`)
	_, _ = w.Write(text.Bytes()) // the connection is gone when this fails
	return nil
}

// reportFacts is what a careful reader must know of the figures.
func reportFacts(v *visit, x insight.Report) []fact {
	var filter []string
	for _, c := range x.Filter {
		filter = append(filter, c.Field+" "+c.Value)
	}
	return []fact{{Name: "Stands on", Value: plural(x.N, "request", "requests")}, {Name: "Filter", Value: strings.Join(filter, ", ")}, {Name: "Arrived", Value: x.From.In(v.Zone).Format("2 Jan 2006 15:04") + " to " + x.To.In(v.Zone).Format("2 Jan 2006 15:04") + " " + x.Zone},
		{Name: "As of", Value: v.at(x.AsOf).Abs()}, {Name: "Intervals", Value: "hold the truth in " + strconv.FormatFloat(100*x.Level, 'f', -1, 64) + " of 100 such reports"},
		{Name: "Formula", Value: x.Formula}, {Name: "Definition", Value: "version " + strconv.Itoa(x.Version)}}
}

func rowView(columns []insight.Column, row []insight.Cell) (out reportRow) {
	for i, c := range row {
		out = append(out, cellOf(c, columns[i].Unit))
	}
	return out
}

// cellOf writes a figure as people read it, with its interval beside it.
func cellOf(c insight.Cell, u insight.Unit) cellView {
	if u == insight.Text {
		return cellView{Text: c.Text()}
	}
	e := c.Estimate()
	out := cellView{Text: figureWord(e.Value, u), Num: true, Title: e.Why}
	switch {
	case c.Counted():
		out.Text = number(int(e.Value))
	case math.IsInf(e.Value, 1):
		out.Text = "not yet"
		if e.Known() {
			out.Span = "over " + figureWord(e.Low, u)
		}
	case math.IsNaN(e.Value):
		out.Text = "–"
	case e.Known() && e.Interval != (stat.Interval{}):
		out.Span = spanWord(e.Interval, u)
		if u == insight.Share && e.TooFew() {
			out.Title = "too few to judge by"
			out.Span += ", too few"
		}
	}
	return out
}

func figureWord(v float64, u insight.Unit) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case u == insight.Share:
		return strconv.FormatFloat(math.Round(1000*v)/10, 'f', -1, 64) + " %"
	case u == insight.Hours || u == insight.Minutes || u == insight.Score:
		return strconv.FormatFloat(math.Round(10*v)/10, 'f', -1, 64)
	}
	return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
}

func spanWord(i stat.Interval, u insight.Unit) string {
	if math.IsInf(i.High, 1) {
		return "over " + figureWord(i.Low, u)
	}
	low := figureWord(i.Low, u)
	if i.Low >= 0 {
		low = strings.TrimSuffix(low, " %")
		return low + "–" + figureWord(i.High, u)
	}
	return low + " to " + figureWord(i.High, u)
}

// seriesOf finds a series by its name.
func seriesOf(x insight.Report, name string) (insight.Series, bool) {
	at := slices.IndexFunc(x.Series, func(s insight.Series) bool { return s.Name == name })
	if at < 0 {
		return insight.Series{}, false
	}
	return x.Series[at], true
}
