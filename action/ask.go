package action

import (
	"context"
	"fmt"
	"strings"

	"frontline/fault"
)

// Mailer sends mail. integration/email implements it.
type Mailer interface {
	// Mail hands a plain-text mail to the mail server and returns its receipt; id is the same for the same mail sent again.
	Mail(ctx context.Context, to, subject, text, id string) (receipt string, err error)
}

// askNow mails one person that a run waits for their yes, unless it does not any more. A mail that cannot be sent for good is logged: the home
// screen asks as well. A crash in between mails it again.
func (r *Runner) askNow(ctx context.Context, args JobAsk) error {
	run, err := r.Records.ActionRun(ctx, args.Run)
	if err != nil || r.Mailer == nil || r.Link == nil {
		return err
	}
	s, st, asks := run.Asking()
	if args.Step != "" && (!asks || s.ID != args.Step) || args.Step == "" && (run.State != Waiting || run.Consent.ApprovedBy(args.Person)) {
		return nil
	}
	book, err := r.Book(ctx)
	if err != nil {
		return err
	}
	person, ok := book.Person(args.Person)
	if !ok || person.Email == "" {
		return nil
	}
	starter := run.StartedBy.ID
	if p, ok := book.Person(starter); ok {
		starter = p.Name
	}
	subject, text, id := fmt.Sprintf("[%s] %s asks for your approval: %s", run.Ref(), starter, run.Definition.Title), "", run.ID+"/"+person.ID
	if asks {
		subject, text, id = fmt.Sprintf("[%s] asks you: %s", run.Ref(), run.Definition.Title), r.questionText(run, s, st), id+"/"+s.ID
	} else {
		text = r.askText(run, starter)
	}
	_, err = r.Mailer.Mail(ctx, person.Email, subject, text, id)
	if err != nil && !fault.Again(err) {
		r.Log.Warn("the mail that asks for an approval or an answer cannot be sent", "run", run.ID, "person", person.ID, "err", err)
		return nil
	}
	return err
}

// askText is the mail. It holds the plan's own words, so that people can judge before they open it; inputs may be secret and stay out.
func (r *Runner) askText(run Run, asks string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s wants to run an action and needs somebody else's yes.\n\n%s\n%s\n", asks, run.Definition.Title, run.Plan.Summary)
	for _, why := range run.Why() {
		fmt.Fprintf(&b, "\n%s", why)
	}
	if run.Reason != "" {
		fmt.Fprintf(&b, "\nWhy:       %s", strings.ReplaceAll(run.Reason, "\n", "\n           "))
	}
	fmt.Fprintf(&b, "\nWaits till %s UTC\n\nRead the plan, then approve or refuse it:\n%s\n", run.Consent.Until.UTC().Format("15:04, Monday 2 January 2006"), r.Link(run))
	return b.String()
}

// Why says in sentences why others have to say yes to the run.
func (r Run) Why() []string {
	var out []string
	switch n, _ := r.Definition.Approvals(); {
	case n == 1 && r.Definition.Approval == nil:
		out = append(out, "It is dangerous: one other person has to read its plan and say yes.")
	case n == 1:
		out = append(out, "Its owners want one other person to read its plan and say yes.")
	case n > 1:
		out = append(out, fmt.Sprintf("Its owners want %d others to read its plan and say yes.", n))
	}
	if o := r.Consent.Over; o != nil {
		out = append(out, o.Say()+" Over it, one more person has to say yes.")
	}
	return out
}
