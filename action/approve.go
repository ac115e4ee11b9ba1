package action

import (
	"context"
	"strings"
	"time"

	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// The states around approval.
const (
	Waiting State = "waiting" // asked for, and others have to say yes
	Refused State = "refused" // somebody said no; nothing was done
	Expired State = "expired" // not enough said yes in time; nothing was done
)

// Consent is what a run needs from others before it starts, and what they said. Every answer is to one plan.
type Consent struct {
	Need      int         `json:"need,omitempty"` // how many others must say yes; 0: nobody was asked
	Over      *Overdraft  `json:"over,omitempty"` // why one more than usual is needed
	AskedAt   time.Time   `json:"asked_at,omitzero"`
	Until     time.Time   `json:"until,omitzero"` // when the run stops waiting
	Approvals []Signature `json:"approvals,omitempty"`
	Refusal   *Signature  `json:"refusal,omitempty"`
}

// Signature is what one person said to a plan.
type Signature struct {
	By    journal.Actor `json:"by"`
	At    time.Time     `json:"at"`
	Words string        `json:"words,omitempty"`
	Plan  string        `json:"plan"` // the hash of the plan that was read
}

// Missing is how many others still have to say yes.
func (c Consent) Missing() int { return max(c.Need-len(c.Approvals), 0) }

// ApprovedBy says whether the person said yes.
func (c Consent) ApprovedBy(person string) bool {
	for _, a := range c.Approvals {
		if a.By.ID == person {
			return true
		}
	}
	return false
}

// Own says whether the person planned the run or asked for it: they never answer for it themselves.
func (r Run) Own(person string) bool {
	own := func(a journal.Actor) bool { return a.Kind == people.ByPerson && a.ID == person }
	return own(r.PlannedBy) || own(r.StartedBy)
}

// JobAsk is the durable work of telling one person that a run waits for their yes, or a check point of a flow for their answer.
type JobAsk struct {
	Run    string `json:"run"`
	Person string `json:"person"`
	Step   string `json:"step,omitempty"` // of a flow; empty for a yes
}

// JobWait is the durable work of a run that waits: it ends its waiting, or starts it once its lane is free.
type JobWait struct {
	Run string `json:"run"`
}

// KindAsk gives up after about a day: the home screen has asked all the while.
func KindAsk() job.Kind[JobAsk] {
	return job.Kind[JobAsk]{Name: "action.ask", Limit: time.Minute, Tries: 20}
}

// KindWait is tried for ever.
func KindWait() job.Kind[JobWait] { return job.Kind[JobWait]{Name: "action.wait"} }

const laneEvery = 5 * time.Second // how often an approved run looks whether its lane is free

// terms is what a start needs to know from the book.
type terms struct {
	name      func(journal.Actor) string
	approvers []string // who may say yes, and be told
	budget    *Budget  // of one person over all actions; nil when there is none
}

// wait lets a run wait for others, and tells them.
func (r Run) wait(c Current, over *Overdraft, t terms) (Run, journal.Consequences, error) {
	need, within := r.Definition.Approvals()
	if over != nil {
		need++
	}
	if len(t.approvers) < need {
		return r, journal.Consequences{}, errFew(need, len(t.approvers))
	}
	r.State, r.Consent = Waiting, Consent{Need: need, Over: over, AskedAt: c.Now, Until: c.Now.Add(within)}
	var cs journal.Consequences
	cs.Add(r.entry(r.StartedBy, "run.approval_requested", map[string]any{"version": r.Version, "plan": r.PlanHash, "need": need, "over_budget": over != nil}))
	for _, p := range t.approvers {
		cs.Do(KindAsk().At(c.Now, r.ID+"/"+p, JobAsk{Run: r.ID, Person: p}))
	}
	cs.Do(KindWait().At(r.Consent.Until, r.ID, JobWait{r.ID}))
	return r, cs, nil
}

func errFew(need, have int) error {
	return fault.New(fault.Conflict, "This run needs the yes of %d others, and only %d may give it. Ask an admin to let more people approve this action.", need, have)
}

// approve adds a person's yes. With the last one that is needed the run starts in the same transaction, unless its lane is taken: then it starts
// as soon as that is free. A yes given twice counts once.
func approve(by journal.Actor, planHash, words string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		var cs journal.Consequences
		switch {
		case r.Own(by.ID):
			return r, cs, errOwn
		case r.PlanHash == planHash && r.Consent.ApprovedBy(by.ID):
			return r, cs, nil
		}
		if err := r.stillWaits(c.Now, planHash); err != nil {
			return r, cs, err
		}
		if err := c.originStill(); err != nil {
			return r, cs, err
		}
		r.Consent.Approvals = append(r.Consent.Approvals[:len(r.Consent.Approvals):len(r.Consent.Approvals)], Signature{By: by, At: c.Now, Words: words, Plan: planHash})
		e := r.entry(by, "run.approved", map[string]any{"plan": planHash, "approvals": len(r.Consent.Approvals), "need": r.Consent.Need})
		e.Text = r.sealText(words)
		cs.Add(e)
		switch {
		case r.Consent.Missing() > 0:
		case c.Busy != nil:
			cs.Do(KindWait().At(c.Now.Add(laneEvery), r.ID, JobWait{r.ID}))
		default:
			r = r.begun(c.Now, &cs)
		}
		return r, cs, nil
	}
}

