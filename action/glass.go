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

// Glass is what break-glass leaves: the run started at once, and somebody else has to look at it afterwards.
type Glass struct {
	By     journal.Actor `json:"by,omitzero"`
	At     time.Time     `json:"at,omitzero"` // zero: the run was not started by break-glass
	Reason string        `json:"reason,omitempty"`
	Review *Signature    `json:"review,omitempty"` // nil: still open
}

// Broken says whether the run was started by break-glass.
func (g Glass) Broken() bool { return !g.At.IsZero() }

// Open says whether somebody still has to review it.
func (g Glass) Open() bool { return g.Broken() && g.Review == nil }

// JobGlass tells the owning team that one of its actions was started by break-glass, or that the review is signed. app binds both.
type JobGlass struct {
	Run string `json:"run"`
}

// KindGlass pages the owning team.
func KindGlass() job.Kind[JobGlass] { return job.Kind[JobGlass]{Name: "action.glass_broken"} }

// KindReviewed ends that page.
func KindReviewed() job.Kind[JobGlass] { return job.Kind[JobGlass]{Name: "action.reviewed"} }

// breakGlass starts a run without anybody's yes and whatever the budget says, unless an earlier one waits for its review.
func (r Run) breakGlass(c Current, by journal.Actor, reason string) (Run, journal.Consequences, error) {
	if o := c.Unreviewed; o != nil {
		return r, journal.Consequences{}, fault.New(fault.Conflict, "%s was started by break-glass before, and nobody has reviewed it. Have it reviewed first, or ask for an approval.", o.Ref())
	}
	r.Glass = Glass{By: by, At: c.Now, Reason: reason}
	var cs journal.Consequences
	e := r.entry(by, "run.glass_broken", map[string]any{"version": r.Version, "plan": r.PlanHash})
	e.Text = r.sealText(reason)
	cs.Add(e)
	cs.Do(KindGlass().At(c.Now, r.ID, JobGlass{r.ID}).Ranked(job.Paging))
	r = r.begun(c.Now, &cs)
	return r, cs, nil
}

// review signs a run that was started by break-glass.
func review(by journal.Actor, words string) decision {
	return func(c Current) (Run, journal.Consequences, error) {
		r := c.Run
		var cs journal.Consequences
		switch {
		case !r.Glass.Broken():
			return r, cs, fault.New(fault.Conflict, "%s was not started by break-glass. There is nothing to review.", r.Ref())
		case r.Own(by.ID) || r.Glass.By.ID == by.ID:
			return r, cs, fault.New(fault.Forbidden, "You planned this run or started it, so somebody else of the owning team has to review it.")
		case r.Glass.Review != nil && r.Glass.Review.By.ID == by.ID:
			return r, cs, nil
		case r.Glass.Review != nil:
			return r, cs, fault.New(fault.Conflict, "%s is reviewed already. Look at what was found.", r.Ref())
		case r.State == Running:
			return r, cs, fault.New(fault.Conflict, "%s is still running. Review it when it has ended.", r.Ref())
		}
		r.Glass.Review = &Signature{By: by, At: c.Now, Words: words, Plan: r.PlanHash}
		e := r.entry(by, "run.reviewed", map[string]any{"plan": r.PlanHash})
		e.Text = r.sealText(words)
		cs.Add(e)
		cs.Do(KindReviewed().At(c.Now, r.ID, JobGlass{r.ID}))
		return r, cs, nil
	}
}

// Review signs a run that was started by break-glass: somebody else of the owning team, or a lead, says what they found. Until then neither
// this action nor this person breaks glass again.
func (r *Runner) Review(ctx context.Context, by people.Actor, ref, words string) (Run, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return Run{}, err
	}
	if err := people.May(by, people.ReviewRun, run.Subject()); err != nil {
		return Run{}, err
	}
	words = strings.TrimSpace(words)
	if words == "" {
		return Run{}, fault.Wrong("words", "Say in a sentence what you found: it is what the review is for.")
	}
	if err := checkWords("words", words); err != nil {
		return Run{}, err
	}
	return r.Runs.ChangeRun(ctx, run.ID, review(journal.By(by), words))
}

// mayBreakGlass says whether the actor may start the run without anybody's yes, and has said why.
func (r *Runner) mayBreakGlass(by people.Actor, run Run, reason string) error {
	if err := people.May(by, people.BreakGlass, run.Subject()); err != nil {
		return err
	}
	if err := checkWords("glass", reason); err != nil {
		return err
	}
	return r.confirmed(by, run.Definition, true)
}
