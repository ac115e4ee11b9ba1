package web

import (
	"cmp"
	"context"
	"slices"
	"time"

	"frontline/action"
	"frontline/fault"
	"frontline/incident"
	"frontline/oncall"
	"frontline/people"
	"frontline/plain"
)

// wait is something that waits for the person who looks.
type wait struct {
	State state
	Title string
	Small string
	Path  string
	When  string // before the moment: "due", "since"
	At    moment
	Count bool // a promise: the moment is counted down
	rank  int  // the most urgent is 0
}

// The ranks of what waits: what is broken already, what reaches out now, what runs out soon, the rest.
const (
	rankBroken = iota
	rankPaged
	rankSoon
	rankPlanned
	rankLook
	rankCalm
	rankDue
)

const (
	waitsShown    = 12
	followUpAhead = 7 * 24 * time.Hour
)

func (s *Server) homeWaits(ctx context.Context, v *visit, now homeNow, scr *homeScreen) error {
	scr.Waits = waitingPromises(v, now.Open)
	for _, part := range []func(context.Context, *visit, homeNow) ([]wait, error){s.waitingPages, s.waitingRuns, s.waitingAnswers, s.waitingFollowUps, s.waitingShelf, s.waitingRequests, s.waitingTriage, s.waitingReplies} {
		some, err := part(ctx, v, now)
		if err != nil {
			return err
		}
		scr.Waits = append(scr.Waits, some...)
	}
	slices.SortStableFunc(scr.Waits, func(a, b wait) int { return cmp.Or(cmp.Compare(a.rank, b.rank), a.At.T.Compare(b.At.T)) })
	scr.Waits = scr.Waits[:min(len(scr.Waits), waitsShown)]
	return nil
}

// waitingPages are the pages that tried to reach the person and that nobody has acknowledged.
func (s *Server) waitingPages(ctx context.Context, v *visit, now homeNow) ([]wait, error) {
	var out []wait
	for _, p := range now.Pages {
		if p.State != oncall.Open {
			continue
		}
		path, err := s.pathOf(ctx, p)
		if err != nil {
			return nil, err
		}
		x := wait{State: newState("critical", "Page", "oncall"), Title: p.Title, Small: p.Short() + ", nobody has acknowledged", Path: path, At: v.at(p.OpenedAt), rank: rankPaged}
		if p.Urgency == oncall.Low {
			x.State, x.rank = newState("warning", "Page", "oncall"), rankCalm
		}
		out = append(out, x)
	}
	return out, nil
}

// pathOf is the screen of what a page is about.
func (s *Server) pathOf(ctx context.Context, p oncall.Page) (string, error) {
	switch p.Subject.Kind {
	case "group":
		g, err := s.deps.Alerts.Group(ctx, p.Subject.ID)
		if err == nil {
			return "/alerts/" + g.Short(), nil
		}
		if !fault.Is(err, fault.NotFound) { // what is gone must not take the whole screen with it
			return "", err
		}
	case "incident":
		return "/incidents/" + p.Subject.ID, nil
	case "run":
		return "/runs/" + p.Subject.ID, nil
	}
	return "/oncall/pages/" + p.Short(), nil
}

// waitingPromises are the updates that the person promised, or that are theirs to write because they lead.
func waitingPromises(v *visit, open []incident.Incident) []wait {
	var out []wait
	for _, i := range open {
		for _, p := range i.Promises {
			if i.Lead != v.Actor.ID && (i.Lead != "" || p.By != v.Actor.ID) {
				continue
			}
			out = append(out, promiseWait(v, i, p))
		}
	}
	return out
}

func promiseWait(v *visit, i incident.Incident, p incident.Promise) wait {
	x := wait{State: newState("calm", "Promise", "clock"), Title: "Write the next update on " + i.Name(), Small: "for the stakeholders", Path: "/incidents/" + i.Name(),
		At: v.at(p.At), Count: true, rank: rankCalm}
	if p.Audience == incident.ForCustomers {
		x.Small = "public, for customers"
	}
	switch p.Face(v.Now) {
	case incident.Broken:
		x.State, x.rank = newState("critical", "Late"), rankBroken
	case incident.Soon:
		x.State, x.rank = newState("warning", "Promise", "clock"), rankSoon
	}
	return x
}

