package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"frontline/action"
	"frontline/people"
	"frontline/secret"
)

type runScreen struct {
	head
	State    state
	Short    string
	What     string
	About    link
	Inputs   []fact
	Plan     planView
	Hash     string
	Key      string // of this click
	CanRun   bool
	CanStop  bool
	Planned  bool
	Began    bool
	Ended    bool
	Lines    out
	More     bool
	Progress int
	Doing    string
	Result   string
	Unknown  bool
	Tables   []action.Table
	Links    []link
	Steps    []entry
	Kept     []keptRow
	Facts    []fact
	Path     string
	After    aftermath

	Flow      flowView
	Consent   consent
	Forgotten string // the day when its output was forgotten; empty while it is there
	Refused   string // why what was asked is not done, when its form is gone
	Elsewhere link   // another run that a refusal names
	Ask       string // where it is asked after all, of a run in place of a request
}

type planView struct {
	At      moment
	Summary string
	Changes []action.Change
	Costs   []string
	Undo    string
	Nothing bool
	Tables  []action.Table
}

// keptRow is something that the run took out of a neighbour and keeps.
type keptRow struct {
	State state
	What  string
	Facts []fact
	Until moment
}

// newestLines is how many lines of output a screen shows; the API has all.
const newestLines = 500

func (s *Server) showRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Run(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	scr, err := s.run(r.Context(), v, x)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "run", scr)
}

func (s *Server) run(ctx context.Context, v *visit, x action.Run) (runScreen, error) {
	book, err := s.deps.Book(ctx)
	if err != nil {
		return runScreen{}, err
	}
	scr := runScreen{head: head{Title: x.Definition.Title, Wing: "/actions", Trail: trail("Actions", "/actions", x.Ref()), Topics: topics("run", x.ID)},
		State: runState(x.State), Short: x.Ref(), What: x.Definition.ID, Path: actionPath(x.Definition.ID, about(x)), Hash: x.PlanHash, Key: secret.Random(20),
		Plan: planOf(v, x.Plan), Planned: x.State == action.Planned, Began: !x.StartedAt.IsZero(), Ended: !x.EndedAt.IsZero() && x.State != action.Unknown, Result: x.Result.Summary, Unknown: x.State == action.Unknown, Tables: x.Result.Tables}
	if scr.Flow, err = s.flow(ctx, v, book, x); err != nil {
		return runScreen{}, err
	}
	for _, st := range x.Course.Stages {
		if st.Run != "" {
			scr.Topics = append(scr.Topics, topic("run", st.Run))
		}
	}
	if _, _, asks := x.Asking(); asks {
		scr.State = newState("warning", "Waits for an answer", "talk")
	}
	if len(scr.Flow.Steps) > 0 && len(scr.Plan.Tables) > 0 {
		scr.Plan.Tables = scr.Plan.Tables[1:] // the steps stand below
	}
	if x.Definition.Flow() {
		scr.Unknown = false // its step is, and the step's run is where people say what they found
	}
	scr.CanRun = x.In.Flow == "" && people.May(v.Actor, x.Definition.Verb(), x.Subject()) == nil
	scr.CanStop = (x.State == action.Running || x.State == action.Waiting) && people.May(v.Actor, people.CancelRun, x.Subject()) == nil
	if scr.Consent, err = s.consent(ctx, v, book, x); err != nil {
		return runScreen{}, err
	}
	scr.Consent.Key = scr.Key
	scr.Facts = runFacts(v, book, x)
	if !x.ForgottenAt.IsZero() {
		scr.Forgotten = v.at(x.ForgottenAt).Day()
	}
	for _, k := range slices.Sorted(keysOf(x.Inputs)) {
		scr.Inputs = append(scr.Inputs, fact{Name: k, Value: fmt.Sprint(x.Inputs[k]), Mono: true})
	}
	scr.Links, scr.After = resultLinks(x.Result.Links, about(x)), s.aftermath(v, x)
	if x.State == action.Running {
		scr.Progress, scr.Doing = percent(x.Progress.Done, x.Progress.Total), x.Progress.What
	}
	if scr.About, err = s.aboutLink(ctx, v, x.For); err != nil {
		return runScreen{}, err
	}
	if x.For.Kind == action.Asking && scr.Ended {
		scr.Ask = scr.About.Path
	}
	return scr, s.runRecords(ctx, v, x, &scr)
}

