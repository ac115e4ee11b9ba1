package action

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"

	"frontline/define"
	"frontline/fault"
	"frontline/form"
	"frontline/rule"
)

// words is what the expressions of a step may speak of: the flow's inputs, and the steps before it.
type words struct{ types types.Map }

// newWords returns what stands before a step. Names that do not exist are then mistakes with a place.
func newWords(d Definition, before []FlowStep) words {
	inputs, steps := types.Map{}, types.Map{}
	for _, in := range d.Inputs {
		inputs[in.Name] = typeOf(in)
	}
	for _, s := range before {
		steps[s.ID] = types.Map{"state": types.String, "done": types.Bool, "helped": types.Bool, "answer": types.String, "facts": types.Map{types.Extra: types.Any}}
	}
	return words{types.Map{"inputs": inputs, "steps": steps}}
}

func typeOf(in form.Input) types.Type {
	switch in.Type {
	case form.Number:
		return types.Float64
	case form.Boolean:
		return types.Bool
	case form.Choices:
		return types.Array(types.Any)
	}
	return types.String
}

// empty is what an input is in an expression that was left out.
func empty(in form.Input) any {
	switch in.Type {
	case form.Number:
		return 0.0
	case form.Boolean:
		return false
	case form.Choices:
		return []any{}
	}
	return ""
}

// computed says whether a value is an expression, or has one in it.
func computed(v any) bool { _, ok := rule.Formula(v); return ok }

func (s FlowStep) checkExpressions(c *define.Checks, at string, w words) {
	if strings.TrimSpace(s.When) != "" {
		_, err := expr.Compile(s.When, expr.Env(w.types), expr.AsBool())
		c.Want(err == nil, at+".when", "The condition is not understood: %s", explained(err))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Inputs)) {
		if text, ok := rule.Formula(s.Inputs[name]); ok {
			_, err := expr.Compile(text, expr.Env(w.types))
			c.Want(err == nil, at+".inputs."+name, "The expression is not understood: %s", explained(err))
		}
	}
}

func explained(err error) string {
	if err == nil {
		return ""
	}
	return rule.Explain(err)
}

// facts is what the expressions of a step see at its turn.
func (w walk) facts() map[string]any {
	inputs := map[string]any{}
	for _, in := range w.flow.Definition.Inputs {
		inputs[in.Name] = empty(in)
		if v, given := w.flow.Inputs[in.Name]; given && v != nil {
			inputs[in.Name] = v
		}
	}
	steps := map[string]any{}
	for i, s := range w.steps {
		st := w.flow.Course.Stages[i]
		child := w.children[st.Run]
		facts := plainJSON(child.Result.Facts)
		helped := child.Result.Check != nil && child.Result.Check.Helped
		steps[s.ID] = map[string]any{"state": string(st.State), "done": st.State == StageDone, "helped": helped, "answer": st.Answer, "facts": facts}
	}
	return map[string]any{"inputs": inputs, "steps": steps}
}

// plainJSON is what the database gives back: every number a float64.
func plainJSON(facts map[string]any) map[string]any {
	out := map[string]any{}
	raw, err := json.Marshal(facts)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil || out == nil {
		return map[string]any{}
	}
	return out
}

// applies evaluates the condition of a step.
func (w walk) applies(i int) (bool, error) {
	s := w.steps[i]
	if strings.TrimSpace(s.When) == "" {
		return true, nil
	}
	program, err := expr.Compile(s.When, expr.Env(newWords(w.flow.Definition, w.steps[:i]).types), expr.AsBool())
	if err != nil {
		return false, w.unclear(s, "condition", err)
	}
	out, err := expr.Run(program, w.facts())
	if err != nil {
		return false, w.unclear(s, "condition", err)
	}
	holds, ok := out.(bool)
	if !ok {
		return false, w.unclear(s, "condition", fmt.Errorf("it is neither true nor false"))
	}
	return holds, nil
}

var leftOut = regexp.MustCompile(`^\s*inputs\.(\w+)\s*$`)

// inputs evaluates what a step gives to its action. An input that merely passes on one of the flow which was left out is left out as well.
func (w walk) inputs(i int) (map[string]any, error) {
	s := w.steps[i]
	out := map[string]any{}
	for name, v := range s.Inputs {
		text, ok := rule.Formula(v)
		if !ok {
			out[name] = v
			continue
		}
		if m := leftOut.FindStringSubmatch(text); m != nil && w.flow.Inputs[m[1]] == nil {
			continue
		}
		program, err := expr.Compile(text, expr.Env(newWords(w.flow.Definition, w.steps[:i]).types))
		if err != nil {
			return nil, w.unclear(s, "input "+name, err)
		}
		if out[name], err = expr.Run(program, w.facts()); err != nil {
			return nil, w.unclear(s, "input "+name, err)
		}
		out[name] = whole(out[name])
	}
	return out, nil
}

// whole is a number as inputs take it: an expression may count in whole ones.
func whole(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	}
	return v
}

func (w walk) unclear(s FlowStep, what string, err error) error {
	return fault.Wrap(err, fault.Invalid, "The %s of the step %s cannot be evaluated: %s Ask the owners of the flow to correct it.", what, s.ID, rule.Explain(err))
}
