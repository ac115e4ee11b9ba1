package store

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"frontline/action"
	"frontline/alert"
	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
	"frontline/watch"
)

// factory is a firm whose decisions fail now and then, and from a moment on more often for one customer and country.
type factory struct {
	def   watch.Definition
	began time.Time // when the release went out
	ratio float64
	until time.Time // when it was taken back
	down  error     // the source does not answer
	asked int
}

func (f *factory) Watches() []watch.Definition { return []watch.Definition{f.def} }
func (f *factory) Watch(id string) (watch.Definition, bool) {
	return f.def, id == f.def.ID
}
func (f *factory) Service(id string) (catalog.Service, bool) { return catalog.Service{ID: id}, true }
func (f *factory) Customers() []catalog.Customer             { return nil }

func decisions() *factory {
	return &factory{ratio: 3, def: watch.Definition{ID: "decisions", Name: "Decisions that fail", Team: "desk", Service: "decision-pipeline",
		Labels: []string{"customer", "country"}, By: []string{"country"}, Customer: "customer",
		Learn: 24 * time.Hour, History: 25 * time.Hour, Source: watch.Feed{Prometheus: &watch.Prometheus{URL: "https://prometheus.example", Errors: "e", Total: "t"}}}}
}

// Counts implements watch.Source: the same buckets always have the same counts.
func (f *factory) Counts(_ context.Context, d watch.Definition, from, until uint32) ([]watch.Bucket, error) {
	f.asked++
	if f.down != nil {
		return nil, f.down
	}
	var out []watch.Bucket
	for n := from; n <= until; n++ {
		out = append(out, f.bucket(n))
	}
	return out, nil
}

func (f *factory) bucket(n uint32) watch.Bucket {
	at := time.Unix(int64(n)*60, 0)
	chance := rand.New(rand.NewPCG(uint64(n), 7))
	b := watch.Bucket{Number: n}
	for _, customer := range []string{"nordpank", "lumo", "arco", "kivi", "savanna"} {
		for _, country := range []string{"EE", "KE", "ES"} {
			rate := 0.01
			if customer == "savanna" && country == "KE" && !f.began.IsZero() && !at.Before(f.began) && (f.until.IsZero() || at.Before(f.until)) {
				rate *= f.ratio
			}
			x := 0
			for range 60 {
				if chance.Float64() < rate {
					x++
				}
			}
			b.Leaves = append(b.Leaves, watch.Leaf{Values: []string{customer, country}, Errors: float64(x), Requests: 60})
		}
	}
	return b
}

// heard takes signals down.
type heard struct{ signals []alert.Signal }

func (h *heard) Take(_ context.Context, _ alert.Source, b alert.Batch) (alert.Accepted, error) {
	h.signals = append(h.signals, b.Signals...)
	return alert.Accepted{}, nil
}

// observatory is a keeper on a moved clock.
type observatory struct {
	*watch.Keeper
	t    *testing.T
	db   *DB
	c    *clock.Moved
	firm *factory
	said *heard
	log  bytes.Buffer
}

func observe(t *testing.T, db *DB, c *clock.Moved, firm *factory) *observatory {
	o := &observatory{t: t, db: db, c: c, firm: firm, said: &heard{}}
	o.Keeper = &watch.Keeper{Store: db, Clock: c, Signals: o.said, Log: slog.New(slog.NewTextHandler(&o.log, nil)),
		Book: func(context.Context) (watch.Directory, error) { return firm, nil },
		Ask:  func(watch.Definition) (watch.Source, bool) { return firm, true },
		Link: func(f watch.Finding) string { return "https://desk.example/" + f.Name() }}
	return o
}

// look does what is due, as the job runner does, for a while.
func (o *observatory) look(long time.Duration) {
	o.t.Helper()
	for end := o.c.Now().Add(long); ; o.c.Move(time.Minute) {
		for claims := o.due(); len(claims) > 0; claims = o.due() {
			for _, c := range claims {
				o.do(c)
			}
		}
		if !o.c.Now().Before(end) {
			return
		}
	}
}

func (o *observatory) due() []job.Claim {
	o.t.Helper()
	var all []job.Claim
	for _, rank := range []job.Rank{job.Paging, job.Normal} {
		claims, err := o.db.Claim(o.t.Context(), rank, 10)
		if err != nil {
			o.t.Fatal(err)
		}
		all = append(all, claims...)
	}
	return all
}

