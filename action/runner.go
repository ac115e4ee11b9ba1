package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// Runner is how actions are planned, started, carried out and looked at. It is the one way to a kind: permission, limits, journal, masking
// and the lease are here. All fields are required but Box, Belongs, Mailer and Link.
type Runner struct {
	Runs    Runs
	Records Records
	Shelf   Shelf
	Book    func(context.Context) (Directory, error)
	Kinds   Kinds
	Clock   clock.Clock
	Log     *slog.Logger
	Getenv  func(string) string // where references env:NAME are looked up
	Box     Box                 // nil: actions with secret inputs are refused
	// Belongs says whether the actor may hang a run on a subject: that it exists, and is open to them. nil: on any.
	Belongs   func(context.Context, people.Actor, journal.Subject) error
	Mailer    Mailer           // tells people by mail that a run waits for them; nil: only the screens do
	Link      func(Run) string // where a run is looked at
	Vault     *Vault           // where references stored:NAME are looked up; nil: they are refused
	Budget    *Budget          // of one person over all actions that change something; nil when there is none
	Elsewhere Elsewhere        // uses kinds on runners in other networks; nil: actions that name a runner are refused
	// Allowances keeps what neighbours said they allow; nil: nobody can ask them.
	Allowances Allowances
	Given      // what inputs are checked with, beside the definition

	lists lists
}

// Given is where values come from that are no plain text: the catalog, uploaded files, what the run is for, other actions.
type Given struct {
	Catalog func(context.Context) (Catalog, error) // nil: actions that ask for a customer or service are refused
	Uploads Uploads                                // nil: actions that ask for a file are refused
	// Facts are what is known of a subject that a run is for: service, customer, severity, title, number, label.NAME. nil: nothing.
	Facts func(context.Context, people.Actor, journal.Subject) (map[string]string, error)
	// Looked counts in the journal that an action was run for its options. nil: nobody counts.
	Looked func(ctx context.Context, by journal.Actor, action string) error
}

// PlanRequest is what somebody asks to plan.
type PlanRequest struct {
	Action string
	Inputs map[string]any  // as JSON gives them, or the strings of a form
	For    journal.Subject // the incident, group or request that it is for; empty when none
	Reason string          // required when the risk is danger
}

const longestWords = 2000 // characters of a reason or a finding

// Plan looks at the real system and says what the action would do, as a run that waits to be started. It changes nothing.
func (r *Runner) Plan(ctx context.Context, by people.Actor, q PlanRequest) (Run, error) {
	d, err := r.runnable(ctx, by, q.Action)
	if err != nil {
		return Run{}, err
	}
	return r.plan(ctx, by, d, q, origin{})
}

// origin is where a run comes from that is not asked for by itself.
type origin struct {
	undoes string        // the run that it takes back
	in     Place         // the step of a flow that it carries out
	by     journal.Actor // who planned the flow: nobody says yes to the steps of their own
	plan   *Plan         // made already, and seen in the flow's
}

// plan makes a run of the definition, which the actor may run.
func (r *Runner) plan(ctx context.Context, by people.Actor, d Definition, q PlanRequest, from origin) (Run, error) {
	if err := r.checkRequest(ctx, by, d, q); err != nil {
		return Run{}, err
	}
	given, err := r.fill(ctx, by, d, q)
	if err != nil {
		return Run{}, err
	}
	run := Run{Definition: d, Version: d.Version(), Inputs: given.shown, Reason: strings.TrimSpace(q.Reason), For: q.For,
		State: Planned, PlannedBy: journal.By(by), Lane: d.lane(given.values), Salt: secret.Random(24), Undoes: from.undoes, In: from.in}
	if from.by.Kind != "" {
		run.PlannedBy = from.by
	}
	if from.undoes != "" && run.Lane == "" {
		run.Lane = "undo " + from.undoes // two people must not take the same run back at once
	}
	if d.Flow() {
		run.Course = newCourse(d)
	}
	if run.Sealed, err = r.seal(given.hidden); err != nil {
		return Run{}, err
	}
	if from.plan != nil {
		run.Plan = *from.plan
	} else if run.Plan, err = r.draw(ctx, by, run, given); err != nil {
		return Run{}, err
	}
	if err := given.keep(ctx); err != nil {
		return Run{}, err
	}
	run.PlanHash = hashPlan(run.Version, run.Inputs, run.Plan)
	return r.Runs.AddRun(ctx, run, Run.planned)
}

