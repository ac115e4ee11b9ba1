package watch

import (
	"context"
	"math"
	"slices"
	"time"

	"frontline/insight/stat"
	"frontline/job"
	"frontline/watch/detect"
	"frontline/watch/locate"
)

// AssessArgs says which finding is assessed.
type AssessArgs struct {
	Finding string `json:"finding"`
}

// JobAssess says of a finding since when, how far, where and whom it hurts, and tells the alerts; it comes back while the change lasts.
func JobAssess() job.Kind[AssessArgs] { return job.Kind[AssessArgs]{Name: "watch.assess"} }

const (
	assessAgain = 5 * time.Minute    // while a change lasts
	lookBack    = 2 * time.Hour      // before the window of evidence
	usualDays   = 7 * 24 * time.Hour // what leaves are compared with
)

// Assess carries out JobAssess.
func (k *Keeper) Assess(ctx context.Context, a AssessArgs) error {
	f, err := k.Store.Finding(ctx, a.Finding)
	if err != nil {
		return err
	}
	book, err := k.Book(ctx)
	if err != nil {
		return err
	}
	def, there := book.Watch(f.Watch)
	var evidence Evidence
	if there && (!f.Over() || f.AssessedAt.IsZero()) {
		if evidence, err = k.evidence(ctx, def, f); err != nil {
			return err
		}
	}
	f, err = k.Store.ChangeFinding(ctx, f.ID, assessed(def, there, evidence))
	if err != nil || !f.Told {
		return err
	}
	return k.tell(ctx, def, f)
}

// assessed writes the evidence down, settles the series' size, and comes back while the change lasts.
func assessed(def Definition, there bool, e Evidence) func(Current, Finding) (Decided, error) {
	return func(c Current, f Finding) (Decided, error) {
		if !e.AssessedAt.IsZero() {
			f.Evidence = e
		}
		out := Decided{State: c.State}
		if there && !f.Over() && c.State.Version == def.Version() {
			m, err := think(def, c.State, 1)
			if err != nil {
				return out, err
			}
			if i, ok := m.at[key(f.Series)]; ok && e.Ratio.Value > 0 {
				m.series[i].Settle(e.Ratio.Value)
				out.State = m.written(c.Now)
			}
			if m.caughtUp(c.Now) {
				f.Told, f.Past = true, false
			}
			out.Do(JobAssess().At(c.Now.Add(assessAgain), f.ID, AssessArgs{Finding: f.ID}))
		}
		out.Findings = []Finding{f}
		return out, nil
	}
}

// evidence is what is known of a finding now.
func (k *Keeper) evidence(ctx context.Context, def Definition, f Finding) (Evidence, error) {
	state, err := k.Store.WatchState(ctx, def.ID)
	if err != nil {
		return Evidence{}, err
	}
	m, err := think(def, state, 1)
	if err != nil || state.Version != def.Version() {
		return Evidence{AssessedAt: k.Clock.Now()}, err
	}
	i, ok := m.at[key(f.Series)]
	if !ok {
		return Evidence{AssessedAt: k.Clock.Now()}, nil
	}
	until := m.state.Position
	if f.Over() {
		until = m.det.Number(f.EndedAt) - 1
	}
	from := min(f.Window-min(f.Window, m.buckets(lookBack)), until-min(until, m.buckets(2*24*time.Hour)))
	counts, err := k.counts(ctx, def, f.Series, from, until)
	if err != nil {
		return Evidence{}, err
	}
	e := m.size(f, i, counts)
	e.AssessedAt, e.Until = k.Clock.Now(), until
	if e.Requests == 0 || len(def.Labels) == 0 || f.Direction != detect.Up {
		return e, nil
	}
	return e, k.where(ctx, m, f, i, &e)
}

func (m *mind) buckets(d time.Duration) uint32 { return uint32(d / m.def.Every()) }

