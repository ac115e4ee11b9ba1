package rule

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"

	"frontline/define"
	"frontline/fault"
)

// Deed is what a rule does beside running an action. Each says one thing; all of them but Create and Tell are about the request that the rule
// looks at. Values and texts may hold expressions over Event in braces.
type Deed struct {
	Assign   *Assign `json:"assign,omitempty" yaml:"assign,omitempty"`
	Answer   *Answer `json:"answer,omitempty" yaml:"answer,omitempty"`
	Set      *Set    `json:"set,omitempty" yaml:"set,omitempty"`
	WaitFor  string  `json:"wait_for,omitempty" yaml:"wait_for,omitempty"` // asker, developers or others
	Close    string  `json:"close,omitempty" yaml:"close,omitempty"`       // an outcome
	HangOn   string  `json:"hang_on,omitempty" yaml:"hang_on,omitempty"`   // the request whose solution answers this one: R-1042
	Link     string  `json:"link,omitempty" yaml:"link,omitempty"`         // a request that has to do with it
	Offer    string  `json:"offer,omitempty" yaml:"offer,omitempty"`       // an action that may solve it
	Escalate string  `json:"escalate,omitempty" yaml:"escalate,omitempty"` // a tracker: its developers are asked, with the evidence
	Create   *Create `json:"create,omitempty" yaml:"create,omitempty"`
	Tell     *Tell   `json:"tell,omitempty" yaml:"tell,omitempty"`
}

// Assign gives the request to a person, or to somebody of a team.
type Assign struct {
	Person string `json:"person,omitempty" yaml:"person,omitempty"`
	Team   string `json:"team,omitempty" yaml:"team,omitempty"`       // works on it from now on
	OnCall string `json:"on_call,omitempty" yaml:"on_call,omitempty"` // whoever is on call in the rotation
	How    string `json:"how,omitempty" yaml:"how,omitempty"`         // round_robin or load, among the request's team
}

// Answer says words in the request: Text, or those of a macro or of a published answer.
type Answer struct {
	Text    string `json:"text,omitempty" yaml:"text,omitempty"`
	Macro   string `json:"macro,omitempty" yaml:"macro,omitempty"`     // only its words
	Answer  string `json:"answer,omitempty" yaml:"answer,omitempty"`   // K-7
	To      string `json:"to,omitempty" yaml:"to,omitempty"`           // desk, which is the usual one: a note; or asker: a reply
	Outside bool   `json:"outside,omitempty" yaml:"outside,omitempty"` // a reply may go to an asker who is none of us
}

// Set changes what the request is about.
type Set struct {
	Priority string   `json:"priority,omitempty" yaml:"priority,omitempty"`
	Type     string   `json:"type,omitempty" yaml:"type,omitempty"`
	Service  string   `json:"service,omitempty" yaml:"service,omitempty"`
	Customer string   `json:"customer,omitempty" yaml:"customer,omitempty"`
	Tags     []string `json:"tags,omitempty" yaml:"tags,omitempty"`   // added
	Untag    []string `json:"untag,omitempty" yaml:"untag,omitempty"` // taken away
}

// Create makes a request.
type Create struct {
	Title    string         `json:"title" yaml:"title"`
	Text     string         `json:"text" yaml:"text"`
	For      string         `json:"for,omitempty" yaml:"for,omitempty"` // the person who asks; the rule itself when empty
	Type     string         `json:"type,omitempty" yaml:"type,omitempty"`
	Team     string         `json:"team,omitempty" yaml:"team,omitempty"` // where neither type nor service says it
	Service  string         `json:"service,omitempty" yaml:"service,omitempty"`
	Customer string         `json:"customer,omitempty" yaml:"customer,omitempty"`
	Priority string         `json:"priority,omitempty" yaml:"priority,omitempty"`
	Fields   map[string]any `json:"fields,omitempty" yaml:"fields,omitempty"`
}

// Tell lets people know.
type Tell struct {
	To   []string `json:"to" yaml:"to"` // person:liis, team:support, on_call:first-line, chat:help; of a request assignee, lead, owner
	Text string   `json:"text" yaml:"text"`
	Page string   `json:"page,omitempty" yaml:"page,omitempty"` // low or high: pages them, so that they must answer; a mail when empty
}

// InChat begins a channel of a messenger among those who are told: "chat:help".
const InChat = "chat:"

// Whom a Tell may name beside person:, team: and on_call:.
const (
	ToAssignee = "assignee" // whoever has the request; the lead of its team while nobody has it
	ToLead     = "lead"     // of the team that works on it
	ToOwner    = "owner"    // the lead of the team that owns the service
)

// The usual place of an Answer's words, and the other one.
const (
	ToDesk  = "desk"
	ToAsker = "asker"
)