// runnable is the definition, when the actor may run it and its kind is there.
func (r *Runner) runnable(ctx context.Context, by people.Actor, id string) (Definition, error) {
	book, err := r.Book(ctx)
	if err != nil {
		return Definition{}, err
	}
	d, ok := book.Action(id)
	if !ok {
		return d, noAction(id)
	}
	return d, r.mayPlan(by, d)
}

// mayPlan says whether the actor may run the definition, and its kind is there.
func (r *Runner) mayPlan(by people.Actor, d Definition) error {
	if err := people.May(by, d.Verb(), d.Subject()); err != nil {
		return err
	}
	if _, ok := r.kindFor(d, d.Kind); !ok && !d.Flow() {
		return fault.New(fault.Invalid, "The action %s is of kind %s, which this installation does not have. Ask its owners to correct it.", d.ID, d.Kind)
	}
	return nil
}

func noAction(id string) error {
	return fault.New(fault.NotFound, "There is no action %q, or it was removed. Look at the list of actions.", cut(id, 80))
}

func (r *Runner) checkRequest(ctx context.Context, by people.Actor, d Definition, q PlanRequest) error {
	if d.Risk == RiskDanger && strings.TrimSpace(q.Reason) == "" {
		return fault.Wrong("reason", "This action is dangerous: say in a few words why you run it.")
	}
	if err := checkWords("reason", q.Reason); err != nil {
		return err
	}
	if q.For.Kind == "" || r.Belongs == nil {
		return nil
	}
	return r.Belongs(ctx, by, q.For)
}

// checkWords says whether a person's words can be stored.
func checkWords(field, words string) error {
	switch {
	case utf8.RuneCountInString(words) > longestWords:
		return fault.Wrong(field, "This has at most %d characters. Shorten it.", longestWords)
	case !utf8.ValidString(words) || strings.ContainsRune(words, 0):
		return fault.Wrong(field, "This has characters that cannot be stored. Write it as plain text.")
	}
	return nil
}

// ask lets the kind plan, and masks what it says.
func (r *Runner) ask(ctx context.Context, run Run, given filled) (Plan, error) {
	secrets, err := r.secrets(ctx, run.Definition, given.hidden)
	if err != nil {
		return Plan{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, planTime)
	defer cancel()
	call := r.call(run.Definition, given.open, secrets)
	call.Files, call.Actor, call.Reason = given.files, run.PlannedBy.ID, run.Reason
	mask := newMasker(secrets)
	kind, _ := r.kindFor(run.Definition, run.Definition.Kind) // mayPlan has asked for it
	plan, err := guard(func() (Plan, error) { return kind.Plan(ctx, call) })
	if err != nil {
		return Plan{}, mask.err(err)
	}
	private := plan.Private // for the kind alone, unmasked: a short secret may well be part of a queue's name
	plan.Private, plan.At = nil, r.Clock.Now()
	if len(private) > 0 && !json.Valid(private) {
		return Plan{}, fault.New(fault.Internal, "The plan of the action's kind is not JSON. Report this to the action's owner.")
	}
	plan, err = masked(mask, plan)
	plan.Private = private
	return plan, err
}

// kept reads what is in quarantine for runs of the definition: its team's own things.
func (r *Runner) kept(d Definition) func(context.Context, string) (Kept, error) {
	return func(ctx context.Context, id string) (Kept, error) {
		k, err := r.Shelf.QuarantineItem(ctx, id)
		if err == nil && k.Owner != d.Team {
			return Kept{}, fault.New(fault.NotFound, "There is nothing with that id in the team's quarantine. Look at the list.")
		}
		return k, err
	}
}

// guard turns a kind's panic into an error: one broken kind must not take the server with it.
func guard[T any](f func() (T, error)) (out T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fmt.Errorf("panic: %v", p), fault.Internal, "The action's kind broke. Report this with the run's number.")
		}
	}()
	return f()
}