// size says since when and how far. Of a change that is over before anybody looked, the window of evidence is taken for the start.
func (m *mind) size(f Finding, i int, counts []detect.Count) Evidence {
	s := &m.series[i]
	if s.Open() == f.Direction {
		if c, err := m.det.Onset(s, counts); err == nil {
			return Evidence{Start: m.det.Start(c.Start), From: m.det.Start(c.From), To: m.det.Start(c.To), Errors: c.Errors, Requests: c.Requests,
				Expected: c.Expected, Ratio: c.Ratio, Excess: c.Excess}
		}
	}
	start := m.det.Start(f.Window)
	e := Evidence{Start: start, From: start, To: f.RaisedAt}
	usual := m.det.Usual(s)
	for _, c := range counts {
		if c.Bucket >= f.Window {
			e.Errors, e.Requests, e.Expected = e.Errors+c.Errors, e.Requests+c.Requests, e.Expected+c.Requests*usual.Rate(c.Bucket)
		}
	}
	if e.Expected > 0 {
		e.Ratio, e.Excess = plain(e.Errors, e.Expected, usual.Dispersion())
	}
	return e
}

// plain is the ratio and the excess of errors over what was expected: x/L·e^(±1.96·√(φ/x)), x − L ± 1.96·√(φ·x).
func plain(x, expected, phi float64) (ratio, excess stat.Estimate) {
	const z95 = 1.959964
	sd := z95 * math.Sqrt(phi*max(x, 1))
	by := math.Exp(z95 * math.Sqrt(phi/max(x, 1)))
	r := x / expected
	return stat.Estimate{Value: r, Interval: stat.Interval{Low: r / by, High: r * by}, N: int(x)},
		stat.Estimate{Value: x - expected, Interval: stat.Interval{Low: x - expected - sd, High: x - expected + sd}, N: int(x)}
}

// where finds the labels that carry the change, and the customers.
func (k *Keeper) where(ctx context.Context, m *mind, f Finding, i int, e *Evidence) error {
	start := m.det.Number(e.Start)
	since, buckets, err := k.leaves(ctx, m.def, start, e.Until)
	if err != nil {
		return err
	}
	hour := e.Start.Unix() / 3600
	before, err := k.Store.WatchHours(ctx, m.def.ID, hour-int64(usualDays/time.Hour), hour-1)
	if err != nil {
		return err
	}
	var old []Leaf
	for _, h := range before {
		old = append(old, h.Leaves...)
	}
	q := locate.Question{Labels: m.def.Labels, Customer: slices.Index(m.def.Labels, m.def.Customer),
		Leaves: compared(m.def.Of(f.Series, since), m.def.Of(f.Series, Add(nil, old))), Dispersion: m.det.Usual(&m.series[i]).Dispersion()}
	if len(q.Leaves) == 0 {
		return nil
	}
	observed := float64(buckets)
	if m.def.Counted() {
		alike(q.Leaves, observed, float64(len(before))*float64(m.buckets(time.Hour)))
	}
	answer, err := locate.Scan(q)
	if err != nil {
		return err
	}
	if m.def.Counted() {
		answer.Whole.Requests = observed
		for i := range answer.Causes {
			answer.Causes[i].Requests = observed
		}
	}
	e.Labels, e.Whole, e.Causes, e.Everyone = m.def.Labels, answer.Whole, answer.Causes, answer.Everyone
	return nil
}

// compared puts what was counted beside what is usual, for each leaf that had requests.
func compared(since, before []Leaf) []locate.Leaf {
	old := make(map[string]Leaf, len(before))
	for _, l := range before {
		old[key(l.Values)] = l
	}
	var out []locate.Leaf
	for _, l := range since {
		if l.Requests > 0 {
			was := old[key(l.Values)]
			out = append(out, locate.Leaf{Values: l.Values, Errors: l.Errors, Requests: l.Requests, OldErrors: was.Errors, Old: was.Requests})
		}
	}
	return out
}

// alike gives the leaves of a count alone what they have instead of requests: so many observed buckets, the same for all. What is expected of a
// leaf does not depend on the unit, which is chosen so that there are more of it than errors.
func alike(leaves []locate.Leaf, since, before float64) {
	unit := 1.0
	for _, l := range leaves {
		unit = max(unit, l.Errors/max(since, 1), l.OldErrors/max(before, 1))
	}
	unit = math.Ceil(2 * unit)
	for i := range leaves {
		leaves[i].Requests, leaves[i].Old = unit*max(since, 1), unit*max(before, 1)
	}
}

