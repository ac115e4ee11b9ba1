package desk

import (
	"fmt"
	"slices"
	"time"

	"frontline/define"
	"frontline/fault"
	"frontline/form"
	"frontline/people"
)

// Type is a kind of request in the asker's words, with the form that it needs. Any team may make types for its own services.
type Type struct {
	ID         string            `json:"id" yaml:"id"`
	Title      string            `json:"title" yaml:"title"`                   // "A customer gets no webhooks"
	Help       string            `json:"help,omitempty" yaml:"help,omitempty"` // when to choose it, one or two sentences
	Team       string            `json:"team" yaml:"team"`                     // which works on it
	Service    string            `json:"service,omitempty" yaml:"service,omitempty"`
	Visibility people.Visibility `json:"visibility,omitempty" yaml:"visibility,omitempty"` // everyone when empty, or team: then only the team, the asker and who follows read it
	Priority   Priority          `json:"priority,omitempty" yaml:"priority,omitempty"`     // normal when empty
	Inputs     []form.Input      `json:"inputs,omitempty" yaml:"inputs,omitempty"`
	Actions    []string          `json:"actions,omitempty" yaml:"actions,omitempty"` // that may solve it, offered in the request
	Mail       []string          `json:"mail,omitempty" yaml:"mail,omitempty"`       // mail to these addresses becomes a request of this type
	Assign     Assign            `json:"assign,omitzero" yaml:"assign,omitempty"`
	Trusted    bool              `json:"trusted,omitempty" yaml:"trusted,omitempty"`     // needs no triage: it is open at once
	MustCode   bool              `json:"must_code,omitempty" yaml:"must_code,omitempty"` // closing waits for a demand, or "none of these"
	Keep       time.Duration     `json:"keep,omitempty" yaml:"keep,omitempty"`           // how long after its end the words are kept; for ever when zero
}

// AssignHow is how a request finds somebody.
type AssignHow string

// The ways of assigning. The empty one leaves it to people.
const (
	RoundRobin AssignHow = "round_robin" // whoever of the team got one longest ago
	ByLoad     AssignHow = "load"        // whoever of the team has the fewest open ones
	OnCall     AssignHow = "on_call"     // whoever is on call in the rotation
)

// Assign says who gets a request of the type.
type Assign struct {
	How      AssignHow `json:"how,omitempty" yaml:"how,omitempty"`
	Rotation string    `json:"rotation,omitempty" yaml:"rotation,omitempty"` // for OnCall
}

// Check returns what is wrong with the type by itself.
func (t Type) Check() []fault.Field {
	var c define.Checks
	c.ID("id", t.ID)
	c.Name("title", t.Title)
	c.Want(t.Team != "", "team", "Name the team that works on these requests.")
	c.Want(t.Visibility == "" || t.Visibility == people.Everyone || t.Visibility == people.TeamOnly, "visibility", "The visibility is everyone or team.")
	c.Want(t.Priority == "" || slices.Contains(Priorities(), t.Priority), "priority", "The priority is low, normal, high or urgent.")
	c.Want(t.Keep == 0 || t.Keep >= 24*time.Hour, "keep", "Words are kept at least a day after the end: write 24h or more, or leave it out to keep them.")
	for i, m := range t.Mail {
		c.Email(fmt.Sprintf("mail[%d]", i), m)
	}
	switch t.Assign.How {
	case "", RoundRobin, ByLoad:
		c.Want(t.Assign.Rotation == "", "assign.rotation", "A rotation goes with how: on_call.")
	case OnCall:
		c.Want(t.Assign.Rotation != "", "assign.rotation", "Name the rotation whose person on call gets it.")
	default:
		c.Want(false, "assign.how", "A request is assigned round_robin, by load or on_call; %q is none of them.", t.Assign.How)
	}
	c.Fields = append(c.Fields, form.CheckInputs(t.Inputs)...)
	for i, in := range t.Inputs {
		c.Want(in.Type != form.Secret, fmt.Sprintf("inputs[%d].type", i), "A request is read by many: do not ask for secrets in it.")
		c.Want(in.Type != form.File, fmt.Sprintf("inputs[%d].type", i), "Files are attached to a request beside its form. Leave this input out.")
		c.Want(in.From == nil, fmt.Sprintf("inputs[%d].from", i), "The form of a request cannot ask an action for its choices. List them.")
	}
	return c.Fields
}