func keysOf(m map[string]any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func about(x action.Run) string {
	if x.For.Kind == "" {
		return ""
	}
	return x.For.Kind + ":" + x.For.ID
}

func planOf(v *visit, p action.Plan) planView {
	return planView{At: v.at(p.At), Summary: p.Summary, Changes: p.Changes, Costs: p.Costs, Undo: p.Undo, Nothing: p.Nothing, Tables: p.Tables}
}

func runFacts(v *visit, book Book, x action.Run) []fact {
	out := []fact{{Name: "Planned by", Value: book.Name("person", x.PlannedBy.ID)}, {Name: "Planned", Value: v.at(x.PlannedAt).Seconds()}}
	if x.StartedAt.IsZero() && x.Consent.Need > 0 {
		out = append(out, fact{Name: "Asked by", Value: book.Name("person", x.StartedBy.ID)}, fact{Name: "Asked", Value: v.at(x.Consent.AskedAt).Seconds()})
	}
	if !x.StartedAt.IsZero() {
		out = append(out, fact{Name: "Started by", Value: book.Name("person", x.StartedBy.ID)}, fact{Name: "Started", Value: v.at(x.StartedAt).Seconds()})
	}
	if !x.EndedAt.IsZero() {
		out = append(out, fact{Name: "Took", Value: duration(x.Took().Round(time.Millisecond))})
	}
	if x.Reason != "" {
		out = append(out, fact{Name: "Why", Value: x.Reason})
	}
	if where, ok := whereItRan(v, x.Definition.Runner, x.Runner, x.StartedAt); ok && !x.Definition.Flow() {
		out = append(out, where)
	}
	return append(out, fact{Name: "Version", Value: short(x.Version), Mono: true})
}

// runRecords adds output, steps and what is kept.
func (s *Server) runRecords(ctx context.Context, v *visit, x action.Run, scr *runScreen) error {
	from := max(1, x.Lines-newestLines+1)
	lines, err := s.deps.Actions.Output(ctx, v.Actor, x.ID, from)
	if err != nil {
		return err
	}
	scr.Lines, scr.More = out{Label: "Output of " + x.Ref()}, from > 1
	for _, l := range lines {
		scr.Lines.Lines = append(scr.Lines.Lines, outLine{At: v.at(l.At), Text: l.Text})
	}
	steps, err := s.deps.Actions.Steps(ctx, v.Actor, x.ID)
	if err != nil {
		return err
	}
	for _, st := range steps {
		scr.Steps = append(scr.Steps, entry{At: v.at(st.At), Icon: "check", Look: "ok", Words: st.Name, More: "written down before the next began"})
	}
	kept, err := s.deps.Actions.Quarantine(ctx, v.Actor, action.KeptFilter{Run: x.ID})
	if err != nil {
		return err
	}
	for _, k := range kept {
		scr.Kept = append(scr.Kept, keptRowOf(v, k))
	}
	return nil
}

func keptRowOf(v *visit, k action.Kept) keptRow {
	row := keptRow{State: newState("warning", "Copied"), What: k.Origin, Until: v.at(k.ExpiresAt)}
	switch k.State {
	case action.Removed:
		row.State = newState("ok", "Taken out")
	case action.Replayed:
		row.State = newState("calm", "Put back", "undo")
	case action.Dropped:
		row.State = newState("calm", "Dropped", "undo")
	}
	row.Facts = append(row.Facts, fact{Name: "Fingerprint", Value: short(k.Fingerprint), Mono: true})
	for _, name := range sortedKeys(k.Facts) {
		row.Facts = append(row.Facts, fact{Name: strings.ReplaceAll(name, "_", " "), Value: k.Facts[name], Mono: true})
	}
	return row
}

func (s *Server) cancelRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Cancel(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/runs/"+x.Ref(), x.Ref()+" is being stopped.")
}

// lookRun asks the kind again what became of an unknown run.
func (s *Server) lookRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Look(r.Context(), v.Actor, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/runs/"+x.Ref(), "Looking again.")
}

// settleRun writes down what a person found out about an unknown run.
func (s *Server) settleRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Settle(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("had") == "yes", r.PostForm.Get("found"))
	if err != nil {
		return err
	}
	return s.done(w, r, "/runs/"+x.Ref(), x.Ref()+" is settled.")
}
