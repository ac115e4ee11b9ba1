package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"frontline/catalog"
	"frontline/people"
	"frontline/search"
)

// reading turns what was typed into what is looked for. What means nothing is said, and looked for as words.
type reading struct {
	book  Directory
	actor people.Actor
	works bool // reads notes
	query search.Query
	out   understood

	register []Demand // where a demand is looked for
}

// understood is what was typed, as the desk understands it.
type understood struct {
	Query    search.Query // with words in the place of fields that mean nothing
	Where    []Condition  // of requests
	All      [][]Holding  // the same for the text index, where it can
	Dated    []search.Term
	Requests bool // only requests can be meant
}

// understand reads a query.
func understand(book Directory, register []Demand, a people.Actor, q search.Query) understood {
	r := reading{register: register, book: book, actor: a, works: people.May(a, people.WorkRequests, topic()) == nil, query: q}
	r.out.Query.Notes = q.Notes
	for _, c := range q.Clauses {
		r.clause(c)
	}
	return r.out
}

func (r *reading) say(text string, args ...any) {
	if n := fmt.Sprintf(text, args...); !slices.Contains(r.out.Query.Notes, n) {
		r.out.Query.Notes = append(r.out.Query.Notes, n)
	}
}

// clause understands one condition.
func (r *reading) clause(c search.Clause) {
	var words []search.Term
	var any []Filter
	var held []Holding
	marked := true // every alternative is known to the text index
	for _, t := range c.Any {
		if t.Field == "" {
			words, held = append(words, t), append(held, Holding{Words: t.Words})
			continue
		}
		f, marks, ok := r.term(t)
		if !ok {
			words = append(words, asWords(t)...)
			continue
		}
		any, marked = append(any, f), marked && len(marks) > 0
		for _, m := range marks {
			held = append(held, Holding{Mark: m})
		}
	}
	switch {
	case len(any) == 0:
		if len(words) > 0 {
			r.out.Query.Clauses = append(r.out.Query.Clauses, search.Clause{Not: c.Not, Any: words})
		}
		return
	case len(words) > 0:
		r.mixed(c, held)
		return
	}
	r.out.Query.Clauses = append(r.out.Query.Clauses, c)
	r.out.Where = append(r.out.Where, Condition{Not: c.Not, Any: any})
	if marked && !c.Not {
		r.out.All = append(r.out.All, held)
	}
	for _, t := range c.Any {
		if t.Field == search.Since || t.Field == search.Before {
			r.out.Dated = append(r.out.Dated, t)
			continue
		}
		r.out.Requests = true
	}
}

// mixed is "refund OR type:refund": only the text index can tell.
func (r *reading) mixed(c search.Clause, held []Holding) {
	fields := slices.ContainsFunc(held, func(h Holding) bool { return h.Mark != "" })
	if !fields {
		r.say("OR between words and a field goes with state, type, team, service, customer and assignee only; the words alone were looked for.")
		r.out.Query.Clauses = append(r.out.Query.Clauses, search.Clause{Any: slices.DeleteFunc(slices.Clone(c.Any), func(t search.Term) bool { return t.Field != "" })})
		return
	}
	r.out.Query.Clauses = append(r.out.Query.Clauses, c)
	r.out.All, r.out.Requests = append(r.out.All, held), true
}

// asWords are the words of a field's value.
func asWords(t search.Term) []search.Term {
	var out []search.Term
	for _, c := range search.Parse(`"`+t.Value+`"`, search.Syntax{}).Clauses {
		for _, w := range c.Any {
			w.Phrase = len(w.Words) > 1
			out = append(out, w)
		}
	}
	return out
}

// term is what one field names, and how the text index knows it, if it does.
func (r *reading) term(t search.Term) (f Filter, marks []string, ok bool) {
	switch t.Field {
	case search.Number:
		return Filter{Number: t.Number}, nil, true
	case search.Since:
		return Filter{Since: t.At}, nil, true
	case search.Before:
		return Filter{Until: t.At}, nil, true
	case "from":
		return r.from(t.Value), nil, true
	case "is":
		return r.is(t.Value)
	case "has":
		return r.has(t)
	case "state":
		return r.state(t)
	case "assignee":
		return r.assignee(t)
	case "customer", "service", "type", "team":
		return r.about(t)
	case "demand", "tag":
		return r.told(t)
	}
	r.say("Requests have no %s yet; “%s” was looked for as words.", t.Field, t.Value)
	return f, nil, false
}

// told is what the desk says about a request. It is for the desk alone.
func (r *reading) told(t search.Term) (f Filter, marks []string, ok bool) {
	switch {
	case !r.works:
		r.say("Only the desk looks for that; “%s” was looked for as words.", t.Value)
		return f, nil, false
	case t.Field == "tag":
		return Filter{Tag: strings.ToLower(t.Value)}, nil, true
	case search.Fold(t.Value) == "none":
		return Filter{Demands: []string{CodedNone}}, nil, true
	}
	id := named(t.Value, r.register, func(d Demand) (string, string) { return d.ID, d.Title })
	if at := slices.IndexFunc(r.register, func(d Demand) bool { return strings.EqualFold(d.Name(), t.Value) }); at >= 0 {
		id = r.register[at].ID
	}
	if id == "" {
		r.say("There is no demand “%s”; it was looked for as words.", t.Value)
		return f, nil, false
	}
	for _, d := range r.register { // with what was merged into it
		if d.ID == id || CountedAs(r.register, d.ID) == id {
			f.Demands = append(f.Demands, d.ID)
		}
	}
	return f, nil, true
}

