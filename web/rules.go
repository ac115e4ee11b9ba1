package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/config"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/rule"
)

// Rules is what happens by itself.
type Rules interface {
	Rules(ctx context.Context, by people.Actor) ([]rule.Shown, error)
	Rule(ctx context.Context, by people.Actor, id string) (rule.Shown, []rule.Firing, error)
	Try(ctx context.Context, by people.Actor, r rule.Rule, since time.Time) (rule.Trial, error)
	Pause(ctx context.Context, by people.Actor, id, reason string) error
	Resume(ctx context.Context, by people.Actor, id, reason string) error
}

var _ Rules = (*rule.Board)(nil)

type rulesScreen struct {
	head
	Rows   []ruleRow
	MayTry bool
	Draft  form
	Starts []rule.Template // rules to start from
}

type ruleRow struct {
	Title, Path, Says, If string
	Team                  string
	State                 state
	Last                  moment
	Fired                 string
}

// showRules lists what happens by itself.
func (s *Server) showRules(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := s.deps.Rules.Rules(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	book, err := s.deps.Book(r.Context())
	if err != nil {
		return err
	}
	scr := rulesScreen{head: head{Title: "Rules", Wing: "/actions", Trail: trail("Actions", "/actions", "Rules"), Topics: topics("rule", "")}, Starts: rule.Templates()}
	start := ""
	for _, t := range scr.Starts {
		if t.ID == r.URL.Query().Get("from") {
			start = t.Text
		}
	}
	scr.Draft = draftForm(start, 30)
	scr.MayTry = people.May(v.Actor, people.TryRule, people.Subject{Kind: "rule"}) == nil
	for _, x := range all {
		scr.Rows = append(scr.Rows, ruleRow{Title: x.Title, Path: rulePath(x.ID), Says: saysRule(book, x.Rule), If: strings.TrimSpace(x.If), Team: book.Name("team", x.Team),
			State: ruleState(x), Last: v.at(x.Last), Fired: number(x.Lately)})
	}
	return s.show(w, r, v, http.StatusOK, "rules", scr)
}

func rulePath(id string) string { return "/rules/" + (&url.URL{Path: id}).EscapedPath() }

func often(n int) string {
	if n == 1 {
		return "once"
	}
	return number(n) + " times"
}

// saysRule is what a rule does in a sentence, without its condition.
func saysRule(book Book, r rule.Rule) string {
	w := r.Words(book.Name)
	does := slices.Clone(w.Does)
	if w.Then != "" {
		does = append(does, "run "+w.Then)
	}
	return w.When + ": " + strings.Join(does, "; ")
}

func ruleState(r rule.Shown) state {
	switch {
	case r.Off:
		return newState("calm", "Off", "stop")
	case !r.Pause.At.IsZero():
		return newState("warning", "Paused")
	}
	return newState("ok", "On")
}

type ruleScreen struct {
	head
	ID      string
	State   state
	Words   rule.Words
	Paused  pausedRule
	Guard   note // the loop guard's word; no title when it did not trip lately
	Firings []firingRow
	Facts   []fact
	Form    form // pause or resume
	Do      string
	Refused string // why one may not
	MayTry  bool
	Days    form
	Trial   *trialPart
}

type pausedRule struct {
	By, Reason string
	At         moment
}

type firingRow struct {
	At       moment
	State    state
	Why, Say string
	About    link
	Run      link
}

// trialPart is what a rule would have done.
type trialPart struct {
	Say  string
	Cut  bool
	Rows []trialRow
	Let  int // how many it would have let be, that are not shown
}

type trialRow struct {
	At     moment
	State  state
	About  link
	What   string
	Inputs string
}

func (s *Server) showRule(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.rule(r, v, r.PathValue("id"), form{})
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "rule", scr)
}

// rule makes the screen of one rule; f is the form that was refused, if one was.
func (s *Server) rule(r *http.Request, v *visit, id string, f form) (screen, error) {
	ctx := r.Context()
	x, fs, err := s.deps.Rules.Rule(ctx, v.Actor, id)
	if err != nil {
		return nil, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return nil, err
	}
	scr := ruleScreen{head: head{Title: x.Title, Wing: "/actions", Trail: trail("Rules", "/rules", x.ID), Topics: topics("rule", x.ID)}, ID: x.ID, State: ruleState(x),
		Words: x.Words(book.Name), Guard: guardNote(v, fs), Form: f}
	if !x.Pause.At.IsZero() {
		scr.Paused = pausedRule{By: book.Name("person", x.Pause.By.ID), Reason: x.Pause.Reason.Body, At: v.at(x.Pause.At)}
	}
	scr.Facts = []fact{{Name: "Owner", Value: book.Name("team", x.Team)}, {Name: "Acts as", Value: "support in this team"}, {Name: "Fired", Value: often(x.Lately) + " in 30 days"},
		{Name: "Definition", Value: "as text", Path: "/config/rule/" + (&url.URL{Path: x.ID}).EscapedPath()}}
	scr.pausing(x)
	for _, one := range fs {
		row, err := s.firingRow(ctx, v, one)
		if err != nil {
			return nil, err
		}
		scr.Firings = append(scr.Firings, row)
	}
	return scr, s.trying(r, v, x.Rule, &scr)
}

