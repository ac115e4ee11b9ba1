package action

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/secret"
)

// State is how far a run is.
type State string

// The states. Unknown means that nobody can say whether the run had its effect: people must look. It is never started again.
const (
	Planned   State = "planned"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"
	Unknown   State = "unknown"
)

// Run is one execution of one version of an action with one set of inputs, from its plan on.
type Run struct {
	ID         string
	Number     int64
	Definition Definition // the version that was planned, whatever the file says by now
	Version    string
	Inputs     map[string]any  // checked; secret ones are ***
	Reason     string          // why, in the person's words
	For        journal.Subject // the incident, group or request that it belongs to; empty when none
	State      State
	Plan       Plan
	PlanHash   string // what Start must repeat: somebody saw exactly this plan
	Result     Result
	Progress   Progress
	Steps      int   // committed
	Lines      int64 // of output

	PlannedBy   journal.Actor
	StartedBy   journal.Actor
	CancelledBy journal.Actor
	PlannedAt   time.Time
	StartedAt   time.Time // when Start was accepted
	BegunAt     time.Time // when a process took it up; zero means that nothing was done
	EndedAt     time.Time
	CancelAt    time.Time // when somebody asked to cancel it
	ForgottenAt time.Time // when its output, files and inputs were forgotten; zero while they are there

	Runner string // the name of the runner that took it; empty when the server did it, or none has

	Undoes   string // the run that this one takes back; empty for a run of its own
	UndoneBy string // the run that took this one back

	In     Place  // the step of a flow that it carries out
	Course Course // of a flow: how far its steps are

	Consent   Consent   // what others had to say before it started
	Glass     Glass     // that it was started without them
	Charged   string    // whose budget it was taken from; empty when it was not
	ChargedAt time.Time // when

	Saving Saving // what it saved, once it has ended

	Key    string // idempotency key of the click that started it
	Lane   string // two runs in one lane never run at once
	Holder string // the job claim that may write steps and the end; another one took over when it differs
	Sealed []byte // secret inputs, sealed, until the run has ended
	Salt   string // of the hashes of people's words in the journal
}

// Ref is the short name people use: "RUN-884".
func (r Run) Ref() string { return fmt.Sprintf("RUN-%d", r.Number) }

// Subject is what people.May is asked about.
func (r Run) Subject() people.Subject {
	s := r.Definition.Subject()
	s.Kind, s.ID = "run", r.ID
	return s
}

// Took is how long it ran; zero when it never did or still does.
func (r Run) Took() time.Duration {
	if r.StartedAt.IsZero() || r.EndedAt.IsZero() {
		return 0
	}
	return r.EndedAt.Sub(r.StartedAt)
}

// PlanExpires is when the plan is too old to be started.
func (r Run) PlanExpires() time.Time { return r.PlannedAt.Add(planLife) }

// Progress is how far a run is, for people.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total"` // 0 when unknown
	What  string `json:"what"`
}

// Line is one line of a run's output.
type Line struct {
	Number int64     `json:"-"` // 1 is the first
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
}

// JobRun is the durable work of carrying out a run. A process that vanishes leaves it to be looked at, never to be started again.
type JobRun struct {
	Run string `json:"run"`
}

// JobLook is the durable work of finding out what became of an unknown run.
type JobLook struct {
	Run string `json:"run"`
}

// KindRun and KindLook are the wing's job kinds. Each run's lease follows its own definition's timeout.
func KindRun() job.Kind[JobRun] {
	return job.Kind[JobRun]{Name: "action.run", Mode: job.AtMostOnce, Limit: mostTimeout + mostProof + settleTime}
}

// KindLook tries for about half an hour.
func KindLook() job.Kind[JobLook] {
	return job.Kind[JobLook]{Name: "action.look", Mode: job.AtLeastOnce, Limit: settleTime, Tries: 12}
}

const (
	planLife   = 15 * time.Minute // how old a plan may be when it is started
	planTime   = 30 * time.Second // how long looking may take
	lookTime   = 90 * time.Second // how long reconciling may take: a broker's own figures are 12 s old
	stopTime   = 4 * time.Second  // the same while the server is being stopped
	settleTime = 3 * time.Minute  // what a run may take beyond its timeout: reconciling and writing its end
)

