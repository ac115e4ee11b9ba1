package desk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
	"frontline/rule"
)

// ByRule begins, in Message.By, the id of the rule that wrote it.
const ByRule = "rule:"

// CheckRule returns what the desk has against what a rule does.
func CheckRule(r rule.Rule) []fault.Field {
	var out []fault.Field
	wrong := func(i int, place, say string) {
		out = append(out, fault.Field{Name: fmt.Sprintf("do[%d].%s", i, place), Say: say})
	}
	for i, d := range r.Do {
		if d.WaitFor != "" && !slices.Contains(Waits(), Wait(d.WaitFor)) {
			wrong(i, "wait_for", "A request waits for asker, developers or others.")
		}
		if d.Close != "" && !slices.Contains(Outcomes(), Outcome(d.Close)) {
			wrong(i, "close", "A request is closed as answered, done, action, configured, self_service or fixed.")
		}
		if s := d.Set; s != nil && s.Priority != "" && !strings.Contains(s.Priority, "{") && !slices.Contains(Priorities(), Priority(s.Priority)) {
			wrong(i, "set.priority", "The priority is low, normal, high or urgent.")
		}
		if c := d.Create; c != nil && c.Priority != "" && !slices.Contains(Priorities(), Priority(c.Priority)) {
			wrong(i, "create.priority", "The priority is low, normal, high or urgent.")
		}
	}
	return out
}

// Obey does one thing that a rule says about a request, or makes one, once for the order's key. The rule comes through the same gate as everybody; what it
// says to an asker counts for no service level, because nobody of us has looked.
func (s *Service) Obey(ctx context.Context, by people.Actor, o rule.Order) error {
	if o.Deed.Create != nil {
		return s.createdByRule(ctx, by, o)
	}
	known, err := s.DB.DeedDone(ctx, o.Key)
	if err != nil || known {
		return err
	}
	do, with, err := s.ruled(ctx, by, o)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, by, people.WorkRequests, o.Event.About.ID, with, func(t *turn) error {
		t.out.Once = o.Key
		return do(t)
	})
	if err != nil { // somebody may have been faster with the same deed
		if known, looked := s.DB.DeedDone(ctx, o.Key); looked == nil && known {
			return nil
		}
	}
	return err
}

// ruled is the decision that the deed asks for, and the other request that it looks at.
func (s *Service) ruled(ctx context.Context, by people.Actor, o rule.Order) (do func(*turn) error, with []string, err error) {
	d := o.Deed
	switch {
	case d.Assign != nil:
		do, err = s.assignment(ctx, o)
	case d.Answer != nil:
		do, err = s.wordsOf(ctx, by, o)
	case d.Set != nil:
		do = func(t *turn) error { return t.set(*d.Set) }
	case d.WaitFor != "":
		do = func(t *turn) error { return t.waitFor(Wait(d.WaitFor)) }
	case d.Close != "":
		do = func(t *turn) error { return t.close(Ending{Outcome: Outcome(d.Close)}) }
	case d.Offer != "":
		do = func(t *turn) error { t.offer(d.Offer); return nil }
	case d.HangOn != "" || d.Link != "":
		other, wrong := s.other(ctx, by, "do", first(d.HangOn, d.Link))
		if wrong != nil {
			return nil, nil, wrong
		}
		with = []string{other}
		do = func(t *turn) error {
			if d.HangOn != "" {
				return t.hangOn(other)
			}
			return t.link(other)
		}
	default:
		err = fault.New(fault.Invalid, "The rule %s says nothing that the desk can do. Ask its owners to correct it.", o.Rule.ID)
	}
	return do, with, err
}

// assignment chooses who gets the request.
func (s *Service) assignment(ctx context.Context, o rule.Order) (func(*turn) error, error) {
	a := *o.Deed.Assign
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.DB.Request(ctx, o.Event.About.ID)
	if err != nil {
		return nil, err
	}
	person := a.Person
	if a.OnCall != "" || a.How != "" {
		kind := Type{Team: first(a.Team, r.Team), Assign: Assign{How: AssignHow(a.How), Rotation: a.OnCall}}
		if a.OnCall != "" {
			kind.Assign.How = OnCall
		}
		if person, err = s.pick(ctx, book, kind); err != nil {
			return nil, err
		}
		if person == "" {
			return nil, fault.New(fault.Conflict, "There is nobody whom the rule could give %s to. Give it to somebody by hand.", r.Name())
		}
	}
	return func(t *turn) error {
		if a.Team != "" {
			if err := t.setTeam(a.Team); err != nil {
				return err
			}
		}
		if person == "" {
			return nil
		}
		return t.assign(person)
	}, nil
}

