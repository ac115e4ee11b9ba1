package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/people"
	"frontline/watch"
	"frontline/watch/detect"
)

// Watches keep an eye on mistake rates; what the actor may not know of is left out.
type Watches interface {
	Watches(ctx context.Context, a people.Actor) ([]watch.Sight, error)
	Watch(ctx context.Context, a people.Actor, id string) (watch.Sight, error)
	Chart(ctx context.Context, a people.Actor, id string, values []string, from, until time.Time) ([]watch.Point, error)
	Series(ctx context.Context, a people.Actor, id string) ([]watch.Standings, error)
	Honesty(ctx context.Context, a people.Actor, since time.Time) ([]watch.Honesty, error)
	WatchFindings
}

// WatchFindings is what watches found, and what people say of it.
type WatchFindings interface {
	Findings(ctx context.Context, a people.Actor, f watch.Filter) ([]watch.Finding, error)
	Finding(ctx context.Context, a people.Actor, ref string) (watch.Finding, watch.Definition, error)
	Judge(ctx context.Context, a people.Actor, ref string, what watch.Feedback) (watch.Finding, error)
	Accept(ctx context.Context, a people.Actor, ref string) (watch.Finding, error)
}

var _ Watches = (*watch.Service)(nil)

// watchRoutes are the routes of watches. What one may say of a finding is asked again by the domain, with its watch.
func (s *Server) watchRoutes() []Route {
	return []Route{
		{"GET /watches", needs(people.SeeWatches), s.showWatches},
		{"GET /watches/honesty", needs(people.SeeWatches), s.showHonesty},
		{"GET /watches/honesty.csv", needs(people.SeeWatches), s.honestyTable},
		{"GET /watches/{id}", needs(people.SeeWatches), s.showWatch},
		{"GET /watches/{id}/findings/{ref}", needs(people.SeeWatches), s.showFinding},
		{"GET /watches/{id}/findings/{ref}/customers.csv", needs(people.SeeWatches), s.findingCustomers},
		{"POST /watches/{id}/findings/{ref}/judge", needs(people.JudgeFinding), s.judgeFinding},
		{"POST /watches/{id}/findings/{ref}/accept", needs(people.JudgeFinding), s.acceptFinding},
	}
}

// watchRow is one watch of the list.
type watchRow struct {
	Name, Path    string
	State         state
	Small         string // what the state alone does not say
	Service, Team string
	Budget        string
	Near          int // per cent of the way to an alarm
	Rate          string
	Spark         *rateChart // nil while nothing was counted
}

// teamBudget is what the watches of a team may raise together.
type teamBudget struct{ Team, Watches, Promise string }

type watchesScreen struct {
	head
	Rows    []watchRow
	Budgets []teamBudget
	Blank   blank
	Example string
}

const (
	sparkTime  = 6 * time.Hour
	mostSparks = 60 // further watches of the list have no picture: each is read from the archive
)

func (s *Server) showWatches(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := s.deps.Watches.Watches(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := watchesScreen{head: head{Title: "Watches", Wing: "/watches", Topics: topics("watch", "")}, Example: exampleWatch,
		Blank: newBlank("No watch yet", "A watch keeps an eye on a mistake rate and says when it has moved: since when, how far, where, and how many customers were hit. It needs a definition and a week of counts, nothing else: no threshold.", "", "")}
	for i, x := range all {
		row := watchRow{Name: x.Name, Path: "/watches/" + x.ID, Service: book.Name("service", x.Service), Team: book.Name("team", x.Team), Budget: "at most " + watch.Promised(x.Definition), Near: int(100 * x.State.Nearest)}
		row.State, row.Small = watchState(v, x)
		if x.Begun && i < mostSparks {
			until := x.Behind()
			points, err := s.deps.Watches.Chart(r.Context(), v.Actor, x.ID, nil, until.Add(-sparkTime), until)
			if err != nil {
				return err
			}
			if points = watch.Joined(points, 72); len(points) > 1 {
				row.Spark = newRateChart(x.Definition, points, until.Add(-sparkTime), until)
				row.Rate = rateWord(x.Definition, points[len(points)-1])
			}
		}
		scr.Rows = append(scr.Rows, row)
	}
	scr.Budgets = teamBudgets(book, all)
	return s.show(w, r, v, http.StatusOK, "watches", scr)
}

// teamBudgets adds up what the watches of each team promise.
func teamBudgets(book Book, all []watch.Sight) (out []teamBudget) {
	of := map[string][]watch.Definition{}
	for _, x := range all {
		of[x.Team] = append(of[x.Team], x.Definition)
	}
	for team, defs := range of {
		out = append(out, teamBudget{ownerName(book, team), plural(len(defs), "watch", "watches"), "at most " + watch.Promised(defs...)})
	}
	slices.SortFunc(out, func(a, b teamBudget) int { return strings.Compare(a.Team, b.Team) })
	return out
}

// watchState is how a watch stands, in a word with a shape, and what that word leaves out.
func watchState(v *visit, x watch.Sight) (state, string) {
	switch {
	case len(x.Open) > 0:
		return newState("critical", plural(len(x.Open), "finding", "findings")), x.Open[0].Title(x.Definition)
	case x.State.Trouble != "":
		return newState("warning", "Sees nothing"), "Since " + v.at(x.State.Since).Abs() + ": " + x.State.Trouble
	case x.State.Blind:
		return newState("warning", "Sees nothing"), "Nothing was sent to it any more."
	case !x.Begun:
		return newState("calm", "Not begun", "clock"), "It waits for its first counts."
	case x.Learning():
		return newState("calm", "Learning", "book"), strconv.Itoa(int(100*x.State.Learnt)) + " % of the " + daysWord(x.Learns()) + " that it observes before it raises anything."
	}
	return newState("ok", "Calm"), ""
}

func daysWord(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return plural(int(d/(24*time.Hour)), "day", "days")
	}
	return plural(int(d/time.Hour), "hour", "hours")
}