// parts are the deed's texts, each with its place, so that they can be checked and filled in alike.
func (d *Deed) parts() map[string]*string {
	out := map[string]*string{"hang_on": &d.HangOn, "link": &d.Link}
	if d.Assign != nil {
		out["assign.person"] = &d.Assign.Person
	}
	if d.Answer != nil {
		out["answer.text"] = &d.Answer.Text
	}
	if s := d.Set; s != nil {
		out["set.priority"], out["set.service"], out["set.customer"] = &s.Priority, &s.Service, &s.Customer
	}
	if c := d.Create; c != nil {
		out["create.title"], out["create.text"], out["create.service"], out["create.customer"], out["create.for"] = &c.Title, &c.Text, &c.Service, &c.Customer, &c.For
	}
	if d.Tell != nil {
		out["tell.text"] = &d.Tell.Text
	}
	return out
}

// copied is the deed with parts of its own, so that filling it in leaves the rule alone.
func (d Deed) copied() Deed {
	d.Assign, d.Answer, d.Set, d.Create, d.Tell = fresh(d.Assign), fresh(d.Answer), fresh(d.Set), fresh(d.Create), fresh(d.Tell)
	return d
}

func fresh[T any](x *T) *T {
	if x == nil {
		return nil
	}
	y := *x
	return &y
}

// filled puts what the expressions say in their place.
func (d Deed) filled(e Event) (Deed, error) {
	d = d.copied()
	for place, text := range d.parts() {
		said, err := fill(*text, e)
		if err != nil {
			return d, fault.Wrap(err, fault.Invalid, "%s of what the rule does cannot be evaluated: %s Ask its owners to correct it.", place, Explain(err))
		}
		*text = said
	}
	if d.Create != nil && len(d.Create.Fields) > 0 {
		values, err := Rule{With: d.Create.Fields}.Inputs(e)
		if err != nil {
			return d, err
		}
		d.Create.Fields = values
	}
	return d, nil
}

var braces = regexp.MustCompile(`\{([^{}]*)\}`)

// fill puts the values of the expressions in braces into a text.
func fill(text string, e Event) (string, error) {
	var wrong error
	out := braces.ReplaceAllStringFunc(text, func(found string) string {
		program, err := expr.Compile(found[1:len(found)-1], expr.Env(Event{}))
		if err != nil {
			wrong = err
			return ""
		}
		v, err := expr.Run(program, e.whole())
		switch {
		case err != nil:
			wrong = err
		case v != nil:
			return fmt.Sprint(v)
		}
		return ""
	})
	return out, wrong
}

// checkText says which expression of a text is not understood.
func checkText(c *define.Checks, field, text string) {
	for _, found := range braces.FindAllStringSubmatch(text, -1) {
		if _, err := expr.Compile(found[1], expr.Env(Event{})); err != nil {
			c.Want(false, field, "The expression in braces is not understood: %s", Explain(err))
		}
	}
}

// says is how many things the deed says; it must be one.
func (d Deed) says() (n int) {
	for _, given := range []bool{d.Assign != nil, d.Answer != nil, d.Set != nil, d.WaitFor != "", d.Close != "", d.HangOn != "", d.Link != "", d.Offer != "", d.Escalate != "", d.Create != nil, d.Tell != nil} {
		if given {
			n++
		}
	}
	return n
}

// aboutRequest says whether the deed needs a request.
func (d Deed) aboutRequest() bool { return d.Create == nil && d.Tell == nil }

func (r Rule) checkDeeds(c *define.Checks) {
	c.Want(r.Run != "" || len(r.Do) > 0, "run", "Name the action that runs, or say under do what is done.")
	c.Want(len(r.Do) <= mostDeeds, "do", "A rule does at most %d things. Make two rules of it.", mostDeeds)
	requests := len(r.On) > 0 && !slices.ContainsFunc(r.On, func(v string) bool { return !strings.HasPrefix(v, "request.") })
	for i, d := range r.Do {
		at := fmt.Sprintf("do[%d]", i)
		c.Want(d.says() == 1, at, "Each line under do says one thing: assign, answer, set, wait_for, close, hang_on, link, offer, escalate, create or tell.")
		c.Want(requests || !d.aboutRequest(), at, "Only a rule that is on words of requests (request.received) does this. Others may create and tell.")
		for _, place := range slices.Sorted(maps.Keys(d.parts())) {
			checkText(c, at+"."+place, *d.parts()[place])
		}
		d.check(c, at)
	}
}

// mostDeeds is how many things one rule does.
const mostDeeds = 10

var (
	whom     = regexp.MustCompile(`^(person|team|on_call|chat):[a-z0-9][a-z0-9/.-]*$`)
	tag      = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	numbered = regexp.MustCompile(`^(R-[0-9]+|\{.*\})$`)
	shelved  = regexp.MustCompile(`^K-[0-9]+$`)
)