// Current is what a decision about a run sees inside its transaction.
type Current struct {
	Run    Run
	Busy   *Run // another run that is running in the same lane
	Origin *Run // the run that this one takes back
	Flow   *Run // the flow that this one is a step of
	Now    time.Time

	Spent      int  // for a start: what was taken from the action's budget before
	SpentAll   int  // for a start: what was taken from the budget over all actions before
	Unreviewed *Run // for a start by break-glass: an earlier one, of this action or this person, that nobody has reviewed
}

// decision is a pure function of the current state. It may run twice.
type decision = func(Current) (Run, journal.Consequences, error)

// hashPlan binds a start to what was seen: version, inputs, and the plan with the time it was made.
func hashPlan(version string, inputs map[string]any, p Plan) string {
	raw, err := json.Marshal(struct {
		Version string
		Inputs  map[string]any
		Plan    Plan
	}{version, inputs, p})
	if err != nil { // checked inputs are strings, numbers and booleans
		panic("action plan: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// entry is a journal entry about the run, which also belongs to the subject that the run is for.
func (r Run) entry(by journal.Actor, verb string, facts map[string]any) journal.Entry {
	all := maps.Clone(facts)
	if all == nil {
		all = map[string]any{}
	}
	all["action"], all["number"] = r.Definition.ID, r.Number
	return journal.Entry{Actor: by, Verb: verb, Subject: journal.Of("run", r.ID), Facts: all}.With(r.For)
}

// planned is what follows from a plan.
func (r Run) planned() journal.Consequences {
	e := r.entry(r.PlannedBy, "run.planned", map[string]any{"version": r.Version, "plan": r.PlanHash, "changes": len(r.Plan.Changes)})
	e.Text = r.sealText(r.Reason)
	return journal.Consequences{Entries: []journal.Entry{e}}
}

// start decides whether a planned run starts, or waits for others first. The same click again changes nothing and is no error.
func start(by journal.Actor, q StartRequest, t terms) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		if r.State != Planned && r.Key == q.Key {
			return r, journal.Consequences{}, nil
		}
		if err := r.mayStart(c, q, t.name); err != nil {
			return r, journal.Consequences{}, err
		}
		r.StartedBy, r.Key = by, q.Key
		if r.Definition.Flow() {
			r.Course.As = q.as
		}
		r = r.charge(by, c.Now)
		if q.Glass != "" {
			return r.breakGlass(c, by, q.Glass)
		}
		over := c.overdraft(t.budget)
		if need, _ := r.Definition.Approvals(); need > 0 || over != nil {
			return r.wait(c, over, t)
		}
		if c.Busy != nil {
			return r, journal.Consequences{}, c.isBusy(t.name)
		}
		var cs journal.Consequences
		r = r.begun(c.Now, &cs)
		return r, cs, nil
	}
}

// begun lets the run start, as whoever asked for it.
func (r Run) begun(now time.Time, cs *journal.Consequences) Run {
	r.State, r.StartedAt = Running, now
	facts := map[string]any{"version": r.Version, "plan": r.PlanHash}
	if r.Consent.Need > 0 {
		facts["approvals"] = len(r.Consent.Approvals)
	}
	cs.Add(r.entry(r.StartedBy, "run.started", facts))
	if r.Definition.Flow() { // nobody holds it
		r.BegunAt = now
		cs.Do(KindFlow().At(now, r.ID, JobFlow{r.ID}))
		return r
	}
	j := KindRun().At(now, r.ID, JobRun{r.ID}).Ranked(r.Definition.rank(job.Bulk))
	j.Hold = r.Definition.Limits.timeout() + r.Definition.proofTime() + settleTime
	cs.Do(j)
	return r
}

func (r Run) mayStart(c Current, q StartRequest, name func(journal.Actor) string) error {
	switch {
	case r.State == Cancelled:
		return fault.New(fault.Conflict, "%s was cancelled. Make a new plan.", r.Ref())
	case r.State == Refused, r.State == Expired:
		return fault.New(fault.Conflict, "%s is %s, and nothing was done. Make a new plan.", r.Ref(), r.State)
	case r.State == Waiting && q.Glass == "":
		return fault.New(fault.Conflict, "%s waits for an approval already; %s asked for it at %s. It starts by itself when enough others said yes.",
			r.Ref(), name(r.StartedBy), r.Consent.AskedAt.Format("15:04:05 MST"))
	case r.State != Planned && r.State != Waiting:
		return fault.New(fault.Conflict, "%s was started already, by %s at %s. Look at it before you plan another run.",
			r.Ref(), name(r.StartedBy), r.StartedAt.Format("15:04:05 MST"))
	case r.PlanHash != q.PlanHash:
		return fault.New(fault.Conflict, "This is not the plan that %s would carry out. Look at its plan, or plan again.", r.Ref())
	case r.State == Planned && c.Now.After(r.PlanExpires()), r.State == Waiting && !c.Now.Before(r.Consent.Until):
		return fault.New(fault.Conflict, "The plan is older than %.0f minutes and the world may have moved. Plan again.", planLife.Minutes())
	case r.Plan.Nothing:
		return fault.New(fault.Conflict, "The plan found nothing to do. Plan again when that has changed.")
	case q.Glass != "" && c.Busy != nil:
		return c.isBusy(name)
	}
	return c.originStill()
}

// isBusy says which run has to end first.
func (c Current) isBusy(name func(journal.Actor) string) error {
	return fault.Wrap(errBusy, fault.Conflict, "%s of the same action is running, started by %s at %s, and only one may run at a time. Wait until it has ended, or cancel it.",
		c.Busy.Ref(), name(c.Busy.StartedBy), c.Busy.StartedAt.Format("15:04:05 MST"))
}

var errBusy = errors.New("another run holds the lane")

// cancel discards a plan, or asks the process that holds a run to stop it.
func cancel(by journal.Actor) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		var cs journal.Consequences
		switch r.State {
		case Planned, Waiting:
			r = r.refund()
			r.State, r.CancelledBy, r.CancelAt, r.EndedAt, r.Sealed = Cancelled, by, c.Now, c.Now, nil
			r.Result = Result{Summary: "The plan was discarded. Nothing was done."}
			cs.Add(r.entry(by, "run.cancelled", nil))
			r.tell(c.Now, &cs)
		case Running:
			if r.CancelAt.IsZero() {
				r.CancelledBy, r.CancelAt = by, c.Now
				cs.Add(r.entry(by, "run.cancel_requested", nil))
			}
			if r.Definition.Flow() {
				cs.Do(KindFlow().At(c.Now, r.ID, JobFlow{r.ID}))
			}
		case Cancelled: // somebody was faster
		default:
			return r, cs, fault.New(fault.Conflict, "%s has ended already: %s. There is nothing to cancel.", r.Ref(), r.State)
		}
		return r, cs, nil
	}
}

