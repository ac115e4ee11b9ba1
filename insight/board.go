package insight

import (
	"context"
	"fmt"
	"slices"
	"time"

	"frontline/desk"
	"frontline/fault"
	"frontline/people"
)

// Facts is where the counts of requests are kept. store implements it.
type Facts interface {
	// Facts returns what is counted of the requests that arrived from one time to before the other, by arrival. Types are ids, and so are demands, as
	// they were coded then.
	Facts(ctx context.Context, from, to time.Time) ([]Fact, error)
	// FillFacts makes some of the facts that are missing because their requests are older than the keeping of facts; 0 when there are none.
	FillFacts(ctx context.Context) (int, error)
	// Demands returns the register.
	Demands(ctx context.Context) ([]desk.Demand, error)
}

// Directory names what facts refer to.
type Directory interface {
	RequestType(id string) (desk.Type, bool)
	ShutTypes() []string
	Team(id string) (people.Team, bool)
}

// Question is one report that can be asked for.
type Question struct {
	Name, Title, Question string
	make                  func([]Fact, Scope) (Report, error)
}

// Questions lists the reports in the order in which one would ask.
func Questions() []Question {
	until := func(u Until) func([]Fact, Scope) (Report, error) {
		return func(f []Fact, s Scope) (Report, error) { return TimeUntil(u, f, s) }
	}
	return []Question{
		{"demand-hours", "Demand by hours", "Which demands take most of our time?", DemandByHours},
		{"escalated-share", "Escalated share", "How many requests do developers get?", EscalatedShare},
		{"escalated-by-demand", "Escalated share by demand", "Which demands still need developers?", escalatedByDemand},
		{"escalation-verdicts", "What developers found", "Do we escalate what developers can use?", EscalationVerdicts},
		{"developer-hours-saved", "Developer hours saved", "How much developers' time has the desk kept free?", DeveloperHoursSaved},
		{"time-to-first-reply", "Time to first reply", "How long until somebody answers?", until(FirstReply)},
		{"time-to-resolution", "Time to resolution", "How long until a request is solved?", until(Resolution)},
		{"service-levels", "Service levels", "Do we keep what we promise?", ServiceLevels},
		{"age-of-open", "Age of what is open", "Which open requests are older than their kind ever gets?", ageOfOpen},
		{"what-changed", "What changed", "Did the escalated share change because other things came, or because the same things went differently?", WhatChanged},
		{"touch-by-size", "Measured and felt", "Does the measured time agree with what people say it took?", TouchBySize},
	}
}

// escalatedByDemand is EscalatedByDemand where there may be too few demands to compare.
func escalatedByDemand(facts []Fact, scope Scope) (Report, error) {
	r, err := EscalatedByDemand(facts, scope)
	if !fault.Is(err, fault.Invalid) {
		return r, err
	}
	r = scope.begin("escalated-by-demand", "Escalated share by demand", "Which demands still need developers?", "p̃_d = (k_d + α·m)/(n_d + α), beta-binomial", 1, 0)
	r.Columns = []Column{{"demand", "Demand", Text}, {"share", "Escalated, shrunk", Share}, {"plain", "Escalated, plain", Share}, {"escalated", "Requests escalated", Count}, {"requests", "Requests", Count}}
	r.Answer = "Fewer than three demands are confirmed: nothing can be compared yet."
	return r, nil
}

func ageOfOpen(facts []Fact, scope Scope) (Report, error) {
	return AgeOfOpen(facts, scope, func(f Fact) string { return fmt.Sprintf("R-%d", f.Number) })
}

// Asked is what a report is asked about. Empty parts do not narrow.
type Asked struct {
	From      time.Time // of arrivals
	To        time.Time // now when zero
	Zone      *time.Location
	Team      string
	Type      string
	Service   string
	Customer  string
	Demand    string // an id
	CodedThen bool   // demands as they were coded, not as they count today
}

func (q Asked) filter() []Condition {
	var all []Condition
	for _, c := range []Condition{{"team", q.Team}, {"type", q.Type}, {"service", q.Service}, {"customer", q.Customer}, {"demand", q.Demand}} {
		if c.Value != "" {
			all = append(all, c)
		}
	}
	coded := "now"
	if q.CodedThen {
		coded = "then"
	}
	return append(all, Condition{"coded", coded})
}

