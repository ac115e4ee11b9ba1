package desk

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func office() Calendar {
	day := []string{"09:00-12:00", "13:00-17:00"}
	return Calendar{ID: "office", Name: "Office", Zone: "Europe/Tallinn", Hours: map[string][]string{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day},
		Days: map[string][]string{"12-25": {}, "2026-12-24": {"09:00-12:00"}}}
}

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04 -0700", s+" +0200")
	if err != nil {
		panic(err)
	}
	return t
}

func TestWorkingTime(t *testing.T) {
	w := office().ready()
	for name, c := range map[string]struct {
		from, to time.Time
		want     time.Duration
	}{
		"over lunch":                 {at("2026-11-24 11:00"), at("2026-11-24 14:00"), 2 * time.Hour},
		"over a weekend":             {at("2026-11-27 16:00"), at("2026-11-30 10:00"), 2 * time.Hour},
		"on a Sunday":                {at("2026-11-29 10:00"), at("2026-11-29 18:00"), 0},
		"half a day and a holiday":   {at("2026-12-24 08:00"), at("2026-12-28 10:00"), 4 * time.Hour},
		"backwards":                  {at("2026-11-24 14:00"), at("2026-11-24 11:00"), 0},
		"a week where clocks change": {at("2026-10-23 17:00"), at("2026-10-30 17:00"), 35 * time.Hour},
	} {
		if got := w.between(c.from, c.to); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got, want := w.add(at("2026-11-27 16:30"), time.Hour), at("2026-11-30 09:30"); !got.Equal(want) {
		t.Errorf("an hour from Friday 16:30 is %s, want %s", got, want)
	}
	shut := Calendar{Zone: "UTC", Days: map[string][]string{}}.ready()
	if got := shut.add(at("2026-11-27 16:30"), time.Hour); !got.IsZero() {
		t.Errorf("in a calendar that never works an hour ends at %s", got)
	}
	night := Calendar{Zone: "Europe/Tallinn", Hours: map[string][]string{"sun": {"00:00-24:00"}}}.ready()
	if got := night.between(at("2026-03-28 12:00"), at("2026-03-30 12:00")); got != 23*time.Hour {
		t.Errorf("the Sunday on which clocks go forward has %s, want 23h", got)
	}
}

func TestCalendarProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := office()
		k.Zone = rapid.SampledFrom([]string{"Europe/Tallinn", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"}).Draw(t, "zone")
		w := k.ready()
		from := time.Unix(rapid.Int64Range(1.6e9, 1.9e9).Draw(t, "from"), 0)
		d := time.Duration(rapid.Int64Range(1, 200*3600).Draw(t, "seconds")) * time.Second
		due := w.add(from, d)
		if got := w.between(from, due); got != d {
			t.Fatalf("%s after %s is %s, but between them lie %s", d, from, due, got)
		}
		middle := from.Add(time.Duration(rapid.Int64Range(0, int64(due.Sub(from))).Draw(t, "middle")))
		if w.between(from, middle)+w.between(middle, due) != d {
			t.Fatalf("parts do not make the whole at %s", middle)
		}
		if later := w.add(from, d+time.Minute); !later.After(due) {
			t.Fatalf("a minute more ends at %s, not after %s", later, due)
		}
	})
}

func TestCalendarIsChecked(t *testing.T) {
	bad := Calendar{ID: "x", Name: "X", Zone: "Mars/Base", Hours: map[string][]string{"mon": {"9-17"}, "funday": {}, "tue": {"13:00-17:00", "09:00-12:00"}}, Days: map[string][]string{"25.12.": nil}}
	got := map[string]bool{}
	for _, f := range bad.Check() {
		got[f.Name] = true
	}
	for _, field := range []string{"zone", "hours.mon[0]", "hours.funday", "hours.tue[1]", "days.25.12."} {
		if !got[field] {
			t.Errorf("%s is taken: %v", field, got)
		}
	}
	if wrong := office().Check(); len(wrong) > 0 {
		t.Errorf("%v", wrong)
	}
}
