package alert

import (
	"context"
	"time"

	"frontline/catalog"
	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/oncall"
	"frontline/people"
	"frontline/secret"
)

// Directory is what intake needs to know of what is configured.
type Directory interface {
	SourceByToken(kind, token string) (Source, bool)
	Services() []catalog.Service
}

// Store keeps alerts and groups. store implements it on both databases.
type Store interface {
	// FoldSignals locks what the batch is about, lets decide fold it, and writes everything with the raw body in one transaction.
	FoldSignals(ctx context.Context, b Batch, decide func(Current, time.Time, func() string) Folded) (Folded, error)
	// ChangeGroup locks a group with its open alerts, lets decide change them, and writes everything in one transaction. It returns NotFound for an unknown id.
	ChangeGroup(ctx context.Context, id string, decide func(Group, []Alert, time.Time) (Handled, error)) (Group, error)
	// ForgetBodies deletes raw bodies from before the time, at most limit, and returns how many it deleted.
	ForgetBodies(ctx context.Context, before time.Time, limit int) (int64, error)
}

// Accepted says what became of a batch.
type Accepted struct {
	Opened   int `json:"opened"`
	Resolved int `json:"resolved"`
	Repeated int `json:"repeated"`
	Unrouted int `json:"unrouted"`
}

// Intake takes signals in.
type Intake struct {
	store Store
	book  func(context.Context) (Directory, error)
	count func(source string, a Accepted)
}

// NewIntake returns an intake; count is told about every batch that was committed, for metrics.
func NewIntake(s Store, book func(context.Context) (Directory, error), count func(source string, a Accepted)) *Intake {
	return &Intake{store: s, book: book, count: count}
}

// Accept folds what a source of the kind sent with its token. When it returns nil, everything is durable: alerts, groups, pages and
// the jobs that reach people. An unknown token is NotFound; a database that cannot commit is Unavailable.
func (in *Intake) Accept(ctx context.Context, kind string, token secret.Text, b Batch) (Accepted, error) {
	book, err := in.book(ctx)
	if err != nil {
		return Accepted{}, err
	}
	src, ok := book.SourceByToken(kind, token.Reveal())
	if !ok {
		return Accepted{}, fault.New(fault.NotFound, "No %s source has this token. Compare it with the one that was shown when the source was made.", kind)
	}
	return in.Take(ctx, src, b)
}

// Take folds what a source has to say that is known already: one of Frontline's own wings, which needs no token.
func (in *Intake) Take(ctx context.Context, src Source, b Batch) (Accepted, error) {
	book, err := in.book(ctx)
	if err != nil {
		return Accepted{}, err
	}
	b.Source = src.ID
	services := book.Services()
	done, err := in.store.FoldSignals(ctx, b, func(cur Current, now time.Time, id func() string) Folded {
		return Fold(src, services, b, cur, now, id)
	})
	if err != nil {
		return Accepted{}, err
	}
	a := summary(done)
	in.count(src.ID, a)
	return a, nil
}

func summary(f Folded) Accepted {
	a := Accepted{Repeated: f.Repeats}
	for _, e := range f.Entries {
		switch e.Verb {
		case "alert.opened":
			a.Opened++
		case "alert.resolved":
			a.Resolved++
		case "group.unrouted":
			a.Unrouted++
		}
	}
	return a
}

// Handled is what a person's decision about a group does.
type Handled struct {
	Group  Group
	Alerts []Alert // those that changed
	Orders []oncall.Order
	journal.Consequences
}

// Handling is what people do with groups.
type Handling struct {
	store Store
}

// NewHandling returns the commands on groups.
func NewHandling(s Store) *Handling { return &Handling{store: s} }

// Acknowledge says that the actor has it: the escalation stops. Doing it twice is once; somebody else may take it over.
func (h *Handling) Acknowledge(ctx context.Context, actor people.Actor, group string) (Group, error) {
	return h.change(ctx, actor, group, func(g Group, _ []Alert, now time.Time) (Handled, error) {
		if g.State == Over {
			return Handled{}, fault.New(fault.Conflict, "%s is resolved already. There is nothing left to acknowledge.", g.Short())
		}
		out := Handled{Group: take(g, actor, now)}
		if out.Group != g {
			out.Orders = []oncall.Order{oncall.AcknowledgeOrder(g.Self(), actor)}
			out.Add(journal.Note(actor, "group.acknowledged", g.Self(), map[string]any{"after_ms": now.Sub(g.OpenedAt).Milliseconds()}))
		}
		return out, nil
	})
}