// exampleWatch is what somebody copies who has none.
const exampleWatch = `watches:
  - id: decisions
    name: Decisions that fail
    service: decision-pipeline
    source:
      prometheus:
        url: https://prometheus.example
        errors: decisions_total{outcome="error"}
        total: decisions_total
    labels: [customer, country, sdk]
    customer: customer
    false_alarms: 1 a month`

// watchScreen is one watch.
type watchScreen struct {
	head
	Name, Path string
	State      state
	Small      string
	Chart      *rateChart
	Of         string // which series the chart shows
	Spans      []tab
	Series     []seriesRow
	More       string // series that are not shown
	Findings   []findingRow
	Facts      []fact
	CSV        string
	Blank      blank
}

// seriesRow is one series and its evidence.
type seriesRow struct {
	Name, Path string
	Usual      string
	Near       int
	State      state
	Here       bool
}

// findingRow is one finding of a list.
type findingRow struct {
	Name, Path string
	State      state
	Title      string
	Since      moment
	Extra      string
	Said       string
}

const mostSeriesShown = 30

type watchSpan struct {
	word, label string
	long        time.Duration
}

func watchSpans() []watchSpan {
	return []watchSpan{{"6h", "6 hours", 6 * time.Hour}, {"2d", "2 days", 48 * time.Hour}, {"7d", "7 days", 7 * 24 * time.Hour}, {"30d", "30 days", 30 * 24 * time.Hour}}
}

