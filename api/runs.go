package api

import (
	"context"
	"net/http"
	"strings"

	"frontline/action"
	"frontline/fault"
	"frontline/incident"
	"frontline/journal"
	"frontline/people"
	"frontline/wire"
)

// Runs is where runs are read.
type Runs interface {
	List(ctx context.Context, by people.Actor, f action.RunFilter) ([]action.Run, error)
	Run(ctx context.Context, by people.Actor, ref string) (action.Run, error)
	Output(ctx context.Context, by people.Actor, ref string, from int64) ([]action.Line, error)
	File(ctx context.Context, by people.Actor, ref, id string) (action.File, []byte, error)
}

// Runner is how actions are run.
type Runner interface {
	Plan(ctx context.Context, by people.Actor, q action.PlanRequest) (action.Run, error)
	Start(ctx context.Context, by people.Actor, q action.StartRequest) (action.Run, error)
	Cancel(ctx context.Context, by people.Actor, ref string) (action.Run, error)
	Approve(ctx context.Context, by people.Actor, ref, planHash, words string) (action.Run, error)
	Refuse(ctx context.Context, by people.Actor, ref, words string) (action.Run, error)
	Review(ctx context.Context, by people.Actor, ref, words string) (action.Run, error)
	Look(ctx context.Context, by people.Actor, ref string) (action.Run, error)
	Undo(ctx context.Context, by people.Actor, ref, reason string) (action.Run, error)
	Settle(ctx context.Context, by people.Actor, ref string, had bool, found string) (action.Run, error)
	Answer(ctx context.Context, by people.Actor, ref, step, word, words string) (action.Run, error)
}

func (s *server) runs() {
	add(s, route{Method: http.MethodGet, Path: "/runs", ID: "listRuns", Verb: people.SeeActions, Summary: "List runs", Say: "Newest first."}, s.listRuns)
	add(s, route{Method: http.MethodGet, Path: "/runs/{id}", ID: "showRun", Verb: people.SeeActions, Summary: "Show a run"}, s.showRun)
	add(s, route{Method: http.MethodGet, Path: "/runs/{id}/output", ID: "showOutput", Verb: people.SeeActions, Summary: "Show a run's output",
		Say: "From a line on. While the run is running, ask again from next."}, s.showOutput)
	add(s, route{Method: http.MethodGet, Path: "/runs/{id}/files/{file}", ID: "showRunFile", Verb: people.SeeActions, Summary: "Fetch a file that a run made"}, s.showRunFile)
	add(s, route{Method: http.MethodPost, Path: "/runs", ID: "planRun", Verb: people.SeeActions, Status: http.StatusCreated, Summary: "Plan a run",
		Say: "Looks at the real system and says what the action would do. It changes nothing; the plan waits to be started. It also takes the role that the action's risk needs, or to be in its list."}, s.planRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/start", ID: "startRun", Verb: people.SeeActions, Summary: "Start a planned run",
		Say: "Exactly once: the same Idempotency-Key again returns the run as it is. When others have to say yes first, it waits for them. It also takes the role that the action's risk needs, or to be in its list; what is dangerous is started on the screen, with a password."}, s.startRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/cancel", ID: "cancelRun", Verb: people.SeeActions, Summary: "Cancel a run",
		Say: "Discards a plan, or asks a running run to stop. Whether it had its effect by then, its result says. It also takes the role support, or to be in the action's list."}, s.cancelRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/approve", ID: "approveRun", Verb: people.SeeActions, Summary: "Say yes to a run that waits",
		Say: "To exactly the plan that was read, and never to one's own run. With the last yes that is needed the run starts. It also takes the role lead, or to be in the action's list; what is dangerous is approved on the screen, with a password."}, s.approveRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/refuse", ID: "refuseRun", Verb: people.SeeActions, Summary: "Say no to a run that waits",
		Say: "It ends, and nothing is done. It also takes the role lead, or to be in the action's list."}, s.refuseRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/review", ID: "reviewRun", Verb: people.SeeActions, Summary: "Review a run by break-glass",
		Say: "Somebody else of the owning team, or a lead, says what they found. Until then neither the action nor the person breaks glass again."}, s.reviewRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/answer", ID: "answerRun", Verb: people.SeeActions, Summary: "Answer what a flow asks",
		Say: "At the check point where it waits. The answer no stops the flow. It also takes the role support, or to be named by the check point."}, s.answerRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/look", ID: "lookAtRun", Verb: people.SeeActions, Summary: "Look again what became of an unknown run",
		Say: "It never does the work a second time."}, s.lookAtRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/undo", ID: "undoRun", Verb: people.SeeActions, Status: http.StatusCreated, Summary: "Plan the way back from a run",
		Say: "A run of its own, which waits to be started like any other."}, s.undoRun)
	add(s, route{Method: http.MethodPost, Path: "/runs/{id}/settle", ID: "settleRun", Verb: people.SeeActions, Summary: "Say what became of an unknown run",
		Say: "What a person found out by looking."}, s.settleRun)
}