func (d Deed) check(c *define.Checks, at string) {
	if a := d.Assign; a != nil {
		n := 0
		for _, given := range []bool{a.Person != "", a.OnCall != "", a.How != ""} {
			if given {
				n++
			}
		}
		c.Want(n == 1 || n == 0 && a.Team != "", at+".assign", "Say who gets it: person, on_call, how, or team alone; with a team also how.")
		c.Want(a.How == "" || a.How == "round_robin" || a.How == "load", at+".assign.how", "A request is assigned round_robin or by load; %q is neither.", a.How)
	}
	if a := d.Answer; a != nil {
		n := 0
		for _, given := range []bool{a.Text != "", a.Macro != "", a.Answer != ""} {
			if given {
				n++
			}
		}
		c.Want(n == 1, at+".answer", "Say what is answered: text, macro or answer, one of them.")
		c.Want(a.To == "" || a.To == ToDesk || a.To == ToAsker, at+".answer.to", "The words go to the desk, as a note, or to the asker.")
		c.Want(!a.Outside || a.To == ToAsker, at+".answer.outside", "Only words to the asker go outside. Write to: asker with it.")
		c.Want(a.Answer == "" || shelved.MatchString(a.Answer), at+".answer.answer", "%q is no answer. Write its name, such as K-7.", a.Answer)
	}
	if s := d.Set; s != nil {
		c.Want(s.Priority+s.Type+s.Service+s.Customer != "" || len(s.Tags)+len(s.Untag) > 0, at+".set", "Say what is set: priority, type, service, customer, tags or untag.")
		for _, t := range append(slices.Clone(s.Tags), s.Untag...) {
			c.Want(tag.MatchString(t), at+".set.tags", "%q is no tag. Write lower-case letters, digits and dashes, at most 40.", t)
		}
	}
	for place, ref := range map[string]string{".hang_on": d.HangOn, ".link": d.Link} {
		c.Want(ref == "" || numbered.MatchString(ref), at+place, "%q is no request. Write its number, such as R-1042.", ref)
	}
	if m := d.Create; m != nil {
		c.Want(strings.TrimSpace(m.Title) != "" && strings.TrimSpace(m.Text) != "", at+".create", "A request has a title and a text.")
		c.Want(m.Type+m.Team+m.Service != "", at+".create.team", "Say who works on it: type, service or team.")
	}
	d.checkTell(c, at)
}

func (d Deed) checkTell(c *define.Checks, at string) {
	t := d.Tell
	if t == nil {
		return
	}
	c.Want(len(t.To) > 0 && len(t.To) <= mostDeeds, at+".tell.to", "Say who is told: between 1 and %d of person:liis, team:support, on_call:first-line, chat:help, assignee, lead and owner.", mostDeeds)
	for _, to := range t.To {
		known := whom.MatchString(to) || slices.Contains([]string{ToAssignee, ToLead, ToOwner}, to)
		c.Want(t.Page == "" || !strings.HasPrefix(to, InChat), at+".tell.page", "A channel is not paged. Tell it without page, and page people with a line of their own.")
		c.Want(known, at+".tell.to", "%q is nobody. Write person:liis, team:support, on_call:first-line, chat:help, assignee, lead or owner.", to)
	}
	c.Want(strings.TrimSpace(t.Text) != "", at+".tell.text", "Say what they are told.")
	c.Want(t.Page == "" || t.Page == "low" || t.Page == "high", at+".tell.page", "A page is low or high.")
}

// refs names what the deed refers to.
func (d Deed) refs(at string) (refs []define.Ref) {
	add := func(place, kind, id string) {
		if id != "" && !braces.MatchString(id) {
			refs = append(refs, define.Ref{Field: at + place, Kind: kind, ID: id})
		}
	}
	if a := d.Assign; a != nil {
		add(".assign.person", "person", a.Person)
		add(".assign.team", "team", a.Team)
		add(".assign.on_call", "rotation", a.OnCall)
	}
	if a := d.Answer; a != nil {
		add(".answer.macro", "macro", a.Macro)
	}
	if s := d.Set; s != nil {
		add(".set.type", "request_type", s.Type)
		add(".set.service", "service", s.Service)
		add(".set.customer", "customer", s.Customer)
	}
	add(".offer", "action", d.Offer)
	add(".escalate", "tracker", d.Escalate)
	if m := d.Create; m != nil {
		add(".create.type", "request_type", m.Type)
		add(".create.team", "team", m.Team)
		add(".create.service", "service", m.Service)
		add(".create.customer", "customer", m.Customer)
		add(".create.for", "person", m.For)
	}
	if d.Tell != nil {
		for i, to := range d.Tell.To {
			kind, id, _ := strings.Cut(to, ":")
			if kind == "on_call" {
				kind = "rotation"
			}
			add(fmt.Sprintf(".tell.to[%d]", i), kind, id)
		}
	}
	return refs
}
