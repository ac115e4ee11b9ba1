package watch

import (
	"maps"
	"slices"
	"time"

	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/watch/detect"
)

// State is what is kept of a watch between two looks: all of it is written in the transaction that decides a bucket, so that a crash or
// another replica loses nothing and decides nothing twice.
type State struct {
	Watch    string
	Version  string     // of the definition that it was made by
	Begun    uint32     // first bucket
	Position uint32     // the last bucket that is decided
	Heard    uint32     // the last bucket in which anything was counted
	Series   [][]string // values of each series, in the order of Body; the whole is first, without values
	Body     []byte     // detect.Snapshot
	Flow     float64    // requests a bucket, over about a day
	Nearest  float64    // evidence of the series that is nearest to an alarm, 0 to 1
	Learnt   float64    // share of the time to learn, of the whole
	At       time.Time  // when it was written
	Trouble  string     // why the source could not be asked, in a sentence; empty when it could
	Since    time.Time  // of the trouble
	Blind    bool       // people were told that it sees nothing
}

// mind is a state taken apart: what decides about buckets.
type mind struct {
	def    Definition
	det    *detect.Detector
	gap    time.Duration
	state  State
	series []detect.Series
	at     map[string]int
}

// think takes the state of a watch apart. One of another version of the definition, or none, begins anew before the bucket begin.
func think(def Definition, state State, begin uint32) (*mind, error) {
	det, err := detect.New(def.settings())
	if err != nil {
		return nil, err
	}
	gap, err := Budget(def.FalseAlarms)
	if err != nil {
		return nil, err
	}
	m := &mind{def: def, det: det, gap: gap, state: state, at: map[string]int{}}
	if state.Version == def.Version() {
		snap, err := det.Unpack(state.Body)
		if err == nil && len(snap.Series) == len(state.Series) {
			m.series = snap.Series
			for i, values := range state.Series {
				m.at[key(values)] = i
			}
			return m, m.share()
		}
	}
	m.state = State{Watch: def.ID, Version: def.Version(), Begun: begin, Position: begin - 1, Blind: state.Blind}
	_, err = m.of(nil)
	return m, err
}

// of is where a series lies; a new one begins with what the whole has learnt. Further ones than may be are left out: -1.
func (m *mind) of(values []string) (int, error) {
	if i, there := m.at[key(values)]; there {
		return i, nil
	}
	if len(m.series) >= mostSeries {
		return -1, nil
	}
	s := m.det.Begin(10)
	if len(m.series) > 0 {
		m.det.Inherit(&s, &m.series[0])
	}
	m.at[key(values)] = len(m.series)
	m.series = append(m.series, s)
	m.state.Series = append(m.state.Series, values)
	return len(m.series) - 1, m.share()
}

// share divides the budget anew among the series there are.
func (m *mind) share() error {
	weights := make([]float64, len(m.series))
	for i := range weights {
		weights[i] = 1
	}
	limits, err := Shares(m.gap, m.def.Every(), weights)
	for i := range limits {
		m.series[i].Limit(limits[i])
	}
	return err
}

// happening is what a bucket changed in a series.
type happening struct {
	series  int
	bucket  uint32
	window  uint32
	verdict detect.Verdict
}

// observe takes the next bucket in.
func (m *mind) observe(b Bucket) ([]happening, error) {
	var out []happening
	seen := map[int]bool{}
	whole := Root{Count: detect.Count{Bucket: b.Number}}
	roots := m.def.Roots(b)
	for _, r := range roots {
		whole.Count.Errors += r.Count.Errors
		whole.Count.Requests += r.Count.Requests
		whole.Late.Errors += r.Late.Errors
		whole.Late.Requests += r.Late.Requests
	}
	if m.def.Counted() {
		whole.Count.Requests = 1
	}
	all := []Root{whole}
	if len(m.def.By) > 0 {
		all = append(all, roots...)
	}
	for _, r := range all {
		i, err := m.of(r.Values)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			continue
		}
		seen[i] = true
		out = m.take(out, i, r)
	}
	if m.def.Counted() { // nothing of it is a count as well
		for i := range m.series {
			if !seen[i] {
				out = m.take(out, i, Root{Count: detect.Count{Bucket: b.Number, Requests: 1}})
			}
		}
	}
	if whole.Count.Requests > 0 {
		m.state.Heard = b.Number
	}
	m.state.Flow += (whole.Count.Requests - m.state.Flow) * min(1, float64(m.def.Every())/float64(24*time.Hour)+1/float64(1+b.Number-m.state.Begun))
	m.state.Position = b.Number
	return out, nil
}

