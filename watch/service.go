package watch

import (
	"context"
	"slices"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/watch/detect"
)

// Service is what people do with watches and findings. All fields are required.
type Service struct {
	Store Store
	Book  func(context.Context) (Directory, error)
	Clock clock.Clock
}

// Sight is a watch and how it stands.
type Sight struct {
	Definition
	State State
	Begun bool      // it has a state of this version of its definition
	Open  []Finding // not over, the newest first
}

// Behind is how far its counts are taken in: the end of the last decided bucket.
func (s Sight) Behind() time.Time {
	return time.Unix(int64(s.State.Position+1)*int64(s.Every()/time.Second), 0)
}

// Learning says whether it has not learnt enough to raise anything.
func (s Sight) Learning() bool { return s.State.Learnt < 1 }

// Watches lists the watches that the actor may know of: those with something open first, then the nearest to an alarm.
func (s *Service) Watches(ctx context.Context, by people.Actor) ([]Sight, error) {
	if err := people.May(by, people.SeeWatches, people.Subject{Kind: "watch"}); err != nil {
		return nil, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	states, err := s.Store.WatchStates(ctx)
	if err != nil {
		return nil, err
	}
	open, err := s.Store.Findings(ctx, Filter{Open: true, Limit: 1000})
	if err != nil {
		return nil, err
	}
	var out []Sight
	for _, d := range book.Watches() {
		if people.May(by, people.SeeWatches, d.Subject()) == nil {
			out = append(out, sight(d, states[d.ID], open))
		}
	}
	slices.SortStableFunc(out, func(a, b Sight) int {
		switch {
		case len(a.Open) != len(b.Open):
			return len(b.Open) - len(a.Open)
		case a.State.Nearest > b.State.Nearest:
			return -1
		case a.State.Nearest < b.State.Nearest:
			return 1
		}
		return 0
	})
	return out, nil
}

func sight(d Definition, state State, open []Finding) Sight {
	s := Sight{Definition: d, State: state, Begun: state.Version == d.Version()}
	for _, f := range open {
		if f.Watch == d.ID && f.State == Open {
			s.Open = append(s.Open, f)
		}
	}
	return s
}

// Watch is one watch.
func (s *Service) Watch(ctx context.Context, by people.Actor, id string) (Sight, error) {
	d, err := s.definition(ctx, by, id)
	if err != nil {
		return Sight{}, err
	}
	state, err := s.Store.WatchState(ctx, id)
	if err != nil {
		return Sight{}, err
	}
	open, err := s.Store.Findings(ctx, Filter{Watch: id, Open: true})
	return sight(d, state, open), err
}

func (s *Service) definition(ctx context.Context, by people.Actor, id string) (Definition, error) {
	if err := people.May(by, people.SeeWatches, people.Subject{Kind: "watch"}); err != nil {
		return Definition{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Definition{}, err
	}
	d, ok := book.Watch(id)
	if !ok {
		return d, fault.New(fault.NotFound, "There is no watch %.70q. Look at the list of watches.", id)
	}
	return d, people.May(by, people.SeeWatches, d.Subject())
}

// Findings lists findings, the newest first.
func (s *Service) Findings(ctx context.Context, by people.Actor, f Filter) ([]Finding, error) {
	if err := people.May(by, people.SeeWatches, people.Subject{Kind: "finding"}); err != nil {
		return nil, err
	}
	return s.Store.Findings(ctx, f)
}

// Finding returns one by its id or name, with its watch; a watch that is no more has its id alone.
func (s *Service) Finding(ctx context.Context, by people.Actor, ref string) (Finding, Definition, error) {
	if err := people.May(by, people.SeeWatches, people.Subject{Kind: "finding"}); err != nil {
		return Finding{}, Definition{}, err
	}
	f, err := s.Store.Finding(ctx, ref)
	if err != nil {
		return f, Definition{}, err
	}
	d, err := s.definition(ctx, by, f.Watch)
	if fault.Is(err, fault.NotFound) {
		return f, Definition{ID: f.Watch, Name: f.Watch}, nil
	}
	return f, d, err
}

// Judge says what a finding was. It feeds the honesty report, and no threshold. Somebody may change their mind; empty takes it back.
func (s *Service) Judge(ctx context.Context, by people.Actor, ref string, what Feedback) (Finding, error) {
	f, d, err := s.Finding(ctx, by, ref)
	if err != nil {
		return f, err
	}
	if err := people.May(by, people.JudgeFinding, d.Subject()); err != nil {
		return f, err
	}
	if !slices.Contains([]Feedback{"", Real, Known, NotProblem}, what) {
		return f, fault.Wrong("feedback", "%.40q is nothing to say of a finding. Say real, known or not_a_problem.", what)
	}
	return s.Store.ChangeFinding(ctx, f.ID, func(c Current, f Finding) (Decided, error) {
		f.Feedback, f.JudgedBy, f.JudgedAt = what, by.ID, c.Now
		out := Decided{State: c.State, Findings: []Finding{f}}
		out.Add(journal.Note(by, "finding.judged", f.Self(), map[string]any{"feedback": string(what)}).With(journal.Of("watch", f.Watch)))
		return out, nil
	})
}

// Accept makes the level since the change the usual one: somebody knows that it will stay.
func (s *Service) Accept(ctx context.Context, by people.Actor, ref string) (Finding, error) {
	f, d, err := s.Finding(ctx, by, ref)
	if err != nil {
		return f, err
	}
	if err := people.May(by, people.JudgeFinding, d.Subject()); err != nil {
		return f, err
	}
	return s.Store.ChangeFinding(ctx, f.ID, func(c Current, f Finding) (Decided, error) {
		if f.Over() {
			return Decided{}, fault.New(fault.Conflict, "%s is over: %s. There is nothing to accept.", f.Name(), f.State)
		}
		if c.State.Version != d.Version() || f.AssessedAt.IsZero() {
			return Decided{}, fault.New(fault.Conflict, "%s is still being looked at. Try again in a minute.", f.Name())
		}
		m, err := think(d, c.State, 1)
		if err != nil {
			return Decided{}, err
		}
		if i, ok := m.at[key(f.Series)]; ok && m.series[i].Open() == f.Direction {
			m.det.Accept(&m.series[i], f.Errors, f.Requests)
		}
		f.State, f.EndedAt = Accepted, c.Now
		out := Decided{State: m.written(c.Now), Findings: []Finding{f}}
		out.Add(journal.Note(by, "finding.accepted", f.Self(), nil).With(journal.Of("watch", f.Watch)))
		out.assess(f, c.Now)
		return out, nil
	})
}

// Point is one bucket of a chart.
type Point struct {
	At       time.Time `json:"at"`
	Errors   float64   `json:"errors"`
	Requests float64   `json:"requests"`
	Usual    float64   `json:"usual"` // rate
	Low      float64   `json:"low"`   // between Low and High lie 19 of 20 while nothing has changed
	High     float64   `json:"high"`
}

// Rate is errors a request; for a count alone, errors a bucket.
func (p Point) Rate() float64 { return share(p.Errors, p.Requests) }

// mostPoints is how many a chart has; more buckets are joined.
const mostPoints = 720

// Chart is what one series counted between two times, with what is usual as it is known now. Buckets are joined until there are few enough to see.
func (s *Service) Chart(ctx context.Context, by people.Actor, id string, values []string, from, until time.Time) ([]Point, error) {
	d, err := s.definition(ctx, by, id)
	if err != nil {
		return nil, err
	}
	state, err := s.Store.WatchState(ctx, id)
	if err != nil || state.Version != d.Version() || !until.After(from) {
		return nil, err
	}
	m, err := think(d, state, 1)
	if err != nil {
		return nil, err
	}
	i, ok := m.at[key(values)]
	if !ok {
		return nil, nil
	}
	counts, err := (&Keeper{Store: s.Store}).counts(ctx, d, values, m.det.Number(from), m.det.Number(until))
	if err != nil {
		return nil, err
	}
	return m.points(i, counts, (m.buckets(until.Sub(from))+mostPoints-1)/mostPoints), nil
}

// points joins so many buckets to one point.
func (m *mind) points(i int, counts []detect.Count, together uint32) []Point {
	usual := m.det.Usual(&m.series[i])
	together = max(together, 1)
	var out []Point
	var expected float64
	last := uint32(0)
	for _, c := range counts {
		if slot := c.Bucket / together; len(out) == 0 || slot != last {
			out, expected, last = append(out, Point{At: m.det.Start(slot * together)}), 0, slot
		}
		p := &out[len(out)-1]
		p.Errors, p.Requests = p.Errors+c.Errors, p.Requests+c.Requests
		expected += c.Requests * usual.Rate(c.Bucket)
		p.Usual = share(expected, p.Requests)
		p.Low, p.High = usual.BandOf(p.Usual, p.Requests)
	}
	return out
}

// Series lists the series of a watch that are worth a page, the nearest to an alarm first.
func (s *Service) Series(ctx context.Context, by people.Actor, id string) ([]Standings, error) {
	d, err := s.definition(ctx, by, id)
	if err != nil {
		return nil, err
	}
	state, err := s.Store.WatchState(ctx, id)
	if err != nil || state.Version != d.Version() {
		return nil, err
	}
	m, err := think(d, state, 1)
	if err != nil {
		return nil, err
	}
	out := make([]Standings, len(m.series))
	for i := range m.series {
		one := &m.series[i]
		out[i] = Standings{Values: state.Series[i], Evidence: m.det.Evidence(one), Learnt: m.det.Learnt(one), Open: one.Open(), Usual: m.det.Usual(one).Rate(state.Position)}
	}
	slices.SortStableFunc(out, func(a, b Standings) int {
		switch {
		case a.Evidence > b.Evidence:
			return -1
		case a.Evidence < b.Evidence:
			return 1
		}
		return 0
	})
	return out, nil
}

// Standings is how one series of a watch stands.
type Standings struct {
	Values   []string         `json:"values,omitempty"` // none for the whole
	Evidence float64          `json:"evidence"`         // 0 is none, 1 is the alarm
	Learnt   float64          `json:"learnt"`
	Open     detect.Direction `json:"open,omitempty"`
	Usual    float64          `json:"usual"` // rate, at the last decided bucket
}