type byRun struct {
	ID string `path:"id" maxLength:"100" doc:"The run's id." example:"RUN-884"`
}

type forRun[T any] struct {
	ID   string `path:"id" maxLength:"100" doc:"The run's id." example:"RUN-884"`
	Body T
}

type listRuns struct {
	Paging
	Action string `query:"action" maxLength:"100" doc:"Only of this action." example:"queue/park-message"`
	State  string `query:"state" enum:"planned,waiting,running,succeeded,failed,cancelled,refused,expired,unknown,all" default:"all" doc:"Only in this state."`
	For    string `query:"for" maxLength:"100" doc:"Only for this incident or alert." example:"INC-3"`
}

func (s *server) listRuns(ctx context.Context, by people.Actor, in *listRuns) (wire.List[wire.Run], error) {
	at, err := in.place()
	if err != nil {
		return wire.List[wire.Run]{}, err
	}
	f := action.RunFilter{Action: in.Action, Before: at.Below, Limit: in.Limit + 1}
	if in.State != "all" {
		f.States = []action.State{action.State(in.State)}
	}
	if f.For, err = s.purpose(ctx, by, in.For); err != nil {
		return wire.List[wire.Run]{}, err
	}
	all, err := s.deps.Actions.List(ctx, by, f)
	if err != nil {
		return wire.List[wire.Run]{}, err
	}
	n, err := s.names(ctx)
	return page(all, in.Limit, n.run, func(r action.Run) place { return place{Below: r.Number} }), err
}

// about finds the incident or the alert group that is named, with who may know of it.
func (s *server) about(ctx context.Context, by people.Actor, ref string) (people.Subject, error) {
	if strings.HasPrefix(strings.ToUpper(ref), "INC-") {
		inc, err := s.deps.Incidents.Incident(ctx, by, ref)
		return people.Subject{Kind: incident.Subject(inc.ID).Kind, ID: inc.ID}, err
	}
	g, err := s.deps.Alerts.Group(ctx, by, ref)
	if fault.Is(err, fault.NotFound) {
		return people.Subject{}, fault.New(fault.NotFound, "There is no incident and no alert %q, or it is not open to you. Name one such as INC-3 or G-12.", ref)
	}
	return g.Topic(), err
}

// purpose is what a run is for; the empty subject when nothing is named.
func (s *server) purpose(ctx context.Context, by people.Actor, ref string) (journal.Subject, error) {
	if ref == "" {
		return journal.Subject{}, nil
	}
	about, err := s.about(ctx, by, ref)
	return journal.Of(about.Kind, about.ID), err
}

func (s *server) showRun(ctx context.Context, by people.Actor, in *byRun) (wire.Run, error) {
	r, err := s.deps.Actions.Run(ctx, by, in.ID)
	return s.ran(ctx, r, err)
}

type showOutput struct {
	ID   string `path:"id" maxLength:"100" doc:"The run's id." example:"RUN-884"`
	From int64  `query:"from" minimum:"1" default:"1" doc:"The number of the first line that is wanted."`
}

func (s *server) showOutput(ctx context.Context, by people.Actor, in *showOutput) (wire.Output, error) {
	r, err := s.deps.Actions.Run(ctx, by, in.ID) // first the state: what is written after it is read by the next request
	if err != nil {
		return wire.Output{}, err
	}
	lines, err := s.deps.Actions.Output(ctx, by, r.ID, in.From)
	out := wire.Output{State: string(r.State), Next: in.From, Lines: every(lines, func(l action.Line) wire.OutputLine {
		return wire.OutputLine{N: l.Number, At: l.At, Text: l.Text}
	})}
	if n := len(lines); n > 0 {
		out.Next = lines[n-1].Number + 1
	}
	return out, err
}

type showRunFile struct {
	ID   string `path:"id" maxLength:"100" doc:"The run's id." example:"RUN-884"`
	File string `path:"file" maxLength:"100" doc:"The file's id, from the run's result."`
}

