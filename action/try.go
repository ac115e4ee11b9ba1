package action

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"frontline/fault"
	"frontline/form"
	"frontline/secret"
)

// Test is an example of an action with its known end. Owners run them in their own CI, without a server: the action's neighbour is
// played by the answers.
type Test struct {
	Name     string            `json:"name" yaml:"name"`
	Inputs   map[string]any    `json:"inputs,omitempty" yaml:"inputs,omitempty"`
	Settings map[string]any    `json:"settings,omitempty" yaml:"settings,omitempty"` // in place of the definition's; {server} is the address of the played neighbour
	Env      map[string]string `json:"env,omitempty" yaml:"env,omitempty"`           // the environment of the server, with {server} as well
	Secrets  map[string]string `json:"secrets,omitempty" yaml:"secrets,omitempty"`   // made-up values, by name
	Answers  []Answer          `json:"answers,omitempty" yaml:"answers,omitempty"`   // what the played neighbour is asked, in this order, and answers
	Refused  string            `json:"refused,omitempty" yaml:"refused,omitempty"`   // part of the sentence with which inputs, plan or run are refused
	Plan     string            `json:"plan,omitempty" yaml:"plan,omitempty"`         // part of the plan's summary
	Nothing  bool              `json:"nothing,omitempty" yaml:"nothing,omitempty"`   // the plan finds nothing to do
	Summary  string            `json:"summary,omitempty" yaml:"summary,omitempty"`   // part of the result's summary
	Facts    map[string]any    `json:"facts,omitempty" yaml:"facts,omitempty"`       // of the result; others may be there
}

// Answer is one exchange with a played HTTP neighbour.
type Answer struct {
	On     string            `json:"on" yaml:"on"`                             // "GET /sessions/7?all=1"
	Holds  string            `json:"holds,omitempty" yaml:"holds,omitempty"`   // part of the request's body
	Status int               `json:"status,omitempty" yaml:"status,omitempty"` // 200 when zero
	Header map[string]string `json:"header,omitempty" yaml:"header,omitempty"`
	Body   string            `json:"body,omitempty" yaml:"body,omitempty"`
}

// Tried is what a test found.
type Tried struct {
	Wrong []string // what was not as the test says; empty when all was
	Lines []string // the output
}

// Try runs a test of the definition with the kinds. Nothing is kept; whatever the kinds do to their neighbours is done.
func (k Kinds) Try(ctx context.Context, d Definition, x Test) Tried {
	led := &trial{}
	result, plan, err := k.try(ctx, d, x, led)
	var t Tried
	t.Lines = led.lines
	miss := func(what, want, got string) {
		if !strings.Contains(got, want) {
			t.Wrong = append(t.Wrong, fmt.Sprintf("%s is %q, without %q", what, got, want))
		}
	}
	if err != nil {
		if x.Refused == "" {
			t.Wrong = append(t.Wrong, "it is refused: "+fault.Sentence(err)+fieldsOf(err))
			return t
		}
		miss("the refusal", x.Refused, fault.Sentence(err)+fieldsOf(err))
		return t
	}
	if x.Refused != "" {
		t.Wrong = append(t.Wrong, fmt.Sprintf("it is not refused, but ends with %q", result.Summary))
	}
	miss("the plan", x.Plan, plan.Summary)
	if x.Nothing != plan.Nothing {
		t.Wrong = append(t.Wrong, fmt.Sprintf("that the plan finds nothing to do is %v: %s", plan.Nothing, plan.Summary))
	}
	if plan.Nothing {
		return t
	}
	miss("the result", x.Summary, result.Summary)
	if !result.Done && x.Refused == "" {
		t.Wrong = append(t.Wrong, "it is not done: "+result.Summary)
	}
	for _, name := range slices.Sorted(maps.Keys(x.Facts)) {
		if got, want := fmt.Sprint(result.Facts[name]), fmt.Sprint(x.Facts[name]); got != want {
			t.Wrong = append(t.Wrong, fmt.Sprintf("the fact %s is %s, not %s", name, got, want))
		}
	}
	return t
}

func fieldsOf(err error) (out string) {
	for _, f := range fault.FieldsOf(err) {
		out += " " + f.Name + ": " + f.Say
	}
	return out
}

// try plans and does what a run would do.
func (k Kinds) try(ctx context.Context, d Definition, x Test, led *trial) (Result, Plan, error) {
	kind, ok := k[d.Kind]
	if !ok {
		return Result{}, Plan{}, fault.New(fault.Invalid, "There is no kind %s.", d.Kind)
	}
	values, err := form.Check(d.Inputs, x.Inputs)
	if err != nil {
		return Result{}, Plan{}, err
	}
	d.Settings = maps.Clone(d.Settings)
	maps.Copy(d.Settings, x.Settings)
	open, hidden := form.Split(d.Inputs, values)
	for name := range d.references() {
		hidden[name] = secret.New(x.Secrets[name])
	}
	led.mask = newMasker(hidden)
	call := Call{Settings: d.settings(), Inputs: open, Secrets: hidden, Scripts: d.Texts, Risk: d.Risk, Actor: "test", Reason: "a test"}
	plan, err := guard(func() (Plan, error) { return kind.Plan(ctx, call) })
	if err != nil || plan.Nothing {
		return Result{}, plan, err
	}
	call.Run = "test"
	ctx, cancel := context.WithTimeout(ctx, d.Limits.timeout())
	defer cancel()
	result, err := guard(func() (Result, error) { return kind.Do(ctx, call, plan, led) })
	return result, plan, err
}

// trial is the ledger of a test: it keeps the output alone.
type trial struct {
	mask  masker
	mu    sync.Mutex
	lines []string
}

var _ Ledger = (*trial)(nil)

func (t *trial) Commit(ctx context.Context, _ string, _ []byte) error { return ctx.Err() }

func (t *trial) Quarantine(ctx context.Context, _ string, _ Quarantined) (string, error) {
	return "test", ctx.Err()
}

func (t *trial) Removed(ctx context.Context, _, _ string) error { return ctx.Err() }

func (t *trial) Replayed(ctx context.Context, _, _ string) error { return ctx.Err() }

func (t *trial) File(_ context.Context, name, contentType string, body io.Reader) (File, error) {
	n, err := io.Copy(io.Discard, io.LimitReader(body, mostFile+1))
	return File{ID: "test", Name: name, Type: contentType, Size: n}, err
}

func (t *trial) Progress(int, int, string) {}

func (t *trial) Printf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, t.mask.text(fmt.Sprintf(format, args...)))
}
