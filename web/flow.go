package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
)

// Flows is how far flows are, and how people answer what they ask.
type Flows interface {
	// Children returns the runs of a flow's steps that the actor may know of.
	Children(ctx context.Context, a people.Actor, flow string) ([]action.Run, error)
	// Answer says what was found at a check point.
	Answer(ctx context.Context, a people.Actor, ref, step, word, words string) (action.Run, error)
}

// flowView is a run that is made of steps, or is one. templates/frame/flow.html draws it.
type flowView struct {
	Short    string
	Steps    []flowStep // empty for a run of its own
	Question question
	Of       link   // the flow that the run is a step of
	As       string // which step
}

// flowStep is one step of a flow.
type flowStep struct {
	ID    string
	Title string
	Icon  string
	Face  string // "done", "now" or "later"
	State state
	Run   link
	When  string // its condition
	Why   string
	Said  voice // an answer
	At    moment
}

// question is what a flow asks now.
type question struct {
	Ask     string // empty when it asks nothing
	Step    string
	Until   moment
	Who     string
	Form    form
	Answers []answerButton // empty when the person may not answer
}

// answerButton is one possible answer.
type answerButton struct {
	Word, Label string
	Look, Icon  string
}

// flow gathers how far a flow is, or whose step the run is.
func (s *Server) flow(ctx context.Context, v *visit, book Book, x action.Run) (flowView, error) {
	f := flowView{Short: x.Ref(), As: x.In.Step}
	if x.In.Flow != "" {
		of, err := s.deps.Actions.Run(ctx, v.Actor, x.In.Flow)
		switch {
		case err == nil:
			f.Of = link{Word: of.Ref() + " " + of.Definition.Title, Path: "/runs/" + of.Ref()}
		case !fault.Is(err, fault.NotFound):
			return f, err
		}
	}
	if !x.Definition.Flow() || x.StartedAt.IsZero() {
		return f, nil
	}
	children, err := s.deps.Actions.Children(ctx, v.Actor, x.ID)
	if err != nil {
		return f, err
	}
	byID := map[string]action.Run{}
	for _, c := range children {
		byID[c.ID] = c
	}
	for i, step := range x.Definition.Steps() {
		if i < len(x.Course.Stages) {
			f.Steps = append(f.Steps, flowStepOf(v, book, step, x.Course.Stages[i], byID))
		}
	}
	f.Question = questionOf(v, book, x)
	return f, nil
}

func flowStepOf(v *visit, book Book, s action.FlowStep, st action.Stage, children map[string]action.Run) flowStep {
	out := flowStep{ID: s.ID, Title: s.Ask, Icon: "check", Face: "done", When: s.When, Why: st.Why, At: v.at(st.At)}
	switch {
	case s.Undo != "":
		out.Title = s.Say
	case s.Ask == "":
		out.Title = book.Name("action", s.Action)
	}
	child, seen := children[st.Run]
	if seen {
		out.Run = link{Word: child.Ref(), Path: "/runs/" + child.Ref()}
	}
	out.State = stageState(st, child)
	switch st.State {
	case action.StageAhead:
		out.Face, out.Icon = "later", "clock"
	case action.StageAsked:
		out.Face, out.Icon = "ask", "talk"
	case action.StageRunning:
		out.Face, out.Icon = "now", "live"
		if child.State == action.Waiting {
			out.Face, out.Icon = "ask", "clock"
		}
	case action.StageSkipped:
		out.Icon, out.Why = "next", "Its condition did not hold."
	case action.StageFailed, action.StageNothing, action.StageUnknown:
		out.Icon = "warning"
	case action.StageDeclined, action.StageCancelled:
		out.Icon = "stop"
	}
	if st.Answer != "" {
		out.Said = voice{State: newState("calm", answerLabel(st.Answer), "talk"), Who: book.Name("person", st.By.ID), At: v.at(st.Ended), Words: st.Words}
	}
	return out
}