func (s *server) showRunFile(ctx context.Context, by people.Actor, in *showRunFile) (wire.RunFileContent, error) {
	f, body, err := s.deps.Actions.File(ctx, by, in.ID, in.File)
	return wire.RunFileContent{RunFile: wire.RunFile(f), Content: body}, err
}

type planRun struct{ Body wire.PlanRun }

func (s *server) planRun(ctx context.Context, by people.Actor, in *planRun) (wire.Run, error) {
	why, err := s.purpose(ctx, by, in.Body.For)
	if err != nil {
		return wire.Run{}, err
	}
	r, err := s.deps.Actions.Plan(ctx, by, action.PlanRequest{Action: in.Body.Action, Inputs: in.Body.Inputs, For: why, Reason: in.Body.Reason})
	return s.ran(ctx, r, err)
}

type startRun struct {
	ID   string `path:"id" maxLength:"100" doc:"The run's id." example:"RUN-884"`
	Key  string `header:"Idempotency-Key" required:"true" maxLength:"200" doc:"A random word, made once for each wish to start: the same wish sent twice starts once." example:"7f9c2ba4e88f827d"`
	Body wire.StartRun
}

func (s *server) startRun(ctx context.Context, by people.Actor, in *startRun) (wire.Run, error) {
	r, err := s.deps.Actions.Start(ctx, by, action.StartRequest{Run: in.ID, PlanHash: in.Body.Plan, Key: in.Key, Glass: in.Body.Glass})
	return s.ran(ctx, r, err)
}

func (s *server) cancelRun(ctx context.Context, by people.Actor, in *byRun) (wire.Run, error) {
	r, err := s.deps.Actions.Cancel(ctx, by, in.ID)
	return s.ran(ctx, r, err)
}

func (s *server) approveRun(ctx context.Context, by people.Actor, in *forRun[wire.ApproveRun]) (wire.Run, error) {
	r, err := s.deps.Actions.Approve(ctx, by, in.ID, in.Body.Plan, in.Body.Words)
	return s.ran(ctx, r, err)
}

func (s *server) refuseRun(ctx context.Context, by people.Actor, in *forRun[wire.RefuseRun]) (wire.Run, error) {
	r, err := s.deps.Actions.Refuse(ctx, by, in.ID, in.Body.Words)
	return s.ran(ctx, r, err)
}

func (s *server) reviewRun(ctx context.Context, by people.Actor, in *forRun[wire.ReviewRun]) (wire.Run, error) {
	r, err := s.deps.Actions.Review(ctx, by, in.ID, in.Body.Words)
	return s.ran(ctx, r, err)
}

func (s *server) answerRun(ctx context.Context, by people.Actor, in *forRun[wire.AnswerRun]) (wire.Run, error) {
	r, err := s.deps.Actions.Answer(ctx, by, in.ID, in.Body.Step, in.Body.Answer, in.Body.Words)
	return s.ran(ctx, r, err)
}

func (s *server) lookAtRun(ctx context.Context, by people.Actor, in *byRun) (wire.Run, error) {
	r, err := s.deps.Actions.Look(ctx, by, in.ID)
	return s.ran(ctx, r, err)
}

func (s *server) settleRun(ctx context.Context, by people.Actor, in *forRun[wire.SettleRun]) (wire.Run, error) {
	r, err := s.deps.Actions.Settle(ctx, by, in.ID, in.Body.Done, in.Body.Found)
	return s.ran(ctx, r, err)
}

func (s *server) undoRun(ctx context.Context, by people.Actor, in *forRun[wire.UndoRun]) (wire.Run, error) {
	r, err := s.deps.Actions.Undo(ctx, by, in.ID, in.Body.Reason)
	return s.ran(ctx, r, err)
}

