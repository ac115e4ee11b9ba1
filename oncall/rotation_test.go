package oncall

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the rules must hold also where the machine has no zones of its own

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// zones stands for all: each continent, both hemispheres, half and quarter hours, half-hour summer time (Lord Howe), a skipped
// day (Apia), winter time that is negative summer time (Dublin), Ramadan (Casablanca), many whims (Gaza, Cairo, Caracas), none at all.
var zones = []string{
	"UTC", "Europe/Tallinn", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Moscow", "Europe/Istanbul", "Europe/Volgograd",
	"Africa/Nairobi", "Africa/Cairo", "Africa/Casablanca", "Africa/Windhoek", "Africa/Juba", "Africa/Sao_Tome",
	"America/New_York", "America/Sao_Paulo", "America/Caracas", "America/St_Johns", "America/Santiago", "America/Havana", "America/Tijuana",
	"America/Asuncion", "America/Scoresbysund", "America/Nuuk", "America/Port-au-Prince",
	"Asia/Gaza", "Asia/Amman", "Asia/Tehran", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang", "Asia/Tokyo", "Asia/Shanghai", "Asia/Beirut",
	"Australia/Lord_Howe", "Australia/Sydney", "Australia/Eucla", "Pacific/Apia", "Pacific/Chatham", "Pacific/Auckland", "Pacific/Fakaofo",
	"Pacific/Easter", "Pacific/Norfolk", "Antarctica/Troll", "Antarctica/Casey", "Atlantic/Azores",
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func firstLine() Rotation {
	return Rotation{ID: "first-line", Name: "First line", Team: "support", Zone: "Europe/Tallinn", HandoffDay: "monday",
		HandoffTime: "08:00", Start: "2026-11-02", Members: []string{"liis", "karl", "wanjiru"}}
}

func TestWhoIsOnCall(t *testing.T) {
	week := Override{ID: "o1", Rotation: "first-line", Person: "aisha", From: at("2026-11-14T22:00:00Z"), To: at("2026-11-17T06:00:00Z")}
	later := Override{ID: "o2", Rotation: "first-line", Person: "tonis", From: at("2026-11-15T10:00:00Z"), To: at("2026-11-15T12:00:00Z"), MadeAt: at("2026-11-10T00:00:00Z")}
	other := Override{ID: "o3", Rotation: "second-line", Person: "rasmus", From: at("2026-11-01T00:00:00Z"), To: at("2026-12-01T00:00:00Z")}
	all := []Override{later, week, other}
	tests := []struct {
		name, at string
		want     Shift
	}{
		{"before the first turn", "2026-11-02T05:59:59Z", Shift{To: at("2026-11-02T06:00:00Z"), Why: ByGap}},
		{"first turn begins", "2026-11-02T06:00:00Z", Shift{From: at("2026-11-02T06:00:00Z"), To: at("2026-11-09T06:00:00Z"), Person: "liis", Why: ByRotation}},
		{"second turn, until the override", "2026-11-09T06:00:00Z", Shift{From: at("2026-11-09T06:00:00Z"), To: at("2026-11-14T22:00:00Z"), Person: "karl", Why: ByRotation}},
		{"override made last wins", "2026-11-15T11:00:00Z", Shift{From: at("2026-11-15T10:00:00Z"), To: at("2026-11-15T12:00:00Z"), Person: "tonis", Why: ByOverride, Override: "o2", Instead: "karl"}},
		{"override goes over the hand-off", "2026-11-16T07:00:00Z", Shift{From: at("2026-11-15T12:00:00Z"), To: at("2026-11-17T06:00:00Z"), Person: "aisha", Why: ByOverride, Override: "o1", Instead: "karl"}},
		{"back to the turn", "2026-11-17T06:00:00Z", Shift{From: at("2026-11-17T06:00:00Z"), To: at("2026-11-23T06:00:00Z"), Person: "wanjiru", Why: ByRotation}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := firstLine().At(at(tt.at), all)
			got.turn = 0
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Shift{})); diff != "" {
				t.Errorf("At(%s) (-want +got):\n%s", tt.at, diff)
			}
			if ok != (tt.want.Person != "") {
				t.Errorf("At(%s) says ok=%v for %q", tt.at, ok, got.Person)
			}
		})
	}
}