// stillWaits refuses an answer to a run that does not wait for one, or to another plan.
func (r Run) stillWaits(now time.Time, planHash string) error {
	switch {
	case r.State == Planned:
		return fault.New(fault.Conflict, "%s has not been asked for yet. Whoever planned it starts it first.", r.Ref())
	case r.State != Waiting:
		return fault.New(fault.Conflict, "%s does not wait for an approval any more: it is %s. Look at it.", r.Ref(), r.State)
	case r.PlanHash != planHash:
		return fault.New(fault.Conflict, "This is not the plan that %s would carry out. Read its plan before you approve it.", r.Ref())
	case !now.Before(r.Consent.Until):
		return fault.New(fault.Conflict, "%s waited until %s and is over. Plan again.", r.Ref(), r.Consent.Until.Format("15:04:05 MST"))
	}
	return nil
}

var errOwn = fault.New(fault.Forbidden, "You planned this run or asked for it, so somebody else has to answer. Ask one of those who may.")

// refuse ends a run that waits.
func refuse(by journal.Actor, words string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		if r.Own(by.ID) {
			return r, journal.Consequences{}, errOwn
		}
		if r.State == Refused && r.Consent.Refusal.By.ID == by.ID {
			return r, journal.Consequences{}, nil
		}
		if err := r.stillWaits(c.Now, r.PlanHash); err != nil {
			return r, journal.Consequences{}, err
		}
		r.Consent.Refusal = &Signature{By: by, At: c.Now, Words: words, Plan: r.PlanHash}
		r, cs := r.over(c.Now, Refused, by, Result{Summary: "It was refused: " + ended(words) + " Nothing was done."})
		cs.Entries[0].Text = r.sealText(words)
		return r, cs, nil
	}
}

// ended puts a full stop behind words that have none.
func ended(words string) string {
	if strings.HasSuffix(words, ".") || strings.HasSuffix(words, "!") || strings.HasSuffix(words, "?") {
		return words
	}
	return words + "."
}

// over ends a run that never began.
func (r Run) over(now time.Time, state State, by journal.Actor, result Result) (Run, journal.Consequences) {
	r.State, r.EndedAt, r.Result, r.Sealed = state, now, result, nil
	var cs journal.Consequences
	cs.Add(r.entry(by, "run."+string(state), map[string]any{"plan": r.PlanHash, "approvals": len(r.Consent.Approvals), "need": r.Consent.Need}))
	r.tell(now, &cs)
	return r.refund(), cs
}

// waited decides what becomes of a run that waits when it is looked at: it goes on waiting, starts, or is over. barred is why it must not start
// any more; nil when it may.
func waited(barred error) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r, cs := c.Run, journal.Consequences{Finish: true}
		if r.State != Waiting {
			return r, cs, nil
		}
		if barred == nil {
			barred = c.originStill()
		}
		system := journal.By(people.System("job"))
		switch approved := r.Consent.Missing() == 0; {
		case !c.Now.Before(r.Consent.Until) && approved:
			r, cs = r.over(c.Now, Expired, system, Result{Summary: "It was approved, but could not start in time because another run of the same action was running. Nothing was done; plan again."})
		case !c.Now.Before(r.Consent.Until):
			r, cs = r.over(c.Now, Expired, system, Result{Summary: "Not enough people approved it in time. Nothing was done; plan again."})
		case approved && barred != nil:
			r, cs = r.over(c.Now, Expired, system, Result{Summary: "It was approved, but must not start any more. " + fault.Sentence(barred) + " Nothing was done."})
		case approved && c.Busy == nil:
			r = r.begun(c.Now, &cs)
		case approved:
			cs.Do(KindWait().At(earlier(c.Now.Add(laneEvery), r.Consent.Until), r.ID, JobWait{r.ID}))
		default:
			cs.Do(KindWait().At(r.Consent.Until, r.ID, JobWait{r.ID}))
		}
		cs.Finish = true
		return r, cs, nil
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Approve says yes to a run that waits, for exactly the plan that was read. Nobody approves what they planned or asked for, and each person
// counts once. What is dangerous needs the person's password anew (people.Confirmed). With the last yes that is needed the run starts.
func (r *Runner) Approve(ctx context.Context, by people.Actor, ref, planHash, words string) (Run, error) {
	run, words, err := r.answering(ctx, by, ref, words)
	if err != nil {
		return Run{}, err
	}
	if run.State == Waiting && !run.Consent.ApprovedBy(by.ID) {
		if err := r.confirmed(by, run.Definition, false); err != nil {
			return Run{}, err
		}
		if err := r.stillAsked(ctx, run); err != nil {
			return Run{}, err
		}
	}
	return r.Runs.ChangeRun(ctx, run.ID, approve(journal.By(by), planHash, words))
}

