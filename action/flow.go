package action

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/form"
	"frontline/people"
)

// FlowKind is what a flow's definition writes as kind. A flow has no neighbour, so it is no Kind: its work is other actions, and those are
// the Runner's. What differs is who carries the run out: walk instead of a job that holds a lease.
const FlowKind = "flow"

// Flow says whether the action is made of steps of other actions.
func (d Definition) Flow() bool { return d.Kind == FlowKind }

// FlowStep is one step of a flow: the run of another action, or a check point.
type FlowStep struct {
	ID      string         `json:"id"`
	Action  string         `json:"action,omitempty"`   // what runs; empty for a check point
	Inputs  map[string]any `json:"inputs,omitempty"`   // a text in braces is an expression: "{inputs.queue}"
	When    string         `json:"when,omitempty"`     // an expression; the step is skipped while it does not hold
	IfFails string         `json:"if_fails,omitempty"` // what the flow does then: stop (when empty) or go on
	Ask     string         `json:"ask,omitempty"`      // a check point: what somebody has to look at and answer
	Who     []people.Who   `json:"who,omitempty"`      // may answer; whoever may run the flow when empty
	Answers []string       `json:"answers,omitempty"`  // yes and no when empty; no stops the flow
	Within  string         `json:"within,omitempty"`   // how long it waits for an answer; 1 h when empty
	// Undo is the run that the step takes back, in the flow that takes another one back. No file says it.
	Undo string `json:"undo,omitempty"`
	Say  string `json:"say,omitempty"` // what such a step does
}

// Bounds of flows.
const (
	mostSteps   = 30
	mostDepth   = 3 // flows within flows, with the outermost
	usualAnswer = time.Hour
	leastAnswer = time.Minute
	mostAnswer  = 7 * 24 * time.Hour
	mostAnswers = 6
	goOn        = "go on"
	answerNo    = "no"
)

var (
	stepID     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)
	answerWord = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
)

// CheckPoint says whether the step waits for a person's answer.
func (s FlowStep) CheckPoint() bool { return s.Ask != "" }

// Words are the possible answers, in their order.
func (s FlowStep) Words() []string {
	if len(s.Answers) == 0 {
		return []string{"yes", answerNo}
	}
	return s.Answers
}

func (s FlowStep) within() time.Duration {
	d, err := time.ParseDuration(s.Within)
	if err != nil || d <= 0 { // a definition was checked
		return usualAnswer
	}
	return d
}

// passes says whether the flow goes on although the step has failed.
func (s FlowStep) passes() bool { return s.IfFails == goOn }

// Steps are the steps of a flow; none for any other action.
func (d Definition) Steps() []FlowStep {
	if !d.Flow() {
		return nil
	}
	steps, _ := d.parseSteps() // a definition was checked
	return steps
}