func TestHandoffWhenTheClocksChange(t *testing.T) {
	tests := []struct {
		name, zone, day, time, start string
		want                         time.Time // the hand-off of turn 0
	}{
		{"summer time begins before it", "Europe/Tallinn", "monday", "08:00", "2026-03-30", at("2026-03-30T05:00:00Z")},
		{"the clocks jump over it", "Europe/Tallinn", "sunday", "03:30", "2026-03-29", at("2026-03-29T01:00:00Z")},
		{"just after the jump", "Europe/Tallinn", "sunday", "04:00", "2026-03-29", at("2026-03-29T01:00:00Z")},
		{"it comes twice", "Europe/Tallinn", "sunday", "03:30", "2026-10-25", at("2026-10-25T00:30:00Z")},
		{"half an hour is jumped over", "Australia/Lord_Howe", "sunday", "02:15", "2026-10-04", at("2026-10-03T15:30:00Z")},
		{"the day does not exist", "Pacific/Apia", "friday", "08:00", "2011-12-30", at("2011-12-30T10:00:00Z")},
		{"midnight does not exist", "America/Sao_Paulo", "sunday", "00:00", "2018-11-04", at("2018-11-04T03:00:00Z")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Rotation{ID: "r", Zone: tt.zone, HandoffDay: tt.day, HandoffTime: tt.time, Start: tt.start, Members: []string{"liis"}}
			plan, err := r.turns()
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.begins(0); !got.Equal(tt.want) {
				t.Errorf("first hand-off at %s, want %s", got.Format(time.RFC3339), tt.want.Format(time.RFC3339))
			}
		})
	}
}

// Through 35 years of clock changes in every zone: turns touch, their sum is the span, each begins when the wall clock says so, and the
// person asked for at any edge is the one that the list shows.
func TestTurnsThroughEveryClockChange(t *testing.T) {
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, handoff := range []string{"00:00", "02:30"} {
				r := Rotation{ID: "r", Zone: name, HandoffDay: "sunday", HandoffTime: handoff, Start: "2000-01-02", Members: []string{"a", "b", "c"}}
				throughTheYears(t, r)
			}
		})
	}
}

func throughTheYears(t *testing.T, r Rotation) {
	t.Helper()
	plan, err := r.turns()
	if err != nil {
		t.Fatal(err)
	}
	from, to := plan.begins(0), at("2036-01-01T00:00:00Z")
	shifts := r.Shifts(from, to, nil)
	var sum time.Duration
	for i, s := range shifts {
		sum += s.To.Sub(s.From)
		if i > 0 && !shifts[i-1].To.Equal(s.From) {
			t.Fatalf("%s: hole or overlap between %v and %v", r.HandoffTime, shifts[i-1], s)
		}
		if want := r.Members[i%3]; s.Person != want {
			t.Fatalf("%s: turn %d belongs to %s, want %s", r.HandoffTime, i, s.Person, want)
		}
		local := s.From.In(plan.loc)
		if got := local.Format("15:04"); got != r.HandoffTime && !jumped(local) {
			t.Fatalf("%s: turn %d begins at %s", r.HandoffTime, i, local)
		}
		if s.To.Sub(s.From) == week && i%50 != 0 {
			continue // looked at closely below: the turns in which the clocks change, and some others
		}
		for _, x := range []time.Time{s.From, s.To.Add(-time.Microsecond)} {
			if got, _ := r.At(x, nil); got.Person != s.Person {
				t.Fatalf("%s: At(%s) = %s, the list says %s", r.HandoffTime, x, got.Person, s.Person)
			}
		}
	}
	if sum != to.Sub(from) || len(shifts) < 1870 {
		t.Fatalf("%s: %d shifts make %s, the span is %s", r.HandoffTime, len(shifts), sum, to.Sub(from))
	}
}

// jumped says whether the clocks have just been put forward.
func jumped(t time.Time) bool {
	start, _ := t.ZoneBounds()
	return t.Equal(start) && offset(start) > offset(start.Add(-time.Second))
}