func (o *observatory) do(c job.Claim) {
	o.t.Helper()
	for _, h := range o.Handlers() {
		if h.Name == c.Kind {
			if err := h.Do(o.t.Context(), c); err != nil {
				o.t.Fatal(err)
			}
		}
	}
	if err := o.db.Finish(o.t.Context(), c); err != nil {
		o.t.Fatal(err)
	}
}

func (o *observatory) begin() {
	o.t.Helper()
	if err := o.db.Enqueue(o.t.Context(), watch.JobTick().At(o.c.Now(), o.firm.def.ID, watch.TickArgs{Watch: o.firm.def.ID})); err != nil {
		o.t.Fatal(err)
	}
}

// TestAWatchSeesWhereAndWhom: given a day and a half of history, when a release makes one customer's mistakes in one country eight times as frequent, the alert names both.
func TestAWatchSeesWhereAndWhom(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		firm := decisions()
		firm.ratio = 8
		o := observe(t, db, c, firm)
		o.begin()
		o.look(time.Minute)
		state, err := db.WatchState(t.Context(), "decisions")
		if err != nil || state.Learnt < 1 || len(state.Series) != 4 || state.Nearest >= 1 {
			t.Fatalf("after history: learnt %g, series %v, nearest %g, %v", state.Learnt, state.Series, state.Nearest, err)
		}
		if len(o.said.signals) > 0 {
			t.Fatalf("history raised %+v", o.said.signals)
		}
		firm.began = c.Now().Truncate(time.Minute)
		o.look(3 * time.Hour)
		f := o.found(watch.Open)
		if d := f.Start.Sub(firm.began).Abs(); d > 20*time.Minute || firm.began.Before(f.From.Add(-time.Minute)) || firm.began.After(f.To.Add(time.Minute)) {
			t.Errorf("began %s, said %s (%s to %s)", firm.began, f.Start, f.From, f.To)
		}
		if len(f.Causes) != 1 || watch.Labels(f.Causes[0].Labels) != "customer savanna" && watch.Labels(f.Causes[0].Labels) != "customer savanna and country KE" {
			t.Errorf("located at %+v", f.Causes)
		}
		s := o.said.signals[0]
		if s.Status != alert.Firing || !strings.Contains(s.Title, "Decisions that fail: ") || !strings.Contains(s.Title, "country KE") || !strings.Contains(s.Text, "Since ") || s.Labels["service"] != "decision-pipeline" {
			t.Errorf("said %+v", s)
		}
		// Taken back, it recovers, and the alert ends.
		firm.until = c.Now().Truncate(time.Minute)
		o.look(2 * time.Hour)
		o.found(watch.Recovered)
		last := map[string]alert.Status{}
		for _, s := range o.said.signals {
			last[s.Key] = s.Status
		}
		for k, status := range last {
			if status != alert.Resolved {
				t.Errorf("%s ends %s", k, status)
			}
		}
	})
}

// found is the finding of Kenya, which is all there is beside that of the whole.
func (o *observatory) found(want watch.Standing) watch.Finding {
	o.t.Helper()
	all, err := o.db.Findings(o.t.Context(), watch.Filter{Watch: "decisions"})
	if err != nil {
		o.t.Fatal(err)
	}
	var out watch.Finding
	for _, f := range all {
		if f.State != want || len(f.Series) > 0 && f.Series[0] != "KE" || f.AssessedAt.IsZero() || f.Past {
			o.t.Errorf("found %+v", f)
		}
		if len(f.Series) > 0 {
			out = f
		}
	}
	if out.ID == "" {
		o.t.Fatalf("nothing was found of Kenya among %d", len(all))
	}
	return out
}

// TestAWatchDecidesAlike: looked at each minute, or after an hour in which nobody looked, by one process or by two at once, a watch is in the same
// state, bit for bit.
func TestAWatchDecidesAlike(t *testing.T) {
	var states []watch.State
	for _, steps := range [][]time.Duration{{3 * time.Hour}, {0, 90 * time.Minute, 0, 90 * time.Minute}} {
		each(t, func(t *testing.T, db *DB, c *clock.Moved) {
			firm := decisions()
			firm.def.History = 25 * time.Hour
			o := observe(t, db, c, firm)
			o.begin()
			if len(steps) == 1 {
				o.look(steps[0])
			} else {
				for _, s := range steps {
					c.Move(s)
					o.look(0)
					o.begin() // somebody else wakes it as well
					o.look(0)
				}
			}
			state, err := db.WatchState(t.Context(), "decisions")
			if err != nil {
				t.Fatal(err)
			}
			states = append(states, state)
		})
	}
	for _, s := range states[1:] {
		if s.Position != states[0].Position || !bytes.Equal(s.Body, states[0].Body) {
			t.Errorf("position %d, want %d; the same state: %t", s.Position, states[0].Position, bytes.Equal(s.Body, states[0].Body))
		}
	}
}

