package action

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/secret"
)

// Elsewhere uses kinds on runners in other networks. package runner implements it.
type Elsewhere interface {
	// Kind is the kind as a runner with the labels of the definition carries it out: a Resumer, and a Prover where the kind is one.
	Kind(d Definition, kind Kind) Kind
}

// Resumer is a Kind whose work goes on elsewhere while this server is not there.
type Resumer interface {
	Kind
	// Resume waits for work that Do began, in this process or an earlier one, and returns what Do would have returned. ErrNotUnderWay means that
	// there is none any more, so that Reconcile must be asked. When ctx ends because somebody stops the run, it stops the work; when ctx ends
	// for another reason, the work goes on.
	Resume(ctx context.Context, call Call, plan Plan) (Result, error)
}

// ErrNotUnderWay is what Resume returns when nobody is at work on the run.
var ErrNotUnderWay = errors.New("nobody is at work on the run")

// Stopped says whether ctx ended because somebody stops the run: by cancelling it, or because its time was up.
func Stopped(ctx context.Context) bool {
	cause := context.Cause(ctx)
	return cause == errCancelled || cause == errTooLong
}

// kindFor is the kind by its name, as the definition wants it carried out.
func (r *Runner) kindFor(d Definition, name string) (Kind, bool) {
	kind, ok := r.Kinds[name]
	if !ok || len(d.Runner) == 0 {
		return kind, ok
	}
	if r.Elsewhere == nil {
		return nil, false
	}
	return r.Elsewhere.Kind(d, kind), true
}

// committed is how many steps of the run are durable. A runner elsewhere commits them past this process; when they cannot be counted, there may
// be some.
func (w *work) committed(ctx context.Context) int {
	if len(w.run.Definition.Runner) == 0 {
		return w.led.committed()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	now, err := w.Records.ActionRun(ctx, w.run.ID)
	if err != nil {
		return max(1, w.run.Steps)
	}
	return now.Steps
}

// resume takes part again in work that goes on elsewhere, after the process that began it is gone. false when nobody is at work.
func (w *work) resume(ctx context.Context) (verdict, bool) {
	kind, ok := w.kind.(Resumer)
	if !ok {
		return verdict{}, false
	}
	left := max(time.Second, w.run.Definition.Limits.timeout()-w.Clock.Now().Sub(w.run.BegunAt))
	result, cause, err := watched(ctx, w, left, func(ctx context.Context) (Result, error) { return kind.Resume(ctx, w.call, w.run.Plan) })
	switch {
	case errors.Is(err, ErrNotUnderWay):
		return verdict{}, false
	case cause == errStopping:
		return verdict{left: true}, true
	}
	return w.judge(ctx, result, cause, err), true
}

// collectTime is how long a look at an unknown run waits for work that goes on elsewhere.
const collectTime = 10 * time.Second

// collect fetches what became of work that went on elsewhere, without waiting long for its end. false when nobody is at work.
func (w *work) collect(ctx context.Context) (verdict, bool) {
	kind, ok := w.kind.(Resumer)
	if !ok {
		return verdict{}, false
	}
	limited, cancel := context.WithTimeout(ctx, collectTime)
	defer cancel()
	result, err := guard(func() (Result, error) { return kind.Resume(limited, w.call, w.run.Plan) })
	if errors.Is(err, ErrNotUnderWay) {
		return verdict{}, false
	}
	if err != nil && (limited.Err() != nil || doubtful(err)) {
		return verdict{state: Unknown, result: unsure(w.run), later: true, silent: w.mask.err(err)}, true
	}
	return w.judge(ctx, result, nil, err), true
}

// rank is usual, or that of jobs which only wait for a runner elsewhere.
func (d Definition) rank(usual job.Rank) job.Rank {
	if len(d.Runner) > 0 {
		return job.Elsewhere
	}
	return usual
}

// look is the job that finds out what became of the run.
func (r Run) look(at time.Time) job.New {
	return KindLook().At(at, r.ID, JobLook{r.ID}).Ranked(r.Definition.rank(job.Normal))
}

// lookAgain asks for another look at an unknown run.
func lookAgain(by journal.Actor) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		var cs journal.Consequences
		if c.Run.State != Unknown {
			return c.Run, cs, fault.New(fault.Conflict, "%s is %s, not unknown. There is nothing to find out.", c.Run.Ref(), c.Run.State)
		}
		cs.Add(c.Run.entry(by, "run.look_requested", nil))
		cs.Do(c.Run.look(c.Now))
		return c.Run, cs, nil
	}
}