// registerFor reads the demands when a query names one.
func (s *Service) registerFor(ctx context.Context, q search.Query) ([]Demand, error) {
	names := func(t search.Term) bool { return t.Field == "demand" }
	if !slices.ContainsFunc(q.Clauses, func(c search.Clause) bool { return slices.ContainsFunc(c.Any, names) }) {
		return nil, nil
	}
	return s.DB.Demands(ctx)
}

// about is what a request is about, by its id or its name.
func (r *reading) about(t search.Term) (f Filter, marks []string, ok bool) {
	id := ""
	switch t.Field {
	case "customer":
		id = named(t.Value, r.book.Customers(), func(c catalog.Customer) (string, string) { return c.ID, c.Name })
		f.Customer = id
	case "service":
		id = named(t.Value, r.book.Services(), func(s catalog.Service) (string, string) { return s.ID, s.Name })
		f.Service = id
	case "team":
		id = named(t.Value, r.book.Teams(), func(t people.Team) (string, string) { return t.ID, t.Name })
		f.Team = id
	case "type":
		id = named(t.Value, r.book.RequestTypes(), func(t Type) (string, string) { return t.ID, t.Title })
		f.Type = id
	}
	if id == "" {
		r.say("There is no %s “%s”; it was looked for as words.", t.Field, t.Value)
		return f, nil, false
	}
	return f, []string{t.Field + ":" + id}, true
}

// named finds what has the id, or else the name; one that begins so when there is only one.
func named[T any](value string, all []T, of func(T) (id, name string)) string {
	want := search.Fold(value)
	var begins []string
	for _, x := range all {
		id, name := of(x)
		name = search.Fold(name)
		if id == strings.ToLower(value) || name == want {
			return id
		}
		if strings.HasPrefix(name, want) {
			begins = append(begins, id)
		}
	}
	if len(begins) == 1 {
		return begins[0]
	}
	return ""
}

func (r *reading) state(t search.Term) (f Filter, marks []string, ok bool) {
	state := State(search.Fold(t.Value))
	if !slices.Contains(States(), state) {
		r.say("A state is new, open, waiting or closed; “%s” was looked for as words.", t.Value)
		return f, nil, false
	}
	return Filter{States: []State{state}}, []string{"state:" + string(state)}, true
}

func (r *reading) assignee(t search.Term) (f Filter, marks []string, ok bool) {
	switch value := search.Fold(t.Value); value {
	case "nobody":
		return Filter{Assignee: value}, nil, true
	case "me":
		return Filter{Assignee: r.actor.ID}, []string{"assignee:" + r.actor.ID}, true
	}
	id := named(t.Value, r.book.People(), func(p people.Person) (string, string) { return p.ID, p.Name })
	if id == "" {
		r.say("There is nobody called “%s”; it was looked for as words.", t.Value)
		return f, nil, false
	}
	return Filter{Assignee: id}, []string{"assignee:" + id}, true
}

// from is who asked: me, one of our people, or whoever has this address or name.
func (r *reading) from(value string) Filter {
	if search.Fold(value) == "me" {
		return Filter{Askers: []string{r.actor.ID}}
	}
	f := Filter{From: value}
	if id := named(value, r.book.People(), func(p people.Person) (string, string) { return p.ID, p.Name }); id != "" {
		f.Askers = []string{id}
	}
	return f
}

func (r *reading) is(value string) (f Filter, marks []string, ok bool) {
	open, asleep := []State{New, Open, Waiting}, true
	switch value {
	case "open":
		f.States = open
	case "closed", "new", "waiting":
		f.States = []State{State(value)}
	case "snoozed":
		f.States, f.Asleep = open, &asleep
	case "escalated":
		f.States, f.WaitsFor = []State{Waiting}, Developers
	case "unassigned":
		f.States, f.Assignee = open, "nobody"
	case "overdue":
		f.States, f.Overdue = open, true
	case "merged":
		f.Merged = true
	case "mine":
		if !r.works {
			return Filter{Follows: r.actor.ID}, nil, true
		}
		return Filter{Assignee: r.actor.ID}, []string{"assignee:" + r.actor.ID}, true
	}
	for _, s := range f.States {
		marks = append(marks, "state:"+string(s))
	}
	return f, marks, true
}

func (r *reading) has(t search.Term) (f Filter, marks []string, ok bool) {
	switch has := Has(t.Value); has {
	case HasFile, HasReply, HasIncident:
		return Filter{Has: has}, nil, true
	case HasNote, HasRun, HasDemand:
		if r.works {
			return Filter{Has: has}, nil, true
		}
		r.say("Only the desk looks for that; “%s” was looked for as words.", t.Value)
		return f, nil, false
	case "escalation":
		return Filter{States: []State{Waiting}, WaitsFor: Developers}, []string{"state:waiting"}, true
	}
	r.say("Requests have no %s yet; it was looked for as words.", t.Value)
	return f, nil, false
}
