package demo

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"frontline/wire"
)

// asked is one request of the past: who asked what how long ago, and what became of it.
type asked struct {
	ago   time.Duration
	by    string
	ask   wire.Ask
	after []done
}

// done is one thing that somebody did to a request, so much later.
type done struct {
	later time.Duration
	by    string
	do    func(ctx context.Context, d *desk, id string) error
	more  bool // left out of a brief past
}

func replied(by string, later time.Duration, body, waitFor, outcome, size string) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		r := wire.ReplyTo{Body: body, WaitFor: waitFor}
		if outcome != "" {
			r.Close = &wire.CloseRequest{Outcome: outcome, Size: size}
		}
		_, err := d.api.Reply(ctx, id, r)
		return err
	}}
}

func noted(by string, later time.Duration, body string) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.WriteRequestNote(ctx, id, wire.NoteOn{Body: body})
		return err
	}}
}

func added(by string, later time.Duration, body string) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.AddToRequest(ctx, id, wire.Add{Body: body})
		return err
	}}
}

func given(by, to string, later time.Duration) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.ChangeRequest(ctx, id, wire.ChangeRequest{Assignee: &to})
		return err
	}}
}

func waits(by, whom string, later time.Duration) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.WaitRequest(ctx, id, wire.WaitFor{Whom: whom})
		return err
	}}
}

func closed(by, outcome, size string, later time.Duration) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.CloseRequest(ctx, id, wire.CloseRequest{Outcome: outcome, Size: size})
		return err
	}}
}

// same says that it asks the same as the request of the last two days that was asked as the nth, counted from 1.
func same(by string, n int, later time.Duration) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.DuplicateRequest(ctx, id, wire.Other{Request: fmt.Sprintf("R-%d", n+d.before)})
		return err
	}}
}

func hung(by string, n int, later time.Duration) done {
	return done{later: later, by: by, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.HangOnProblem(ctx, id, wire.Other{Request: fmt.Sprintf("R-%d", n+d.before)})
		return err
	}}
}

func decline(reason string) func(context.Context, *desk, string) error {
	return func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.DeclineRequest(ctx, id, wire.Decline{Reason: reason})
		return err
	}
}

func snooze(length time.Duration) func(context.Context, *desk, string) error {
	return func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.SnoozeRequest(ctx, id, wire.SnoozeUntil{Until: time.Now().Add(length)})
		return err
	}
}

// step is one thing that somebody does, so long ago.
type step struct {
	ago   time.Duration
	by    string
	title string // of the request
	do    func(ctx context.Context, d *desk) error
}

// inTime puts what happened to all requests in the order in which it happened; a brief one leaves out what the two weeks before are needed for.
func inTime(all []asked, brief bool) []step {
	var out []step
	for _, a := range all {
		var id string
		out = append(out, step{a.ago, a.by, a.ask.Title, func(ctx context.Context, d *desk) error {
			r, err := d.api.Ask(ctx, a.ask)
			id = r.ID
			return err
		}})
		ago := a.ago
		for _, x := range a.after {
			if brief && x.more {
				continue
			}
			ago -= x.later
			out = append(out, step{ago, x.by, a.ask.Title, func(ctx context.Context, d *desk) error { return x.do(ctx, d, id) }})
		}
	}
	slices.SortStableFunc(out, func(a, b step) int { return cmp.Compare(b.ago, a.ago) })
	return out
}

// asks lets the desk live through the day and a half before tonight.
func (h *history) asks(ctx context.Context) error {
	return h.happen(ctx, inTime(askedBefore(), h.o.Brief))
}

// coded says what a request was about.
func coded(by, demand string, later time.Duration) done {
	return done{later: later, by: by, more: true, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.CodeRequest(ctx, id, wire.CodeRequest{Demands: []wire.CodeShare{{Demand: demand}}})
		return err
	}}
}

// thanked says thank you for a request.
func thanked(by string, later time.Duration, reason string, people ...string) done {
	return done{later: later, by: by, more: true, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.SayThanks(ctx, wire.SayThanks{Reason: reason, People: people, About: id})
		return err
	}}
}

// escalated asks the developers of a tracker. Where they keep their issues for us to see, it waits until the issue is there.
func escalated(by, tracker, title, text string, later time.Duration) done {
	return done{later: later, by: by, more: true, do: func(ctx context.Context, d *desk, id string) error {
		if _, err := d.post(ctx, d.base+"/requests/"+id+"/escalate", url.Values{"tracker": {tracker}, "title": {title}, "text": {text}, "issue": {""}}); err != nil {
			return err
		}
		if tracker != "github" {
			return nil
		}
		return until(ctx, func(context.Context) (bool, error) { return d.devs.Has(title), nil })
	}}
}

// joined lets a request join what developers were asked as the nth.
func joined(by string, n int, later time.Duration) done {
	return done{later: later, by: by, more: true, do: func(ctx context.Context, d *desk, id string) error {
		_, err := d.post(ctx, d.base+"/requests/"+id+"/join", url.Values{"escalation": {fmt.Sprintf("E-%d", n)}})
		return err
	}}
}

// developed is what a developer writes below their issue; with a reason they close it.
func developed(who, title, text, reason, version string, later time.Duration) done {
	return done{later: later, by: "liis", more: true, do: func(ctx context.Context, d *desk, _ string) error {
		return d.devs.Say(ctx, title, who, text, reason, version)
	}}
}

// toldAll tells everybody who asked what became of the nth escalation, once we know it.
func toldAll(by string, n int, later time.Duration) done {
	return done{later: later, by: by, more: true, do: func(ctx context.Context, d *desk, _ string) error {
		path := fmt.Sprintf("/escalations/E-%d", n)
		err := until(ctx, func(ctx context.Context) (bool, error) {
			screen, err := d.screen(ctx, path)
			return strings.Contains(screen, `id="loop"`), err
		})
		if err != nil {
			return err
		}
		_, err = d.post(ctx, d.base+path+"/tell", url.Values{"request": {""}, "text": {""}})
		return err
	}}
}