func (q Asked) fits(f Fact) bool {
	within := func(want, is string) bool { return want == "" || want == is }
	return within(q.Team, f.Team) && within(q.Type, f.Type) && within(q.Service, f.Service) && within(q.Customer, f.Customer) &&
		(q.Demand == "" || slices.ContainsFunc(f.Demands, func(p part) bool { return p.Demand == q.Demand }))
}

// seed makes what is resampled the same on every run.
const seed = 1

// Board answers questions about the desk's work. It is safe for several goroutines.
type Board struct {
	DB    Facts
	Book  func(context.Context) (Directory, error)
	Now   func() time.Time // the store's time
	cache readings
	// Made of a reading, and as old as it.
	weights weights
}

// Report answers one question. Errors: a question that there is none of; a time that ends before it begins.
func (b *Board) Report(ctx context.Context, a people.Actor, name string, q Asked) (Report, error) {
	all := Questions()
	at := slices.IndexFunc(all, func(x Question) bool { return x.Name == name })
	if at < 0 {
		return Report{}, fault.New(fault.NotFound, "There is no report %.60s. Look in the list of reports.", name)
	}
	reports, err := b.answer(ctx, a, all[at:at+1], q)
	if err != nil {
		return Report{}, err
	}
	return reports[0], nil
}

// Overview answers every question, in the order of Questions.
func (b *Board) Overview(ctx context.Context, a people.Actor, q Asked) ([]Report, error) {
	return b.answer(ctx, a, Questions(), q)
}

// longest is how far back a report may look.
const longest = 20 * 366 * 24 * time.Hour

// ready completes a question and asks the gate.
func (b *Board) ready(a people.Actor, q Asked) (Asked, error) {
	if err := people.May(a, people.SeeInsight, people.Subject{Kind: "report"}); err != nil {
		return q, err
	}
	now := b.Now()
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	if q.To.IsZero() || !q.To.Before(now) {
		q.To = now.Add(time.Microsecond) // what arrived just now counts
	}
	if !q.From.Before(q.To) || q.To.Sub(q.From) > longest {
		return q, fault.Wrong("since", "A report covers a time that begins before it ends, and 20 years at most.")
	}
	return q, nil
}

func (b *Board) answer(ctx context.Context, a people.Actor, questions []Question, q Asked) ([]Report, error) {
	q, err := b.ready(a, q)
	if err != nil {
		return nil, err
	}
	set, err := b.chosen(ctx, q)
	if err != nil {
		return nil, err
	}
	set.tell(a)
	scope := Scope{From: q.From, To: q.To, Now: set.asOf, Zone: q.Zone, Filter: q.filter(), Seed: seed}
	reports := make([]Report, len(questions))
	for i, x := range questions {
		facts := set.facts
		if x.Name == "age-of-open" {
			facts = set.known
		}
		if reports[i], err = x.make(facts, scope); err != nil {
			return nil, err
		}
	}
	return reports, nil
}

// chosen is facts as a report shows them: narrowed, coded as of then or now, in people's words.
type chosen struct {
	facts []Fact
	known []Fact // without those of which the actor may not know one by one
	asOf  time.Time
	words words
}

func (b *Board) chosen(ctx context.Context, q Asked) (chosen, error) {
	read, words, err := b.read(ctx, q)
	if err != nil {
		return chosen{}, err
	}
	return b.narrowed(read, words, q)
}

// read returns the facts of the time and of as long a time before, at which what changed looks, and the words for them. What is read begins with a day:
// the time before goes back as now goes on, and no reading would serve twice.
func (b *Board) read(ctx context.Context, q Asked) (reading, words, error) {
	read, err := b.cache.facts(ctx, b, q.before().UTC().Truncate(24*time.Hour), q.To)
	if err != nil {
		return reading{}, words{}, err
	}
	words, err := b.words(ctx, q)
	return read, words, err
}

// before is the beginning of the time before, which is as long.
func (q Asked) before() time.Time { return q.From.Add(-q.To.Sub(q.From)) }

