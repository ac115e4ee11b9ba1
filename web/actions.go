package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/fault"
	inputs "frontline/form"
	"frontline/journal"
	"frontline/people"
)

// Actions is what people do with actions.
type Actions interface {
	Runs
	Approving
	Inputs
	Flows
	// Actions lists what the actor may know of; of one service when it is not empty.
	Actions(ctx context.Context, a people.Actor, service string) ([]action.Definition, error)
	Action(ctx context.Context, a people.Actor, id string) (action.Definition, error)
	Figures(ctx context.Context, a people.Actor, id string) (map[string]action.Figures, error)
	Savings(ctx context.Context, a people.Actor, id string, since time.Time, zone *time.Location) ([]action.Savings, error)
	Plan(ctx context.Context, a people.Actor, q action.PlanRequest) (action.Run, error)
	Start(ctx context.Context, a people.Actor, q action.StartRequest) (action.Run, error)
	Cancel(ctx context.Context, a people.Actor, ref string) (action.Run, error)
	Look(ctx context.Context, a people.Actor, ref string) (action.Run, error)
	Undo(ctx context.Context, a people.Actor, ref, reason string) (action.Run, error)
	File(ctx context.Context, a people.Actor, ref, id string) (action.File, []byte, error)
	Settle(ctx context.Context, a people.Actor, ref string, had bool, found string) (action.Run, error)
}

type actionsScreen struct {
	head
	Search string
	Groups []actionGroup
	Recent []runRow
	Beside []link // the wing's other screens
	Saved  string // by all of them, in a year
}

// actionGroup is the actions of one service.
type actionGroup struct {
	Service string
	Rows    []actionRow
}

type actionRow struct {
	Title, Path, Purpose, ID string
	Risk                     state
	Usual                    string
	Saved                    string // "47 runs, 9 h saved", in a year
}

// showActions lists actions by service, searched by what they do, and the latest runs.
func (s *Server) showActions(w http.ResponseWriter, r *http.Request, v *visit) error {
	defs, err := s.deps.Actions.Actions(r.Context(), v.Actor, "")
	if err != nil {
		return err
	}
	figures, err := s.deps.Actions.Figures(r.Context(), v.Actor, "")
	if err != nil {
		return err
	}
	runs, err := s.deps.Actions.List(r.Context(), v.Actor, action.RunFilter{Limit: 20})
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := actionsScreen{head: head{Title: "Actions", Wing: "/actions", Topics: topics("run", "")}, Search: strings.TrimSpace(r.URL.Query().Get("q"))}
	saved, total, err := s.savedByAction(r.Context(), v)
	if err != nil {
		return err
	}
	scr.Groups, scr.Beside, scr.Saved = actionGroups(book, defs, figures, scr.Search), s.besideActions(v), total
	for i, g := range scr.Groups {
		for j, row := range g.Rows {
			scr.Groups[i].Rows[j].Saved = saved[row.ID]
		}
	}
	for _, x := range runs {
		scr.Recent = append(scr.Recent, runRowOf(v, book, x))
	}
	return s.show(w, r, v, http.StatusOK, "actions", scr)
}

// besideActions are the wing's other screens that the person may open.
func (s *Server) besideActions(v *visit) []link {
	var out []link
	for _, x := range []struct {
		need people.Verb
		link link
	}{{people.SeeRules, link{"Rules: what happens by itself", "/rules"}}, {people.SeeActions, link{"Morning hand-overs", "/handover"}}, {people.RunReadAction, link{"Quarantine: what was taken out", "/quarantine"}}} {
		if people.May(v.Actor, x.need, people.Subject{}) == nil {
			out = append(out, x.link)
		}
	}
	return out
}

func actionGroups(book Book, defs []action.Definition, figures map[string]action.Figures, search string) []actionGroup {
	var out []actionGroup
	for _, d := range defs {
		if !found(d, search) {
			continue
		}
		service := "For every service"
		if len(d.Services) > 0 {
			service = book.Name("service", d.Services[0])
		}
		row := actionRow{Title: d.Title, Path: actionPath(d.ID, ""), Purpose: d.Purpose, ID: d.ID, Risk: riskState(d.Risk), Usual: usual(figures[d.ID])}
		at := slices.IndexFunc(out, func(g actionGroup) bool { return g.Service == service })
		if at < 0 {
			at, out = len(out), append(out, actionGroup{Service: service})
		}
		out[at].Rows = append(out[at].Rows, row)
	}
	slices.SortStableFunc(out, func(a, b actionGroup) int { return strings.Compare(a.Service, b.Service) })
	return out
}

