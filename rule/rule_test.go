package rule

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

func good() Rule {
	return Rule{ID: "look-at-the-queue", Title: "Look at the queue when it stops", Team: "support", On: []string{"alert.opened"},
		If: `service == "decision-pipeline" && labels.alertname startsWith "Decision"`, Run: "queue/look", With: map[string]any{"queue": "{labels.queue}", "depth": 10}}
}

func TestRulesAreChecked(t *testing.T) {
	if wrong := good().Check(); len(wrong) > 0 {
		t.Fatalf("a good rule is wrong: %v", wrong)
	}
	for name, c := range map[string]struct {
		change func(*Rule)
		field  string
		say    string
	}{
		"no time":              {func(r *Rule) { r.On = nil }, "on", "one of them"},
		"two times":            {func(r *Rule) { r.Every = time.Hour }, "on", "one of them"},
		"follows runs":         {func(r *Rule) { r.On = []string{"run.failed"} }, "on[0]", "circles"},
		"no verb":              {func(r *Rule) { r.On = []string{"everything"} }, "on[0]", "alert.opened"},
		"an unknown name":      {func(r *Rule) { r.If = `severty == "critical"` }, "if", "severty"},
		"no yes or no":         {func(r *Rule) { r.If = `severity` }, "if", "bool"},
		"a broken input":       {func(r *Rule) { r.With = map[string]any{"queue": "{labels.}"} }, "with.queue", "not understood"},
		"a wrong time of day":  {func(r *Rule) { r.On, r.At = nil, []string{"25:00"} }, "at[0]", "06:00"},
		"a wrong day":          {func(r *Rule) { r.On, r.At, r.Days = nil, []string{"06:00"}, []string{"monday"} }, "days[0]", "mon"},
		"days without a time":  {func(r *Rule) { r.Days = []string{"mon"} }, "days", "with at"},
		"too often":            {func(r *Rule) { r.On, r.Every = nil, time.Second }, "every", "minute"},
		"no such zone":         {func(r *Rule) { r.Zone = "Tallinn" }, "zone", "Europe/Tallinn"},
		"more than is allowed": {func(r *Rule) { r.Most = 5000 }, "most", "1000"},
	} {
		t.Run(name, func(t *testing.T) {
			r := good()
			c.change(&r)
			wrong := r.Check()
			if !slices.ContainsFunc(wrong, func(f fault.Field) bool { return f.Name == c.field && strings.Contains(f.Say, c.say) }) {
				t.Errorf("%v, want %s with %q", wrong, c.field, c.say)
			}
		})
	}
}

func TestConditionsAndInputs(t *testing.T) {
	e := Event{Verb: "alert.opened", Service: "decision-pipeline", Labels: map[string]string{"alertname": "DecisionQueueStopped", "queue": "decisions.in"}}
	r := good()
	if yes, err := r.Holds(e); err != nil || !yes {
		t.Errorf("Holds = %v, %v", yes, err)
	}
	in, err := r.Inputs(e)
	if err != nil || in["queue"] != "decisions.in" || in["depth"] != 10 {
		t.Errorf("Inputs = %v, %v", in, err)
	}
	e.Service = "payments"
	if yes, err := r.Holds(e); err != nil || yes {
		t.Errorf("for another service: %v, %v", yes, err)
	}
	r.If = `facts.count > 3` // a fact that is not there
	if _, err := r.Holds(e); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Sentence(err), r.ID) {
		t.Errorf("a condition that cannot be evaluated: %v", err)
	}
}

func TestARuleDoesNotFollowRules(t *testing.T) {
	r := good()
	e := journal.Entry{Verb: "alert.opened", Actor: journal.Actor{Kind: people.BySource}}
	if !r.follows(e) {
		t.Error("it does not follow a source's alert")
	}
	e.Actor.Kind = people.ByRule
	if r.follows(e) {
		t.Error("it follows what a rule did")
	}
	r.Off = true
	e.Actor.Kind = people.BySource
	if r.follows(e) {
		t.Error("it follows although it is off")
	}
}