func (m *mind) take(out []happening, i int, r Root) []happening {
	s := &m.series[i]
	if m.def.Counted() {
		r.Count.Errors += r.Late.Errors
	} else if r.Late.Requests > 0 || r.Late.Errors > 0 {
		m.det.Late(s, r.Late.Errors, r.Late.Requests)
	}
	window := s.Window()
	if v := m.det.Observe(s, r.Count); v.Event != detect.Nothing {
		out = append(out, happening{i, r.Count.Bucket, window, v})
	}
	return out
}

// written is the state to be kept.
func (m *mind) written(now time.Time) State {
	m.state.Body = m.det.Pack(detect.Snapshot{Position: uint64(m.state.Position), Series: m.series})
	m.state.Nearest, m.state.At = 0, now
	for i := range m.series {
		if m.det.Ready(&m.series[i]) {
			m.state.Nearest = max(m.state.Nearest, m.det.Evidence(&m.series[i]))
		}
	}
	m.state.Learnt = m.det.Learnt(&m.series[0])
	return m.state
}

// late is how long after its end a bucket still concerns anybody: what was found further back is history.
const late = 2 * time.Hour

// decide takes buckets in up to until and says what they changed. What is not there was not observed.
func decide(def Definition, begin, until uint32) func(Current) (Decided, error) {
	return func(c Current) (Decided, error) {
		m, err := think(def, c.State, begin)
		if err != nil {
			return Decided{}, err
		}
		out := Decided{}
		open := m.stillOpen(c, &out)
		for _, b := range c.Buckets {
			if b.Number <= m.state.Position || b.Number > until {
				continue
			}
			all, err := m.observe(b)
			if err != nil {
				return Decided{}, err
			}
			for _, h := range all {
				m.happened(c, &out, open, h)
			}
		}
		if until > m.state.Position && len(c.Buckets) < mostBuckets {
			m.state.Position = until
		}
		m.state.Trouble, m.state.Since = "", time.Time{}
		m.toldOf(c, &out, open)
		out.State = m.written(c.Now)
		return out, nil
	}
}

// toldOf has somebody told of what is open, once what it shows is not history any more.
func (m *mind) toldOf(c Current, out *Decided, open map[string]*Finding) {
	for _, k := range slices.Sorted(maps.Keys(open)) {
		f := open[k]
		if fresh := f.FoundAt.Equal(c.Now); fresh {
			out.Findings = append(out.Findings, *f)
		}
		if !f.Told && m.caughtUp(c.Now) {
			out.assess(*f, c.Now)
		}
	}
}

func (d *Decided) assess(f Finding, at time.Time) {
	d.Do(JobAssess().At(at, f.ID, AssessArgs{Finding: f.ID}).Ranked(job.Paging))
}

// mostBuckets is how many buckets are decided in one transaction.
const mostBuckets = 360

// stillOpen are the open findings by series and direction. Those of another version are dropped: their series are no more.
func (m *mind) stillOpen(c Current, out *Decided) map[string]*Finding {
	open := map[string]*Finding{}
	for i := range c.Open {
		f := c.Open[i]
		if f.RaisedAt.Before(m.det.Start(m.state.Begun)) || c.State.Version != m.def.Version() {
			f.State, f.EndedAt = Dropped, c.Now
			out.Findings = append(out.Findings, f)
			out.assess(f, c.Now)
			continue
		}
		open[f.key()] = &f
	}
	return open
}

// caughtUp says whether the state is so near to now that somebody should hear of what it shows.
func (m *mind) caughtUp(now time.Time) bool {
	return now.Sub(m.end(m.state.Position)) < late
}

// end is when a bucket ends.
func (m *mind) end(bucket uint32) time.Time { return m.det.Start(bucket).Add(m.def.Every()) }

// happened opens or ends a finding.
func (m *mind) happened(c Current, out *Decided, open map[string]*Finding, h happening) {
	f := Finding{Watch: m.def.ID, Series: m.state.Series[h.series], Direction: h.verdict.Direction, State: Open, RaisedAt: m.end(h.bucket), FoundAt: c.Now, Window: h.window}
	system := people.System("watch")
	if h.verdict.Event == detect.Raised {
		f.ID, f.Past = c.NewID(), c.Now.Sub(f.RaisedAt) >= late
		open[f.key()] = &f
		out.Add(journal.Note(system, "finding.raised", f.Self(), map[string]any{"direction": int(f.Direction), "past": f.Past}).With(journal.Of("watch", m.def.ID)))
		return
	}
	if was, there := open[f.key()]; there {
		was.State, was.EndedAt = Recovered, m.end(h.bucket)
		out.Add(journal.Note(system, "finding.recovered", was.Self(), map[string]any{"after_ms": was.EndedAt.Sub(was.RaisedAt).Milliseconds()}).With(journal.Of("watch", m.def.ID)))
		out.Findings = append(out.Findings, *was)
		out.assess(*was, c.Now)
		delete(open, f.key())
	}
}
