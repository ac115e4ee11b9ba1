package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
}

func replied(by string, later time.Duration, body, waitFor, outcome, size string) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		r := wire.ReplyTo{Body: body, WaitFor: waitFor}
		if outcome != "" {
			r.Close = &wire.CloseRequest{Outcome: outcome, Size: size}
		}
		_, err := d.api.Reply(ctx, id, r)
		return err
	}}
}

func noted(by string, later time.Duration, body string) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.WriteRequestNote(ctx, id, wire.NoteOn{Body: body})
		return err
	}}
}

func added(by string, later time.Duration, body string) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.AddToRequest(ctx, id, wire.Add{Body: body})
		return err
	}}
}

func given(by, to string, later time.Duration) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.ChangeRequest(ctx, id, wire.ChangeRequest{Assignee: &to})
		return err
	}}
}

func waits(by, whom string, later time.Duration) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.WaitRequest(ctx, id, wire.WaitFor{Whom: whom})
		return err
	}}
}

func closed(by, outcome, size string, later time.Duration) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.CloseRequest(ctx, id, wire.CloseRequest{Outcome: outcome, Size: size})
		return err
	}}
}

// same says that it asks the same as the request that was asked as the nth, counted from 1.
func same(by string, n int, later time.Duration) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.DuplicateRequest(ctx, id, wire.Other{Request: fmt.Sprintf("R-%d", n)})
		return err
	}}
}

func hung(by string, n int, later time.Duration) done {
	return done{later, by, func(ctx context.Context, d *desk, id string) error {
		_, err := d.api.HangOnProblem(ctx, id, wire.Other{Request: fmt.Sprintf("R-%d", n)})
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

// inTime puts what happened to all requests in the order in which it happened.
func inTime(all []asked) []step {
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
			ago -= x.later
			out = append(out, step{ago, x.by, a.ask.Title, func(ctx context.Context, d *desk) error { return x.do(ctx, d, id) }})
		}
	}
	slices.SortStableFunc(out, func(a, b step) int { return cmp.Compare(b.ago, a.ago) })
	return out
}

// asks lets the desk live through the day and a half before tonight.
func (h *history) asks(ctx context.Context) error {
	at := map[string]*desk{"karl": h.karl, "liis": h.liis}
	for _, id := range []string{"wanjiru", "rasmus", "eduardo"} {
		d, err := h.signIn(ctx, id)
		if err != nil {
			return err
		}
		at[id] = d
	}
	now := time.Now()
	for _, x := range inTime(askedBefore()) {
		h.clock.Move(now.Add(-x.ago).Sub(h.clock.Now()))
		if err := x.do(ctx, at[x.by]); err != nil {
			return fmt.Errorf("the request %q: %w", x.title, err)
		}
	}
	return nil
}