// LookNow is the job that finds out at once what became of a run of the definition, because a runner has told something new.
func (r Run) LookNow(at time.Time) job.New { return r.look(at) }

var labelName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$`)

var labelValue = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$`)

// CheckLabel returns nil when the label of a runner can be one: letters, digits and . _ / - in between.
func CheckLabel(name, value string) error {
	if !labelName.MatchString(name) || !labelValue.MatchString(value) {
		return fault.New(fault.Invalid, "%.70q is no label. Write it as network=berlin: letters, digits, and . _ / - in between, at most 63 on each side.", name+"="+value)
	}
	return nil
}

// checkRunner sees to it that labels are labels, and that a runner can hold what it is told to look up.
func (d Definition) checkRunner(c *define.Checks) {
	for _, name := range slices.Sorted(maps.Keys(d.Runner)) {
		err := CheckLabel(name, d.Runner[name])
		c.Want(err == nil, "runner."+name, "%s", fault.Sentence(err))
	}
	c.Want(len(d.Runner) == 0 || !d.Flow(), "runner", "A flow is walked by the server; the actions of its steps name their own runners. Leave runner out.")
	c.Want(len(d.Runner) == 0 || len(d.storedSecrets()) == 0, "runner", "A runner holds its own secrets, and stored ones stay with the server. Use env:NAME or file:/path, which are looked up on the runner.")
	c.Want(len(d.Runner) <= 8, "runner", "Name at most 8 labels; a runner must carry them all.")
}

// Order is one use of a kind that a runner elsewhere carries out: all that it needs but the secrets that it holds itself.
type Order struct {
	Step       OrderStep         `json:"step"`
	Run        string            `json:"run,omitempty"` // empty while planning, and for a look outside a run
	Definition Definition        `json:"definition"`
	Inputs     map[string]any    `json:"inputs,omitempty"`
	Hidden     map[string]string `json:"hidden,omitempty"` // the inputs of type secret; whoever keeps an order seals it
	Files      map[string]File   `json:"files,omitempty"`  // given for inputs, to be fetched
	Actor      string            `json:"actor,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Plan       Plan              `json:"plan,omitzero"`
	Result     Result            `json:"result,omitzero"` // to be proved
	Steps      []Step            `json:"steps,omitempty"` // to be reconciled
	Looks      bool              `json:"looks,omitempty"`
	Limit      time.Duration     `json:"limit"` // how long it may take
}

// OrderStep is which call of a kind an order is for.
type OrderStep string

// The calls.
const (
	OrderPlan      OrderStep = "plan"
	OrderDo        OrderStep = "do"
	OrderLook      OrderStep = "look" // Do of something that only looks and commits nothing
	OrderProve     OrderStep = "prove"
	OrderReconcile OrderStep = "reconcile"
)

// Asked is the definition whose kind the order calls.
func (o Order) Asked() Definition {
	if o.Looks && o.Definition.Proof != nil {
		return o.Definition.with(*o.Definition.Proof)
	}
	return o.Definition
}

// Writes says whether the order may commit steps.
func (o Order) Writes() bool { return o.Step == OrderDo || o.Step == OrderReconcile }

// References are the secrets that whoever carries the order out looks up, in order.
func (o Order) References() []secret.Ref {
	return slices.Compact(slices.Sorted(maps.Values(o.Asked().references())))
}

// Reply is what came of an order: what the call returned, masked.
type Reply struct {
	Plan    *Plan    `json:"plan,omitempty"`
	Result  *Result  `json:"result,omitempty"`
	Finding *Finding `json:"finding,omitempty"`
	Fault   *Failing `json:"fault,omitempty"`
}

// Failing is a fault that travels. Its cause stays where it was logged.
type Failing struct {
	Kind   fault.Kind    `json:"kind"`
	Say    string        `json:"say"`
	Fields []fault.Field `json:"fields,omitempty"`
	After  time.Duration `json:"after,omitempty"`
}

// Fail is the error as it travels; nil for nil.
func Fail(err error) *Failing {
	if err == nil {
		return nil
	}
	f := &Failing{Kind: fault.KindOf(err), Say: fault.Sentence(err), Fields: fault.FieldsOf(err)}
	if known := (*fault.Error)(nil); errors.As(err, &known) {
		f.After = known.After
	}
	return f
}

// Err is the fault that travelled.
func (f *Failing) Err() error {
	if f == nil {
		return nil
	}
	return &fault.Error{Kind: f.Kind, Say: f.Say, Fields: f.Fields, After: f.After, Cause: errors.New("as the other side told it")}
}

func (o Order) String() string {
	return fmt.Sprintf("%s of %s", o.Step, o.Definition.ID)
}