// narrowed are the facts that the question is about.
func (b *Board) narrowed(read reading, words words, q Asked) (out chosen, err error) {
	from := q.before()
	if q.Demand, err = words.demand(q.Demand); err != nil {
		return chosen{}, err
	}
	out = chosen{asOf: read.at, words: words}
	for _, f := range read.facts {
		if f.Arrived.Before(from) {
			continue
		}
		f.Demands = words.restated(f.Demands)
		if q.fits(f) {
			out.facts = append(out.facts, f)
		}
	}
	return out, nil
}

// tell puts people's words in the place of ids, and finds what the actor may know of one by one.
func (c *chosen) tell(a people.Actor) {
	for i, f := range c.facts {
		shut := c.words.shut[f.Type] && !slices.Contains(a.Teams, f.Team) && a.Role != people.Admin
		c.facts[i] = c.words.told(f)
		if !shut || !f.Resolved.IsZero() {
			c.known = append(c.known, c.facts[i])
		}
	}
}

// words turns ids into what people read.
type words struct {
	register []desk.Demand
	counted  map[string]string // demand to what it counts for
	titles   map[string]string // of demands
	types    map[string]string
	shut     map[string]bool
	book     Directory
}

func (b *Board) words(ctx context.Context, q Asked) (words, error) {
	book, err := b.Book(ctx)
	if err != nil {
		return words{}, err
	}
	register, err := b.DB.Demands(ctx)
	if err != nil {
		return words{}, err
	}
	w := words{register: register, counted: map[string]string{}, titles: Titles(register), types: map[string]string{}, shut: map[string]bool{}, book: book}
	for _, d := range register {
		w.counted[d.ID] = d.ID
		if !q.CodedThen {
			w.counted[d.ID] = desk.CountedAs(register, d.ID)
		}
	}
	for _, t := range book.ShutTypes() {
		w.shut[t] = true
	}
	return w, nil
}

// Titles names demands so that no two are alike: one whose title another has too gets its number.
func Titles(register []desk.Demand) map[string]string {
	often := map[string]int{}
	for _, d := range register {
		often[d.Title]++
	}
	out := map[string]string{}
	for _, d := range register {
		out[d.ID] = d.Title
		if often[d.Title] > 1 {
			out[d.ID] += " (" + d.Name() + ")"
		}
	}
	return out
}

// restated is a request's demands as they count, those that became one added up.
func (w words) restated(parts []part) []part {
	if len(parts) == 0 {
		return nil
	}
	out := make([]part, 0, len(parts))
	for _, p := range parts {
		p.Demand = w.countedAs(p.Demand)
		if at := slices.IndexFunc(out, func(o part) bool { return o.Demand == p.Demand }); at >= 0 {
			out[at].Share = min(1, out[at].Share+p.Share)
			continue
		}
		out = append(out, p)
	}
	return out
}

// demand finds one by its id or its name ("D-12").
func (w words) demand(ref string) (string, error) {
	at := slices.IndexFunc(w.register, func(d desk.Demand) bool { return d.ID == ref || d.Name() == ref })
	switch {
	case ref == "":
		return "", nil
	case at < 0:
		return "", fault.Wrong("demand", "There is no demand %.60s. Look in the register.", ref)
	}
	return w.countedAs(w.register[at].ID), nil
}

func (w words) countedAs(demand string) string {
	if now, ok := w.counted[demand]; ok {
		return now
	}
	return demand
}

func (w words) told(f Fact) Fact {
	for i, p := range f.Demands {
		if title, ok := w.titles[p.Demand]; ok {
			f.Demands[i].Demand = title
		}
	}
	if f.Guess != "" {
		f.Guess = w.titles[w.countedAs(f.Guess)]
	}
	title, ok := w.types[f.Type]
	if !ok {
		title = "no type"
		if t, known := w.book.RequestType(f.Type); known {
			title = t.Title
		} else if f.Type != "" {
			title = f.Type
		}
		w.types[f.Type] = title
	}
	f.Type = title
	return f
}

// Fill makes the facts that are missing, until ctx ends or none is: those of requests that are older than the keeping of facts.
func (b *Board) Fill(ctx context.Context) error {
	for {
		n, err := b.DB.FillFacts(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// Zone reads the name of a time zone; UTC when empty. Errors: a zone that nobody knows.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fault.Wrong("zone", "%.60q is no time zone. Write it as Europe/Tallinn.", name)
	}
	return zone, nil
}
