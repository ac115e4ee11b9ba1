package desk

import (
	"context"
	"fmt"
	"unicode/utf8"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Prepared is what may be told to each asker of an escalation that has ended; {asker}, {customer}, {request} and {me} are filled in.
func (e Escalation) Prepared() string {
	var say string
	switch e.Verdict {
	case FixedBug:
		say = "what you reported in {request} is fixed."
		switch {
		case e.Version != "" && e.Out:
			say += fmt.Sprintf(" The fix is in version %s, which is out.", e.Version)
		case e.Version != "":
			say += fmt.Sprintf(" The fix comes with version %s.", e.Version)
		}
	case NotABug:
		say = "our developers looked at what you reported in {request}. It works as it is meant to; if that does not help you, tell us what you need."
	case DuplicateIssue:
		say = "our developers know about what you reported in {request}, and work on it already. You hear from us when there is news."
	default:
		say = "our developers have looked at what you reported in {request}."
	}
	return "Hello {asker},\n\n" + say + "\n\n{me}"
}

// outcome is how a request ends whose asker is told; empty when it goes on.
func (e Escalation) outcome() Outcome {
	switch e.Verdict {
	case FixedBug:
		return Fixed
	case NotABug:
		return Answered
	}
	return ""
}

// Prepare returns what would be told to the asker of a request, with the names in it.
func (d *Escalations) Prepare(ctx context.Context, a people.Actor, escalation, ref, text string) (string, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return "", err
	}
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return "", err
	}
	book, err := d.Desk.Book(ctx)
	if err != nil {
		return "", err
	}
	parties, err := d.Desk.DB.Parties(ctx, []string{r.Asker})
	if err != nil {
		return "", err
	}
	if plain.Blank(text) {
		text = e.Prepared()
	}
	t := d.Desk.newTurn(a, book, Current{Request: r, To: []Recipient{{Request: r.ID, Party: parties[r.Asker]}}})
	return t.filled(journal.Text{Body: plain.Prose(text)}).Body, nil
}

// TellAsker tells whoever asked what became of it, over the channel that they asked on, and ends the request with the escalation's verdict. Without
// words it is what was prepared. An asker is told once.
func (d *Escalations) TellAsker(ctx context.Context, a people.Actor, escalation, ref, text string) (Escalation, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Escalation{}, err
	}
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return Escalation{}, err
	}
	if plain.Blank(text) {
		text = e.Prepared()
	}
	words := journal.Salted(plain.Prose(text))
	return d.change(ctx, a, e.ID, r.ID, func(now EscalationNow, t *turn) (EscalationChange, error) {
		if err := tellable(now, t); err != nil {
			return EscalationChange{}, err
		}
		if err := t.closeLoop(t.filled(words), now.Escalation.outcome()); err != nil {
			return EscalationChange{}, err
		}
		return now.told(t, WasTold, ""), nil
	})
}

func tellable(now EscalationNow, t *turn) error {
	switch {
	case !now.Linked:
		return fault.New(fault.Conflict, "%s does not hang on %s.", t.req.Name(), now.Escalation.Name())
	case now.Link.Told != "":
		return fault.New(fault.Conflict, "The asker of %s was told already, or skipped. Answer in the request.", t.req.Name())
	case now.Escalation.State != IssueEnded:
		return fault.New(fault.Conflict, "Developers have not closed %s yet. Answer in the request, if there is something to say now.", now.Escalation.Name())
	}
	return nil
}

// told closes the loop of one asker.
func (now EscalationNow) told(t *turn, how Told, reason string) EscalationChange {
	e, link := now.Escalation, now.Link
	e.Untold--
	link.Told, link.ToldBy, link.ToldAt, link.Reason = how, t.actor.ID, now.Now, reason
	c := EscalationChange{Escalation: e, Link: &link}
	c.Add(journal.Note(t.actor, "escalation."+string(how), e.Subject(), map[string]any{"request": t.req.Number, "untold": e.Untold}))
	return c
}

// closeLoop says the words, and ends the request when it is open and may end. One that has ended stays so: its asker is told all the same.
func (t *turn) closeLoop(words journal.Text, o Outcome) error {
	if t.req.Open() {
		if o != "" && t.mustCode() == nil {
			return t.reply(writing{text: words, then: Then{Close: &Ending{Outcome: o}}})
		}
		if err := t.reply(writing{text: words}); err != nil {
			return err
		}
		return t.resume()
	}
	if err := checkText("text", words.Body); err != nil {
		return err
	}
	m := t.say(Message{Kind: Reply, By: t.actor.ID, Text: words, Channel: t.actor.Via})
	t.note("request.replied", map[string]any{"first": t.req.FirstReplyAt.IsZero(), "to": len(t.cur.To)}).Text = words.Hash()
	if t.req.FirstReplyAt.IsZero() {
		t.req.FirstReplyAt = t.cur.Now
	}
	t.sendTo(m.ID)
	return nil
}

// SkipAsker says that an asker need not be told, and why.
func (d *Escalations) SkipAsker(ctx context.Context, a people.Actor, escalation, ref, reason string) (Escalation, error) {
	r, err := d.Desk.open(ctx, a, people.WorkRequests, ref)
	if err != nil {
		return Escalation{}, err
	}
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return Escalation{}, err
	}
	reason = plain.Line(reason)
	if plain.Blank(reason) || utf8.RuneCountInString(reason) > longestReason {
		return Escalation{}, fault.Wrong("reason", "Say why they need not be told, in at most %d characters.", longestReason)
	}
	return d.change(ctx, a, e.ID, r.ID, func(now EscalationNow, t *turn) (EscalationChange, error) {
		if err := tellable(now, t); err != nil {
			return EscalationChange{}, err
		}
		t.noteOn("request.not_told", "escalation", now.Escalation.ID, map[string]any{"number": now.Escalation.Number})
		return now.told(t, WasSkipped, reason), nil
	})
}

// ToldAll is what became of telling every asker.
type ToldAll struct {
	Told int
	Not  map[string]error // why not, by the request's name
}

// TellAll tells every asker of an escalation who has not been told and whose request the actor may see; each in a transaction of its own, so that what
// breaks off goes on where it was.
func (d *Escalations) TellAll(ctx context.Context, a people.Actor, escalation, text string) (ToldAll, error) {
	e, err := d.found(ctx, a, escalation)
	if err != nil {
		return ToldAll{}, err
	}
	links, _, err := d.links(ctx, a, e.ID)
	if err != nil {
		return ToldAll{}, err
	}
	out := ToldAll{Not: map[string]error{}}
	for _, l := range links {
		if l.Told != "" {
			continue
		}
		if _, err := d.TellAsker(ctx, a, e.ID, l.Request, text); err != nil {
			if ctx.Err() != nil {
				return out, err
			}
			out.Not[l.Now.Name()] = err
			continue
		}
		out.Told++
	}
	return out, nil
}

// Loops returns the escalations whose askers wait to be told, the newest first.
func (d *Escalations) Loops(ctx context.Context, a people.Actor) ([]Escalation, error) {
	return d.List(ctx, a, EscalationFilter{Loose: true, Limit: 200})
}
