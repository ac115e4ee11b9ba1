package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"frontline/action"
	"frontline/alert"
	"frontline/catalog"
	"frontline/desk"
	"frontline/incident"
	"frontline/oncall"
	"frontline/people"
	"frontline/rule"
	"frontline/secret"
	"frontline/watch"
)

// Row is a definition as the store keeps it.
type Row struct {
	Kind    string
	ID      string
	Folder  string // which folder owns it; empty: the screen
	Body    string // JSON
	Retired bool
	By      string // of a change on a screen: the person. Its versions are kept.
}

// Book is everything that is configured, at one moment. It never changes; what is retired is kept so that its name can still be
// told. The wings see it through small interfaces of their own.
type Book struct {
	Version int64
	rows    map[key]Row
	objects map[key]definition
	tokens  map[string]string   // hash of a source's token → source
	mails   map[string]string   // lower-case mail address → person
	offered map[string][]string // service → the actions that say they belong to it
}

type key struct{ kind, id string }

// newBook reads rows. Secrets of sources are looked up with getenv; a source whose secret is missing takes no signals until it is there.
func newBook(version int64, rows []Row, getenv func(string) string) (*Book, error) {
	b := &Book{Version: version, rows: map[key]Row{}, objects: map[key]definition{}, tokens: map[string]string{}, mails: map[string]string{}, offered: map[string][]string{}}
	for _, r := range rows {
		k, ok := kindNamed(r.Kind)
		if !ok {
			continue // written by a newer version
		}
		d, err := k.json([]byte(r.Body))
		if err != nil {
			return nil, err
		}
		b.put(r, d, getenv)
	}
	return b, nil
}

func (b *Book) put(r Row, d definition, getenv func(string) string) {
	b.rows[key{r.Kind, r.ID}], b.objects[key{r.Kind, r.ID}] = r, d
	if r.Retired {
		return
	}
	switch v := d.(type) {
	case people.Person:
		b.mails[lower(v.Email)] = v.ID
	case action.Definition:
		for _, s := range v.Services {
			b.offered[s] = append(b.offered[s], v.ID)
		}
	case alert.Source:
		if v.TokenHash != "" {
			b.tokens[v.TokenHash] = v.ID
		} else if t, err := v.Token.Resolve(getenv); err == nil {
			b.tokens[secret.Hash(t.Reveal())] = v.ID
		}
	}
}

// find returns a definition that is in force.
func find[T definition](b *Book, kind, id string) (T, bool) {
	v, ok := b.objects[key{kind, id}].(T)
	return v, ok && !b.rows[key{kind, id}].Retired
}

// list returns the definitions of a kind that are in force, sorted by what by returns.
func list[T definition](b *Book, kind string, by func(T) string) []T {
	var out []T
	for k, d := range b.objects {
		if k.kind == kind && !b.rows[k].Retired {
			out = append(out, d.(T))
		}
	}
	slices.SortFunc(out, func(x, y T) int { return cmp.Or(cmp.Compare(by(x), by(y)), cmp.Compare(idOf(x), idOf(y))) })
	return out
}

// Person finds somebody by id.
func (b *Book) Person(id string) (people.Person, bool) { return find[people.Person](b, "person", id) }

// PersonByEmail finds somebody by mail address, whatever its letters' case.
func (b *Book) PersonByEmail(email string) (people.Person, bool) {
	return b.Person(b.mails[lower(email)])
}

// People lists everybody by name.
func (b *Book) People() []people.Person {
	return list(b, "person", func(p people.Person) string { return p.Name })
}

// Team finds a team.
func (b *Book) Team(id string) (people.Team, bool) { return find[people.Team](b, "team", id) }

// Teams lists the teams by name.
func (b *Book) Teams() []people.Team {
	return list(b, "team", func(t people.Team) string { return t.Name })
}

var _ oncall.Book = (*Book)(nil)

// Rotation finds a rotation.
func (b *Book) Rotation(id string) (oncall.Rotation, bool) {
	return find[oncall.Rotation](b, "rotation", id)
}

