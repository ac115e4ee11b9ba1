package web

import (
	"slices"
	"time"

	"frontline/desk"
)

// dueState is the next promise of the service level as time left.
func dueState(v *visit, r desk.Request) state {
	if !r.Open() {
		return state{}
	}
	at := v.at(r.DueAt)
	next := slices.IndexFunc(r.Clocks, func(c desk.Clock) bool { return c.DueAt.Equal(r.DueAt) && c.EndedAt.IsZero() })
	switch {
	case r.DueAt.IsZero() && slices.ContainsFunc(r.Clocks, func(c desk.Clock) bool { return c.Face(v.Now) == desk.Stopped }):
		return newState("calm", "paused", "stop")
	case r.DueAt.IsZero():
		return state{}
	case at.Past():
		return newState("critical", at.Left()+" late")
	case next >= 0 && r.Clocks[next].Face(v.Now) == desk.Soon:
		return newState("warning", at.Left(), "clock")
	}
	return newState("calm", at.Left(), "clock")
}

// promisedClock is one goal of the service level, with its face.
type promisedClock struct {
	What  string
	State state
	By    moment
}

// clocksOf are the promises about a request: kept, running, paused or broken.
func clocksOf(v *visit, r desk.Request) []promisedClock {
	var out []promisedClock
	for _, c := range r.Clocks {
		x := promisedClock{What: goalWord(c.Goal), By: v.at(c.DueAt)}
		switch c.Face(v.Now) {
		case desk.Broken:
			x.State = newState("critical", "Late")
			if !c.DueAt.IsZero() && c.EndedAt.IsZero() {
				x.State.Word = x.By.Left() + " late"
			}
		case desk.Kept:
			x.State = newState("ok", "Kept, after "+duration(c.Spent.Round(time.Minute)))
		case desk.Soon:
			x.State = newState("warning", x.By.Hour()+", "+x.By.Left()+" left", "clock")
		case desk.Stopped:
			x.State = newState("calm", "Paused, "+duration((c.Within-c.Spent).Round(time.Minute))+" left", "stop")
		default:
			x.State = newState("calm", x.By.Hour()+", "+x.By.Left()+" left", "clock")
		}
		out = append(out, x)
	}
	return out
}

func goalWord(g desk.GoalKind) string {
	switch g {
	case desk.FirstReply:
		return "First answer"
	case desk.NextReply:
		return "Next answer"
	}
	return "Solution"
}