// wordsOf finds what the rule says, and to whom it says it.
func (s *Service) wordsOf(ctx context.Context, by people.Actor, o rule.Order) (func(*turn) error, error) {
	a := *o.Deed.Answer
	out := a.To == rule.ToAsker
	if out && o.Event.Automatic {
		return nil, fault.New(fault.Conflict, "A program wrote this request, and a rule does not answer programs: they might go on for ever. Answer by hand.")
	}
	body := a.Text
	switch {
	case a.Macro != "":
		d, err := s.Macro(ctx, by, a.Macro)
		if err != nil {
			return nil, err
		}
		body = first(d.Reply, d.Note)
	case a.Answer != "":
		x, err := s.Answer(ctx, by, a.Answer)
		if err != nil {
			return nil, err
		}
		if x.State != PublishedAnswer || out && x.Audience != ForEveryone {
			return nil, fault.New(fault.Conflict, "%s is not published for those whom the rule tells. Publish it for everyone, or let the rule write a note.", x.Name())
		}
		body = x.Body
	}
	text := journal.Salted(plain.Prose(body))
	return func(t *turn) error {
		text := t.filled(text)
		if !out {
			return t.write(writing{text: text})
		}
		return t.sayByRule(text, a.Outside)
	}, nil
}

// author is who wrote a message: a person's id, or the rule's.
func (t *turn) author() string {
	if t.actor.Kind == people.ByRule {
		return ByRule + t.actor.ID
	}
	return t.actor.ID
}

// sayByRule sends a rule's words to whoever asked. They are no reply of ours: no clock stops, and the next move stays whose it was.
func (t *turn) sayByRule(text journal.Text, outside bool) error {
	if err := checkText("text", text.Body); err != nil {
		return err
	}
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	for _, to := range t.cur.To {
		if to.Party.Person == "" && !outside {
			return fault.New(fault.Forbidden, "Whoever asked is none of us, and the rule may not write outside. Answer by hand, or let its owners say outside: true.")
		}
	}
	m := t.say(Message{Kind: Reply, By: t.author(), Text: text, Channel: t.actor.Via})
	e := t.note("request.replied", map[string]any{"first": false, "to": len(t.cur.To), "rule": true})
	e.Text = text.Hash()
	t.sendTo(m.ID)
	return nil
}

// set changes what the request is about.
func (t *turn) set(s rule.Set) error {
	var e Edit
	if s.Priority != "" {
		p := Priority(s.Priority)
		e.Priority = &p
	}
	for _, part := range []struct {
		to   string
		into **string
	}{{s.Type, &e.Type}, {s.Service, &e.Service}, {s.Customer, &e.Customer}} {
		if part.to != "" {
			*part.into = &part.to
		}
	}
	if len(s.Tags)+len(s.Untag) > 0 {
		tags := slices.DeleteFunc(append(slices.Clone(t.req.Tags), s.Tags...), func(x string) bool { return slices.Contains(s.Untag, x) })
		e.Tags = &tags
	}
	return t.apply(e)
}

// mostTags is how many tags a request has.
const mostTags = 20

var tagged = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// setTags gives the request its tags: words by which rules and people tell requests apart.
func (t *turn) setTags(tags []string) error {
	tags = slices.Clone(tags)
	slices.Sort(tags)
	tags = slices.Compact(tags)
	if len(tags) > mostTags {
		return fault.Wrong("tags", "A request has at most %d tags.", mostTags)
	}
	for _, x := range tags {
		if !tagged.MatchString(x) {
			return fault.Wrong("tags", "%.50q is no tag. Write lower-case letters, digits and dashes, at most 40.", x)
		}
	}
	if slices.Equal(tags, t.req.Tags) {
		return nil
	}
	t.req.Tags = tags
	t.req.Version++
	t.worked()
	t.note("request.tagged", map[string]any{"tags": len(tags)})
	return nil
}

// offer puts an action among those that may solve the request.
func (t *turn) offer(action string) {
	if slices.Contains(t.req.Offers, action) {
		return
	}
	t.req.Offers = append(slices.Clone(t.req.Offers), action)
	t.noteOn("request.offered", "action", action, nil)
}

// createdByRule makes a request. The channel's own id of it is the order's key: it is made once.
func (s *Service) createdByRule(ctx context.Context, by people.Actor, o rule.Order) error {
	c := *o.Deed.Create
	m := Incoming{Arrival: Arrival{Channel: "rule", Ref: o.Key, From: Party{Name: o.Rule.Title}}, Type: c.Type, Team: c.Team, Title: plain.Clip(plain.Line(c.Title), longestTitle), Body: c.Text,
		Service: c.Service, Customer: c.Customer, Fields: c.Fields, Formless: len(c.Fields) == 0}
	if c.For != "" {
		m.From = Party{Person: c.For}
	}
	r, _, err := s.Receive(ctx, by, m)
	if err != nil || c.Priority == "" {
		return err
	}
	set := o
	set.Key, set.Deed, set.Event.About = o.Key+" priority", rule.Deed{Set: &rule.Set{Priority: c.Priority}}, r.Subject()
	return s.Obey(ctx, by, set)
}