// waitingRuns are the runs that the person planned and did not start, those that wait for their yes or their review, and the unknown ones that they
// may settle.
func (s *Server) waitingRuns(ctx context.Context, v *visit, _ homeNow) ([]wait, error) {
	out, err := s.waitingReviews(ctx, v)
	if err != nil {
		return nil, err
	}
	var runs []action.Run
	for _, states := range [][]action.State{{action.Waiting}, {action.Planned, action.Unknown}} { // plans that nobody started must not crowd out who waits
		some, err := s.deps.Runs.List(ctx, v.Actor, action.RunFilter{States: states, Limit: 50})
		if err != nil {
			return nil, err
		}
		runs = append(runs, some...)
	}
	for _, r := range runs {
		x := wait{Title: r.Definition.Title, Path: "/runs/" + r.Ref()}
		switch {
		case r.State == action.Unknown && people.May(v.Actor, r.Definition.Verb(), r.Subject()) == nil:
			x.State, x.Small, x.rank = newState("warning", "Unknown"), r.Ref()+", look what became of it", rankLook
			x.At = v.at(r.EndedAt)
		case r.State == action.Waiting && v.Now.Before(r.Consent.Until) && mayAnswer(v, people.ApproveRun, r) && !r.Consent.ApprovedBy(v.Actor.ID):
			x.State, x.Small, x.rank = newState("warning", "Approve", "check"), r.Ref()+", somebody waits for a yes", rankSoon
			x.At, x.Count = v.at(r.Consent.Until), true
		case r.State == action.Waiting && r.StartedBy.ID == v.Actor.ID:
			x.State, x.Small, x.rank = newState("calm", "Asked", "clock"), r.Ref()+", waits for somebody else's yes", rankPlanned
			x.At = v.at(r.Consent.AskedAt)
		case r.State == action.Planned && r.PlannedBy.ID == v.Actor.ID && !r.Plan.Nothing && v.Now.Before(r.PlanExpires()):
			x.State, x.Small, x.rank = newState("calm", "Planned", "action"), r.Ref()+", not started, the plan holds until "+v.at(r.PlanExpires()).Clock(), rankPlanned
			x.At = v.at(r.PlannedAt)
		default:
			continue
		}
		out = append(out, x)
	}
	return out, nil
}

// mayAnswer says whether the person may answer for somebody else's run.
func mayAnswer(v *visit, verb people.Verb, r action.Run) bool {
	return !r.Own(v.Actor.ID) && people.May(v.Actor, verb, r.Subject()) == nil
}

// waitingReviews are the runs by break-glass that the person may review.
func (s *Server) waitingReviews(ctx context.Context, v *visit) ([]wait, error) {
	runs, err := s.deps.Runs.List(ctx, v.Actor, action.RunFilter{Open: true, Limit: 20})
	if err != nil {
		return nil, err
	}
	var out []wait
	for _, r := range runs {
		if r.Glass.Open() && r.State != action.Running && mayAnswer(v, people.ReviewRun, r) && r.Glass.By.ID != v.Actor.ID {
			out = append(out, wait{State: newState("warning", "Review"), Title: r.Definition.Title, Small: r.Ref() + ", started by break-glass", Path: "/runs/" + r.Ref(),
				At: v.at(r.Glass.At), rank: rankLook})
		}
	}
	return out, nil
}

// waitingFollowUps are what the person took on after incidents: what is late, and what is due within a week.
func (s *Server) waitingFollowUps(ctx context.Context, v *visit, _ homeNow) ([]wait, error) {
	own, err := s.deps.Trouble.FollowUps(ctx, v.Actor, incident.FollowUpFilter{Owner: v.Actor.ID, Open: true, Limit: 20})
	if err != nil {
		return nil, err
	}
	today, soon := incident.DateOf(v.Now.In(v.Zone)), incident.DateOf(v.Now.In(v.Zone).Add(followUpAhead))
	var out []wait
	for _, f := range own {
		if f.Due > soon {
			continue
		}
		due, err := time.ParseInLocation(time.DateOnly, string(f.Due), v.Zone)
		if err != nil {
			continue // it was checked when it was written
		}
		x := wait{State: newState("calm", "Follow-up", "check"), Title: plain.Clip(plain.Line(f.Text.Body), 120), Path: "/incidents/" + f.Incident, When: "due", At: v.at(due), rank: rankDue}
		if f.Late(today) {
			x.State = newState("warning", "Follow-up")
		}
		out = append(out, x)
	}
	return out, nil
}