// pausing offers to stop a rule or to let it go on, to those who may.
func (scr *ruleScreen) pausing(x rule.Shown) {
	scr.Do = "Pause it"
	if !x.Pause.At.IsZero() {
		scr.Do = "Let it go on"
	}
	if x.MayPause != nil {
		scr.Refused = fault.Sentence(x.MayPause)
	}
	if len(scr.Form.Fields) == 0 {
		scr.Form = reasonForm()
	}
}

func reasonForm() form {
	return form{Fields: []field{{Name: "reason", Label: "Why", Hint: "It stands in the journal and here."}}}
}

// guardNote is what held the rule back within the last day.
func guardNote(v *visit, fs []rule.Firing) note {
	for _, f := range fs {
		if v.Now.Sub(f.At) > 24*time.Hour {
			break
		}
		switch f.Outcome {
		case rule.Held:
			return newNote("warning", "warning", "It was held back, from "+v.at(f.At).Abs(), f.Say)
		case rule.Wrong:
			return newNote("critical", "critical", "It could not be evaluated, from "+v.at(f.At).Abs(), f.Say)
		}
	}
	return note{}
}

func (s *Server) firingRow(ctx context.Context, v *visit, f rule.Firing) (firingRow, error) {
	row := firingRow{At: v.at(f.At), State: firingState(f.Outcome), Why: f.Why, Say: f.Say}
	var err error
	if row.About, err = s.maybeAbout(ctx, v, f.For); err != nil || f.Run == "" {
		return row, err
	}
	run, err := s.deps.Actions.Run(ctx, v.Actor, f.Run)
	switch {
	case err == nil:
		row.Run = link{Word: run.Ref(), Path: "/runs/" + run.Ref()}
	case !fault.Is(err, fault.NotFound):
		return row, err
	}
	return row, nil
}

// maybeAbout leads to an alert or incident; nowhere when it is gone or not open to the person.
func (s *Server) maybeAbout(ctx context.Context, v *visit, about journal.Subject) (link, error) {
	l, err := s.aboutLink(ctx, v, about)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return link{}, nil
	}
	return l, err
}

func firingState(outcome string) state {
	switch outcome {
	case rule.Started:
		return newState("ok", "Started")
	case rule.Done:
		return newState("ok", "Done")
	case rule.Later:
		return newState("calm", "Looks later", "clock")
	case rule.Waits:
		return newState("warning", "Waits for a yes", "clock")
	case rule.Nothing:
		return newState("calm", "Nothing to do")
	case rule.Refused:
		return newState("critical", "Refused", "stop")
	case rule.Held:
		return newState("warning", "Held back")
	case rule.Wrong:
		return newState("critical", "Went wrong")
	}
	return newState("live", "Under way")
}

// trying says what the rule would have done, when that is asked for.
func (s *Server) trying(r *http.Request, v *visit, x rule.Rule, scr *ruleScreen) error {
	scr.MayTry = people.May(v.Actor, people.TryRule, people.Subject{Kind: "rule", ID: x.ID, Team: x.Team}) == nil
	days := r.URL.Query().Get("days")
	scr.Days = form{Fields: []field{daysField(30)}}
	if !scr.MayTry || days == "" {
		return nil
	}
	scr.Days = scr.Days.typed(r.URL.Query())
	part, err := s.tried(r.Context(), v, x, days)
	scr.Trial = part
	return err
}

func daysField(days int) field {
	f := field{Name: "days", Label: "Look back", Kind: "select", Value: strconv.Itoa(days)}
	for _, n := range []int{1, 7, 30, 90, 365} {
		f.Options = append(f.Options, option{Value: strconv.Itoa(n), Label: plural(n, "day", "days")})
	}
	return f
}