func (d Definition) parseSteps() ([]FlowStep, error) {
	var s struct {
		Steps []FlowStep `json:"steps"`
	}
	dec := json.NewDecoder(bytes.NewReader(d.settings()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, err
	}
	return s.Steps, nil
}

// checkFlow returns what is wrong with a flow by itself. What it says about other actions is CheckFlow's question.
func (d Definition) checkFlow() []fault.Field {
	var c define.Checks
	d.checkPlain(&c)
	d.checkShape(&c)
	steps, err := d.parseSteps()
	if err != nil || len(c.Fields) > 0 {
		c.Want(err == nil || len(c.Fields) > 0, "settings.steps", "The steps are not understood: %s. Each one has an id, and action or ask.", strings.TrimPrefix(fmt.Sprint(err), "json: "))
		return c.Fields
	}
	c.Want(len(steps) >= 1 && len(steps) <= mostSteps, "settings.steps", "A flow has between 1 and %d steps.", mostSteps)
	for i, s := range steps {
		at := fmt.Sprintf("settings.steps[%d]", i)
		c.Want(stepID.MatchString(s.ID), at+".id", "A step's id is a word of small letters, digits and _, such as restart: conditions call it by that.")
		c.Want(!slices.ContainsFunc(steps[:i], func(o FlowStep) bool { return o.ID == s.ID }), at+".id", "Two steps are called %s. Rename one of them.", s.ID)
		s.check(&c, at)
		s.checkExpressions(&c, at, newWords(d, steps[:i]))
	}
	return c.Fields
}

// checkPlain refuses what a flow has no use for, and says what to do instead.
func (d Definition) checkPlain(c *define.Checks) {
	c.Want(d.Proof == nil, "check", "A flow has no check of its own: let its last step look whether it helped.")
	c.Want(d.Reverse == nil, "undo", "A flow has no undo of its own: it offers those of its steps, the last one first.")
	c.Want(len(d.Secrets) == 0, "secrets", "A flow uses no secrets. Give them to the actions that its steps run.")
	c.Want(len(d.Scripts) == 0, "scripts", "A flow runs no scripts. Make an action of the script and a step of the action.")
	c.Want(d.Limits.Timeout == 0, "limits.timeout", "A flow waits for people and has no time limit. Each step has that of its action, each check point its within.")
	c.Want(d.Limits.Budget == nil, "limits.budget", "A flow has no budget: what its steps change counts for the budgets of their actions.")
	c.Want(d.Takes == 0, "by_hand", "A flow says no by_hand: what it saves is what its steps save, as their actions say.")
	for i, in := range d.Inputs {
		c.Want(in.Type != form.Secret && in.Type != form.File, fmt.Sprintf("inputs[%d].type", i),
			"A flow takes no %s: it may wait for days, and they are kept for one run only. Let the action that needs it refer to it.", in.Type)
	}
}

// checkShape finds words that no step knows, at their place: the decoder names none.
func (d Definition) checkShape(c *define.Checks) {
	for name := range d.Settings {
		c.Want(name == "steps", "settings."+name, "A flow has only steps; %q is no setting of it.", name)
	}
	list, ok := d.Settings["steps"].([]any)
	c.Want(ok, "settings.steps", "List the steps of the flow, in their order.")
	known := []string{"id", "action", "inputs", "when", "if_fails", "ask", "who", "answers", "within"}
	if d.Undoes {
		known = append(known, "undo", "say")
	}
	for i, v := range list {
		table, ok := v.(map[string]any)
		c.Want(ok, fmt.Sprintf("settings.steps[%d]", i), "A step is a table: {id: restart, action: pods/restart}.")
		for name := range table {
			c.Want(slices.Contains(known, name), fmt.Sprintf("settings.steps[%d].%s", i, cut(name, 40)), "A step has no %q. Known: %s.", cut(name, 40), strings.Join(known, ", "))
		}
	}
}

// check returns what is wrong with a step whatever it refers to.
func (s FlowStep) check(c *define.Checks, at string) {
	c.Want((s.Action != "" || s.Undo != "") != s.CheckPoint(), at, "A step runs an action or asks somebody: give either action or ask.")
	c.Want(slices.Contains([]string{"", "stop", goOn}, s.IfFails), at+".if_fails", "When a step fails, the flow stops or goes on; %q is neither. Write stop or go on.", cut(s.IfFails, 40))
	if !s.CheckPoint() {
		c.Want(len(s.Who) == 0 && len(s.Answers) == 0 && s.Within == "", at, "who, answers and within belong to a check point, which has ask instead of action.")
		return
	}
	c.Want(len(s.Inputs) == 0, at+".inputs", "A check point runs nothing and takes no inputs.")
	c.Want(len(s.Ask) <= 500 && !strings.ContainsAny(s.Ask, "\x00"), at+".ask", "A question has at most 500 characters. Say what to look at, and what is wanted.")
	c.Want(len(s.Answers) == 0 || len(s.Answers) >= 2 && len(s.Answers) <= mostAnswers, at+".answers", "A check point has between 2 and %d answers; yes and no when none are listed.", mostAnswers)
	for n, a := range s.Answers {
		c.Want(answerWord.MatchString(a), fmt.Sprintf("%s.answers[%d]", at, n), "An answer is a short word of small letters, such as yes or not-yet.")
		c.Want(!slices.Contains(s.Answers[:n], a), fmt.Sprintf("%s.answers[%d]", at, n), "The answer %s stands there twice.", cut(a, 40))
	}
	d, err := time.ParseDuration(s.Within)
	c.Want(s.Within == "" || err == nil && d >= leastAnswer && d <= mostAnswer, at+".within", "A check point waits between 1m and 168h, which is a week. Write the time with its unit, such as 30m.")
	for n, w := range s.Who {
		if err := w.Check(); err != nil {
			c.Want(false, fmt.Sprintf("%s.who[%d]", at, n), "%s", fault.Sentence(err))
		}
	}
}

// flowRefs names what the steps of a flow refer to.
func (d Definition) flowRefs() (refs []define.Ref) {
	for i, s := range d.Steps() {
		at := fmt.Sprintf("settings.steps[%d]", i)
		if s.Action != "" {
			refs = append(refs, define.Ref{Field: at + ".action", Kind: "action", ID: s.Action})
		}
		for n, w := range s.Who {
			if ref, ok := w.Ref(fmt.Sprintf("%s.who[%d]", at, n)); ok {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// CheckFlow returns what is wrong with how a flow uses other actions. Those that find does not know are left to who knows them.
func (d Definition) CheckFlow(find func(id string) (Definition, bool)) []fault.Field {
	var c define.Checks
	for i, s := range d.Steps() {
		of, ok := find(s.Action)
		if s.Action == "" || !ok {
			continue
		}
		at := fmt.Sprintf("settings.steps[%d]", i)
		c.Want(rank(of.Risk) <= rank(d.Risk), "risk", "The step %s runs %s, whose risk is %s, and the flow says %s. A flow is as dangerous as its most dangerous step: write risk: %s.",
			s.ID, of.ID, of.Risk, d.Risk, of.Risk)
		if way := circle(d.ID, of, find, nil); way != nil {
			c.Want(false, at+".action", "The flow would run itself: %s. Take one of these steps out.", strings.Join(append([]string{d.ID}, way...), " → "))
			continue
		}
		c.Want(!of.Flow() || depth(of, find) < mostDepth, at+".action", "Flows may run flows %d deep, with this one; %s is too deep already. Run its actions directly.", mostDepth, of.ID)
		s.checkInputs(&c, at, of)
	}
	return c.Fields
}

func rank(r Risk) int { return slices.Index([]Risk{RiskRead, RiskChange, RiskDanger}, r) }

// circle is the way from a definition back to the flow; nil when there is none.
func circle(flow string, d Definition, find func(string) (Definition, bool), seen []string) []string {
	if d.ID == flow {
		return append(seen, d.ID)
	}
	if slices.Contains(seen, d.ID) { // a circle of others, which is theirs to mend
		return nil
	}
	seen = append(seen[:len(seen):len(seen)], d.ID)
	for _, s := range d.Steps() {
		if of, ok := find(s.Action); ok && s.Action != "" {
			if way := circle(flow, of, find, seen); way != nil {
				return way
			}
		}
	}
	return nil
}

// depth is how many flows lie within each other, from this one on; more than mostDepth when they go in a circle.
func depth(d Definition, find func(string) (Definition, bool)) int {
	var down func(d Definition, at int) int
	down = func(d Definition, at int) int {
		deepest := at
		if at > mostDepth {
			return at
		}
		for _, s := range d.Steps() {
			if of, ok := find(s.Action); ok && of.Flow() {
				deepest = max(deepest, down(of, at+1))
			}
		}
		return deepest
	}
	return down(d, 1)
}

// checkInputs holds what a step gives against what its action takes.
func (s FlowStep) checkInputs(c *define.Checks, at string, of Definition) {
	for name, v := range s.Inputs {
		i := slices.IndexFunc(of.Inputs, func(in form.Input) bool { return in.Name == name })
		field := at + ".inputs." + name
		if i < 0 {
			c.Want(false, field, "The action %s takes no input %q. It takes: %s.", of.ID, cut(name, 40), orNone(names(of.Inputs)))
			continue
		}
		in := of.Inputs[i]
		c.Want(in.Type != form.Secret && in.Type != form.File, field, "A step gives no %s: it would stand in the flow's text. Let the action %s refer to it itself.", in.Type, of.ID)
		if in.When != nil || computed(v) || in.Type == form.Secret || in.Type == form.File {
			continue
		}
		if _, err := form.Check([]form.Input{in}, map[string]any{name: v}); err != nil {
			say := fault.Sentence(err)
			if f := fault.FieldsOf(err); len(f) > 0 {
				say = f[0].Say
			}
			c.Want(false, field, "The action %s does not take this: %s", of.ID, say)
		}
	}
	for _, in := range of.Inputs {
		_, given := s.Inputs[in.Name]
		c.Want(given || !in.Required || in.When != nil || in.Default != nil || in.DefaultFrom != "", at, "The action %s needs the input %s. Give it under inputs.", of.ID, in.Name)
	}
}

func names(inputs []form.Input) []string {
	out := make([]string, len(inputs))
	for i, in := range inputs {
		out[i] = in.Name
	}
	return out
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
