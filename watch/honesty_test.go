package watch

import (
	"math"
	"slices"
	"testing"
	"time"
)

// What a team promised is held against what was judged, in the time in which something could have been raised.
func TestHonestyHoldsPromisesAgainstFindings(t *testing.T) {
	const day = 24 * time.Hour
	begun := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	watched := func(days int, change func(*Sight)) Sight {
		d := ratio()
		d.Team = "support"
		x := Sight{Definition: d, Begun: true}
		x.State.Begun, x.State.Learnt = uint32(begun.Unix()/60), 1
		x.State.Position = x.State.Begun + uint32(days*1440) - 1
		x.State.Heard = x.State.Position
		if change != nil {
			change(&x)
		}
		return x
	}
	said := func(at time.Duration, what Feedback) Finding {
		f := Finding{Watch: "decisions", RaisedAt: begun.Add(at), Feedback: what}
		f.Start = f.RaisedAt.Add(-10 * time.Minute)
		return f
	}
	ten := func(what Feedback, n int) []Finding { return slices.Repeat([]Finding{said(20*day, what)}, n) }
	for name, c := range map[string]struct {
		watches             []Sight
		found               []Finding
		since               time.Time
		days, promised      float64
		findings, not, open int
		low, worst          float64
		want                Promise
		delays              int
	}{
		"nothing yet":            {watches: []Sight{watched(37, func(x *Sight) { x.State.Learnt = 0.9 })}, want: Unseen},
		"another version":        {watches: []Sight{watched(37, func(x *Sight) { x.Begun = false })}, found: ten(NotProblem, 9), want: Unseen},
		"no false alarm":         {watches: []Sight{watched(37, nil)}, found: ten(Real, 4), days: 30, promised: 1, findings: 4, want: Kept, delays: 4},
		"some, as promised":      {watches: []Sight{watched(37, nil)}, found: ten(NotProblem, 3), days: 30, promised: 1, findings: 3, not: 3, low: 0.619, worst: 0.619, want: Kept},
		"too many":               {watches: []Sight{watched(37, nil)}, found: ten(NotProblem, 4), days: 30, promised: 1, findings: 4, not: 4, low: 1.090, worst: 1.090, want: Broken},
		"too many, if all false": {watches: []Sight{watched(37, nil)}, found: append(ten("", 3), said(21*day, NotProblem)), days: 30, promised: 1, findings: 4, not: 1, open: 3, low: 0.0253, worst: 1.090, want: Undecided},
		"known is no error":      {watches: []Sight{watched(37, nil)}, found: ten(Known, 9), days: 30, promised: 1, findings: 9, want: Kept},
		"while it learnt":        {watches: []Sight{watched(37, nil)}, found: []Finding{said(3*day, NotProblem), said(6*day, "")}, days: 30, promised: 1, want: Kept},
		"before that day":        {watches: []Sight{watched(37, nil)}, found: []Finding{said(20*day, NotProblem), said(30*day, NotProblem)}, since: begun.Add(22 * day), days: 15, promised: 0.5, findings: 1, not: 1, low: 0.0253, worst: 0.0253, want: Kept},
		"two watches":            {watches: []Sight{watched(37, nil), watched(22, func(x *Sight) { x.ID, x.FalseAlarms = "runs", "2 a month" })}, found: ten(NotProblem, 4), days: 45, promised: 2, findings: 4, not: 4, low: 1.090, worst: 1.090, want: Kept},
		"nothing comes any more": {watches: []Sight{watched(97, func(x *Sight) { x.State.Blind, x.State.Heard = true, x.State.Begun+37*1440-1 })}, days: 30, promised: 1, want: Kept},
	} {
		all, err := honesty(c.watches, c.found, c.since)
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %+v, %v", name, all, err)
		}
		h := all[0]
		for what, pair := range map[string][2]float64{"days": {h.Observed.Hours() / 24, c.days}, "promised": {h.Promised, c.promised}, "low": {h.Range.Low, c.low}, "worst": {h.Worst.Low, c.worst}} {
			if math.Abs(pair[0]-pair[1]) > 0.001 {
				t.Errorf("%s: %s is %v, want %v", name, what, pair[0], pair[1])
			}
		}
		if h.Findings != c.findings || h.False != c.not || h.Unjudged != c.open || h.Promise != c.want || h.Median.N != c.delays {
			t.Errorf("%s: %+v", name, h)
		}
		if c.delays > 0 && (h.Median.Value != 600 || h.P90.Value != 600) {
			t.Errorf("%s: delays %+v %+v", name, h.Median, h.P90)
		}
	}
}

// Each team has its own line, and history is told apart.
func TestHonestyIsByTeam(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var all []Sight
	for _, team := range []string{"support", "platform"} {
		x := Sight{Definition: ratio(), Begun: true}
		x.ID, x.Team, x.Learn = team, team, time.Hour
		x.State.Learnt, x.State.Begun, x.State.Position = 1, uint32(at.Unix()/60), uint32(at.Unix()/60)+1440
		all = append(all, x)
	}
	got, err := honesty(all, []Finding{{Watch: "support", RaisedAt: at.Add(5 * time.Hour), Past: true}, {Watch: "gone", RaisedAt: at.Add(5 * time.Hour)}}, at)
	if err != nil || len(got) != 2 || got[0].Team != "platform" || got[0].Findings != 0 || got[1].Findings != 1 || got[1].Past != 1 || got[1].Unjudged != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
