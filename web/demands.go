package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/action"
	"frontline/desk"
	"frontline/fault"
	"frontline/insight"
	"frontline/people"
)

// Demands is the register of what is asked for again and again.
type Demands interface {
	Demands(ctx context.Context, a people.Actor) ([]desk.Demand, error)
	NewDemand(ctx context.Context, a people.Actor, draft desk.DemandDraft) (desk.Demand, error)
	ChangeDemand(ctx context.Context, a people.Actor, ref string, draft desk.DemandDraft, seen int64) (desk.Demand, error)
	MergeDemand(ctx context.Context, a people.Actor, ref, into string) (desk.Demand, error)
	SplitDemand(ctx context.Context, a people.Actor, ref string, titles []string) ([]desk.Demand, error)
	RetireDemand(ctx context.Context, a people.Actor, ref string) (desk.Demand, error)
	Advise(ctx context.Context, a people.Actor, ref string) ([]desk.Advised, error)
}

var _ Demands = (*desk.Service)(nil)

type demandsScreen struct {
	head
	Over  string
	Rows  []demandRow
	Ended []demandRow
	May   bool
	New   form
	Open  bool // the form was refused
}

// demandRow is one demand with what it took.
type demandRow struct {
	Name, Title, Path string
	State             state
	Owner             string
	Hours             string
	Requests, Before  int
	Trend             string
	hours             float64
}

// handlingState says how a demand is dealt with, or what it became.
func handlingState(register []desk.Demand, d desk.Demand) state {
	switch {
	case !d.Live() && len(d.Into) == 1:
		return newState("calm", "Now "+demandTitle(register, d.Into[0]), "next")
	case !d.Live() && len(d.Into) > 1:
		return newState("calm", "Split into "+number(len(d.Into)), "next")
	case !d.Live():
		return newState("calm", "Retired", "stop")
	}
	switch d.Handling {
	case desk.ByRunbook:
		return newState("calm", "By runbook", "book")
	case desk.Building:
		return newState("live", "A tool is being built", "settings")
	case desk.Themselves:
		return newState("ok", "Askers do it alone")
	}
	return newState("calm", "By hand", "person")
}

func demandTitle(register []desk.Demand, id string) string {
	at := slices.IndexFunc(register, func(d desk.Demand) bool { return d.ID == id })
	if at < 0 {
		return "another demand"
	}
	return register[at].Title
}

// handlingOptions are the ways to deal with a demand.
func handlingOptions() []option {
	say := []string{"By hand", "By a runbook or an action", "A tool is being built", "Askers do it alone"}
	var out []option
	for i, h := range desk.Handlings() {
		out = append(out, option{Value: string(h), Label: say[i]})
	}
	return out
}

func demandForm(book Book, d desk.Demand) form {
	owners := []option{{Label: "Nobody yet"}}
	for _, p := range book.People() {
		owners = append(owners, option{Value: p.ID, Label: p.Name})
	}
	return form{Fields: []field{
		{Name: "title", Label: "Name", Value: d.Title, Hint: "As askers would say it: Webhooks stopped or late.", Autocomplete: "off"},
		{Name: "description", Label: "What belongs to it, and what does not", Kind: "area", Value: d.Description, Optional: true},
		{Name: "owner", Label: "Who decides what is built for it", Kind: "select", Value: d.Owner, Options: owners, Optional: true},
		{Name: "handling", Label: "How it is dealt with now", Kind: "select", Value: cmp.Or(string(d.Handling), string(desk.ByHand)), Options: handlingOptions()},
		{Name: "examples", Label: "Examples", Value: strings.Join(d.Examples, " "), Hint: "Requests that show what is meant: R-1042 R-1050.", Optional: true, Autocomplete: "off"},
	}}
}

func draftOf(r *http.Request) desk.DemandDraft {
	return desk.DemandDraft{Title: r.PostForm.Get("title"), Description: r.PostForm.Get("description"), Owner: r.PostForm.Get("owner"), Handling: desk.Handling(r.PostForm.Get("handling")),
		Examples: strings.FieldsFunc(r.PostForm.Get("examples"), func(c rune) bool { return c == ' ' || c == ',' || c == '\n' })}
}

func (s *Server) showDemands(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.demandList(w, r, v, http.StatusOK, form{})
}

// demandList shows the register by what its demands took; f is the form that was refused, if one was.
func (s *Server) demandList(w http.ResponseWriter, r *http.Request, v *visit, status int, f form) error {
	ctx := r.Context()
	book, err := s.deps.Book(ctx)
	if err != nil {
		return err
	}
	register, err := s.deps.Demands.Demands(ctx, v.Actor)
	if err != nil {
		return err
	}
	q, _ := reportAsked(v, nil)
	weights, err := s.deps.Insight.Weights(ctx, v.Actor, q)
	if err != nil {
		return err
	}
	scr := demandsScreen{head: head{Title: "Demands", Wing: "/insight", Trail: trail("Insight", "/insight", "Demands"), Topics: topics("demand", "")}, Over: overWhat(v, book, q),
		May: people.May(v.Actor, people.ManageDemands, people.Subject{Kind: "request"}) == nil, New: demandForm(book, desk.Demand{}), Open: len(f.Wrong) > 0}
	if scr.Open {
		scr.New = f
	}
	for _, d := range register {
		row := demandRowOf(book, register, d, weights[d.ID])
		if d.Live() {
			scr.Rows = append(scr.Rows, row)
		} else {
			scr.Ended = append(scr.Ended, row)
		}
	}
	slices.SortStableFunc(scr.Rows, func(a, b demandRow) int { return cmp.Compare(b.hours, a.hours) })
	return s.show(w, r, v, status, "demands", scr)
}

