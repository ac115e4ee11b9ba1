package action

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"frontline/clock"
	"frontline/fault"
	"frontline/job"
	"frontline/journal"
	"frontline/people"
)

// Handover is what a team is told in the morning about the runs of its actions and on its services in its night. It is written once for a team
// and day; what it names is read as it is now.
type Handover struct {
	Team   string
	Night  people.Night
	MadeAt time.Time
	Runs   []string // ids, what needs somebody first
	Items  []string // ids of quarantined things that expire soon
}

// ID is what it is called: "support-2026-11-24".
func (h Handover) ID() string { return h.Team + "-" + h.Night.Day }

// Quiet says that nothing happened and nothing waits.
func (h Handover) Quiet() bool { return len(h.Runs)+len(h.Items) == 0 }

// Subject is what people.May is asked about.
func (h Handover) Subject() people.Subject {
	return people.Subject{Kind: "handover", ID: h.ID(), Team: h.Team}
}

// Handed is a hand-over with what it names, as far as somebody may know of it.
type Handed struct {
	Handover
	Runs       []Run
	Expiring   []Kept
	Address    string           // where it is read; empty when nobody knows
	RunAddress func(Run) string // where one of its runs is; nil when nobody knows
}

// Nights is where hand-overs are kept. store implements it.
type Nights interface {
	// AddHandover writes a hand-over once for its team and day, with what follows; it says whether it was new.
	AddHandover(ctx context.Context, h Handover, follows journal.Consequences) (bool, error)
	// Handovers lists them, newest first; of one team when it is not empty.
	Handovers(ctx context.Context, team string, limit int) ([]Handover, error)
	// HandoverOf returns one; NotFound when there is none.
	HandoverOf(ctx context.Context, team, day string) (Handover, error)
	// NightRuns returns the runs that were started within the time, and those that are open since before its end, without the steps of flows.
	NightRuns(ctx context.Context, from, until time.Time, limit int) ([]Run, error)
}

// Mornings writes hand-overs and shows them.
type Mornings struct {
	Nights  Nights
	Runner  *Runner // reads what they name, and mails
	Teams   func(context.Context) ([]people.Team, error)
	Enqueue func(context.Context, ...job.New) error
	Zone    *time.Location // of teams that have none
	Link    func(Handover) string
	Clock   clock.Clock
	Log     *slog.Logger
}

// JobHandover is the durable work of writing the hand-over of a night.
type JobHandover struct {
	Team  string       `json:"team"`
	Night people.Night `json:"night"`
}

// JobTell is the durable work of mailing one address about a hand-over.
type JobTell struct {
	Team string `json:"team"`
	Day  string `json:"day"`
	To   string `json:"to"`
}

// KindHandover and KindTell are the job kinds of mornings.
func KindHandover() job.Kind[JobHandover] { return job.Kind[JobHandover]{Name: "action.handover"} }

// KindTell gives up after about a day: the screen has it all the while.
func KindTell() job.Kind[JobTell] {
	return job.Kind[JobTell]{Name: "action.handover_mail", Limit: time.Minute, Tries: 20}
}

// Handlers binds the job kinds.
func (m *Mornings) Handlers() []job.Handler {
	return []job.Handler{KindHandover().Handle(m.write), KindTell().Handle(m.tell)}
}

const (
	lateMorning = 6 * time.Hour  // a morning that is over for longer, because nobody ran, is not made up for
	mostNight   = 500            // runs in one hand-over
	expiresSoon = 48 * time.Hour // what in quarantine expires within so long after the morning
	mostListed  = 100
)

// Run looks every minute whether a team's morning has come, until ctx ends. Several replicas may: a hand-over is written once.
func (m *Mornings) Run(ctx context.Context) {
	for {
		if err := m.Look(ctx); err != nil && ctx.Err() == nil {
			m.Log.Warn("morning hand-overs cannot be looked after", "err", err)
		}
		tick, stop := m.Clock.After(time.Minute)
		select {
		case <-tick:
		case <-ctx.Done():
			stop()
			return
		}
	}
}