// begin lets the job's holder take a run up, once. A run that was cancelled before it began ends here.
func begin(holder string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		switch {
		case r.State != Running:
			return r, journal.Consequences{}, nil
		case !r.BegunAt.IsZero():
			return r, journal.Consequences{}, ErrTaken
		case !r.CancelAt.IsZero():
			r, cs := r.refund().ended(c.Now, Cancelled, Result{Summary: "The run was cancelled before it began. Nothing was done."})
			return r, cs, nil
		}
		r.BegunAt, r.Holder = c.Now, holder
		return r, journal.Consequences{}, nil
	}
}

// ErrTaken is what a process gets that no longer holds a run.
var ErrTaken = fault.New(fault.Conflict, "Another process has taken this run over. Nothing needs to be done.")

// takeOver gives a run whose process vanished, or that is unknown, to a new holder, so that the old one can write no more. What never
// began has certainly failed.
func takeOver(holder string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		if r.State == Running && r.BegunAt.IsZero() {
			r, cs := r.ended(c.Now, Failed, Result{Summary: "The server stopped before the run began. Nothing was done; plan again."})
			return r, cs, nil
		}
		if r.State == Running || r.State == Unknown {
			r.Holder = holder
		}
		return r, journal.Consequences{}, nil
	}
}

// end writes what became of a run and finishes the job that carried it out. later asks for another look in a minute.
func end(holder string, state State, result Result, later bool) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		if r.Holder != holder || r.State != Running && r.State != Unknown {
			return r, journal.Consequences{}, ErrTaken
		}
		r, cs := r.ended(c.Now, state, result)
		if later {
			cs.Do(r.look(c.Now.Add(time.Minute)))
		}
		return r, cs, nil
	}
}

