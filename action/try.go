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
	Replace  map[string]string `json:"replace,omitempty" yaml:"replace,omitempty"`   // texts in the settings, those of check and undo too, and what stands there in the test; {server}, {database} and {files} as well
	Env      map[string]string `json:"env,omitempty" yaml:"env,omitempty"`           // the environment of the server, with {server} as well
	Secrets  map[string]string `json:"secrets,omitempty" yaml:"secrets,omitempty"`   // made-up values, by name
	Answers  []Answer          `json:"answers,omitempty" yaml:"answers,omitempty"`   // what the played neighbour is asked, in this order, and answers
	Database string            `json:"database,omitempty" yaml:"database,omitempty"` // statements that make a SQLite database for the test; {database} is its address
	Files    map[string]string `json:"files,omitempty" yaml:"files,omitempty"`       // contents by name, in a folder that is {files}; the value of an input of type file names one
	Says     map[string]string `json:"says,omitempty" yaml:"says,omitempty"`         // what people answer at the check points of a flow, by step
	Steps    map[string]string `json:"steps,omitempty" yaml:"steps,omitempty"`       // how steps of a flow end: done, skipped, failed, declined, nothing or ahead
	Refused  string            `json:"refused,omitempty" yaml:"refused,omitempty"`   // part of the sentence with which inputs, plan or run are refused
	Fails    string            `json:"fails,omitempty" yaml:"fails,omitempty"`       // part of the summary of a run that does not succeed
	Plan     string            `json:"plan,omitempty" yaml:"plan,omitempty"`         // part of the plan's summary
	Nothing  bool              `json:"nothing,omitempty" yaml:"nothing,omitempty"`   // the plan finds nothing to do
	Summary  string            `json:"summary,omitempty" yaml:"summary,omitempty"`   // part of the result's summary
	Facts    map[string]any    `json:"facts,omitempty" yaml:"facts,omitempty"`       // of the result; others may be there
	Check    string            `json:"check,omitempty" yaml:"check,omitempty"`       // part of what the definition's check says afterwards, which must be that it helped
	Undo     string            `json:"undo,omitempty" yaml:"undo,omitempty"`         // part of the summary of the definition's undo, which is run after that
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
	t := Tried{}
	switch {
	case err != nil && x.Refused == "":
		t.wrong("it is refused: %s%s", fault.Sentence(err), fieldsOf(err))
	case err != nil:
		t.miss("the refusal", x.Refused, fault.Sentence(err)+fieldsOf(err))
	default:
		t.ended(x, result, plan)
	}
	if err == nil && len(t.Wrong) == 0 && !plan.Nothing {
		k.tryParts(ctx, d, x, led, &t)
	}
	t.Lines = led.lines
	return t
}

func (t *Tried) wrong(say string, args ...any) { t.Wrong = append(t.Wrong, fmt.Sprintf(say, args...)) }

func (t *Tried) miss(what, want, got string) {
	if !strings.Contains(got, want) {
		t.wrong("%s is %q, without %q", what, got, want)
	}
}

// ended compares what was planned and what came of it with what the test says.
func (t *Tried) ended(x Test, result Result, plan Plan) {
	if x.Refused != "" {
		t.wrong("it is not refused, but ends with %q", result.Summary)
	}
	t.miss("the plan", x.Plan, plan.Summary)
	if x.Nothing != plan.Nothing {
		t.wrong("that the plan finds nothing to do is %v: %s", plan.Nothing, plan.Summary)
	}
	if plan.Nothing {
		return
	}
	t.miss("the result", x.Summary, result.Summary)
	t.miss("the failure", x.Fails, result.Summary)
	switch {
	case result.Done && x.Fails != "":
		t.wrong("it does not fail")
	case !result.Done && x.Refused == "" && x.Fails == "":
		t.wrong("it is not done: %s", result.Summary)
	}
	for _, name := range slices.Sorted(maps.Keys(x.Facts)) {
		if got, want := fmt.Sprint(result.Facts[name]), fmt.Sprint(x.Facts[name]); got != want {
			t.wrong("the fact %s is %s, not %s", name, got, want)
		}
	}
}

func fieldsOf(err error) (out string) {
	for _, f := range fault.FieldsOf(err) {
		out += " " + f.Name + ": " + f.Say
	}
	return out
}

// tryParts does the look afterwards and the way back, where the test says what comes of them.
func (k Kinds) tryParts(ctx context.Context, d Definition, x Test, led *trial, t *Tried) {
	for _, p := range []struct {
		name, want string
		part       *Part
	}{{"check", x.Check, d.Proof}, {"undo", x.Undo, d.Reverse}} {
		if p.want == "" {
			continue
		}
		if said, err := k.tryPart(ctx, d, p.part, x, led); err != nil {
			t.wrong("its %s does not succeed: %s%s", p.name, fault.Sentence(err), fieldsOf(err))
		} else {
			t.miss("its "+p.name, p.want, said)
		}
	}
}

// tryPart does the look afterwards, or the way back, with what the test gave the action itself.
func (k Kinds) tryPart(ctx context.Context, d Definition, p *Part, x Test, led *trial) (string, error) {
	if p == nil {
		return "", fault.New(fault.Invalid, "The action has none.")
	}
	part := d.with(*p)
	x.Settings = nil
	result, plan, err := k.try(ctx, part, x, led)
	switch {
	case err != nil:
		return "", err
	case plan.Nothing:
		return "", fault.New(fault.Invalid, "It finds nothing to do: %s", plan.Summary)
	case !result.Done:
		return "", fault.New(fault.Invalid, "%s", result.Summary)
	}
	return result.Summary, nil
}

// try plans and does what a run would do.
func (k Kinds) try(ctx context.Context, d Definition, x Test, led *trial) (Result, Plan, error) {
	kind, ok := k[d.Kind]
	if !ok {
		return Result{}, Plan{}, fault.New(fault.Invalid, "There is no kind %s.", d.Kind)
	}
	given, files := x.given(d.Inputs)
	values, err := form.Check(d.Inputs, given)
	if err != nil {
		return Result{}, Plan{}, err
	}
	d.Settings = maps.Clone(d.Settings)
	maps.Copy(d.Settings, x.Settings)
	open, hidden := form.Split(d.Inputs, values)
	for name := range d.references() {
		hidden[name] = secret.New(x.Secrets[name])
	}
	for name, f := range files {
		open[name] = f.Name
	}
	led.mask = newMasker(hidden)
	call := Call{Settings: d.settings(), Inputs: open, Secrets: hidden, Scripts: d.Texts, Files: files, Risk: d.Risk, Actor: "test", Reason: "a test"}
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

// given are the inputs with the ids of the files that they name, as if those had been uploaded, and the files.
func (x Test) given(inputs []form.Input) (map[string]any, map[string]InputFile) {
	values, files := maps.Clone(x.Inputs), map[string]InputFile{}
	for i, in := range inputs {
		name, _ := values[in.Name].(string)
		text, there := x.Files[name]
		if in.Type != form.File || !there {
			continue
		}
		id := fmt.Sprintf("01900000-0000-7000-8000-%012d", i)
		values[in.Name] = id
		files[in.Name] = InputFile{File: File{ID: id, Name: name, Type: usualContent, Size: int64(len(text))},
			Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
	}
	return values, files
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