// counts are those of one series, bucket by bucket: from hours where they are written, and from the leaves after them.
func (k *Keeper) counts(ctx context.Context, def Definition, values []string, from, until uint32) ([]detect.Count, error) {
	perHour := uint32(time.Hour / def.Every())
	hours, err := k.Store.WatchHours(ctx, def.ID, int64(from/perHour), int64(until/perHour))
	if err != nil {
		return nil, err
	}
	var out []detect.Count
	for _, h := range hours {
		for _, l := range h.Lines {
			if !slices.Equal(l.Values, values) && (len(l.Values) > 0 || len(values) > 0) {
				continue
			}
			for i := range l.Requests {
				if at := h.First + uint32(i); at >= from && at <= until && (l.Requests[i] > 0 || l.Errors[i] > 0) {
					out = append(out, detect.Count{Bucket: at, Errors: l.Errors[i], Requests: l.Requests[i]})
				}
			}
		}
		from = max(from, h.First+uint32(h.Width))
	}
	buckets, err := k.Store.WatchCounts(ctx, def.ID, from, until)
	for _, b := range buckets {
		x, n := Sum(def.Of(values, Add(b.Leaves, b.Late)))
		if def.Counted() {
			n = 1
		}
		if n > 0 {
			out = append(out, detect.Count{Bucket: b.Number, Errors: x, Requests: n})
		}
	}
	return out, err
}

// leaves sums the leaves from one bucket to another, and says how many buckets these are. Of what is not kept bucket by bucket any more, whole hours
// are taken.
func (k *Keeper) leaves(ctx context.Context, def Definition, from, until uint32) (sum []Leaf, observed int, err error) {
	buckets, err := k.Store.WatchCounts(ctx, def.ID, from, until)
	if err != nil {
		return nil, 0, err
	}
	perHour := uint32(time.Hour / def.Every())
	if len(buckets) == 0 || buckets[0].Number > from+perHour {
		hours, err := k.Store.WatchHours(ctx, def.ID, int64((from+perHour-1)/perHour), int64(until/perHour))
		if err != nil {
			return nil, 0, err
		}
		for _, h := range hours {
			if len(buckets) == 0 || h.First+uint32(h.Width) <= buckets[0].Number {
				sum, observed = append(sum, h.Leaves...), observed+h.Width
			}
		}
	}
	for _, b := range buckets {
		sum = append(append(sum, b.Leaves...), b.Late...)
	}
	return Add(nil, sum), observed + len(buckets), nil
}

// hourly is what an hour of buckets comes to.
func hourly(def Definition) func(int64, []Bucket) Hour {
	width := int(time.Hour / def.Every())
	return func(number int64, buckets []Bucket) Hour {
		h := Hour{Number: number, First: uint32(number) * uint32(width), Width: width}
		lines := map[string]*Line{}
		line := func(values []string) *Line {
			l, there := lines[key(values)]
			if !there {
				l = &Line{Values: values, Errors: make([]float64, width), Requests: make([]float64, width)}
				lines[key(values)] = l
			}
			return l
		}
		whole := line(nil)
		for _, b := range buckets {
			leaves := Add(b.Leaves, b.Late)
			h.Leaves = Add(h.Leaves, leaves)
			at := int(b.Number - h.First)
			x, n := Sum(leaves)
			if def.Counted() {
				n = 1
			}
			whole.Errors[at], whole.Requests[at] = x, n
			if len(def.By) == 0 {
				continue
			}
			for _, r := range def.Roots(b) {
				l := line(r.Values)
				l.Errors[at], l.Requests[at] = r.Count.Errors+r.Late.Errors, r.Count.Requests+r.Late.Requests
			}
		}
		if def.Counted() { // nothing of it is a count as well
			for _, l := range lines {
				copy(l.Requests, whole.Requests)
			}
		}
		for _, l := range lines {
			h.Lines = append(h.Lines, *l)
		}
		slices.SortFunc(h.Lines, func(a, b Line) int { return slices.Compare(a.Values, b.Values) })
		return h
	}
}
