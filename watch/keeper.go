package watch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"frontline/alert"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/watch/detect"
)

// Keeper looks at watches: it asks their sources, decides bucket after bucket, and tells what was found. All fields are required.
type Keeper struct {
	Store   Store
	Book    func(context.Context) (Directory, error)
	Ask     func(Definition) (Source, bool) // the source that is asked for the definition's counts
	Signals Signals
	Link    func(Finding) string // where a finding is looked at
	Clock   clock.Clock
	Log     *slog.Logger
}

// Handlers binds the keeper's jobs.
func (k *Keeper) Handlers() []job.Handler {
	return []job.Handler{JobTick().Handle(k.Tick), JobAssess().Handle(k.Assess)}
}

// TickArgs says which watch is looked at.
type TickArgs struct {
	Watch string `json:"watch"`
}

// JobTick looks at what a watch counted since the last look, and comes back with the next bucket.
func JobTick() job.Kind[TickArgs] {
	return job.Kind[TickArgs]{Name: "watch.tick", Limit: 10 * time.Minute}
}

const (
	history      = 28 * 24 * time.Hour // what a watch whose source is asked learns from at its beginning
	longestRun   = 5 * time.Minute     // of one look: history is taken in with several
	keepLeaves   = 50 * time.Hour      // buckets one by one
	keepHours    = 35 * 24 * time.Hour
	tendEvery    = 20 * time.Second
	overdueAfter = time.Minute
	quietTime    = 15 * time.Minute // without an answer of a source, until people hear of it
)

