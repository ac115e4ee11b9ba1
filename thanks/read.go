package thanks

import (
	"cmp"
	"context"
	"slices"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// View narrows the wall. Empty parts do not narrow.
type View struct {
	Got    bool            // in which the reader is thanked, by name or in a team; nobody else can be asked for
	Given  bool            // which the reader gave
	Team   string          // that a team is thanked in
	Action string          // that an action is thanked in
	About  journal.Subject // of one request or incident
	Before int64           // only with a smaller number
	Limit  int             // at most this many; 50 when 0
}

const (
	usualPage = 50
	mostPage  = 200
)

// Thanks returns one by its id or its name ("T-12"). One about something that the reader may not know of is not there for them, unless they gave it
// or are thanked in it.
func (s *Service) Thanks(ctx context.Context, a people.Actor, ref string) (Shown, error) {
	x, err := s.find(ctx, a, people.SeeThanks, ref)
	if err != nil {
		return Shown{}, err
	}
	r, err := s.reader(ctx, a)
	if err != nil {
		return Shown{}, err
	}
	shown, ok, err := r.show(ctx, x)
	if err == nil && (!ok || !x.Live()) {
		err = noThanks(ref)
	}
	return shown, err
}

func noThanks(ref string) error {
	return fault.New(fault.NotFound, "There is no thanks %.60s, or it was taken off the wall. Look at the wall.", ref)
}

// find returns one that the actor may use the verb on at all.
func (s *Service) find(ctx context.Context, a people.Actor, v people.Verb, ref string) (Thanks, error) {
	if err := people.May(a, v, topic()); err != nil {
		return Thanks{}, err
	}
	x, err := s.DB.Thanks(ctx, ref)
	if err != nil {
		return Thanks{}, err
	}
	r, err := s.reader(ctx, a)
	if err != nil {
		return Thanks{}, err
	}
	if _, ok, err := r.show(ctx, x); err != nil || !ok {
		return Thanks{}, cmp.Or(err, noThanks(ref))
	}
	return x, nil
}

// Page returns what hangs on the wall as the reader may see it, the newest first, and whether there is more.
func (s *Service) Page(ctx context.Context, a people.Actor, v View) (all []Shown, more bool, err error) {
	if err := people.May(a, people.SeeThanks, topic()); err != nil {
		return nil, false, err
	}
	limit := v.Limit
	if limit <= 0 {
		limit = usualPage
	}
	limit = min(limit, mostPage)
	r, err := s.reader(ctx, a)
	if err != nil {
		return nil, false, err
	}
	f := v.filter(a)
	f.Limit = limit + 1
	for {
		part, err := s.DB.ListThanks(ctx, f)
		if err != nil {
			return nil, false, err
		}
		for _, x := range part {
			f.Before = x.Number
			shown, ok, err := r.show(ctx, x)
			if err != nil {
				return nil, false, err
			}
			if !ok {
				continue
			}
			if len(all) == limit {
				return all, true, nil
			}
			all = append(all, shown)
		}
		if len(part) < f.Limit {
			return all, false, nil
		}
	}
}

func (v View) filter(a people.Actor) Filter {
	f := Filter{About: v.About, Before: v.Before}
	if v.Given {
		f.By = a.ID
	}
	if v.Got {
		f.To = append(f.To, To{Person, a.ID})
		for _, t := range a.Teams {
			f.To = append(f.To, To{Team, t})
		}
	}
	if v.Team != "" {
		f.To = append(f.To, To{Team, v.Team})
	}
	if v.Action != "" {
		f.To = append(f.To, To{Action, v.Action})
	}
	return f
}

// Helpers returns who and what helped with a request or an incident, and what it is: whom one may want to thank, but for oneself.
func (s *Service) Helpers(ctx context.Context, a people.Actor, ref string) (Matter, Helpers, error) {
	if err := people.May(a, people.GiveThanks, topic()); err != nil {
		return Matter{}, Helpers{}, err
	}
	m, err := s.about(ctx, a, ref)
	if err != nil || m.Name == "" {
		return m, Helpers{}, err
	}
	h, err := s.Matters.Helpers(ctx, a, m.Subject)
	h.People = slices.DeleteFunc(h.People, func(id string) bool { return id == a.ID })
	return m, h, err
}

// LeftToday is how many thanks the actor may still give today.
func (s *Service) LeftToday(ctx context.Context, a people.Actor) (int, error) {
	if err := people.May(a, people.SeeThanks, topic()); err != nil {
		return 0, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return 0, err
	}
	p, _ := book.Person(a.ID)
	zone, now := s.dayOf(p), s.Now()
	given, err := s.DB.ListThanks(ctx, Filter{By: a.ID, From: now.AddDate(0, 0, -2), Taken: true, Limit: mostPage})
	left := mostADay
	for _, x := range given {
		if !x.Void && sameDay(x.At, now, zone) {
			left--
		}
	}
	return max(left, 0), err
}

// reader is one who reads, with what was looked up for them already.
type reader struct {
	*Service
	actor people.Actor
	book  Directory
	known map[journal.Subject]*Matter // nil for what they may not know of
}

func (s *Service) reader(ctx context.Context, a people.Actor) (*reader, error) {
	book, err := s.Book(ctx)
	return &reader{Service: s, actor: a, book: book, known: map[journal.Subject]*Matter{}}, err
}

// show is a thanks as the reader sees it; false when it is not for them.
func (r *reader) show(ctx context.Context, x Thanks) (Shown, bool, error) {
	out := Shown{Thanks: x, Mine: x.By == r.actor.ID && r.actor.ID != "", Got: x.is(r.actor.ID, r.actor.Teams)}
	out.Back = x.Live() && x.mayTake(r.actor) == nil
	m, err := r.matter(ctx, x.About)
	if err != nil {
		return out, false, err
	}
	out.Matter = m
	if x.About != (journal.Subject{}) && m == nil && !out.Mine && !out.Got {
		return out, false, nil
	}
	out.To = slices.DeleteFunc(slices.Clone(x.To), func(to To) bool { return to.Kind == Action && !out.Mine && !r.sees(to.ID) })
	return out, len(out.To) > 0, nil
}

// sees says whether the reader may know of an action. One that was removed since keeps its name.
func (r *reader) sees(id string) bool {
	d, ok := r.book.Action(id)
	return !ok || people.May(r.actor, people.SeeActions, d.Subject()) == nil
}

func (r *reader) matter(ctx context.Context, about journal.Subject) (*Matter, error) {
	if about == (journal.Subject{}) {
		return nil, nil
	}
	if m, ok := r.known[about]; ok {
		return m, nil
	}
	m, err := r.Matters.Matter(ctx, r.actor, about)
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden):
		r.known[about] = nil
	case err != nil:
		return nil, err
	default:
		r.known[about] = &m
	}
	return r.known[about], nil
}