// Rotations lists the rotations by name.
func (b *Book) Rotations() []oncall.Rotation {
	return list(b, "rotation", func(r oncall.Rotation) string { return r.Name })
}

// Policy finds an escalation policy, also a retired one: a page that follows it goes on.
func (b *Book) Policy(id string) (oncall.Policy, bool) {
	p, ok := b.objects[key{"policy", id}].(oncall.Policy)
	return p, ok
}

// Policies lists the escalation policies by name.
func (b *Book) Policies() []oncall.Policy {
	return list(b, "policy", func(p oncall.Policy) string { return p.Name })
}

// Overrides lists the overrides that are configured; those made on screens are not definitions.
func (b *Book) Overrides() []oncall.Override {
	return list(b, "override", func(o oncall.Override) string { return o.Rotation })
}

// Service finds a service. Its actions are those that it names, in that order, and then those that say they belong to it.
func (b *Book) Service(id string) (catalog.Service, bool) {
	s, ok := find[catalog.Service](b, "service", id)
	if more := b.offered[id]; ok && len(more) > 0 {
		more = slices.DeleteFunc(slices.Clone(more), func(a string) bool { return slices.Contains(s.Actions, a) })
		slices.SortFunc(more, func(x, y string) int { return cmp.Compare(b.Name("action", x), b.Name("action", y)) })
		s.Actions = slices.Concat(s.Actions, more)
	}
	return s, ok
}

// Services lists the services by name.
func (b *Book) Services() []catalog.Service {
	return list(b, "service", func(s catalog.Service) string { return s.Name })
}

// Component finds a component.
func (b *Book) Component(id string) (catalog.Component, bool) {
	return find[catalog.Component](b, "component", id)
}

// Components lists the components by group and name.
func (b *Book) Components() []catalog.Component {
	return list(b, "component", func(c catalog.Component) string { return c.Group + "\x00" + c.Name })
}

// Customers lists the customers by name.
func (b *Book) Customers() []catalog.Customer {
	return list(b, "customer", func(c catalog.Customer) string { return c.Name })
}

// Action finds an action.
func (b *Book) Action(id string) (action.Definition, bool) {
	return find[action.Definition](b, "action", id)
}

// Actions lists the actions by title.
func (b *Book) Actions() []action.Definition {
	return list(b, "action", func(d action.Definition) string { return d.Title })
}

var (
	_ incident.Directory = (*Book)(nil)
	_ rule.Owners        = (*Book)(nil)
)

// Rule returns a rule by id.
func (b *Book) Rule(id string) (rule.Rule, bool) { return find[rule.Rule](b, "rule", id) }

// Rules lists the rules by id.
func (b *Book) Rules() []rule.Rule {
	return list(b, "rule", func(r rule.Rule) string { return r.ID })
}

var _ desk.Directory = (*Book)(nil)

// RequestType finds a type of request, also a retired one: its requests stay.
func (b *Book) RequestType(id string) (desk.Type, bool) {
	t, ok := b.objects[key{"request_type", id}].(desk.Type)
	return t, ok
}

// RequestTypes lists the types of requests that one may choose, by title.
func (b *Book) RequestTypes() []desk.Type {
	return list(b, "request_type", func(t desk.Type) string { return t.Title })
}