// stageState is how far a step is, in a word. What its run waits for is said by the run.
func stageState(st action.Stage, child action.Run) state {
	switch st.State {
	case action.StageAhead:
		return newState("calm", "Later", "clock")
	case action.StageRunning:
		if child.ID == "" || child.State == action.Planned {
			return newState("live", "Begins")
		}
		return runState(child.State)
	case action.StageAsked:
		return newState("warning", "Waits for an answer", "talk")
	case action.StageDone:
		return newState("ok", "Done")
	case action.StageSkipped:
		return newState("calm", "Skipped", "next")
	case action.StageNothing:
		return newState("warning", "Nothing to do")
	case action.StageDeclined:
		return newState("warning", "Answered no", "stop")
	case action.StageUnknown:
		return newState("warning", "Unknown: look")
	case action.StageCancelled:
		return newState("calm", "Cancelled", "stop")
	}
	return newState("critical", "Failed")
}

func questionOf(v *visit, book Book, x action.Run) question {
	s, st, asks := x.Asking()
	if !asks || !x.CancelAt.IsZero() {
		return question{}
	}
	q := question{Ask: s.Ask, Step: s.ID, Until: v.at(st.Until), Who: whoAnswers(book, x, s)}
	if people.May(v.Actor, people.AnswerStep, x.AnswerSubject(s)) != nil {
		return q
	}
	q.Form = form{Fields: []field{{Name: "words", Label: "What did you see?", Kind: "area", Optional: true, Hint: "It is kept with the run."}}}
	for i, w := range s.Words() {
		c := answerButton{Word: w, Label: answerLabel(w), Icon: "check"}
		switch {
		case w == "no":
			c.Label, c.Look, c.Icon = c.Label+": stop here", "danger", "stop"
		case i == 0:
			c.Look = "first"
		}
		q.Answers = append(q.Answers, c)
	}
	return q
}

// answerLabel is an answer as a button says it: "Not yet".
func answerLabel(word string) string {
	word = strings.ReplaceAll(word, "-", " ")
	return strings.ToUpper(word[:1]) + word[1:]
}

// whoAnswers names those who may answer.
func whoAnswers(book Book, x action.Run, s action.FlowStep) string {
	list := x.AnswerSubject(s).Allow[people.AnswerStep]
	if len(list) == 0 {
		return "It asks support and everybody above."
	}
	var names []string
	for _, w := range list {
		kind, id, _ := strings.Cut(string(w), ":")
		switch kind {
		case "role":
			names = append(names, "everybody with the role "+id)
		default:
			names = append(names, book.Name(kind, id))
		}
	}
	return "It asks " + strings.Join(names, ", ") + "."
}

// answerRun writes what a person found at a check point.
func (s *Server) answerRun(w http.ResponseWriter, r *http.Request, v *visit) error {
	x, err := s.deps.Actions.Answer(r.Context(), v.Actor, r.PathValue("ref"), r.PostForm.Get("step"), r.PostForm.Get("answer"), r.PostForm.Get("words"))
	if err == nil {
		return s.done(w, r, "/runs/"+x.Ref(), "Your answer is written down.")
	}
	x, failed := s.deps.Actions.Run(r.Context(), v.Actor, r.PathValue("ref"))
	if failed != nil || !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
		return err
	}
	scr, failed := s.run(r.Context(), v, x)
	if failed != nil {
		return failed
	}
	scr.Refused = fault.Sentence(err)
	scr.Flow.Question.Form = scr.Flow.Question.Form.typed(r.PostForm)
	return s.show(w, r, v, formStatus(err), "run", scr)
}

// waitingAnswers are the flows that ask something the person may answer.
func (s *Server) waitingAnswers(ctx context.Context, v *visit, _ homeNow) ([]wait, error) {
	runs, err := s.deps.Runs.List(ctx, v.Actor, action.RunFilter{Asking: true, Limit: 50})
	if err != nil {
		return nil, err
	}
	var out []wait
	for _, r := range runs {
		step, st, asks := r.Asking()
		if !asks || !v.Now.Before(st.Until) || people.May(v.Actor, people.AnswerStep, r.AnswerSubject(step)) != nil {
			continue
		}
		out = append(out, wait{State: newState("warning", "Answer", "talk"), Title: step.Ask, Small: fmt.Sprintf("%s, %s waits for it", r.Ref(), r.Definition.Title),
			Path: "/runs/" + url.PathEscape(r.Ref()), At: v.at(st.Until), Count: true, rank: rankSoon})
	}
	return out, nil
}
