package action

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"frontline/fault"
	"frontline/form"
	"frontline/people"
)

// Origin is what asked for a run.
type Origin string

// The origins. A person's run for an alert, an incident or a request counts as that one's.
const (
	FromPerson   Origin = "person"
	FromToken    Origin = "token" // a program with an API token
	FromRule     Origin = "rule"
	FromFlow     Origin = "flow" // a step of another run, which counts for it
	FromAlert    Origin = "alert"
	FromIncident Origin = "incident"
	FromRequest  Origin = "request"
	FromAsking   Origin = "asking" // a person who was about to ask, and needed nobody
)

// Saving is what a run saved, as it was counted at its end: definitions change, and what was counted does not.
type Saving struct {
	Origin   Origin
	Counts   bool          // it did its work and helped; a step of a flow does not count, the flow does
	ByHand   time.Duration // what the same work takes by hand, as the run's version says; 0 when it does not
	Own      time.Duration // of the person who asked: from the plan they read to their start
	Saved    time.Duration // ByHand less Own, never below zero; zero unless it counts
	Customer string        // whom it was done for, where an input says so
}

// origin tells what asked for the run: the way it came by first, then what it is for.
func (r Run) origin() Origin {
	by := r.StartedBy
	if by.ID == "" {
		by = r.PlannedBy
	}
	switch {
	case r.In.Flow != "":
		return FromFlow
	case by.Kind == people.ByRule:
		return FromRule
	case by.Kind == people.ByToken || by.Via == "api":
		return FromToken
	}
	switch r.For.Kind {
	case "group":
		return FromAlert
	case "incident":
		return FromIncident
	case "request":
		return FromRequest
	case Asking:
		return FromAsking
	}
	return FromPerson
}

// counted is what the run saved, now that it has ended.
func (r Run) counted() Saving {
	s := Saving{Origin: r.origin(), ByHand: r.Definition.Takes, Customer: r.customer(), Own: r.own()}
	s.Counts = r.State == Succeeded && r.Undoes == "" && r.In.Flow == "" && (r.Result.Check == nil || r.Result.Check.Helped)
	if s.Counts {
		s.Saved = max(s.ByHand-s.Own, 0)
	}
	return s
}

// own is how long the person who asked was busy with it, as far as we know: from the plan to the start, or to asking for approvals. What
// nobody looked at, because a rule or a program asked for it, took nobody's time.
func (r Run) own() time.Duration {
	asked := r.StartedAt
	if r.Consent.Need > 0 {
		asked = r.Consent.AskedAt
	}
	if o := r.origin(); o == FromRule || o == FromFlow || o == FromToken || asked.IsZero() {
		return 0
	}
	return max(asked.Sub(r.PlannedAt), 0)
}

// customer is the first of the inputs that names one.
func (r Run) customer() string {
	for _, in := range r.Definition.Inputs {
		if id, ok := r.Inputs[in.Name].(string); ok && in.Type == form.Customer {
			return id
		}
	}
	return ""
}

// facts are what the journal is told of it.
func (s Saving) facts(into map[string]any) {
	into["origin"], into["counts"] = string(s.Origin), s.Counts
	into["by_hand_s"], into["own_s"], into["saved_s"] = int(s.ByHand.Seconds()), int(s.Own.Seconds()), int(s.Saved.Seconds())
}

// SavedRun is what one run saved.
type SavedRun struct {
	Action  string
	EndedAt time.Time
	Saving
}

// Savings is what an action saved since a time.
type Savings struct {
	Action    string
	Title     string
	Runs      int // that did their work and helped, and were not taken back
	ByHand    time.Duration
	Own       time.Duration
	Saved     time.Duration
	Customers int // different ones
	Origins   map[Origin]int
	Months    []MonthSaved // oldest first, without gaps, up to now
}

// MonthSaved is one month of it.
type MonthSaved struct {
	Month time.Time // its first day
	Runs  int
	Saved time.Duration
}

const (
	savingsMost = 200_000
	savingsBack = 5 * 366 * 24 * time.Hour
)

// Savings returns what actions saved since a time, the most first; of one action when it is not empty. Months are those of the zone. What the
// actor may not know of is left out.
func (r *Runner) Savings(ctx context.Context, by people.Actor, action string, since time.Time, zone *time.Location) ([]Savings, error) {
	if err := people.May(by, people.SeeActions, people.Subject{Kind: "action"}); err != nil {
		return nil, err
	}
	now := r.Clock.Now()
	if back := now.Sub(since); back <= 0 || back > savingsBack {
		return nil, fault.Wrong("since", "Ask for a time before now, and at most five years back.")
	}
	runs, err := r.Records.SavedRuns(ctx, action, since, savingsMost)
	if err != nil {
		return nil, err
	}
	var out []Savings
	for _, s := range sumSavings(runs, since, now, zone) {
		if s.Title, err = r.title(ctx, by, s.Action); err == nil {
			out = append(out, s)
		} else if !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	return out, nil
}

// title is what an action is called, also when it was removed; NotFound when it is not open to the actor.
func (r *Runner) title(ctx context.Context, by people.Actor, id string) (string, error) {
	book, err := r.Book(ctx)
	if err != nil {
		return "", err
	}
	if d, ok := book.Action(id); ok {
		return d.Title, people.May(by, people.SeeActions, d.Subject())
	}
	old, err := r.Versions(ctx, by, id)
	if err != nil {
		return "", err
	}
	if len(old) == 0 {
		return "", noAction(id)
	}
	return old[0].Title, nil
}

// sumSavings adds runs up by action, the one that saved most first.
func sumSavings(runs []SavedRun, since, until time.Time, zone *time.Location) []Savings {
	sums, customers := map[string]*Savings{}, map[string]bool{}
	for _, x := range runs {
		s := sums[x.Action]
		if s == nil {
			s = &Savings{Action: x.Action, Origins: map[Origin]int{}, Months: monthsOf(since, until, zone)}
			sums[x.Action] = s
		}
		s.Runs++
		s.ByHand, s.Own, s.Saved = s.ByHand+x.ByHand, s.Own+x.Own, s.Saved+x.Saved
		s.Origins[x.Origin]++
		if key := x.Action + "\n" + x.Customer; x.Customer != "" && !customers[key] {
			customers[key] = true
			s.Customers++
		}
		month := monthOf(x.EndedAt, zone)
		if i := slices.IndexFunc(s.Months, func(m MonthSaved) bool { return m.Month.Equal(month) }); i >= 0 {
			s.Months[i].Runs++
			s.Months[i].Saved += x.Saved
		}
	}
	out := make([]Savings, 0, len(sums))
	for _, s := range sums {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Savings) int {
		return cmp.Or(cmp.Compare(b.Saved, a.Saved), cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.Action, b.Action))
	})
	return out
}

func monthOf(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, zone)
}

func monthsOf(since, until time.Time, zone *time.Location) []MonthSaved {
	var out []MonthSaved
	for m := monthOf(since, zone); !m.After(until); m = m.AddDate(0, 1, 0) {
		out = append(out, MonthSaved{Month: m})
	}
	return out
}

// Say is what was saved in a few words: "47 runs, 9 h saved".
func (s Savings) Say() string {
	runs := "1 run"
	if s.Runs != 1 {
		runs = fmt.Sprintf("%d runs", s.Runs)
	}
	if s.Saved == 0 {
		return runs
	}
	return runs + ", " + Hours(s.Saved) + " saved"
}

// Hours writes saved time as people say it, rounded: "40 min", "9 h".
func Hours(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Round(time.Hour).Hours()))
}
