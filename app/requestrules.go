package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"frontline/chat"
	"frontline/config"
	"frontline/desk"
	"frontline/fault"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/plain"
	"frontline/rule"
)

// longestSeen is how much of what an asker wrote a condition sees, in characters.
const longestSeen = 20_000

// recall is describe as far back as the journal tells: a request as it was at the time.
func (a *App) recall(ctx context.Context, e journal.Entry, at time.Time) (rule.Event, error) {
	if rule.Matter(e).Kind != "request" {
		return a.describe(ctx, e)
	}
	r, err := a.db.Request(ctx, e.Subject.ID)
	if err != nil {
		return rule.Event{}, err
	}
	entries, err := a.db.JournalOf(ctx, []journal.Subject{r.Subject()}, 1000)
	if err != nil {
		return rule.Event{}, err
	}
	e.At = at
	return a.describeRequest(ctx, e, r.AsOf(entries, at))
}

// describeRequest is what a condition sees of a request. What people wrote is read now, and kept nowhere.
func (a *App) describeRequest(ctx context.Context, e journal.Entry, r desk.Request) (rule.Event, error) {
	book, err := a.config.Book(ctx)
	if err != nil {
		return rule.Event{}, err
	}
	said, err := a.db.Messages(ctx, []string{r.ID})
	if err != nil {
		return rule.Event{}, err
	}
	parties, err := a.db.Parties(ctx, []string{r.Asker})
	if err != nil {
		return rule.Event{}, err
	}
	customer, _ := book.Customer(r.Customer)
	asker := parties[r.Asker]
	out := rule.Event{Verb: e.Verb, Kind: "request", Subject: r.Name(), About: r.Subject(), Facts: e.Facts, At: e.At, Labels: map[string]string{},
		Title: r.Title, Service: r.Service, Team: r.Team, Type: r.Type, Customer: r.Customer, Tier: customer.Tier, Priority: string(r.Priority), State: string(r.State),
		WaitsFor: string(r.WaitsFor), Assignee: r.Assignee, Channel: r.Channel, Asker: asker.Shown(), Inside: asker.Person != "", Tags: r.Tags, Fields: r.Fields,
		Hangs: r.Problem != "", Automatic: e.Facts["automatic"] == true, Age: max(e.At.Sub(r.ReceivedAt), 0)}
	if r.Service != "" {
		out.Services = []string{r.Service}
	}
	if !r.WaitingSince.IsZero() {
		out.Waited = max(e.At.Sub(r.WaitingSince), 0)
	}
	for _, m := range said {
		if m.Kind == desk.Question && !m.At.After(e.At) {
			out.Text, out.Silent = clipped(m.Text.Body, longestSeen), max(e.At.Sub(m.At), 0)
		}
	}
	out.InQueue = func(id string) (bool, error) { return a.inQueue(ctx, book, r, id) }
	return out, nil
}