// secrets resolves what the definition refers to, beside the secret inputs. The values are never stored.
func (r *Runner) secrets(ctx context.Context, d Definition, hidden map[string]secret.Text) (map[string]secret.Text, error) {
	all := map[string]secret.Text{}
	for name, value := range hidden {
		all[name] = value
	}
	if len(d.Runner) > 0 {
		return all, nil // a runner holds its own
	}
	for name, ref := range d.references() {
		value, err := r.resolve(ctx, d, ref)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "The action %s cannot read its secret %s. %s", d.ID, name, fault.Sentence(err))
		}
		all[name] = value
	}
	return all, nil
}

// resolve looks a secret up, for an action of its team.
func (r *Runner) resolve(ctx context.Context, d Definition, ref secret.Ref) (secret.Text, error) {
	if name, ok := ref.Stored(); ok && r.Vault != nil {
		return r.Vault.Value(ctx, d.Team, name)
	}
	return ref.Resolve(r.Getenv)
}

// seal keeps secret inputs for the process that will carry the run out, which may be another one.
func (r *Runner) seal(hidden map[string]secret.Text) ([]byte, error) {
	if len(hidden) == 0 {
		return nil, nil
	}
	if r.Box == nil {
		return nil, fault.New(fault.Invalid, "This action takes a secret, and this installation has no key to keep it with until the run. Ask your administrator to set FRONTLINE_KEY.")
	}
	plain := make(map[string]string, len(hidden))
	for name, value := range hidden {
		plain[name] = value.Reveal()
	}
	raw, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	return r.Box.Seal(raw)
}

func (r *Runner) unseal(sealed []byte) (map[string]secret.Text, error) {
	hidden := map[string]secret.Text{}
	if len(sealed) == 0 {
		return hidden, nil
	}
	if r.Box == nil {
		return nil, errNoKey
	}
	raw, err := r.Box.Open(sealed)
	plain := map[string]string{}
	if err == nil {
		err = json.Unmarshal(raw, &plain)
	}
	if err != nil {
		return nil, fault.Wrap(errors.New("sealed inputs cannot be opened"), fault.Invalid, "%s", errNoKey.Say)
	}
	for name, value := range plain {
		hidden[name] = secret.New(value)
	}
	return hidden, nil
}

var errNoKey = fault.New(fault.Invalid, "The secret inputs of this run cannot be opened: the installation's key has changed. Plan again.")

// StartRequest is one click on "run".
type StartRequest struct {
	Run      string // id or short name
	PlanHash string // of the plan that the person saw
	Key      string // made once for each click: the same click twice starts once
	Glass    string // why it must start at once, without anybody's yes (break-glass); empty for the usual way

	step bool      // the flow itself starts its step
	as   authority // of whoever starts it
}

// Start starts a planned run, exactly once, or lets it wait for the others whose yes it needs. The same key again returns the run as it is; any
// other start of a run that was started, a plan that is too old or is not the one that was seen, and a second run where only one may run, are
// Conflicts. What is dangerous needs the person's password anew (people.Confirmed). With Glass it starts without anybody's yes, and is reviewed
// afterwards.
func (r *Runner) Start(ctx context.Context, by people.Actor, q StartRequest) (Run, error) {
	if q.Key == "" || len(q.Key) > 200 || !utf8.ValidString(q.Key) || strings.ContainsRune(q.Key, 0) {
		return Run{}, fault.Wrong("key", "A start carries an idempotency key of at most 200 characters: a random word, made once for each click.")
	}
	run, err := r.Run(ctx, by, q.Run)
	if err != nil {
		return Run{}, err
	}
	q.Glass = strings.TrimSpace(q.Glass)
	if err := r.mayAsk(ctx, by, run, q); err != nil {
		return Run{}, err
	}
	t, err := r.terms(ctx, by, run)
	if err != nil {
		return Run{}, err
	}
	q.as = authority{Role: by.Role, Teams: by.Teams, Capped: by.Capped}
	who := Starter{Purse: purse(journal.By(by)), Budget: r.Budget, Person: by.ID, Glass: q.Glass != ""}
	return r.Runs.StartRun(ctx, run.ID, who, start(journal.By(by), q, t))
}