func TestPauseAndMost(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	about, other := journal.Of("group", "a"), journal.Of("group", "b")
	r := good()
	r.Most = 3
	fired := func(about journal.Subject, ago time.Duration) Firing { return Firing{For: about, At: now.Add(-ago)} }
	for name, c := range map[string]struct {
		lately []Firing
		want   string
	}{
		"never":                {nil, ""},
		"about another":        {[]Firing{fired(other, time.Minute)}, ""},
		"about this, just now": {[]Firing{fired(about, 9*time.Minute)}, "pauses for 10 minutes"},
		"about this, earlier":  {[]Firing{fired(about, 10*time.Minute)}, ""},
		"as often as it may":   {[]Firing{fired(other, time.Minute), fired(other, 2*time.Minute), fired(other, 59*time.Minute)}, "3 times"},
		"some of it long ago":  {[]Firing{fired(other, time.Minute), fired(other, 2*time.Minute), fired(other, 60*time.Minute)}, ""},
	} {
		if got := r.Restrained(about, now, c.lately); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestDue(t *testing.T) {
	r := Rule{At: []string{"06:00", "18:30"}, Days: []string{"mon", "tue", "wed", "thu", "fri"}, Zone: "Europe/Tallinn"}
	for now, want := range map[string]string{
		"2026-11-24T03:59:59Z": "",                     // Tuesday, 05:59 there
		"2026-11-24T04:00:00Z": "2026-11-24T04:00:00Z", // 06:00
		"2026-11-24T04:59:59Z": "2026-11-24T04:00:00Z",
		"2026-11-24T05:00:00Z": "", // an hour late: not made up for
		"2026-11-24T16:31:00Z": "2026-11-24T16:30:00Z",
		"2026-11-28T04:00:00Z": "", // Saturday
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := r.Due(at)
		if s := got.Format(time.RFC3339); ok != (want != "") || ok && s != want {
			t.Errorf("at %s due is %s %v, want %q", now, s, ok, want)
		}
	}
}

// A rule is due once for each of its times, however often and whenever it is asked, also where clocks change.
func TestDueIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rule{At: []string{rapid.SampledFrom([]string{"00:00", "02:30", "03:30", "12:00", "23:59"}).Draw(t, "at")},
			Zone: rapid.SampledFrom([]string{"", "Europe/Tallinn", "America/New_York", "Australia/Lord_Howe", "Africa/Nairobi"}).Draw(t, "zone")}
		from := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "from"), 0).UTC()
		seen := map[time.Time]bool{}
		for m := range 3 * 24 * 6 {
			if at, ok := r.Due(from.Add(time.Duration(m) * 10 * time.Minute)); ok {
				seen[at] = true
			}
		}
		if len(seen) < 2 || len(seen) > 4 {
			t.Fatalf("in three days it is due %d times: %v", len(seen), seen)
		}
	})
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{"", "true", `severity == "critical"`, `labels.pod matches "^a"`, "((((", "facts.x.y", "1/0", `labels["a"]["b"]`, "night && service in services"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, condition string) {
		r := good()
		r.If = condition
		if len(r.Check()) > 0 {
			return
		}
		_, _ = r.Holds(Event{Labels: map[string]string{}}) // an answer or an error, never a panic
	})
}

func TestWords(t *testing.T) {
	name := func(_, id string) string { return "Look at the queue (" + id + ")" }
	for _, c := range []struct {
		r    Rule
		want Words
	}{
		{good(), Words{When: "When an alert begins", If: good().If, Then: "Look at the queue (queue/look)", With: []string{"depth = 10", "queue = labels.queue"},
			Bounds: "Once in 10 minutes for the same alert or incident, and at most 10 times an hour."}},
		{Rule{At: []string{"06:00", "18:30"}, Days: []string{"mon", "fri"}, Run: "x"}, Words{When: "On Monday and Friday at 06:00 and 18:30 (UTC)", Then: "Look at the queue (x)"}},
		{Rule{Every: time.Hour, Run: "x"}, Words{When: "Every hour", Then: "Look at the queue (x)"}},
		{Rule{On: []string{"incident.opened", "desk.answered"}, Most: 1, Pause: 24 * time.Hour, Run: "x"},
			Words{When: "When an incident is declared, or the journal says desk.answered", Then: "Look at the queue (x)", Bounds: "Once in a day for the same alert or incident, and at most once an hour."}},
	} {
		if d := cmp.Diff(c.want, c.r.Words(name)); d != "" {
			t.Errorf("%+v (-want +got):\n%s", c.r, d)
		}
	}
}

// What a trial says of a rule that goes by the clock is when it would have been due.
func TestTimesAreWhenItWasDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rule{At: []string{"02:30", "12:00"}, Zone: rapid.SampledFrom([]string{"", "Europe/Tallinn", "America/New_York"}).Draw(t, "zone")}
		until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minute")) * time.Minute)
		all := r.times(until.Add(-72*time.Hour), until, 100)
		if len(all) < 5 || len(all) > 7 {
			t.Fatalf("%d times in three days: %v", len(all), all)
		}
		for i, at := range all {
			if due, ok := r.Due(at); !ok || !due.Equal(at) || i > 0 && !at.After(all[i-1]) {
				t.Fatalf("%v is not a time of its own at which it is due (%v %v)", at, due, ok)
			}
		}
	})
}