// Refs names what the type refers to.
func (t Type) Refs() []define.Ref {
	refs := []define.Ref{{Field: "team", Kind: "team", ID: t.Team}}
	if t.Service != "" {
		refs = append(refs, define.Ref{Field: "service", Kind: "service", ID: t.Service})
	}
	if t.Assign.Rotation != "" {
		refs = append(refs, define.Ref{Field: "assign.rotation", Kind: "rotation", ID: t.Assign.Rotation})
	}
	return append(refs, define.Refs("actions", "action", t.Actions)...)
}

func (t Type) priority() Priority {
	if t.Priority == "" {
		return Normal
	}
	return t.Priority
}

// Queue is a search that a team comes back to.
type Queue struct {
	ID     string `json:"id" yaml:"id"`
	Title  string `json:"title" yaml:"title"`
	Team   string `json:"team,omitempty" yaml:"team,omitempty"` // whose it is; everybody's when empty
	Search string `json:"search" yaml:"search"`                 // "state:open customer:nordpank"
}

// Check returns what is wrong with the queue by itself.
func (q Queue) Check() []fault.Field {
	var c define.Checks
	c.ID("id", q.ID)
	c.Name("title", q.Title)
	c.Want(q.Search != "", "search", "Write what the queue shows, such as state:open service:webhooks.")
	return c.Fields
}

// Refs names what the queue refers to.
func (q Queue) Refs() []define.Ref {
	if q.Team == "" {
		return nil
	}
	return []define.Ref{{Field: "team", Kind: "team", ID: q.Team}}
}

// Macro is a usual answer and what goes with it, done by one press to one request or to many.
type Macro struct {
	ID       string   `json:"id" yaml:"id"`
	Title    string   `json:"title" yaml:"title"`
	Team     string   `json:"team,omitempty" yaml:"team,omitempty"`
	Reply    string   `json:"reply,omitempty" yaml:"reply,omitempty"` // {asker}, {customer}, {request} and {me} are filled in
	Note     string   `json:"note,omitempty" yaml:"note,omitempty"`
	Priority Priority `json:"priority,omitempty" yaml:"priority,omitempty"`
	Assign   string   `json:"assign,omitempty" yaml:"assign,omitempty"` // a person, or "me"
	WaitFor  Wait     `json:"wait_for,omitempty" yaml:"wait_for,omitempty"`
	Close    Outcome  `json:"close,omitempty" yaml:"close,omitempty"`
	Demands  []Share  `json:"demands,omitempty" yaml:"demands,omitempty"` // what a request that it closes was about
}

// Share is one demand of what a macro closes.
type Share struct {
	Demand string `json:"demand" yaml:"demand"`                   // D-12
	Share  int    `json:"share,omitempty" yaml:"share,omitempty"` // per cent; all or none have one
}

// Check returns what is wrong with the macro by itself.
func (m Macro) Check() []fault.Field {
	var c define.Checks
	c.ID("id", m.ID)
	c.Name("title", m.Title)
	c.Want(m.Reply != "" || m.Note != "" || m.Priority != "" || m.Assign != "" || m.WaitFor != "" || m.Close != "", "reply", "Say what the macro does: reply, note, priority, assign, wait_for or close.")
	c.Want(m.Priority == "" || slices.Contains(Priorities(), m.Priority), "priority", "The priority is low, normal, high or urgent.")
	c.Want(m.WaitFor == "" || slices.Contains(Waits(), m.WaitFor), "wait_for", "A request waits for asker, developers or others.")
	c.Want(m.Close == "" || slices.Contains(Outcomes(), m.Close), "close", "A request is closed as answered, done, action, configured, self_service or fixed.")
	c.Want(m.WaitFor == "" || m.Close == "", "close", "A request waits or is closed, not both.")
	c.Want(len(m.Demands) == 0 || m.Close != "", "demands", "What a request was about is said when it is closed. Add close, or leave demands out.")
	if err := checkShares(m.Demands); err != nil {
		c.Fields = append(c.Fields, fault.Field{Name: "demands", Say: fault.Sentence(err)})
	}
	return c.Fields
}

// Refs names what the macro refers to.
func (m Macro) Refs() []define.Ref {
	var refs []define.Ref
	if m.Team != "" {
		refs = append(refs, define.Ref{Field: "team", Kind: "team", ID: m.Team})
	}
	if m.Assign != "" && m.Assign != "me" {
		refs = append(refs, define.Ref{Field: "assign", Kind: "person", ID: m.Assign})
	}
	return refs
}