// transition draws a zone and one of its clock changes between 2000 and 2035.
func transition(t *rapid.T) (*time.Location, time.Time) {
	loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	near := time.Unix(rapid.Int64Range(at("2000-02-01T00:00:00Z").Unix(), at("2035-06-01T00:00:00Z").Unix()).Draw(t, "near"), 0).In(loc)
	if _, end := near.ZoneBounds(); !end.IsZero() && end.Before(at("2035-12-01T00:00:00Z")) {
		return loc, end
	}
	return loc, near.Truncate(time.Minute)
}

// The fast arithmetic against somebody who looks at the clock on the wall every minute.
func TestShiftsAgainstTheWallClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, change := transition(t)
		day := rapid.SampledFrom([]time.Weekday{change.Weekday(), change.Add(-time.Hour).Weekday(), time.Monday}).Draw(t, "day")
		clock := TimeOfDay((change.Add(-time.Minute).Hour()*60 + rapid.IntRange(-90, 150).Draw(t, "minutes") + 1440) % 1440)
		start := change.AddDate(0, 0, -rapid.IntRange(0, 13).Draw(t, "days before"))
		members := []string{"a", "b", "c", "a"}[:rapid.IntRange(1, 4).Draw(t, "members")]
		r := Rotation{ID: "r", Zone: loc.String(), HandoffDay: dayName(day), HandoffTime: clock.String(), Start: start.Format(time.DateOnly), Members: members}
		from := change.AddDate(0, 0, -15).Truncate(time.Minute).UTC()
		to := change.AddDate(0, 0, 8).Truncate(time.Minute).UTC()
		overrides := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Override {
			begin := from.Add(time.Duration(rapid.IntRange(-2000, 33000).Draw(t, "begin")) * time.Minute)
			return Override{ID: rapid.StringMatching("[a-z]{6}").Draw(t, "id"), Rotation: rapid.SampledFrom([]string{"r", "r", "other"}).Draw(t, "rotation"), Person: "x",
				From: begin, To: begin.Add(time.Duration(rapid.IntRange(1, 30000).Draw(t, "long")) * time.Minute), MadeAt: begin}
		}), 0, 3).Draw(t, "overrides")

		shifts := r.Shifts(from, to, overrides)
		eye := newWatcher(t, r, loc, start)
		for now := from; now.Before(to); now = now.Add(time.Minute) {
			for !now.Before(shifts[0].To) {
				shifts = shifts[1:]
			}
			want, why := eye.sees(now, overrides)
			if got := shifts[0]; now.Before(got.From) || got.Person != want || got.Override != why {
				t.Fatalf("at %s the wall clock says %q (override %q), Shifts says %q (%q)", now.In(loc), want, why, got.Person, got.Override)
			}
		}
	})
}

// watcher counts hand-offs as somebody does who looks at a clock on the wall: a hand-off has come once the clock has reached
// or passed its time, and coming round again changes nothing.
type watcher struct {
	members []string
	loc     *time.Location
	next    time.Time // what the wall clock must show, as if it were UTC
	turn    int
}

func newWatcher(t *rapid.T, r Rotation, loc *time.Location, start time.Time) *watcher {
	next := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	for dayName(next.Weekday()) != r.HandoffDay {
		next = next.AddDate(0, 0, 1)
	}
	c, err := time.Parse("15:04", r.HandoffTime)
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{members: r.Members, loc: loc, turn: -1, next: next.Add(c.Sub(c.Truncate(24 * time.Hour)))}
}

func (w *watcher) sees(now time.Time, overrides []Override) (person, override string) {
	wall, _ := time.Parse(time.DateTime, now.In(w.loc).Format(time.DateTime))
	for !wall.Before(w.next) {
		w.turn, w.next = w.turn+1, w.next.AddDate(0, 0, 7)
	}
	var winner Override
	for _, o := range overrides {
		newer := o.MadeAt.After(winner.MadeAt) || o.MadeAt.Equal(winner.MadeAt) && o.ID > winner.ID
		if o.Rotation == "r" && !now.Before(o.From) && now.Before(o.To) && (winner.ID == "" || newer) {
			winner = o
		}
	}
	switch {
	case winner.ID != "":
		return winner.Person, winner.ID
	case w.turn < 0:
		return "", ""
	}
	return w.members[w.turn%len(w.members)], ""
}

