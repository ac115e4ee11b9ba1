package web

import (
	"context"
	"slices"

	"frontline/desk"
	"frontline/people"
)

// waitingRequests are the requests of the person whose asker waits for words, or whose promise runs out.
func (s *Server) waitingRequests(ctx context.Context, v *visit, _ homeNow) ([]wait, error) {
	if !mayWorkRequests(v.Actor) {
		return nil, nil
	}
	awake := false
	own, err := s.deps.Requests.Requests(ctx, v.Actor, desk.Filter{States: []desk.State{desk.Open}, Assignee: v.Actor.ID, Asleep: &awake, Order: desk.ByDue, Limit: 20})
	if err != nil {
		return nil, err
	}
	var out []wait
	for _, r := range own {
		due := dueState(v, r)
		if r.AskedAt.IsZero() && due.Look != "critical" && due.Look != "warning" {
			continue
		}
		x := wait{State: newState("calm", "Answer", "talk"), Title: r.Title, Small: r.Name() + ", whoever asked waits", Path: "/requests/" + r.Name(), At: v.at(r.AskedAt), rank: rankCalm}
		if x.At.Zero() {
			x.At = v.at(r.ReceivedAt)
		}
		if !r.DueAt.IsZero() {
			x.At, x.Count = v.at(r.DueAt), true
		}
		switch due.Look {
		case "critical":
			x.State, x.rank = newState("critical", "Late"), rankBroken
		case "warning":
			x.State, x.rank = newState("warning", "Answer", "clock"), rankSoon
		}
		out = append(out, x)
	}
	return out, nil
}

// waitingTriage is the oldest request in the triage of the person's teams, and how many there are.
func (s *Server) waitingTriage(ctx context.Context, v *visit, _ homeNow) ([]wait, error) {
	if !mayWorkRequests(v.Actor) {
		return nil, nil
	}
	f := inTriage()
	f.Order, f.Assignee, f.Limit = desk.ByDue, "nobody", mostCounted
	found, err := s.deps.Requests.Requests(ctx, v.Actor, f)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(r desk.Request) bool {
		return r.Team != "" && !slices.Contains(v.Actor.Teams, r.Team) && v.Actor.Role != people.Admin
	})
	if len(found) == 0 {
		return nil, nil
	}
	x := wait{State: newState("calm", "Triage", "inbox"), Title: tab{N: len(found)}.Shown() + " in triage", Small: "the first: " + found[0].Title, Path: "/requests/triage", At: v.at(found[0].ReceivedAt), rank: rankPlanned}
	if len(found) == 1 {
		x.Title, x.Small = found[0].Title, found[0].Name()+", nobody has said yet that we take it up"
	}
	return []wait{x}, nil
}

// waitingReplies are the requests that the person asked and that wait for them: answered, with a question, or both.
func (s *Server) waitingReplies(ctx context.Context, v *visit, _ homeNow) ([]wait, error) {
	found, err := s.deps.Requests.Requests(ctx, v.Actor, desk.Filter{Follows: v.Actor.ID, States: []desk.State{desk.Waiting}, WaitsFor: desk.Asker, Limit: 20})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	asked, err := s.askersOf(ctx, v, found)
	if err != nil {
		return nil, err
	}
	var out []wait
	for _, r := range found {
		if asked[r.Asker].Person == v.Actor.ID {
			out = append(out, wait{State: newState("calm", "Answered", "talk"), Title: r.Title, Small: r.Name() + ", say whether it is solved", Path: "/requests/" + r.Name(), At: v.at(r.WaitingSince), rank: rankCalm})
		}
	}
	return out, nil
}