// found says whether every word that was searched for stands in what the action says of itself.
func found(d action.Definition, search string) bool {
	text := strings.ToLower(strings.Join(append([]string{d.ID, d.Title, d.Purpose}, d.Services...), " "))
	for _, word := range strings.Fields(strings.ToLower(search)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func actionPath(id, about string) string {
	path := "/actions/" + (&url.URL{Path: id}).EscapedPath()
	if about != "" {
		path += "?for=" + url.QueryEscape(about)
	}
	return path
}

func usual(f action.Figures) string {
	if f.Succeeded == 0 {
		return "Never run"
	}
	if f.Usual < time.Second {
		return "Usually less than a second"
	}
	return "Usually " + duration(f.Usual.Round(time.Millisecond))
}

func riskState(r action.Risk) state {
	switch r {
	case action.RiskRead:
		return newState("calm", "Looks only", "search")
	case action.RiskDanger:
		return newState("critical", "Dangerous")
	}
	return newState("warning", "Changes something")
}

type actionScreen struct {
	head
	Risk    state
	ID      string
	Purpose []string
	Form    form
	Allowed string // why it may not be run; empty when it may
	About   link
	For     string
	Facts   []fact
	Saved   *savedPart
}

func (s *Server) showAction(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.deps.Actions.Action(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := s.prefill(r.Context(), v, d, r.URL.Query(), prefilled(s.inputForm(r.Context(), v, asked{Definition: d}), r.URL.Query()))
	if err != nil {
		return err
	}
	scr, err := s.action(r.Context(), v, d, f, r.URL.Query().Get("for"))
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "action", scr)
}

func (s *Server) action(ctx context.Context, v *visit, d action.Definition, f form, about string) (screen, error) {
	figures, err := s.deps.Actions.Figures(ctx, v.Actor, d.ID)
	if err != nil {
		return nil, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return nil, err
	}
	scr := actionScreen{head: head{Title: d.Title, Wing: "/actions", Trail: trail("Actions", "/actions", d.ID)}, Risk: riskState(d.Risk), ID: d.ID,
		Purpose: paragraphs(d.Purpose), Form: f, For: about}
	if scr.About, err = s.aboutLink(ctx, v, subjectOf(about)); err != nil {
		return nil, err
	}
	if err := people.May(v.Actor, d.Verb(), d.Subject()); err != nil {
		scr.Allowed = fault.Sentence(err)
	}
	if scr.Saved, err = s.savedPart(ctx, v, d); err != nil {
		return nil, err
	}
	fig := figures[d.ID]
	scr.Facts = []fact{
		{Name: "Owner", Value: book.Name("team", d.Team)}, {Name: "Kind", Value: d.Kind, Mono: true}, {Name: "Version", Value: short(d.Version()), Mono: true},
		{Name: "Runs", Value: fmt.Sprintf("%s, of which %d succeeded", number(fig.Succeeded+fig.Failed+fig.Unknown), fig.Succeeded)}, {Name: "Usually", Value: strings.TrimPrefix(usual(fig), "Usually ")},
	}
	if demand := s.demand(d); demand != "" {
		scr.Facts = append(scr.Facts, fact{Name: "Sandbox", Value: demand})
	}
	return scr, nil
}

// demand is the least sandbox that an action accepts, beside what this host gives; empty for one that runs no script.
func (s *Server) demand(d action.Definition) string {
	if d.Kind != "exec" {
		return ""
	}
	least, _ := d.Settings["sandbox"].(string)
	if least == "none" {
		return "none: it can do what the Frontline server can"
	}
	say := "the best there is"
	if least != "" {
		say = least + " at least"
	}
	if s.deps.Sandbox != nil {
		say += "; this host gives " + s.deps.Sandbox().Level
	}
	return say
}

func short(hash string) string { return hash[:min(len(hash), 8)] }

// subjectOf reads "incident:ID" or "group:ID".
func subjectOf(about string) journal.Subject {
	kind, id, _ := strings.Cut(about, ":")
	return journal.Of(kind, id)
}

// aboutLink leads back to what a run is for.
func (s *Server) aboutLink(ctx context.Context, v *visit, about journal.Subject) (link, error) {
	switch about.Kind {
	case "group":
		g, err := s.deps.Alerts.Group(ctx, about.ID)
		return link{Word: g.Short() + " " + g.Title, Path: "/alerts/" + g.Short()}, err
	case "incident":
		inc, err := s.deps.Rooms.Incident(ctx, v.Actor, about.ID)
		return link{Word: inc.Name() + " " + inc.Title, Path: "/incidents/" + inc.Name()}, err
	case "request":
		r, err := s.deps.Requests.Request(ctx, v.Actor, about.ID)
		return link{Word: r.Name() + " " + r.Title, Path: "/requests/" + r.Name()}, err
	case action.Asking:
		return askingLink(about.ID), nil
	}
	return link{}, nil
}

// planAction looks at the real system and goes to the plan.
func (s *Server) planAction(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := s.deps.Actions.Action(r.Context(), v.Actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	posted, err := s.posted(w, r, v, d)
	x := asked{Definition: d, given: posted}
	switch {
	case err != nil && posted == nil:
		return err
	case err != nil:
		return s.lostNothing(w, r, v, x, err)
	case posted.Has("again"):
		scr, err := s.action(r.Context(), v, d, s.inputForm(r.Context(), v, x), posted.Get("for"))
		if err != nil {
			return err
		}
		return s.show(w, r, v, http.StatusUnprocessableEntity, "action", scr) // 422: what Turbo takes for a form that is shown again
	}
	run, err := s.deps.Actions.Plan(r.Context(), v.Actor, action.PlanRequest{Action: d.ID, Inputs: inputs.Posted(d.Inputs, inputPrefix, posted), For: subjectOf(posted.Get("for")), Reason: posted.Get("reason")})
	if err != nil {
		return s.lostNothing(w, r, v, x, err)
	}
	return s.done(w, r, "/runs/"+run.Ref(), "")
}

// prefixed gives the fields of a fault the names that they have in the form.
func prefixed(err error) error {
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		return err
	}
	out := &fault.Error{Kind: fault.KindOf(err), Say: fault.Sentence(err), Cause: err}
	for _, f := range fields {
		if f.Name != "reason" {
			f.Name = inputPrefix + strings.TrimPrefix(f.Name, "inputs.")
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}