func demandRowOf(book Book, register []desk.Demand, d desk.Demand, x insight.Weight) demandRow {
	row := demandRow{Name: d.Name(), Title: d.Title, Path: "/insight/demands/" + d.Name(), State: handlingState(register, d), hours: x.Hours,
		Hours: strconv.FormatFloat(x.Hours, 'f', 1, 64), Requests: x.Requests, Before: x.Before, Trend: trendWord(x)}
	if d.Owner != "" {
		row.Owner = book.Name("person", d.Owner)
	}
	return row
}

// trendWord compares with the same time before. Both numbers are said: whether a difference means something is the report's to say.
func trendWord(x insight.Weight) string {
	switch {
	case x.Requests == 0 && x.Before == 0:
		return "none"
	case x.Requests > x.Before:
		return fmt.Sprintf("up from %d", x.Before)
	case x.Requests < x.Before:
		return fmt.Sprintf("down from %d", x.Before)
	}
	return "as before"
}

func (s *Server) newDemand(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.deps.Demands.NewDemand(r.Context(), v.Actor, draftOf(r))
	if err == nil {
		return s.done(w, r, "/insight/demands/"+d.Name(), d.Title+" is in the register.")
	}
	book, bad := s.deps.Book(r.Context())
	if bad != nil {
		return bad
	}
	f, ok := demandForm(book, desk.Demand{}).typed(r.PostForm).refused(err)
	if !ok {
		return err
	}
	return s.demandList(w, r, v, formStatus(err), f)
}

type demandScreen struct {
	head
	Ref         string
	Title       string
	Description string
	State       state
	Figures     []figure
	Facts       []fact
	Chart       *chart
	Requests    []linkedRow
	Examples    []linkedRow
	Live, May   bool
	Edit        form
	Version     int64
	Others      []option // that it may be merged into
	Refused     string
	Report      string
}

func (s *Server) showDemand(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.demandPage(w, r, v, http.StatusOK, nil)
}

// demandPage shows the demand of the address; finish may change the screen before it is drawn.
func (s *Server) demandPage(w http.ResponseWriter, r *http.Request, v *visit, status int, finish func(*demandScreen)) error {
	ctx, ref := r.Context(), r.PathValue("ref")
	book, err := s.deps.Book(ctx)
	if err != nil {
		return err
	}
	register, err := s.deps.Demands.Demands(ctx, v.Actor)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(register, func(d desk.Demand) bool { return d.ID == ref || strings.EqualFold(d.Name(), ref) })
	if at < 0 {
		return fault.New(fault.NotFound, "There is no demand %.60s. Look in the register.", ref)
	}
	d := register[at]
	year := insight.Asked{From: yearAgo(v), Zone: v.Zone, CodedThen: !d.Live()}
	weights, err := s.deps.Insight.Weights(ctx, v.Actor, year)
	if err != nil {
		return err
	}
	scr := demandScreen{head: head{Title: d.Title, Wing: "/insight", Trail: trail("Insight", "/insight", "Demands", "/insight/demands", d.Name()), Topics: topics("demand", d.ID)},
		Ref: d.Name(), Title: d.Title, Description: d.Description, State: handlingState(register, d), Live: d.Live(), Edit: demandForm(book, d), Version: d.Version,
		May: people.May(v.Actor, people.ManageDemands, people.Subject{Kind: "request"}) == nil, Facts: lifeOf(v, book, register, d), Report: "/insight/time-to-resolution?demand=" + d.Name()}
	scr.weigh(weights[d.ID])
	for _, o := range register {
		if o.Live() && o.ID != d.ID {
			scr.Others = append(scr.Others, option{Value: o.ID, Label: o.Title})
		}
	}
	if err := s.demandRequests(ctx, v, d, weights[d.ID], &scr); err != nil {
		return err
	}
	if finish != nil {
		finish(&scr)
	}
	return s.show(w, r, v, status, "demand", scr)
}

