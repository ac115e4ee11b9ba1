package watch

import (
	"testing"
	"time"

	"frontline/insight/stat"
	"frontline/watch/detect"
	"frontline/watch/locate"
)

func TestAFindingReadsAsASentence(t *testing.T) {
	at := func(clock string) time.Time {
		v, err := time.Parse(time.RFC3339, "2026-11-23T"+clock+":00Z")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	size := func(v, low, high float64) stat.Estimate {
		return stat.Estimate{Value: v, Interval: stat.Interval{Low: low, High: high}}
	}
	d := ratio()
	f := Finding{Watch: "decisions", Direction: detect.Up, RaisedAt: at("12:31"), Evidence: Evidence{AssessedAt: at("12:32"), Start: at("12:07"), From: at("12:03"), To: at("12:09"),
		Errors: 325, Requests: 7930, Expected: 113, Ratio: size(2.9, 2.4, 3.3), Excess: size(212, 174, 250),
		Causes: []locate.Cause{{Labels: []locate.Label{{Name: "country", Value: "Kenya"}, {Name: "sdk", Value: "5.2"}}, Ratio: size(3.1, 2.6, 3.7), Excess: size(208, 170, 246), Share: 0.98,
			Customers: locate.Customers{Exposed: 51, Hit: size(38.2, 33.1, 43.3)}}}}}
	d.Zone = "Europe/Tallinn"
	if got, want := f.Title(d), "Decisions that fail: 2.9 times as often as usual, for country Kenya and sdk 5.2"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	want := "Since 14:07 EET (between 14:03 and 14:09). 1.4 % → 4.1 %. 212 extra (174 to 250). Country Kenya and sdk 5.2: 3.1 times the usual, 208 extra, 98 % of all. About 38 customers are hit (33 to 43 of 51)."
	if got := f.Text(d); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	f.Causes, f.Everyone, f.Ratio = nil, true, size(1.3, 1.2, 1.4)
	if got, want := f.Title(d), "Decisions that fail: 30 % more often than usual, for everyone"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	f.Series, f.Direction, f.Ratio = []string{"KE"}, detect.Down, size(0.7, 0.6, 0.8)
	f.Everyone = false
	if got, want := f.Title(d), "Decisions that fail: 30 % less often than usual, for country KE"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := (Finding{Direction: detect.Up}).Text(d), "What is behind it is being looked at."; got != want {
		t.Errorf("%s", got)
	}
}