// TestASilentSourceIsSaid: a watch that sees nothing says so, and that it sees again.
func TestASilentSourceIsSaid(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		firm := decisions()
		o := observe(t, db, c, firm)
		o.begin()
		o.look(0)
		firm.down = fault.New(fault.Unavailable, "Prometheus does not answer. Look at it.")
		o.look(10 * time.Minute)
		if len(o.said.signals) > 0 {
			t.Fatalf("after ten minutes: %+v", o.said.signals)
		}
		o.look(20 * time.Minute)
		if n := len(o.said.signals); n != 1 || o.said.signals[0].Status != alert.Firing || !strings.Contains(o.said.signals[0].Text, "Prometheus does not answer.") {
			t.Fatalf("after half an hour: %+v", o.said.signals)
		}
		firm.down = nil
		o.look(10 * time.Minute)
		if n := len(o.said.signals); n != 2 || o.said.signals[1].Status != alert.Resolved {
			t.Errorf("at the end: %+v", o.said.signals)
		}
		if state, err := db.WatchState(t.Context(), "decisions"); err != nil || c.Now().Sub(time.Unix(int64(state.Position+1)*60, 0)) > 3*time.Minute {
			t.Errorf("it stands at %d %v", state.Position, err)
		}
	})
}

// TestCountsAreTakenOnce: a delivery that comes again counts nothing, and what comes late counts in the next bucket.
func TestCountsAreTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		firm := decisions()
		firm.def.Source, firm.def.By = watch.Feed{Push: &watch.Push{}}, nil
		o := observe(t, db, c, firm)
		desk := &watch.Service{Store: db, Clock: c, Book: o.Book}
		wanjiru := people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: people.Support, Via: "api"}
		push := func(delivery string, at time.Time, errors, total float64) error {
			return desk.Push(t.Context(), wanjiru, "decisions", delivery, []watch.Count{{At: at, Labels: map[string]string{"customer": "arco", "country": "ES"}, Errors: errors, Total: total}})
		}
		first := c.Now().Truncate(time.Minute)
		for range 3 {
			if err := push("a", first, 1, 100); err != nil {
				t.Fatal(err)
			}
		}
		o.begin()
		o.look(3 * time.Minute)
		if err := push("b", first, 2, 10); err != nil { // decided by now
			t.Fatal(err)
		}
		if err := push("c", first.Add(-3*time.Hour), 2, 10); !fault.Is(err, fault.Invalid) {
			t.Errorf("history after the beginning: %v", err)
		}
		if err := push("d", first, 2, 1); !fault.Is(err, fault.Invalid) {
			t.Errorf("more errors than requests: %v", err)
		}
		o.look(3 * time.Minute)
		buckets, err := db.WatchCounts(t.Context(), "decisions", 0, ^uint32(0))
		if err != nil || len(buckets) != 2 {
			t.Fatalf("%+v %v", buckets, err)
		}
		x, n := watch.Sum(buckets[0].Leaves)
		lateX, lateN := watch.Sum(buckets[1].Late)
		if x != 1 || n != 100 || lateX != 2 || lateN != 10 || len(buckets[1].Leaves) != 0 {
			t.Errorf("%+v", buckets)
		}
	})
}

// TestWhatAFindingWasIsSaidByPeople: accepting ends it, and a judgement stays.
func TestWhatAFindingWasIsSaidByPeople(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		firm := decisions()
		firm.def.History, firm.ratio = 25*time.Hour, 8
		o := observe(t, db, c, firm)
		o.begin()
		o.look(0)
		firm.began = c.Now().Truncate(time.Minute)
		o.look(time.Hour)
		f := o.found(watch.Open)
		desk := &watch.Service{Store: db, Clock: c, Book: o.Book}
		wanjiru := people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: people.Support, Via: "screen"}
		if _, err := desk.Judge(t.Context(), wanjiru, f.Name(), watch.Known); err != nil {
			t.Fatal(err)
		}
		f, err := desk.Accept(t.Context(), wanjiru, f.Name())
		if err != nil || f.State != watch.Accepted || f.Feedback != watch.Known || f.JudgedBy != "wanjiru" {
			t.Fatalf("%+v %v", f, err)
		}
		if _, err := desk.Accept(t.Context(), wanjiru, f.Name()); !fault.Is(err, fault.Conflict) {
			t.Errorf("accepted twice: %v", err)
		}
		member := people.Actor{Kind: people.ByPerson, ID: "rasmus", Role: people.Member, Via: "screen"}
		if _, err := desk.Judge(t.Context(), member, f.Name(), watch.Real); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member judges: %v", err)
		}
		n := len(o.said.signals)
		o.look(30 * time.Minute)
		for _, s := range o.said.signals[n:] {
			if len(s.Links) > 0 && s.Links[0].Title == f.Name() && s.Status == alert.Firing {
				t.Errorf("after it was accepted: %+v", s)
			}
		}
	})
}