func (scr *demandScreen) weigh(x insight.Weight) {
	scr.Figures = []figure{{Name: "Requests in a year", Value: number(x.Requests)}, {Name: "Hours, confirmed", Value: strconv.FormatFloat(x.Hours, 'f', 1, 64)},
		{Name: "Askers", Value: number(x.Askers)}, {Name: "Customers", Value: number(x.Customers)}, {Name: "Went to developers", Value: number(x.Escalated)}}
	if x.Suggested > 0 {
		scr.Figures = append(scr.Figures, figure{Name: "Likely this, not coded", Value: number(x.Suggested)})
	}
	if x.Requests == 0 {
		return
	}
	c := action.Chart{Title: "Requests by month of arrival", Bars: true, Series: []action.Series{{Name: "Requests"}}}
	for _, m := range x.Months {
		c.Labels = append(c.Labels, m.Month.Format("Jan 2006"))
		c.Series[0].Values = append(c.Series[0].Values, float64(m.Requests))
	}
	view := drawn(c)
	scr.Chart = &view
}

// lifeOf is where a demand comes from and what it became.
func lifeOf(v *visit, book Book, register []desk.Demand, d desk.Demand) []fact {
	out := []fact{{Name: "Owner", Value: "nobody yet"}, {Name: "In the register since", Value: v.at(d.BornAt).Abs()}}
	if d.Owner != "" {
		out[0].Value = book.Name("person", d.Owner)
	}
	others := func(say string, ids []string) {
		for _, o := range register {
			if slices.Contains(ids, o.ID) {
				out = append(out, fact{Name: say, Value: o.Title, Path: "/insight/demands/" + o.Name()})
			}
		}
	}
	others("Came out of", d.From)
	if !d.ShippedAt.IsZero() {
		out = append(out, fact{Name: "Askers do it alone since", Value: v.at(d.ShippedAt).Abs()})
	}
	if !d.EndedAt.IsZero() {
		out = append(out, fact{Name: "Ended", Value: v.at(d.EndedAt).Abs()})
	}
	others("Became", d.Into)
	return out
}

// demandRequests reads the examples and the latest requests; what is not open to the person is left out.
func (s *Server) demandRequests(ctx context.Context, v *visit, d desk.Demand, x insight.Weight, scr *demandScreen) error {
	find := func(refs []string) (rows []linkedRow, err error) {
		for _, ref := range refs {
			r, err := s.deps.Requests.Request(ctx, v.Actor, ref)
			if unseen(err) != nil {
				return nil, err
			}
			if err == nil {
				rows = append(rows, linkedRowOf(v, r, ""))
			}
		}
		return rows, nil
	}
	var latest []string
	for _, n := range x.Numbers {
		latest = append(latest, fmt.Sprintf("R-%d", n))
	}
	var err error
	if scr.Examples, err = find(d.Examples); err != nil {
		return err
	}
	scr.Requests, err = find(latest)
	return err
}

// editDemand makes one change of the demand in the address.
func (s *Server) editDemand(w http.ResponseWriter, r *http.Request, v *visit, do func(ref string) (to desk.Demand, say string, err error)) error {
	to, say, err := do(r.PathValue("ref"))
	if err == nil {
		return s.done(w, r, "/insight/demands/"+to.Name(), say)
	}
	f, ok := form{}.refused(err)
	if !ok {
		return err
	}
	say = f.Say
	for _, x := range fault.FieldsOf(err) {
		say = strings.TrimSpace(say + " " + x.Say)
	}
	return s.demandPage(w, r, v, formStatus(err), func(scr *demandScreen) {
		scr.Refused = say
		if r.PostForm.Has("title") {
			scr.Edit, _ = scr.Edit.typed(r.PostForm).refused(err)
		}
	})
}

func (s *Server) changeDemand(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.editDemand(w, r, v, func(ref string) (desk.Demand, string, error) {
		seen, _ := strconv.ParseInt(r.PostForm.Get("seen"), 10, 64) // without one it is not compared
		d, err := s.deps.Demands.ChangeDemand(r.Context(), v.Actor, ref, draftOf(r), seen)
		return d, d.Title + " is changed.", err
	})
}

func (s *Server) mergeDemand(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.editDemand(w, r, v, func(ref string) (desk.Demand, string, error) {
		d, err := s.deps.Demands.MergeDemand(r.Context(), v.Actor, ref, r.PostForm.Get("into"))
		return d, "What was coded with " + ref + " counts for " + d.Title + " now.", err
	})
}

func (s *Server) splitDemand(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.editDemand(w, r, v, func(ref string) (desk.Demand, string, error) {
		titles := slices.DeleteFunc(strings.Split(r.PostForm.Get("titles"), "\n"), func(x string) bool { return strings.TrimSpace(x) == "" })
		made, err := s.deps.Demands.SplitDemand(r.Context(), v.Actor, ref, titles)
		if err != nil {
			return desk.Demand{}, "", err
		}
		return made[0], ref + " is split. Code its requests anew where it matters.", nil
	})
}

func (s *Server) retireDemand(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.editDemand(w, r, v, func(ref string) (desk.Demand, string, error) {
		d, err := s.deps.Demands.RetireDemand(r.Context(), v.Actor, ref)
		return d, d.Title + " is retired.", err
	})
}

// quarterOf is the first moment of the quarter in which it is.
func quarterOf(v *visit) time.Time {
	now := v.Now.In(v.Zone)
	return time.Date(now.Year(), now.Month()-(now.Month()-1)%3, 1, 0, 0, 0, 0, v.Zone)
}