// mayAsk says whether the actor may start the run as it is wanted. A click that was heard already is not asked for a password again.
func (r *Runner) mayAsk(ctx context.Context, by people.Actor, run Run, q StartRequest) error {
	if run.Key == q.Key {
		return people.May(by, run.Definition.Verb(), run.Subject())
	}
	if err := r.stillSame(ctx, by, run); err != nil {
		return err
	}
	switch {
	case q.step: // a dangerous step has a dangerous flow, and whoever started that typed their password; somebody else's yes it needs all the same
		return nil
	case run.State != Planned && run.State != Waiting: // the decision has the answer
		return nil
	case run.State == Planned && run.In.Flow != "" && !q.step:
		return fault.New(fault.Conflict, "%s is a step of a flow, which starts it by itself. Look at the flow.", run.Ref())
	case run.Definition.Flow() && run.State == Planned:
		if err := r.stepsStill(ctx, by, run); err != nil {
			return err
		}
	}
	switch {
	case q.Glass != "":
		return r.mayBreakGlass(by, run, q.Glass)
	}
	return r.confirmed(by, run.Definition, false)
}

// terms gathers what the decision about a start needs from the book.
func (r *Runner) terms(ctx context.Context, by people.Actor, run Run) (terms, error) {
	book, err := r.Book(ctx)
	if err != nil {
		return terms{}, err
	}
	need, _ := run.Definition.Approvals()
	if run.Definition.Limits.Budget != nil || r.Budget != nil && run.Spends() {
		need++ // it may be over it
	}
	t := terms{budget: r.Budget, name: func(a journal.Actor) string {
		if p, ok := book.Person(a.ID); ok {
			return p.Name
		}
		return a.ID
	}}
	if need == 0 {
		return t, nil
	}
	others, err := r.Approvers(ctx, run, by, need)
	for _, p := range others {
		t.approvers = append(t.approvers, p.ID)
	}
	return t, err
}

// stillSame refuses a start when the action is another one by now, or is not open to the actor any more.
func (r *Runner) stillSame(ctx context.Context, by people.Actor, run Run) error {
	if err := people.May(by, run.Definition.Verb(), run.Definition.Subject()); err != nil {
		return err
	}
	if run.State != Planned && run.State != Waiting {
		return nil // a second click, which start decides about
	}
	d, err := r.runnable(ctx, by, run.Definition.ID)
	if err != nil {
		return err
	}
	if run.Undoes == "" && d.Version() != run.Version { // a way back goes from what was done, whatever the action is by now
		return fault.New(fault.Conflict, "The action %s was changed since %s was planned. Plan again.", d.ID, run.Ref())
	}
	return nil
}

// Cancel discards a plan, or asks a running run to stop. Whether it had its effect by then, its result says.
func (r *Runner) Cancel(ctx context.Context, by people.Actor, ref string) (Run, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return Run{}, err
	}
	if err := people.May(by, people.CancelRun, run.Subject()); err != nil {
		return Run{}, err
	}
	return r.Runs.ChangeRun(ctx, run.ID, cancel(journal.By(by)))
}

// Look asks once more what became of an unknown run. It never does the work a second time.
func (r *Runner) Look(ctx context.Context, by people.Actor, ref string) (Run, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return Run{}, err
	}
	if err := people.May(by, run.Definition.Verb(), run.Subject()); err != nil {
		return Run{}, err
	}
	if run.Definition.Flow() {
		return Run{}, run.errStep()
	}
	return r.Runs.ChangeRun(ctx, run.ID, lookAgain(journal.By(by)))
}

// Settle writes what a person found out about an unknown run: whether it had its effect, and what they saw.
func (r *Runner) Settle(ctx context.Context, by people.Actor, ref string, had bool, found string) (Run, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return Run{}, err
	}
	if err := people.May(by, run.Definition.Verb(), run.Subject()); err != nil {
		return Run{}, err
	}
	if run.Definition.Flow() {
		return Run{}, run.errStep()
	}
	found = strings.TrimSpace(found)
	if found == "" {
		return Run{}, fault.Wrong("found", "Say in a sentence what you saw: others rely on it.")
	}
	if err := checkWords("found", found); err != nil {
		return Run{}, err
	}
	return r.Runs.ChangeRun(ctx, run.ID, settle(journal.By(by), had, found))
}