func (s *Server) showWatch(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Watches.Watch(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	chosen, values := chosenSpan(q.Get("span")), q["of"]
	until := x.Behind()
	points, err := s.deps.Watches.Chart(r.Context(), v.Actor, x.ID, values, until.Add(-chosen.long), until)
	if err != nil {
		return err
	}
	if q.Get("as") == "csv" {
		return sendPoints(w, x.Definition, points)
	}
	scr := watchScreen{head: head{Title: x.Name, Wing: "/watches", Trail: trail("Watches", "/watches", x.Name), Topics: topics("watch", x.ID)}, Name: x.Name, Path: "/watches/" + x.ID,
		Of: seriesName(x.Definition, values), Facts: watchFacts(book, x, v.Zone), CSV: watchAddress(x.ID, chosen, values, "csv"),
		Blank: newBlank("Nothing was counted in this time", "As soon as counts come, the rate stands here with what is usual around it.", "", "")}
	scr.State, scr.Small = watchState(v, x)
	for _, sp := range watchSpans() {
		scr.Spans = append(scr.Spans, tab{link: link{Word: sp.label, Path: watchAddress(x.ID, sp, values, "")}, Here: sp.word == chosen.word})
	}
	found, err := s.deps.Watches.Findings(r.Context(), v.Actor, watch.Filter{Watch: x.ID, Limit: pageSize})
	if err != nil {
		return err
	}
	if len(points) > 1 {
		scr.Chart = newRateChart(x.Definition, points, until.Add(-chosen.long), until)
		scr.Chart.mark(v, x.Definition, found, values)
		scr.Chart.table(v, x.Definition, points)
	}
	for _, f := range found {
		scr.Findings = append(scr.Findings, findingRowOf(v, x.Definition, f))
	}
	return s.watchSeries(w, r, v, x, chosen, values, scr)
}

// watchSeries adds the series, the nearest to an alarm first, and shows the screen.
func (s *Server) watchSeries(w http.ResponseWriter, r *http.Request, v *visit, x watch.Sight, chosen watchSpan, values []string, scr watchScreen) error {
	all, err := s.deps.Watches.Series(r.Context(), v.Actor, x.ID)
	if err != nil {
		return err
	}
	for _, one := range all[:min(len(all), mostSeriesShown)] {
		row := seriesRow{Name: seriesName(x.Definition, one.Values), Path: watchAddress(x.ID, chosen, one.Values, ""), Usual: amountWord(x.Definition, one.Usual), Near: int(100 * one.Evidence), Here: slices.Equal(one.Values, values) || len(one.Values)+len(values) == 0}
		switch {
		case one.Open != 0:
			row.State = newState("critical", "Finding")
		case one.Learnt < 1:
			row.State = newState("calm", "Learning", "book")
		default:
			row.State = newState("ok", "Calm")
		}
		scr.Series = append(scr.Series, row)
	}
	if more := len(all) - mostSeriesShown; more > 0 {
		scr.More = plural(more, "more series is", "more series are") + " farther from an alarm than these."
	}
	return s.show(w, r, v, http.StatusOK, "watch", scr)
}

func chosenSpan(word string) watchSpan {
	for _, sp := range watchSpans() {
		if sp.word == word {
			return sp
		}
	}
	return watchSpans()[1]
}

func watchAddress(id string, sp watchSpan, values []string, as string) string {
	q := "?span=" + sp.word
	for _, x := range values {
		q += "&of=" + queryEscape(x)
	}
	if as != "" {
		q += "&as=" + as
	}
	return "/watches/" + id + q
}

// seriesName names a series by the labels that watches have a series for.
func seriesName(d watch.Definition, values []string) string {
	var parts []string
	for i, l := range d.By {
		if i < len(values) {
			word := values[i]
			if word == "" {
				word = "(none)"
			}
			parts = append(parts, l+" "+word)
		}
	}
	if len(parts) == 0 {
		return "Everything together"
	}
	return strings.Join(parts, ", ")
}

func watchFacts(book Book, x watch.Sight, zone *time.Location) []fact {
	each := strings.TrimSuffix(strings.TrimSuffix(x.Every().String(), "0s"), "0m")
	out := []fact{{Name: "Counts", Value: x.Feeds()}, {Name: "In buckets of", Value: each}, {Name: "Looks for", Value: lookWord(x.Definition)},
		{Name: "False alarms", Value: "at most " + watch.Promised(x.Definition)}, {Name: "Learns for", Value: daysWord(x.Learns())}}
	if len(x.Labels) > 0 {
		out = append(out, fact{Name: "Located by", Value: strings.Join(x.Labels, ", ")})
	}
	if len(x.By) > 0 {
		out = append(out, fact{Name: "A series for each", Value: strings.Join(x.By, ", ")})
	}
	out = append(out, fact{Name: "Pages for", Value: book.Name("service", x.Service), Path: "/services/" + x.Service}, fact{Name: "Spends the budget of", Value: book.Name("team", x.Team)})
	if x.Begun {
		out = append(out, fact{Name: "Counted up to", Value: x.Behind().In(zone).Format("2 Jan 15:04 MST")})
	}
	return append(out, fact{Name: "Definition", Value: x.ID, Path: "/config/watch/" + x.ID, Mono: true})
}

func lookWord(d watch.Definition) string {
	word := map[string]string{"": "a rise", "rise": "a rise", "fall": "a fall", "both": "a rise or a fall"}[d.Look]
	if d.Smallest > 0 {
		word += " of " + watch.Rate(d.Smallest) + " or more"
	}
	return word
}

func findingRowOf(v *visit, d watch.Definition, f watch.Finding) findingRow {
	row := findingRow{Name: f.Name(), Path: findingPath(f), Title: f.Title(d), State: findingState(f), Since: v.at(began(f)), Said: feedbackWord(f.Feedback)}
	if !f.AssessedAt.IsZero() && f.Requests > 0 {
		row.Extra = watch.Figure(f.Excess.Value)
	}
	return row
}

func findingPath(f watch.Finding) string { return "/watches/" + f.Watch + "/findings/" + f.Name() }

// began is since when a finding is, as far as that is known.
func began(f watch.Finding) time.Time {
	if f.Start.IsZero() {
		return f.RaisedAt
	}
	return f.Start
}

func findingState(f watch.Finding) state {
	switch f.State {
	case watch.Open:
		if f.Direction == detect.Down {
			return newState("warning", "Open")
		}
		return newState("critical", "Open")
	case watch.Recovered:
		return newState("ok", "Recovered")
	case watch.Accepted:
		return newState("calm", "The usual now", "check")
	}
	return newState("calm", "Dropped", "stop")
}

func feedbackWord(f watch.Feedback) string {
	return map[watch.Feedback]string{watch.Real: "real", watch.Known: "known", watch.NotProblem: "not a problem"}[f]
}