// TestAPushedWatchBeginsWithItsCounts: however long nothing is sent to it, a watch takes history before its first counts of now.
func TestAPushedWatchBeginsWithItsCounts(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		firm := decisions()
		firm.def.Source, firm.def.By = watch.Feed{Push: &watch.Push{}}, nil
		o := observe(t, db, c, firm)
		desk := &watch.Service{Store: db, Clock: c, Book: o.Book}
		wanjiru := people.Actor{Kind: people.ByPerson, ID: "wanjiru", Role: people.Support, Via: "api"}
		o.begin()
		o.look(5 * time.Minute)
		if x, err := desk.Watch(t.Context(), wanjiru, "decisions"); err != nil || x.Begun {
			t.Fatalf("before anything was sent: begun %t, %v", x.Begun, err)
		}
		var counts []watch.Count
		for m := range 300 {
			counts = append(counts, watch.Count{At: c.Now().Add(time.Duration(m-300) * time.Minute), Labels: map[string]string{"customer": "arco", "country": "ES"}, Errors: float64(m % 3), Total: 100})
		}
		if err := desk.Push(t.Context(), wanjiru, "decisions", "history", counts); err != nil {
			t.Fatal(err)
		}
		o.look(time.Minute)
		x, err := desk.Watch(t.Context(), wanjiru, "decisions")
		if err != nil || !x.Begun || c.Now().Sub(x.Behind()) > 5*time.Minute {
			t.Fatalf("after: begun %t, at %s, %v", x.Begun, x.Behind(), err)
		}
		points, err := desk.Chart(t.Context(), wanjiru, "decisions", nil, c.Now().Add(-6*time.Hour), c.Now())
		if err != nil || len(points) < 290 {
			t.Errorf("%d points, %v", len(points), err)
		}
		if few := watch.Joined(points, 60); len(few) > 60 || len(few) < 40 || few[0].Requests < 200 || few[0].High-few[0].Usual >= points[0].High-points[0].Usual {
			t.Errorf("joined to %d: %+v", len(few), few[0])
		}
	})
}

// TestWhatHappensHereIsCounted: requests that came and runs that ended are found by when they did.
func TestWhatHappensHereIsCounted(t *testing.T) {
	each(t, func(t *testing.T, db *DB, c *clock.Moved) {
		run := running(t, db)
		began := c.Now()
		c.Move(time.Minute)
		if _, err := db.ChangeRun(t.Context(), run.ID, func(c action.Current) (action.Run, journal.Consequences, error) {
			c.Run.State, c.Run.EndedAt = action.Failed, c.Now
			return c.Run, journal.Consequences{}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.write(t.Context(), func(x *tx) error {
			_, err := x.exec(t.Context(), `INSERT INTO request (id, title, fields, type, team, service, customer, asker, state, waits_for, assignee, of_request, problem, incident, received_at, snoozed_until, closed_at, due_at, body)
				VALUES ('r1', '', '{}', 'question', 'support', 'decision-pipeline', 'nordpank', 'a', 'open', '', '', '', '', '', $1, 0, 0, $2, '{}')`, micros(began), never)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for name, read := range map[string]func(context.Context, time.Time, time.Time) ([]watch.Happening, error){"question": db.RequestsCame, run.Definition.ID: db.RunsEnded} {
			all, err := read(t.Context(), began, began.Add(time.Hour))
			if err != nil || len(all) != 1 || all[0].Labels["type"]+all[0].Labels["action"] != name || all[0].Failed != (name != "question") {
				t.Errorf("%s: %+v %v", name, all, err)
			}
			if all, err := read(t.Context(), began.Add(-time.Hour), began); err != nil || len(all) != 0 {
				t.Errorf("%s, an hour before: %+v %v", name, all, err)
			}
		}
	})
}