// Look asks for the hand-over of each team whose morning came lately and has none yet.
func (m *Mornings) Look(ctx context.Context) error {
	teams, err := m.Teams(ctx)
	if err != nil {
		return err
	}
	now := m.Clock.Now()
	for _, t := range teams {
		n, ok := t.LastNight(now, m.Zone)
		if !ok || now.Sub(n.Until) > lateMorning {
			continue
		}
		_, err := m.Nights.HandoverOf(ctx, t.ID, n.Day)
		if fault.Is(err, fault.NotFound) {
			err = m.Enqueue(ctx, KindHandover().At(now, t.ID+" "+n.Day, JobHandover{t.ID, n}))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// write writes a hand-over. A second try of the same finds it written.
func (m *Mornings) write(ctx context.Context, args JobHandover) error {
	teams, err := m.Teams(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(teams, func(t people.Team) bool { return t.ID == args.Team })
	if i < 0 {
		return nil // the team was removed
	}
	h, err := m.gather(ctx, args)
	if err != nil {
		return err
	}
	var then journal.Consequences
	then.Add(journal.Entry{Actor: journal.By(people.System("job")), Verb: "handover.written", Subject: journal.Of("team", h.Team),
		Facts: map[string]any{"day": h.Night.Day, "runs": len(h.Runs), "expiring": len(h.Items)}})
	if !h.Quiet() {
		to, err := m.readers(ctx, teams[i])
		if err != nil {
			return err
		}
		for _, address := range to {
			then.Do(KindTell().At(time.Time{}, h.ID()+"/"+address, JobTell{h.Team, h.Night.Day, address}))
		}
	}
	_, err = m.Nights.AddHandover(ctx, h, then)
	return err
}

// readers are who is mailed: the team's own address, or everybody in it.
func (m *Mornings) readers(ctx context.Context, t people.Team) ([]string, error) {
	if m.Runner.Mailer == nil {
		return nil, nil
	}
	if t.Email != "" {
		return []string{t.Email}, nil
	}
	book, err := m.Runner.Book(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range book.People() {
		if slices.Contains(p.Teams, t.ID) && p.Email != "" {
			out = append(out, p.Email)
		}
	}
	return out, nil
}

// gather finds what belongs into a team's hand-over.
func (m *Mornings) gather(ctx context.Context, args JobHandover) (Handover, error) {
	h := Handover{Team: args.Team, Night: args.Night}
	book, err := m.Runner.Book(ctx)
	if err != nil {
		return h, err
	}
	runs, err := m.Nights.NightRuns(ctx, args.Night.From, args.Night.Until, mostNight)
	if err != nil {
		return h, err
	}
	runs = slices.DeleteFunc(runs, func(r Run) bool { return !concerns(book, r, args.Team) })
	slices.SortStableFunc(runs, func(a, b Run) int { return cmp.Or(cmp.Compare(a.need(), b.need()), cmp.Compare(a.Number, b.Number)) })
	for _, r := range runs {
		h.Runs = append(h.Runs, r.ID)
	}
	kept, err := m.Runner.Shelf.QuarantineItems(ctx, KeptFilter{Owner: args.Team, States: []KeptState{Captured, Removed}, Limit: mostNight})
	for _, k := range kept {
		if k.ExpiresAt.Before(args.Night.Until.Add(expiresSoon)) {
			h.Items = append(h.Items, k.ID)
		}
	}
	return h, err
}

// concerns says whether a run is the team's business: its action, or one of its services.
func concerns(book Directory, r Run, team string) bool {
	return r.Definition.Team == team || slices.ContainsFunc(r.Definition.Services, func(id string) bool {
		s, ok := book.Service(id)
		return ok && s.Team == team
	})
}

// need orders runs by how much they need somebody in the morning.
func (r Run) need() int {
	switch {
	case r.State == Unknown:
		return 0
	case r.Glass.Open():
		return 1
	case r.State == Running || r.State == Waiting:
		return 2
	case r.State == Failed:
		return 3
	case r.Result.Check != nil && !r.Result.Check.Helped:
		return 4
	case r.Definition.Risk != RiskRead:
		return 5
	}
	return 6
}

// Needs says why somebody has to look at the run in the morning; empty when nobody has.
func (r Run) Needs() string {
	return [...]string{"Nobody knows what became of it: look, and settle it.", "It was started by break-glass and waits for its review.", "It is still open.",
		"It failed.", "It did not help.", "", ""}[r.need()]
}

// tell mails one address about a hand-over. A mail that cannot be sent for good is logged.
func (m *Mornings) tell(ctx context.Context, args JobTell) error {
	h, err := m.Nights.HandoverOf(ctx, args.Team, args.Day)
	if err != nil || m.Runner.Mailer == nil {
		return err
	}
	all, err := m.fill(ctx, people.System("job"), h)
	if err != nil {
		return err
	}
	name := args.Team
	if teams, err := m.Teams(ctx); err == nil {
		if i := slices.IndexFunc(teams, func(t people.Team) bool { return t.ID == args.Team }); i >= 0 {
			name = teams[i].Name
		}
	}
	_, err = m.Runner.Mailer.Mail(ctx, args.To, "Hand-over of the night, "+name+": "+all.Say(), m.text(all), h.ID()+"/"+args.To)
	if err != nil && !fault.Again(err) {
		m.Log.Warn("the mail about a hand-over cannot be sent", "handover", h.ID(), "err", err)
		return nil
	}
	return err
}

// Say is a hand-over in a few words: "4 runs, 1 needs somebody".
func (h Handed) Say() string {
	open := 0
	for _, r := range h.Runs {
		if r.Needs() != "" {
			open++
		}
	}
	say := fmt.Sprintf("%d runs", len(h.Runs))
	if len(h.Runs) == 1 {
		say = "1 run"
	}
	if open > 0 {
		say += fmt.Sprintf(", %d to look at", open)
	}
	if n := len(h.Expiring); n > 0 {
		say += fmt.Sprintf(", %d in quarantine about to expire", n)
	}
	return say
}

// mostTold is how many runs a mail names; the screen has all.
const mostTold = 30

// text is the mail. It holds what runs said of themselves, and neither inputs nor output.
func (m *Mornings) text(h Handed) string {
	var b strings.Builder
	for i, r := range h.Runs {
		if i == mostTold {
			fmt.Fprintf(&b, "and %d more\n", len(h.Runs)-i)
			break
		}
		fmt.Fprintf(&b, "%s  %s: %s\n", r.Ref(), r.Definition.Title, r.State)
		for _, line := range []string{r.Needs(), r.Result.Summary, checked(r)} {
			if line != "" {
				fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(line, "\n", " "))
			}
		}
	}
	for _, k := range h.Expiring {
		fmt.Fprintf(&b, "In quarantine until %s UTC: %s from %s\n", k.ExpiresAt.UTC().Format("15:04, 2 January"), k.Kind, k.Origin)
	}
	if m.Link != nil {
		fmt.Fprintf(&b, "\nAll of it, with the evidence:\n%s\n", m.Link(h.Handover))
	}
	return b.String()
}

func checked(r Run) string {
	if r.Result.Check == nil {
		return ""
	}
	return "Looked afterwards: " + r.Result.Check.Summary
}

// fill reads what a hand-over names, as far as the actor may know of it.
func (m *Mornings) fill(ctx context.Context, by people.Actor, h Handover) (Handed, error) {
	out := Handed{Handover: h, RunAddress: m.Runner.Link}
	if m.Link != nil {
		out.Address = m.Link(h)
	}
	for _, id := range h.Runs {
		r, err := m.Runner.Run(ctx, by, id)
		if err == nil {
			out.Runs = append(out.Runs, r)
		} else if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
			return out, err
		}
	}
	for _, id := range h.Items {
		k, err := m.Runner.Item(ctx, by, id)
		switch {
		case err == nil && k.State != Replayed:
			out.Expiring = append(out.Expiring, k)
		case err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden):
			return out, err
		}
	}
	return out, nil
}

// List returns hand-overs, newest first; of one team when it is not empty.
func (m *Mornings) List(ctx context.Context, by people.Actor, team string) ([]Handover, error) {
	if err := people.May(by, people.SeeActions, people.Subject{Kind: "handover"}); err != nil {
		return nil, err
	}
	all, err := m.Nights.Handovers(ctx, team, mostListed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(h Handover) bool { return people.May(by, people.SeeActions, h.Subject()) != nil }), nil
}

// Show returns one hand-over by its id, such as support-2026-11-24.
func (m *Mornings) Show(ctx context.Context, by people.Actor, id string) (Handed, error) {
	if err := people.May(by, people.SeeActions, people.Subject{Kind: "handover"}); err != nil {
		return Handed{}, err
	}
	const day = len("-" + time.DateOnly)
	if len(id) <= day || id[len(id)-day] != '-' {
		return Handed{}, noHandover(id)
	}
	h, err := m.Nights.HandoverOf(ctx, id[:len(id)-day], id[len(id)-day+1:])
	if err != nil {
		return Handed{}, err
	}
	return m.fill(ctx, by, h)
}

func noHandover(id string) error {
	return fault.New(fault.NotFound, "There is no hand-over %.80q. Look at the list of hand-overs.", id)
}