// Tend has every watch looked at, until ctx ends: new ones begin, and no watch is forgotten whatever became of its job.
func (k *Keeper) Tend(ctx context.Context) {
	for {
		if err := k.wake(ctx); err != nil && ctx.Err() == nil {
			k.Log.Warn("watches cannot be woken", "err", err)
		}
		tick, stop := k.Clock.After(tendEvery)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// wake sees to it that each watch has a job. Those of watches that are no more come to their end by themselves.
func (k *Keeper) wake(ctx context.Context) error {
	book, err := k.Book(ctx)
	if err != nil {
		return err
	}
	states, err := k.Store.WatchStates(ctx)
	if err != nil {
		return err
	}
	var jobs []job.New
	for _, d := range book.Watches() {
		if s := states[d.ID]; s.Version != d.Version() || k.overdue(d, s) {
			jobs = append(jobs, k.next(d, s))
		}
		delete(states, d.ID)
	}
	for id := range states {
		jobs = append(jobs, JobTick().At(k.Clock.Now(), id, TickArgs{id}))
	}
	if len(jobs) == 0 {
		return nil
	}
	return k.Store.Enqueue(ctx, jobs...)
}

// overdue says whether a watch should have been looked at a while ago: its job is lost, whatever became of it.
func (k *Keeper) overdue(d Definition, s State) bool {
	now := k.Clock.Now()
	return now.Sub(s.At) > overdueAfter && now.Sub(s.due(d)) > overdueAfter
}

// due is when the bucket after the last decided one has waited for what is late.
func (s State) due(d Definition) time.Time {
	if s.Trouble != "" {
		return s.At.Add(min(max(s.At.Sub(s.Since)/2, 10*time.Second), 5*time.Minute))
	}
	return time.Unix(int64(s.Position+2)*int64(d.Every()/time.Second), 0).Add(d.Waits())
}

// next is the next look at a watch: when the bucket after the last one has waited for what is late.
func (k *Keeper) next(d Definition, s State) job.New {
	due := k.Clock.Now()
	if s.Version != d.Version() && !d.Asked() {
		due = due.Add(10 * time.Second) // nothing was sent to it yet
	}
	if s.Version == d.Version() && s.due(d).After(due) {
		due = s.due(d)
	}
	return JobTick().At(due, d.ID, TickArgs{d.ID})
}

// Tick carries out JobTick.
func (k *Keeper) Tick(ctx context.Context, a TickArgs) error {
	book, err := k.Book(ctx)
	if err != nil {
		return err
	}
	def, there := book.Watch(a.Watch)
	if !there {
		return k.retire(ctx, a.Watch)
	}
	state, err := k.Store.WatchState(ctx, def.ID)
	if err == nil {
		state, err = k.catchUp(ctx, def, state)
	}
	if err != nil {
		return err
	}
	if err := k.tellQuiet(ctx, def, state); err != nil {
		return err
	}
	return k.Store.Enqueue(ctx, k.next(def, state))
}

// catchUp decides what can be decided, for some minutes at most.
func (k *Keeper) catchUp(ctx context.Context, def Definition, state State) (State, error) {
	det, err := detect.New(def.settings())
	if err != nil {
		return state, err
	}
	began := k.Clock.Now()
	last := det.Number(began.Add(-def.Waits())) - 1
	if state.Version != def.Version() {
		if state, err = k.begin(ctx, def, state, last); err != nil || state.Version != def.Version() {
			return state, err
		}
	}
	for {
		from := state.Position + 1
		if from > last || k.Clock.Now().Sub(began) > longestRun {
			return state, nil
		}
		until := min(from+mostBuckets-1, last)
		if def.Asked() {
			if err := k.fetch(ctx, def, from, until); err != nil {
				return k.troubled(ctx, def, err)
			}
		}
		if state, err = k.Store.ChangeWatch(ctx, def.ID, mostBuckets, decide(def, from, until)); err != nil {
			return state, err
		}
		if err = k.roll(ctx, def, from, state.Position); err != nil {
			return state, err
		}
	}
}

// begin starts a watch: where its source can be asked, with history; where counts are sent, with the first that came, and not before. What an
// earlier version of the definition counted had other labels and is of no use.
func (k *Keeper) begin(ctx context.Context, def Definition, state State, last uint32) (State, error) {
	begin := last
	if state.Version != "" {
		if err := k.Store.ForgetWatch(ctx, def.ID); err != nil {
			return state, err
		}
		state = State{}
	}
	if def.Asked() {
		begin = last - uint32(def.Past()/def.Every())
	} else if sent, err := k.Store.WatchCounts(ctx, def.ID, 0, last); err != nil {
		return state, err
	} else if len(sent) == 0 {
		return state, nil
	} else {
		begin = sent[0].Number
	}
	return k.Store.ChangeWatch(ctx, def.ID, 1, func(c Current) (Decided, error) {
		c.Buckets = nil
		return decide(def, begin, begin-1)(c)
	})
}

// fetch asks the source for these buckets.
func (k *Keeper) fetch(ctx context.Context, def Definition, from, until uint32) error {
	source, ok := k.Ask(def)
	if !ok {
		return fault.New(fault.Invalid, "The source of this watch is none that this installation can ask. Ask your administrator.")
	}
	buckets, err := source.Counts(ctx, def, from, until)
	if err != nil {
		return err
	}
	slices.SortFunc(buckets, byNumber)
	return k.Store.TakeCounts(ctx, def.ID, func(Cursor) (Taken, error) { return Taken{Buckets: buckets, Replace: true}, nil })
}

// troubled writes down why the source cannot be asked; the watch goes on where it stands once it can.
func (k *Keeper) troubled(ctx context.Context, def Definition, why error) (State, error) {
	if ctx.Err() != nil {
		return State{}, why
	}
	k.Log.Warn("the source of a watch does not answer", "watch", def.ID, "err", why)
	return k.Store.ChangeWatch(ctx, def.ID, 1, func(c Current) (Decided, error) {
		s := c.State
		if s.Trouble == "" {
			s.Since = c.Now
		}
		s.Trouble, s.At = fault.Sentence(why), c.Now
		return Decided{State: s}, nil
	})
}

// roll writes down the hours that came to their end between two positions.
func (k *Keeper) roll(ctx context.Context, def Definition, from, position uint32) error {
	width := uint32(time.Hour / def.Every())
	if (from-1)/width == (position+1)/width {
		return nil
	}
	now := k.Clock.Now()
	return k.Store.RollWatch(ctx, def.ID, Roll{Width: int(width), KeepAfter: uint32(now.Add(-keepLeaves).Unix() / int64(def.Every()/time.Second)),
		HoursAfter: now.Add(-keepHours).Unix() / 3600, Sum: hourly(def)})
}

// retire ends what is open of a watch that is no more, and forgets what it counted.
func (k *Keeper) retire(ctx context.Context, watch string) error {
	open, err := k.Store.Findings(ctx, Filter{Watch: watch, Open: true, Limit: 1000})
	if err != nil {
		return err
	}
	for _, f := range open {
		f, err := k.Store.ChangeFinding(ctx, f.ID, func(c Current, f Finding) (Decided, error) {
			if f.Over() {
				return Decided{State: c.State}, nil
			}
			f.State, f.EndedAt = Dropped, c.Now
			entry := journal.Note(people.System("watch"), "finding.dropped", f.Self(), nil).With(journal.Of("watch", watch))
			return Decided{State: c.State, Findings: []Finding{f}, Consequences: journal.Consequences{Entries: []journal.Entry{entry}}}, nil
		})
		if err == nil && f.Told {
			err = k.tell(ctx, Definition{ID: watch, Name: watch}, f)
		}
		if err != nil {
			return err
		}
	}
	return k.Store.ForgetWatch(ctx, watch)
}

// Origin is the source of the alerts that watches raise.
func Origin(def Definition) alert.Source {
	return alert.Source{ID: "watch", Name: "Watches", Kind: "watch", Service: def.Service}
}

// tell says to the alerts how a finding stands. Saying it again changes nothing.
func (k *Keeper) tell(ctx context.Context, def Definition, f Finding) error {
	s := alert.Signal{Key: f.key(), Group: "watch/" + f.Watch, Status: alert.Firing, Severity: def.severity(), Title: f.Title(def), Text: f.Text(def),
		Labels: map[string]string{"watch": f.Watch, "service": def.Service}, StartedAt: f.Start, Links: []alert.Link{{Title: f.Name(), URL: k.Link(f)}}}
	if s.StartedAt.IsZero() {
		s.StartedAt = f.RaisedAt
	}
	for i, l := range def.By {
		if i < len(f.Series) {
			s.Labels[l] = f.Series[i]
		}
	}
	if len(f.Causes) > 0 {
		for _, l := range f.Causes[0].Labels {
			s.Labels[l.Name] = l.Value
		}
	}
	if f.Over() {
		s.Status, s.EndedAt = alert.Resolved, f.EndedAt
	}
	return k.signal(ctx, def, s)
}

func (k *Keeper) signal(ctx context.Context, def Definition, s alert.Signal) error {
	_, err := k.Signals.Take(ctx, Origin(def), alert.Batch{Source: "watch", Signals: []alert.Signal{s}, Raw: []byte(fmt.Sprintf(`{"watch":%q,"key":%q,"status":%q}`, def.ID, s.Key, s.Status))})
	return err
}

func (d Definition) severity() alert.Severity {
	if d.Severity == "" {
		return alert.Error
	}
	return d.Severity
}

// silent says whether there are no counts where some should be: a fiftieth of the usual traffic would have brought seven requests by now, and a night is
// no quieter than that. Counts without a total are there also when they are zero; they are missed after an hour.
func (s State) silent(def Definition) bool {
	gap := s.Position - s.Heard
	if long := time.Duration(gap) * def.Every(); s.Heard == 0 || long < quietTime {
		return false
	} else if def.Counted() {
		return long >= time.Hour
	}
	return float64(gap)*s.Flow/50 >= 7
}

// tellQuiet says that a watch sees nothing: its source does not answer, or nothing comes any more. A watch that is blind must not look like one that is calm.
func (k *Keeper) tellQuiet(ctx context.Context, def Definition, s State) error {
	blind, why := s.Trouble != "" && k.Clock.Now().Sub(s.Since) >= quietTime, s.Trouble
	if s.Trouble == "" && s.silent(def) {
		blind, why = true, "Nothing is counted any more, though its source answers."
		if !def.Asked() {
			why = "Nothing is sent to it any more."
		}
	}
	if blind == s.Blind {
		return nil
	}
	sig := alert.Signal{Key: def.ID + "/blind", Group: "watch/" + def.ID, Status: alert.Firing, Severity: alert.Warning, Title: def.Name + ": the watch sees nothing",
		Text: why + " Until counts come again, no change is noticed.", Labels: map[string]string{"watch": def.ID, "service": def.Service}}
	if !blind {
		sig.Status = alert.Resolved
	}
	if err := k.signal(ctx, def, sig); err != nil {
		return err
	}
	_, err := k.Store.ChangeWatch(ctx, def.ID, 1, func(c Current) (Decided, error) {
		c.State.Blind = blind
		return Decided{State: c.State}, nil
	})
	return err
}