// Refuse says no to a run that waits, and ends it. The words say why.
func (r *Runner) Refuse(ctx context.Context, by people.Actor, ref, words string) (Run, error) {
	run, words, err := r.answering(ctx, by, ref, words)
	if err != nil {
		return Run{}, err
	}
	if words == "" {
		return Run{}, fault.Wrong("words", "Say in a few words why: somebody waits for it.")
	}
	return r.Runs.ChangeRun(ctx, run.ID, refuse(journal.By(by), words))
}

// answering finds the run that somebody answers for, when they may.
func (r *Runner) answering(ctx context.Context, by people.Actor, ref, words string) (Run, string, error) {
	run, err := r.Run(ctx, by, ref)
	if err == nil {
		err = people.May(by, people.ApproveRun, run.Subject())
	}
	words = strings.TrimSpace(words)
	if err == nil && run.Own(by.ID) {
		err = errOwn
	}
	if err == nil {
		err = checkWords("words", words)
	}
	return run, words, err
}

// confirmed asks a person for their password anew where it is dangerous. A rule or a program has none: what it asks for waits for people.
func (r *Runner) confirmed(by people.Actor, d Definition, always bool) error {
	if by.Kind != people.ByPerson || d.Risk != RiskDanger && !always {
		return nil
	}
	return people.Confirmed(by, r.Clock.Now())
}

// stillAsked refuses to start a run for somebody who is gone or may not run it any more, or when the action is another one by now.
func (r *Runner) stillAsked(ctx context.Context, run Run) error {
	if run.StartedBy.Kind != people.ByPerson {
		return r.stillSame(ctx, people.System("job"), run)
	}
	book, err := r.Book(ctx)
	if err != nil {
		return err
	}
	person, ok := book.Person(run.StartedBy.ID)
	if !ok {
		return fault.New(fault.Conflict, "Whoever asked for %s is not here any more. Plan again.", run.Ref())
	}
	err = r.stillSame(ctx, people.As(person, run.StartedBy.Via), run)
	if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.NotFound) {
		return fault.New(fault.Conflict, "%s may not run %s any more, or it was removed. Plan again.", person.Name, run.Definition.ID)
	}
	return err
}

// waitNow looks at a run that waits.
func (r *Runner) waitNow(ctx context.Context, args JobWait) error {
	run, err := r.Records.ActionRun(ctx, args.Run)
	if err != nil {
		return err
	}
	barred := r.stillAsked(ctx, run)
	if fault.Again(barred) {
		return barred
	}
	_, err = r.Runs.ChangeRun(ctx, run.ID, waited(barred))
	return err
}

// Approvers are those who may say yes to the run, by name. When enough of them are in the owning team, those of other teams are left out.
func (r *Runner) Approvers(ctx context.Context, run Run, asks people.Actor, need int) ([]people.Person, error) {
	book, err := r.Book(ctx)
	if err != nil {
		return nil, err
	}
	var near, all []people.Person
	for _, p := range book.People() {
		if run.Own(p.ID) || asks.Kind == people.ByPerson && asks.ID == p.ID || people.May(people.As(p, "mail"), people.ApproveRun, run.Subject()) != nil {
			continue
		}
		all = append(all, p)
		if people.Who("team:" + run.Definition.Team).In(people.As(p, "mail")) {
			near = append(near, p)
		}
	}
	if len(near) >= max(need, 1) {
		return near, nil
	}
	return all, nil
}