func TestNextShift(t *testing.T) {
	r := firstLine()
	got, ok := r.NextFor("wanjiru", at("2026-11-03T00:00:00Z"), nil)
	if !ok || !got.From.Equal(at("2026-11-16T06:00:00Z")) || !got.To.Equal(at("2026-11-23T06:00:00Z")) {
		t.Errorf("Wanjiru's next shift is %v %v", got, ok)
	}
	mine, ok := r.NextFor("liis", at("2026-11-03T00:00:00Z"), nil)
	if !ok || !mine.From.Equal(at("2026-11-23T06:00:00Z")) {
		t.Errorf("Liis is on call now; her next shift is %v %v, want the one after", mine, ok)
	}
	if s, ok := r.NextFor("rasmus", at("2026-11-03T00:00:00Z"), nil); ok {
		t.Errorf("Rasmus is not in the rotation and has the shift %v", s)
	}
	far := Override{ID: "o", Rotation: r.ID, Person: "rasmus", From: at("2027-09-01T00:00:00Z"), To: at("2027-09-02T00:00:00Z")}
	if s, ok := r.NextFor("rasmus", at("2026-11-03T00:00:00Z"), []Override{far}); !ok || !s.From.Equal(far.From) {
		t.Errorf("an override far ahead is not found: %v %v", s, ok)
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	if wrong := firstLine().Check(); len(wrong) > 0 {
		t.Errorf("a good rotation is refused: %v", wrong)
	}
	bad := Rotation{ID: "First Line", Zone: "Europe/Talinn", HandoffDay: "Monday", HandoffTime: "8:00", Start: "02.11.2026"}
	var got []string
	for _, f := range bad.Check() {
		got = append(got, f.Name)
	}
	if want := []string{"id", "name", "team", "zone", "handoff_day", "handoff_time", "start", "members"}; !slices.Equal(got, want) {
		t.Errorf("wrong fields %v, want %v", got, want)
	}
	p := Policy{ID: "critical", Name: "Critical", Team: "support", LastResort: "marika", Repeat: 99, Repage: time.Millisecond,
		Steps: []Step{{After: 1500 * time.Millisecond, Targets: []Target{{Person: "liis", Rotation: "first-line"}}}, {Targets: nil}}}
	got = nil
	for _, f := range p.Check() {
		got = append(got, f.Name)
	}
	if want := []string{"steps[0].after", "steps[0].targets[0]", "steps[1].targets", "repeat", "repage"}; !slices.Equal(got, want) {
		t.Errorf("wrong fields %v, want %v", got, want)
	}
}

// A rotation that was never checked must not bring the pager down: nobody is on call, and the shift says why.
func TestBrokenRotationIsAGap(t *testing.T) {
	for _, r := range []Rotation{{}, {Zone: "Nowhere/Land"}, {Zone: "UTC", HandoffDay: "monday", HandoffTime: "08:00", Start: "2026-01-05"}} {
		if s, ok := r.At(at("2026-11-03T00:00:00Z"), nil); ok || s.Why != ByMistake {
			t.Errorf("%+v: At = %v %v", r, s, ok)
		}
		if s := r.Shifts(at("2026-11-03T00:00:00Z"), at("2026-11-04T00:00:00Z"), nil); len(s) != 1 || !s[0].Gap() {
			t.Errorf("%+v: Shifts = %v", r, s)
		}
	}
}

func FuzzParseTimeOfDay(f *testing.F) {
	for _, s := range []string{"08:00", "00:00", "23:59", "24:00", "8:00", "08:60", "-1:00", "08.00", "٠٨:٠٠", "08:0", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTimeOfDay(s)
		ref, bad := time.Parse("15:04", s)
		if err == nil && (got.String() != s || bad != nil || int(got) != 60*ref.Hour()+ref.Minute()) {
			t.Errorf("ParseTimeOfDay(%q) = %d (%s), want %v", s, got, got, ref)
		}
		if err != nil && bad == nil && len(s) == 5 {
			t.Errorf("ParseTimeOfDay(%q) refuses a time of day: %v", s, err)
		}
	})
}
