package action

import (
	"context"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
)

// Actions lists the actions that the actor may know of, by id; those of one service when it is not empty.
func (r *Runner) Actions(ctx context.Context, by people.Actor, service string) ([]Definition, error) {
	book, err := r.Book(ctx)
	if err != nil {
		return nil, err
	}
	s, _ := book.Service(service)
	var out []Definition
	for _, d := range book.Actions() {
		if service != "" && !slices.Contains(d.Services, service) && !slices.Contains(s.Actions, d.ID) {
			continue
		}
		switch err := people.May(by, people.SeeActions, d.Subject()); {
		case err == nil:
			out = append(out, d)
		case !fault.Is(err, fault.NotFound):
			return nil, err // nobody, or not allowed to see any
		}
	}
	slices.SortFunc(out, func(a, b Definition) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Action returns one action as it is now.
func (r *Runner) Action(ctx context.Context, by people.Actor, id string) (Definition, error) {
	book, err := r.Book(ctx)
	if err != nil {
		return Definition{}, err
	}
	d, ok := book.Action(id)
	if err := people.May(by, people.SeeActions, d.Subject()); err != nil {
		return Definition{}, err
	}
	if !ok {
		return Definition{}, noAction(id)
	}
	return d, nil
}

// Versions lists the versions of an action that were ever planned, newest first, also of one that was removed.
func (r *Runner) Versions(ctx context.Context, by people.Actor, id string) ([]Versioned, error) {
	all, err := r.Shelf.ActionVersions(ctx, id)
	if err != nil {
		return nil, err
	}
	return seen(by, all, func(v Versioned) people.Subject { return v.Subject() })
}

// Run returns one run by its id or short name.
func (r *Runner) Run(ctx context.Context, by people.Actor, ref string) (Run, error) {
	if err := people.May(by, people.SeeActions, people.Subject{Kind: "run"}); err != nil {
		return Run{}, err
	}
	run, err := r.Records.ActionRun(ctx, ref)
	if err != nil {
		return Run{}, err
	}
	if err := people.May(by, people.SeeActions, run.Subject()); err != nil {
		return Run{}, err
	}
	return run, nil
}

// List returns runs, newest first. It reads on past those that the actor may not know of.
func (r *Runner) List(ctx context.Context, by people.Actor, f RunFilter) ([]Run, error) {
	if f.Limit <= 0 {
		f.Limit = usualRuns
	}
	var out []Run
	for {
		all, err := r.Records.ActionRuns(ctx, f)
		if err != nil {
			return nil, err
		}
		more := len(all) == f.Limit
		if more {
			f.Before = all[len(all)-1].Number
		}
		open, err := seen(by, all, Run.Subject)
		if err != nil {
			return nil, err
		}
		if out = append(out, open...); len(out) >= f.Limit || !more {
			return out[:min(len(out), f.Limit)], nil
		}
	}
}

const usualRuns = 50

// RunsFor returns the runs of an incident, group or request, newest first.
func (r *Runner) RunsFor(ctx context.Context, by people.Actor, s journal.Subject) ([]Run, error) {
	return r.List(ctx, by, RunFilter{For: s})
}

// seen leaves out what the actor may not know of.
func seen[T any](by people.Actor, all []T, subject func(T) people.Subject) ([]T, error) {
	if err := people.May(by, people.SeeActions, people.Subject{Kind: "action"}); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(v T) bool { return people.May(by, people.SeeActions, subject(v)) != nil }), nil
}

// Output returns lines of a run's output from the given number on (1 is the first), at most about 1,000.
func (r *Runner) Output(ctx context.Context, by people.Actor, ref string, from int64) ([]Line, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return nil, err
	}
	return r.Records.RunOutput(ctx, run.ID, max(from, 1), 1000)
}

// File returns a file of a run with its content.
func (r *Runner) File(ctx context.Context, by people.Actor, ref, id string) (File, []byte, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return File{}, nil, err
	}
	return r.Records.RunFile(ctx, run.ID, id)
}

// Steps returns what a run has committed so far.
func (r *Runner) Steps(ctx context.Context, by people.Actor, ref string) ([]Step, error) {
	run, err := r.Run(ctx, by, ref)
	if err != nil {
		return nil, err
	}
	return r.Records.RunSteps(ctx, run.ID)
}

// Quarantine lists what was taken out and is kept, without the things themselves. The owner is a team; people of every team may see
// what is open to everyone.
func (r *Runner) Quarantine(ctx context.Context, by people.Actor, f KeptFilter) ([]Kept, error) {
	if err := people.May(by, people.RunReadAction, people.Subject{Kind: "quarantine"}); err != nil {
		return nil, err
	}
	all, err := r.Shelf.QuarantineItems(ctx, f)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(k Kept) bool { return people.May(by, people.RunReadAction, k.Subject()) != nil }), nil
}

// Item returns one thing in quarantine, with its envelope.
func (r *Runner) Item(ctx context.Context, by people.Actor, id string) (Kept, error) {
	if err := people.May(by, people.RunReadAction, people.Subject{Kind: "quarantine"}); err != nil {
		return Kept{}, err
	}
	k, err := r.Shelf.QuarantineItem(ctx, id)
	if err == nil {
		err = people.May(by, people.RunReadAction, k.Subject())
	}
	if err != nil {
		return Kept{}, err
	}
	return k, nil
}

// Figures is how an action has done lately.
type Figures struct {
	Action                     string
	Succeeded, Failed, Unknown int           // cancelled runs do not count
	Usual                      time.Duration // half of the successful runs took at most this
	NineInTen                  time.Duration
}

// Runs is how many runs the figures are made of.
func (f Figures) Runs() int { return f.Succeeded + f.Failed + f.Unknown }

const (
	figuresOver = 180 * 24 * time.Hour
	figuresMost = 20_000
)

// Figures returns how the actions did in the last half year, by id; one action only when it is not empty.
func (r *Runner) Figures(ctx context.Context, by people.Actor, action string) (map[string]Figures, error) {
	if err := people.May(by, people.SeeActions, people.Subject{Kind: "action"}); err != nil {
		return nil, err
	}
	ends, err := r.Records.RunEnds(ctx, action, r.Clock.Now().Add(-figuresOver), figuresMost)
	if err != nil {
		return nil, err
	}
	return figures(ends), nil
}

// figures counts ends; a quantile is the least duration that at least the share of successful runs did not exceed (nearest rank).
func figures(ends []RunEnd) map[string]Figures {
	out, took := map[string]Figures{}, map[string][]time.Duration{}
	for _, e := range ends {
		f := out[e.Action]
		f.Action = e.Action
		switch e.State {
		case Succeeded:
			f.Succeeded++
			took[e.Action] = append(took[e.Action], e.Took)
		case Failed:
			f.Failed++
		case Unknown:
			f.Unknown++
		default:
			continue
		}
		out[e.Action] = f
	}
	for id, all := range took {
		slices.Sort(all)
		f := out[id]
		f.Usual, f.NineInTen = all[(len(all)*5+9)/10-1], all[(len(all)*9+9)/10-1]
		out[id] = f
	}
	return out
}