// tried asks what a rule would have done in the last days.
func (s *Server) tried(ctx context.Context, v *visit, x rule.Rule, days string) (*trialPart, error) {
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 365 {
		return nil, fault.Wrong("days", "Look back between 1 and 365 days.")
	}
	t, err := s.deps.Rules.Try(ctx, v.Actor, x, v.Now.AddDate(0, 0, -n))
	if err != nil {
		return nil, err
	}
	part := &trialPart{Cut: t.Cut, Say: fmt.Sprintf("In the last %s it would have acted %s, of %s that it looks at.", plural(n, "day", "days"), often(t.Fires()), number(len(t.Seen)))}
	for _, f := range slices.Backward(t.Seen) {
		if !f.Fires && f.Restrained == "" && f.Wrong == "" {
			part.Let++
			continue
		}
		part.Rows = append(part.Rows, trialRowOf(v, f))
	}
	return part, nil
}

func trialRowOf(v *visit, f rule.Foreseen) trialRow {
	row := trialRow{At: v.at(f.Event.At), What: strings.TrimSpace(f.Event.Title)}
	switch {
	case f.Wrong != "":
		row.State, row.What = firingState(rule.Wrong), f.Wrong
	case f.Restrained != "":
		row.State, row.What = firingState(rule.Held), strings.TrimSpace(row.What+". "+f.Restrained)
	default:
		row.State = newState("ok", "Would act", "play")
		given := slices.Clone(f.Does)
		for _, k := range slices.Sorted(maps.Keys(f.Firing.Inputs)) {
			given = append(given, fmt.Sprintf("%s = %v", k, f.Firing.Inputs[k]))
		}
		row.Inputs = strings.Join(given, ", ")
	}
	switch f.Event.Kind {
	case "group":
		row.About = link{Word: f.Event.Subject, Path: "/alerts/" + f.Event.Subject}
	case "incident":
		row.About = link{Word: f.Event.Subject, Path: "/incidents/" + f.Event.Subject}
	case "request":
		row.About = link{Word: f.Event.Subject, Path: "/requests/" + f.Event.Subject}
	}
	return row
}

// pauseRule stops a rule, or lets it go on.
func (s *Server) pauseRule(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, posted := r.PathValue("id"), r.PostFormValue("do")
	do, say := s.deps.Rules.Pause, "The rule is paused. What happens meanwhile is not made up for."
	if posted == "resume" {
		do, say = s.deps.Rules.Resume, "The rule goes on, with what comes from now on."
	}
	err := do(r.Context(), v.Actor, id, r.PostFormValue("reason"))
	if err != nil {
		return s.again(w, r, v, "rule", reasonForm().typed(r.PostForm), err, func(f form) (screen, error) { return s.rule(r, v, id, f) })
	}
	return s.done(w, r, rulePath(id), say)
}

type draftScreen struct {
	head
	Draft  form
	Trials []draftTrial
}

type draftTrial struct {
	Title, ID string
	Words     rule.Words
	Trial     *trialPart
}

func draftForm(text string, days int) form {
	return form{Fields: []field{{Name: "text", Label: "Rules as text", Kind: "area", Value: text, Hint: "YAML with a list under rules:, as it would be applied."}, daysField(days)}}
}

// tryRules says what rules would have done that are not applied yet.
func (s *Server) tryRules(w http.ResponseWriter, r *http.Request, v *visit) error {
	text := r.PostFormValue("text")
	f := draftForm(text, 30).typed(r.PostForm)
	trials, err := s.drafts(r.Context(), v, text, r.PostFormValue("days"))
	build := func(f form) (screen, error) {
		return draftScreen{head: head{Title: "Try a rule", Wing: "/actions", Trail: trail("Rules", "/rules", "Try a rule")}, Draft: f, Trials: trials}, nil
	}
	if err != nil {
		return s.again(w, r, v, "rule-draft", f, err, build)
	}
	scr, err := build(f)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusUnprocessableEntity, "rule-draft", scr) // 422: what Turbo takes for a form that is shown again
}

func (s *Server) drafts(ctx context.Context, v *visit, text, days string) ([]draftTrial, error) {
	rules, err := config.ReadRules(config.File{Name: "rules.yaml", Content: text})
	if err != nil {
		return nil, placed(err)
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return nil, err
	}
	var out []draftTrial
	for _, x := range rules {
		part, err := s.tried(ctx, v, x, days)
		if err != nil {
			return nil, err
		}
		out = append(out, draftTrial{Title: x.Title, ID: x.ID, Words: x.Words(book.Name), Trial: part})
	}
	return out, nil
}

// placed writes each place of a problem before its sentence, because the form has one field for all of them.
func placed(err error) error {
	out := &fault.Error{Kind: fault.KindOf(err), Say: fault.Sentence(err), Cause: err}
	for _, f := range fault.FieldsOf(err) {
		out.Fields = append(out.Fields, fault.Field{Name: f.Name, Say: strings.TrimPrefix(f.Name, "rules.yaml:") + ": " + f.Say})
	}
	return out
}