// ShutTypes lists the types whose requests only their team and who follows may read, the retired ones too.
func (b *Book) ShutTypes() (ids []string) {
	for _, d := range b.objects {
		if t, ok := d.(desk.Type); ok && t.Visibility == people.TeamOnly {
			ids = append(ids, t.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// Queues lists the queues by title.
func (b *Book) Queues() []desk.Queue {
	return list(b, "queue", func(q desk.Queue) string { return q.Title })
}

// Queue returns a queue of the desk.
func (b *Book) Queue(id string) (desk.Queue, bool) { return find[desk.Queue](b, "queue", id) }

// Macro finds a macro.
func (b *Book) Macro(id string) (desk.Macro, bool) { return find[desk.Macro](b, "macro", id) }

// Macros lists the macros by title.
func (b *Book) Macros() []desk.Macro {
	return list(b, "macro", func(m desk.Macro) string { return m.Title })
}

// Levels lists the service levels by id.
func (b *Book) Levels() []desk.Level {
	return list(b, "service_level", func(l desk.Level) string { return l.ID })
}

// Calendar finds a calendar.
func (b *Book) Calendar(id string) (desk.Calendar, bool) {
	return find[desk.Calendar](b, "calendar", id)
}

var _ desk.TrackerBook = (*Book)(nil)

// Tracker finds a tracker.
func (b *Book) Tracker(id string) (desk.TrackerDefinition, bool) {
	return find[desk.TrackerDefinition](b, "tracker", id)
}

// Trackers lists the trackers by name.
func (b *Book) Trackers() []desk.TrackerDefinition {
	return list(b, "tracker", func(t desk.TrackerDefinition) string { return t.Name })
}

var _ watch.Directory = (*Book)(nil)

// Watch finds a watch. One without a team of its own belongs to that of its service.
func (b *Book) Watch(id string) (watch.Definition, bool) {
	w, ok := find[watch.Definition](b, "watch", id)
	return b.owned(w), ok
}

// Watches lists the watches by name.
func (b *Book) Watches() []watch.Definition {
	all := list(b, "watch", func(w watch.Definition) string { return w.Name })
	for i := range all {
		all[i] = b.owned(all[i])
	}
	return all
}

func (b *Book) owned(w watch.Definition) watch.Definition {
	if s, ok := b.Service(w.Service); ok && w.Team == "" {
		w.Team = s.Team
	}
	return w
}

// Customer finds a customer.
func (b *Book) Customer(id string) (catalog.Customer, bool) {
	return find[catalog.Customer](b, "customer", id)
}

// StatusPage returns the status page; false when none is configured. There is one at most.
func (b *Book) StatusPage() (incident.Page, bool) {
	all := list(b, "status_page", func(p incident.Page) string { return p.ID })
	if len(all) == 0 {
		return incident.Page{}, false
	}
	return all[0], true
}

// Source finds a source.
func (b *Book) Source(id string) (alert.Source, bool) { return find[alert.Source](b, "source", id) }

// Sources lists the sources by name.
func (b *Book) Sources() []alert.Source {
	return list(b, "source", func(s alert.Source) string { return s.Name })
}

// SourceByToken finds the source of the kind that a token belongs to.
func (b *Book) SourceByToken(kind, token string) (alert.Source, bool) {
	s, ok := b.Source(b.tokens[secret.Hash(token)])
	return s, ok && s.Kind == kind
}

// Name tells how people call a definition, also a retired one; the id when it is unknown.
func (b *Book) Name(kind, id string) string {
	switch v := b.objects[key{kind, id}].(type) {
	case people.Person:
		return v.Name
	case people.Team:
		return v.Name
	case oncall.Rotation:
		return v.Name
	case oncall.Policy:
		return v.Name
	case catalog.Service:
		return v.Name
	case catalog.Component:
		return v.Name
	case catalog.Customer:
		return v.Name
	case alert.Source:
		return v.Name
	case incident.Page:
		return v.Name
	case action.Definition:
		return v.Title
	case rule.Rule:
		return v.Title
	case desk.Type:
		return v.Title
	case desk.Queue:
		return v.Title
	case desk.Macro:
		return v.Title
	case desk.TrackerDefinition:
		return v.Name
	}
	return id
}

// Has says whether there is such a definition in force.
func (b *Book) Has(kind, id string) bool { return b.has(kind, id) }

func (b *Book) has(kind, id string) bool {
	_, ok := b.objects[key{kind, id}]
	return ok && !b.rows[key{kind, id}].Retired
}

func (b *Book) ids(kind string) []string {
	var out []string
	for k := range b.objects {
		if k.kind == kind && !b.rows[k].Retired {
			out = append(out, k.id)
		}
	}
	slices.Sort(out)
	return out
}

func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func (c *Config) channelNames() []string { return slices.Sorted(maps.Keys(c.known.Channels)) }
