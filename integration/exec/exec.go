// Package exec runs a program as an action: plain arguments, no shell, inputs as JSON on standard input, and nothing of it left running
// afterwards.
//
// Between the server and each command stands a keeper, a second process of this program (see the package keeper). It is the init of a PID
// namespace where the system permits one, so that the kernel itself ends everything the command has started; elsewhere it adopts
// orphans and follows the tree. Either way a command that forks, calls setsid or ignores signals does not outlive its run,
// its time or the server. The keeper also makes the surroundings: a root with the system's programs and what the action names, no network
// unless the action names ports, Landlock, limits. How much of that a host permits is a Level, which a self-test finds out, every run tells
// and an action can demand.
package exec

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"frontline/integration/exec/keeper"
	"strings"
	"sync"
	"time"

	"frontline/action"
	"frontline/clock"
	"frontline/fault"
)

// Kind is the kind "exec".
type Kind struct {
	keeper []string
	getenv func(string) string
	clock  clock.Clock
	tried  sync.Once
	host   Sandbox // once tried
	played int     // the port of a neighbour that a test plays, or 0
}

var _ action.Kind = (*Kind)(nil)

// New returns the kind. getenv is the server's environment, of which a definition may let variables through. keeper is how this program
// starts itself as a keeper: its path and the keeper's argument. Self is the usual one.
func New(c clock.Clock, getenv func(string) string, keeper []string) *Kind {
	return &Kind{keeper: keeper, getenv: getenv, clock: c}
}

// Self is how a program whose main knows keeper.Arg starts itself. The path means the program that runs, also after its file was
// replaced by a newer one.
func Self() []string { return []string{"/proc/self/exe", keeper.Arg} }

// Name implements action.Kind.
func (*Kind) Name() string { return "exec" }

// Check implements action.Kind.
func (*Kind) Check(raw json.RawMessage) error {
	_, err := parseSettings(raw)
	return err
}

// What a command is run for. It finds the word in FRONTLINE_STEP.
const (
	forPlan  = "plan"
	forRun   = "run"
	forCheck = "check"
)

// The steps of a run.
const (
	stepStarting = "starting" // from here on the command may have done something
	stepEnded    = "ended"    // the payload says how
)

// Plan implements action.Kind. With a plan command it shows what that prints; without one it can only say what will be run.
func (k *Kind) Plan(ctx context.Context, call action.Call) (action.Plan, error) {
	s, err := parseSettings(call.Settings)
	if err != nil {
		return action.Plan{}, err
	}
	p, mark, err := k.look(ctx, s, call)
	if err != nil {
		return action.Plan{}, err
	}
	if level, err := k.level(s); err != nil {
		return action.Plan{}, err
	} else if lacks := s.lacks(level); lacks != "" {
		p.Costs = append(p.Costs, lacks)
	}
	private, err := json.Marshal(mark)
	if err != nil {
		return action.Plan{}, fmt.Errorf("write the plan: %w", err)
	}
	return action.Plan{Summary: p.Summary, Changes: p.Changes, Costs: p.Costs, Undo: p.Undo, Nothing: p.Nothing, Private: private, At: k.clock.Now()}, nil
}

// mark is what a plan remembers: a digest of the call, and of what the plan command printed.
type mark struct {
	Call  string `json:"call"`
	World string `json:"world"`
}

// look makes a plan of the world as it is now.
func (k *Kind) look(ctx context.Context, s settings, call action.Call) (planned, mark, error) {
	p := planned{
		Summary: "Run " + s.Command[0] + " once.",
		Changes: []action.Change{{What: "Command " + strings.Join(s.Command, " "), Now: "not run", After: "run with these inputs", Count: 1}},
		Costs:   []string{"What the command will change is not known before: the action has no plan command."},
	}
	if len(s.Plan) > 0 {
		var err error
		if p, err = k.askPlan(ctx, s, call); err != nil {
			return planned{}, mark{}, err
		}
	}
	if ctx.Err() != nil {
		return planned{}, mark{}, stopped(ctx)
	}
	m, err := markOf(call, p)
	return p, m, err
}

func markOf(call action.Call, p planned) (mark, error) {
	asked, err := call.Digest()
	if err != nil {
		return mark{}, err
	}
	world, err := digest(p)
	return mark{asked, world}, err
}

func digest(values ...any) (string, error) {
	b, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}

// Do implements action.Kind.
func (k *Kind) Do(ctx context.Context, call action.Call, plan action.Plan, led action.Ledger) (action.Result, error) {
	s, err := parseSettings(call.Settings)
	if err != nil {
		return action.Result{}, err
	}
	var then mark
	if err := json.Unmarshal(plan.Private, &then); err != nil || then == (mark{}) {
		return action.Result{}, fault.New(fault.Conflict, "This plan was not made by exec, or not completely. Plan again.")
	}
	_, now, err := k.look(ctx, s, call)
	switch {
	case err != nil:
		return action.Result{}, err
	case now.Call != then.Call:
		return action.Result{}, fault.New(fault.Conflict, "The action's settings or inputs are not those that were planned with. Plan again.")
	case now.World != then.World:
		return action.Result{}, fault.New(fault.Conflict, "The world has moved: the plan command says something else now. Nothing was run; plan again.")
	}
	r := &report{progress: led.Progress}
	t := k.task(s, s.Command, call, forRun)
	t.line, t.take = func(line string) { led.Printf("%s", line) }, r.take
	t.begin = func() error { return led.Commit(ctx, stepStarting, nil) }
	var lost error // a file of the result that could not be kept
	t.end = func(home string) { lost = r.keep(ctx, home, led) }
	how, err := k.run(ctx, t)
	if err != nil {
		return action.Result{}, err
	}
	return k.ended(ctx, r, how, lost, led)
}

