package people

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLastNight(t *testing.T) {
	utc := time.UTC
	shift := &Hours{From: "07:00", Until: "23:00", Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}}
	for name, c := range map[string]struct {
		team Team
		now  string
		want string
	}{
		"at the very morning":           {Team{Zone: "Europe/Tallinn"}, "2026-11-24T07:00:00Z", "2026-11-24 2026-11-23T15:00:00Z 2026-11-24T07:00:00Z"},
		"a second before":               {Team{Zone: "Europe/Tallinn"}, "2026-11-24T06:59:59Z", "2026-11-23 2026-11-20T15:00:00Z 2026-11-23T07:00:00Z"},
		"on Sunday":                     {Team{Zone: "Europe/Tallinn"}, "2026-11-22T12:00:00Z", "2026-11-20 2026-11-19T15:00:00Z 2026-11-20T07:00:00Z"},
		"when clocks go back":           {Team{Zone: "Europe/Tallinn"}, "2026-10-26T09:00:00Z", "2026-10-26 2026-10-23T14:00:00Z 2026-10-26T07:00:00Z"},
		"when clocks go forward":        {Team{Zone: "Europe/Tallinn", Hours: shift}, "2026-03-29T09:00:00Z", "2026-03-29 2026-03-28T21:00:00Z 2026-03-29T04:00:00Z"},
		"without a zone":                {Team{}, "2026-11-24T09:30:00Z", "2026-11-24 2026-11-23T17:00:00Z 2026-11-24T09:00:00Z"},
		"a team that works on Saturday": {Team{Hours: &Hours{Days: []string{"sat"}}}, "2026-11-26T09:00:00Z", "2026-11-21 2026-11-14T17:00:00Z 2026-11-21T09:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		n, ok := c.team.LastNight(now, utc)
		if got := n.Day + " " + n.From.Format(time.RFC3339) + " " + n.Until.Format(time.RFC3339); !ok || got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// However often it is asked, each morning has one night, nights follow one another, and none is in the future.
func TestNightsFollowOneAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := Team{Zone: rapid.SampledFrom([]string{"", "Europe/Tallinn", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Cairo"}).Draw(t, "zone"),
			Hours: &Hours{From: rapid.SampledFrom([]string{"", "00:00", "02:30", "08:15"}).Draw(t, "from"), Until: rapid.SampledFrom([]string{"", "15:00", "23:59"}).Draw(t, "until")}}
		now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 350*24*60).Draw(t, "minute")) * time.Minute)
		last, ok := team.LastNight(now, time.UTC)
		if !ok || last.Until.After(now) || !last.From.Before(last.Until) {
			t.Fatalf("at %v the last night is %+v", now, last)
		}
		if again, _ := team.LastNight(last.Until, time.UTC); again != last {
			t.Fatalf("at its own morning it is %+v, want %+v", again, last)
		}
		before, _ := team.LastNight(last.Until.Add(-time.Second), time.UTC)
		if before.Day >= last.Day || before.Until.After(last.From) {
			t.Fatalf("before %+v comes %+v", last, before)
		}
	})
}