func clipped(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

// inQueue says whether the request is in a queue now.
func (a *App) inQueue(ctx context.Context, book *config.Book, r desk.Request, id string) (bool, error) {
	q, ok := book.Queue(id)
	if !ok {
		return false, fault.New(fault.Invalid, "there is no queue %.60q", id)
	}
	all, _, err := a.desk.Search(ctx, people.System("rule"), q.Search, desk.Filter{Number: r.Number, Limit: 1})
	return len(all) > 0, err
}

// ruleDeeds does what rules do: the desk what is about requests, the channels what people are told.
type ruleDeeds struct{ *App }

var _ rule.Deeds = ruleDeeds{}

// Do implements rule.Deeds.
func (d ruleDeeds) Do(ctx context.Context, by people.Actor, o rule.Order) error {
	switch {
	case o.Deed.Tell != nil:
		return d.tell(ctx, by, o)
	case o.Deed.Escalate != "":
		return d.escalated.Obey(ctx, by, o)
	}
	return d.desk.Obey(ctx, by, o)
}

// tell lets people know by mail, or pages them. Each try of a mail has the same id; a page that is still open is the same page.
func (d ruleDeeds) tell(ctx context.Context, by people.Actor, o rule.Order) error {
	about, err := d.subjectOf(ctx, by, o.Event)
	if err != nil {
		return err
	}
	told, err := d.recipients(ctx, o, about)
	if err != nil {
		return err
	}
	places, err := d.channels(ctx, o, about)
	if err != nil {
		return err
	}
	if len(told)+len(places) == 0 {
		return fault.New(fault.Conflict, "There is nobody whom the rule could tell. Ask its owners to name somebody.")
	}
	text := plain.Prose(o.Deed.Tell.Text) + "\n\n" + d.reason(o)
	title := plain.Clip(plain.Line(strings.TrimSpace(o.Event.Subject+" "+o.Deed.Tell.Text)), 120)
	for _, place := range places {
		if err := d.slack.Tell(ctx, place, cmp.Or(o.Event.About, journal.Of("rule", o.Rule.ID)), o.Key, text); err != nil {
			return err
		}
	}
	for _, p := range told {
		switch {
		case o.Deed.Tell.Page != "":
			_, err = d.pager.PagePerson(ctx, by, oncall.Asking{Person: p.ID, About: about, Title: title, Body: text, Urgency: oncall.Urgency(o.Deed.Tell.Page)})
		case d.mail == nil:
			err = fault.New(fault.Invalid, "There is no mail server, so that nobody can be told by mail. Ask your administrator to set one up, or let the rule page.")
		default:
			_, err = d.mail.Mail(ctx, p.Email, title, text, o.Key+" "+p.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reason says which rule tells, why, and where to look.
func (d ruleDeeds) reason(o rule.Order) string {
	out := "The rule “" + o.Rule.Title + "” says so: " + lowerFirst(o.Rule.Words(func(_, id string) string { return id }).When) + "."
	if o.Event.Kind == "request" {
		out += "\n" + d.settings.base.JoinPath("requests", o.Event.Subject).String()
	}
	return out
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// subjectOf is what people are told about, for the gate: a request as its type says.
func (d ruleDeeds) subjectOf(ctx context.Context, by people.Actor, e rule.Event) (people.Subject, error) {
	switch e.About.Kind {
	case "":
		return people.Subject{}, nil
	case "request":
		r, err := d.desk.Request(ctx, by, e.About.ID)
		if err != nil {
			return people.Subject{}, err
		}
		book, err := d.config.Book(ctx)
		if err != nil {
			return people.Subject{}, err
		}
		kind, _ := book.RequestType(r.Type)
		return r.Topic(kind), nil
	}
	return people.Subject{Kind: e.About.Kind, ID: e.About.ID, Team: e.Team}, nil
}

// recipients are the people who are told, each once; who may not know of the request is left out.
func (d ruleDeeds) recipients(ctx context.Context, o rule.Order, about people.Subject) ([]people.Person, error) {
	book, err := d.config.Book(ctx)
	if err != nil {
		return nil, err
	}
	var out []people.Person
	add := func(id string) {
		p, ok := book.Person(id)
		known := slices.ContainsFunc(out, func(q people.Person) bool { return q.ID == id })
		shut := o.Event.About.Kind == "request" && people.May(people.As(p, "rule"), people.SeeRequests, about) != nil
		if ok && !known && !shut {
			out = append(out, p)
		}
	}
	for _, to := range o.Deed.Tell.To {
		kind, id, _ := strings.Cut(to, ":")
		switch kind {
		case "person":
			add(id)
		case "team":
			for _, p := range book.People() {
				if slices.Contains(p.Teams, id) {
					add(p.ID)
				}
			}
		case "chat": // channels
		case "on_call":
			person, err := d.firstOnCall(ctx, id)
			if err != nil {
				return nil, err
			}
			add(person)
		default:
			add(standing(book, kind, o.Event))
		}
	}
	return out, nil
}

// channels are the messenger's own ids of those that are told. What only a team may know is said in none of them.
func (d ruleDeeds) channels(ctx context.Context, o rule.Order, about people.Subject) (places []string, err error) {
	book, err := d.config.Book(ctx)
	if err != nil {
		return nil, err
	}
	for _, to := range o.Deed.Tell.To {
		id, named := strings.CutPrefix(to, rule.InChat)
		if !named {
			continue
		}
		at := slices.IndexFunc(book.Chats(), func(c chat.Channel) bool { return c.ID == id })
		switch {
		case d.slack == nil:
			return nil, fault.New(fault.Invalid, "There is no Slack, so that nothing can be said in %s. Ask your administrator to set it up, or let the rule tell people.", to)
		case at < 0:
			return nil, fault.New(fault.Conflict, "There is no channel %s any more. Ask the rule's owners to name another.", to)
		case about.Visibility != "" && about.Visibility != people.Everyone:
			return nil, fault.New(fault.Forbidden, "Only a team may know of this, so that it is not said in %s. Let the rule tell people.", to)
		}
		places = append(places, book.Chats()[at].Channel)
	}
	return places, nil
}

// standing is who is meant by assignee, lead or owner.
func standing(book *config.Book, who string, e rule.Event) string {
	if who == rule.ToAssignee && e.Assignee != "" {
		return e.Assignee
	}
	team := e.Team
	if s, ok := book.Service(e.Service); ok && who == rule.ToOwner {
		team = s.Team
	}
	t, _ := book.Team(team)
	return t.Lead
}