// stray ends a run that says it is running and that no job stands for any more.
func stray(c Current) (Run, journal.Consequences, error) {
	r := c.Run
	if r.State != Running {
		return r, journal.Consequences{}, nil
	}
	if r.BegunAt.IsZero() {
		r, cs := r.ended(c.Now, Failed, Result{Summary: "The run was never begun. Nothing was done; plan again."})
		cs.Finish = false
		return r, cs, nil
	}
	r, cs := r.ended(c.Now, Unknown, unsure(r))
	cs.Finish = false
	cs.Do(r.look(c.Now))
	return r, cs, nil
}

// ended is the run in a final state, with the entry that tells its subject's timeline.
func (r Run) ended(now time.Time, state State, result Result) (Run, journal.Consequences) {
	before := r.State
	r.State, r.Result = state, result
	if r.EndedAt.IsZero() { // looking later does not make the run longer
		r.EndedAt = now
	}
	if state != Unknown {
		r.Sealed = nil
	}
	r.Saving = r.counted()
	cs := journal.Consequences{Finish: true}
	if before != state { // looking at an unknown run and still not knowing is no news
		facts := plainFacts(result.Facts)
		if result.Check != nil {
			facts["helped"] = result.Check.Helped
		}
		if r.Undoes != "" {
			facts["undoes"] = r.Undoes
		}
		facts["seconds"] = r.Took().Round(time.Millisecond).Seconds()
		facts["steps"] = r.Steps
		r.Saving.facts(facts)
		by := journal.By(people.System("job"))
		if state == Cancelled {
			by = r.CancelledBy
		}
		cs.Add(r.entry(by, "run."+string(state), facts))
	}
	r.tell(now, &cs)
	return r, cs
}

// unsure is the result of a run that nobody can say anything about.
func unsure(r Run) Result {
	return Result{Unknown: true, Summary: fmt.Sprintf("Nobody can say whether %s had its effect: it was cut off after %d committed steps. Look before anybody runs it again.", r.Ref(), r.Steps)}
}

var fixedWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$`)

// plainFacts keeps what the journal may hold of a kind's facts: numbers, booleans, ids and fixed words.
func plainFacts(facts map[string]any) map[string]any {
	plain := map[string]any{}
	for k, v := range facts {
		switch v := v.(type) {
		case bool, int, int64, float64:
			plain[k] = v
		case string:
			if fixedWord.MatchString(v) {
				plain[k] = v
			}
		}
		if !fixedWord.MatchString(k) {
			delete(plain, k)
		}
	}
	return plain
}

// settle writes what a person found out about an unknown run, in their words.
func settle(by journal.Actor, had bool, found string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		if r.State != Unknown {
			return r, journal.Consequences{}, fault.New(fault.Conflict, "%s is %s, not unknown. There is nothing to settle.", r.Ref(), r.State)
		}
		r.State, r.Sealed, r.Holder = Failed, nil, ""
		if had {
			r.State = Succeeded
		}
		r.Result.Summary, r.Result.Done, r.Result.Unknown = found, had, false
		r.Saving = r.counted()
		facts := map[string]any{"settled": true}
		r.Saving.facts(facts)
		e := r.entry(by, "run."+string(r.State), facts)
		e.Text = r.sealText(found)
		cs := journal.Consequences{Entries: []journal.Entry{e}}
		r.tell(c.Now, &cs)
		return r, cs, nil
	}
}

// sealText is what the journal holds of a person's words: they can be erased, and the chain of hashes stays whole.
func (r Run) sealText(words string) string {
	if words == "" {
		return ""
	}
	return secret.Hash(r.Salt + "\n" + words)
}