func take(g Group, by people.Actor, now time.Time) Group {
	if g.State == Taken && g.AckedBy == by.ID {
		return g
	}
	g.State, g.AckedAt, g.AckedBy = Taken, now, by.ID
	return g
}

// Resolve closes the group and its alerts by hand. A source that says later that one of them still fires opens a new alert.
func (h *Handling) Resolve(ctx context.Context, actor people.Actor, group string) (Group, error) {
	return h.change(ctx, actor, group, func(g Group, open []Alert, now time.Time) (Handled, error) {
		if g.State == Over {
			return Handled{Group: g}, nil
		}
		out := Handled{Group: g}
		for _, a := range open {
			a.State, a.ResolvedAt = Over, now
			out.Alerts = append(out.Alerts, a)
			out.Add(journal.Note(actor, "alert.resolved", journal.Of("alert", a.ID), map[string]any{"after_ms": now.Sub(a.OpenedAt).Milliseconds(), "signals": a.Count}).With(g.Self()))
		}
		out.Group.State, out.Group.ResolvedAt, out.Group.Open = Over, now, 0
		out.Add(journal.Note(actor, "group.resolved", g.Self(), map[string]any{"after_ms": now.Sub(g.OpenedAt).Milliseconds(), "alerts": g.Total, "by_hand": true}))
		out.Orders = []oncall.Order{oncall.EndOrder(g.Self(), "resolved", actor)}
		return out, nil
	})
}

// change runs one decision about a group that the actor may handle.
func (h *Handling) change(ctx context.Context, actor people.Actor, group string, decide func(Group, []Alert, time.Time) (Handled, error)) (Group, error) {
	if err := people.May(actor, people.HandleAlerts, people.Subject{Kind: "group"}); err != nil {
		return Group{}, err
	}
	return h.store.ChangeGroup(ctx, group, func(g Group, open []Alert, now time.Time) (Handled, error) {
		if err := people.May(actor, people.HandleAlerts, g.Topic()); err != nil {
			return Handled{}, err
		}
		return decide(g, open, now)
	})
}

// Answered marks the group of an acknowledged page as taken. It carries out oncall.JobAnswered; pages about other subjects are not ours.
func (h *Handling) Answered(ctx context.Context, a oncall.AnsweredArgs) error {
	if a.Subject.Kind != "group" {
		return nil
	}
	by := people.Actor{Kind: people.ByPerson, ID: a.Person, Via: a.Via}
	_, err := h.store.ChangeGroup(ctx, a.Subject.ID, func(g Group, _ []Alert, _ time.Time) (Handled, error) {
		if g.State == Over || g.State == Taken && g.AckedAt.After(a.At) {
			return Handled{Group: g}, nil
		}
		out := Handled{Group: take(g, by, a.At)}
		if out.Group != g {
			out.Add(journal.Note(by, "group.acknowledged", g.Self(), map[string]any{"after_ms": a.At.Sub(g.OpenedAt).Milliseconds()}))
		}
		return out, nil
	})
	return err
}

// KeepBodies is how long raw bodies are kept.
const KeepBodies = 7 * 24 * time.Hour

// ForgetArgs has no arguments.
type ForgetArgs struct{}

// JobForget deletes old raw bodies, and comes back the next day.
func JobForget() job.Kind[ForgetArgs] { return job.Kind[ForgetArgs]{Name: "alert.forget"} }

// Forget carries out JobForget.
func Forget(s Store, c clock.Clock) func(context.Context, ForgetArgs) error {
	return func(ctx context.Context, _ ForgetArgs) error {
		for {
			n, err := s.ForgetBodies(ctx, c.Now().Add(-KeepBodies), 500)
			if err != nil || n < 500 {
				return err
			}
		}
	}
}