// after is the payload of stepEnded.
type after struct {
	Done    bool   `json:"done"`
	Cut     bool   `json:"cut"` // it did not end by itself
	Summary string `json:"summary"`
}

// ended records how the command ended and says what that means. One that was cut off leaves open what it has done: that is an error,
// after which Reconcile is asked. One whose file could not be kept has failed: the file is what people wanted.
func (k *Kind) ended(ctx context.Context, r *report, how outcome, lost error, led action.Ledger) (action.Result, error) {
	settled, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	a := after{Done: how.clean() && how.Status == 0, Cut: !how.clean(), Summary: how.sentence()}
	if r.result.Summary != "" {
		a.Summary = r.result.Summary
		if !a.Done {
			a.Summary += " " + how.sentence()
		}
	}
	if lost != nil && a.Done {
		a.Done = false
		a.Summary += " " + fault.Sentence(lost)
	}
	payload, err := json.Marshal(a)
	if err != nil {
		return action.Result{}, fmt.Errorf("record the end: %w", err)
	}
	if err := led.Commit(settled, stepEnded, payload); err != nil {
		return action.Result{}, err
	}
	res := r.result
	res.Summary, res.Done = a.Summary, a.Done
	if res.Facts == nil {
		res.Facts = map[string]any{}
	}
	res.Facts["status"], res.Facts["sandbox"], res.Facts["left"] = how.Status, string(how.level), how.Left
	if a.Cut {
		res.Unknown = true
		return res, fault.Wrap(how.why, fault.Unavailable, "%s What it did until then nobody knows; look before it is run again.", how.sentence())
	}
	return res, nil
}

const recordWithin = 10 * time.Second

// Reconcile implements action.Kind. Only a check command can know what became of a command that was cut off.
func (k *Kind) Reconcile(ctx context.Context, call action.Call, _ action.Plan, steps []action.Step, led action.Ledger) (action.Result, error) {
	started := false
	for _, step := range steps {
		switch step.Name {
		case stepStarting:
			started = true
		case stepEnded:
			var a after
			if err := json.Unmarshal(step.Payload, &a); err != nil {
				return action.Result{}, fault.Wrap(err, fault.Internal, "The record of this run cannot be read. Look yourself what became of it.")
			}
			if !a.Cut {
				return action.Result{Done: a.Done, Summary: a.Summary}, nil
			}
		}
	}
	if !started {
		return action.Result{Summary: "The run broke off before the command was started."}, nil
	}
	s, err := parseSettings(call.Settings)
	if err != nil {
		return action.Result{}, err
	}
	if len(s.Check) == 0 {
		return action.Result{Unknown: true, Summary: "The command was cut off, and the action has no check command that could tell what it did until then. Look before it is run again."}, nil
	}
	return k.check(ctx, s, call, led)
}

// check asks the check command: status 0 means that the work was done, 1 that it was not.
func (k *Kind) check(ctx context.Context, s settings, call action.Call, led action.Ledger) (action.Result, error) {
	r := &report{progress: led.Progress}
	t := k.task(s, s.Check, call, forCheck)
	t.line, t.take = func(line string) { led.Printf("%s", line) }, r.take
	how, err := k.run(ctx, t)
	if err != nil {
		return action.Result{}, err
	}
	if how.why != nil {
		return action.Result{}, fault.Wrap(how.why, fault.Unavailable, "The check command took too long or was stopped. Ask again.")
	}
	res := r.result
	switch summary := "The check command cannot say what became of it. Look before it is run again."; {
	case how.clean() && how.Status == 0:
		res.Done, summary = true, "The check command says that the work was done."
		res.Summary = first(res.Summary, summary)
	case how.clean() && how.Status == 1:
		res.Summary = first(res.Summary, "The check command says that the work was not done.")
	default:
		res.Unknown = true
		res.Summary = first(res.Summary, summary)
	}
	return res, nil
}

func first(said, otherwise string) string {
	if said != "" {
		return said
	}
	return otherwise
}

// askPlan runs the plan command and reads what it prints. What else it says is shown only when it fails.
func (k *Kind) askPlan(ctx context.Context, s settings, call action.Call) (planned, error) {
	var answers []string
	last := ""
	t := k.task(s, s.Plan, call, forPlan)
	t.take = func(line string) bool {
		if strings.HasPrefix(line, "{") {
			answers = append(answers, line)
		}
		return strings.HasPrefix(line, "{")
	}
	t.line = func(line string) { last = line }
	how, err := k.run(ctx, t)
	switch {
	case err != nil:
		return planned{}, err
	case how.why != nil:
		return planned{}, fault.Wrap(how.why, fault.Unavailable, "The plan command took too long or was stopped. Plan again.")
	case how.Status != 0 || how.Signal != 0:
		return planned{}, fault.New(fault.Internal, "The plan command failed, so nothing can be planned: %s Its last line was: %q.", how.sentence(), clip(last, 200))
	case len(answers) != 1:
		return planned{}, fault.New(fault.Internal, "The plan command printed %d lines of JSON instead of one. Whoever owns the action can mend that.", len(answers))
	}
	return parsePlan(answers[0])
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// stopped is the error of a call whose caller went away before anything was started.
func stopped(ctx context.Context) error {
	return fault.Wrap(context.Cause(ctx), fault.Unavailable, "This was stopped before the command was started. Start it again when you want it.")
}