func (s *server) ran(ctx context.Context, r action.Run, err error) (wire.Run, error) {
	if err != nil {
		return wire.Run{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return wire.Run{}, err
	}
	return n.run(r), nil
}

// run leaves out what is the kind's own: how it finds the same world again.
func (n names) run(r action.Run) wire.Run {
	out := wire.Run{
		ID: r.Ref(), UID: r.ID, Action: wire.Ref{ID: r.Definition.ID, Name: r.Definition.Title}, Version: r.Version, Risk: string(r.Definition.Risk), State: string(r.State),
		Inputs: r.Inputs, Reason: r.Reason, For: subject(r.For), Lines: r.Lines, PlannedBy: *n.person(r.PlannedBy.ID), PlannedAt: r.PlannedAt,
		StartedBy: n.person(r.StartedBy.ID), StartedAt: r.StartedAt, CancelledBy: n.person(r.CancelledBy.ID), EndedAt: r.EndedAt, ForgottenAt: r.ForgottenAt, Took: wire.Duration(r.Took()),
		Plan: wire.Plan{Summary: r.Plan.Summary, Costs: append([]string{}, r.Plan.Costs...), Undo: r.Plan.Undo, Nothing: r.Plan.Nothing, Tables: every(r.Plan.Tables, tableOf), Hash: r.PlanHash, ExpiresAt: r.PlanExpires(),
			Changes: every(r.Plan.Changes, func(c action.Change) wire.PlannedChange { return wire.PlannedChange(c) })},
	}
	if out.Inputs == nil {
		out.Inputs = map[string]any{}
	}
	out.Consent, out.Glass = n.consent(r), n.glass(r.Glass)
	if p := r.Progress; p.What != "" || p.Total > 0 {
		out.Progress = &wire.Progress{Done: p.Done, Total: p.Total, What: p.What}
	}
	if out.Ended() {
		out.Result = resultOf(r.Result)
	}
	if until := r.UndoUntil(); !until.IsZero() {
		out.Undo = &wire.Undo{Say: r.Result.Undo.Say, Until: until, By: r.UndoneBy}
	}
	out.Undoes, out.Runner = r.Undoes, r.Runner
	out.Flow, out.Steps = r.In.Flow, n.steps(r)
	return out
}

// steps are those of a flow; none of any other run.
func (n names) steps(r action.Run) []wire.FlowStep {
	var out []wire.FlowStep
	defined := r.Definition.Steps()
	for i, st := range r.Course.Stages {
		if i >= len(defined) {
			break
		}
		s := defined[i]
		state := string(st.State)
		if st.State == action.StageAhead {
			state = "ahead"
		}
		x := wire.FlowStep{ID: s.ID, Action: s.Action, Ask: s.Ask, When: s.When, State: state, Run: st.Ref(), Why: st.Why, Until: st.Until, Answer: st.Answer, By: n.person(st.By.ID), Words: st.Words}
		if s.CheckPoint() {
			x.Answers = s.Words()
		}
		out = append(out, x)
	}
	return out
}

func resultOf(r action.Result) *wire.Result {
	out := &wire.Result{Summary: r.Summary, Done: r.Done, Facts: r.Facts, Links: r.Links, Tables: every(r.Tables, tableOf),
		Charts: every(r.Charts, chartOf), Files: every(r.Files, func(f action.File) wire.RunFile { return wire.RunFile(f) })}
	if c := r.Check; c != nil {
		out.Check = &wire.Finding{Helped: c.Helped, Summary: c.Summary, Facts: c.Facts, Tables: every(c.Tables, tableOf)}
	}
	return out
}

func chartOf(c action.Chart) wire.Chart {
	return wire.Chart{Title: c.Title, Unit: c.Unit, Labels: append([]string{}, c.Labels...), Bars: c.Bars,
		Series: every(c.Series, func(s action.Series) wire.Series { return wire.Series(s) })}
}

// consent is what others had to say; nil when they had not.
func (n names) consent(r action.Run) *wire.Consent {
	c := r.Consent
	if c.Need == 0 {
		return nil
	}
	return &wire.Consent{Need: c.Need, Why: r.Why(), AskedAt: c.AskedAt, Until: c.Until, Refusal: n.answer(c.Refusal),
		Approvals: every(c.Approvals, func(a action.Signature) wire.Answer { return *n.answer(&a) })}
}

func (n names) answer(a *action.Signature) *wire.Answer {
	if a == nil {
		return nil
	}
	return &wire.Answer{By: *n.person(a.By.ID), At: a.At, Words: a.Words, Plan: a.Plan}
}

func (n names) glass(g action.Glass) *wire.Glass {
	if !g.Broken() {
		return nil
	}
	return &wire.Glass{By: *n.person(g.By.ID), At: g.At, Reason: g.Reason, Review: n.answer(g.Review)}
}

func tableOf(t action.Table) wire.Table {
	return wire.Table{Title: t.Title, Columns: append([]string{}, t.Columns...), Rows: every(t.Rows, func(row []string) []string { return append([]string{}, row...) })}
}
