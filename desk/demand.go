package desk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/plain"
)

// Handling is how requests of a demand are dealt with now.
type Handling string

// The ways, in the order in which they save time.
const (
	ByHand     Handling = "by_hand"
	ByRunbook  Handling = "runbook"      // somebody follows steps, or runs an action
	Building   Handling = "building"     // a tool is being built
	Themselves Handling = "self_service" // askers do it alone
)

// Handlings lists the ways in their order.
func Handlings() []Handling { return []Handling{ByHand, ByRunbook, Building, Themselves} }

// Demand is recurring requests of the same kind. It is born, changes hands, and ends by being merged, split or retired; what was counted under
// it stays, and is found under what it became.
type Demand struct {
	ID          string    `json:"id"`
	Number      int64     `json:"number"`
	Title       string    `json:"title"` // "Webhooks stopped or late"
	Description string    `json:"description,omitempty"`
	Owner       string    `json:"owner,omitempty"`    // the person who decides what is built for it
	Examples    []string  `json:"examples,omitempty"` // requests that show what is meant
	Handling    Handling  `json:"handling"`
	From        []string  `json:"from,omitempty"` // the demands that it came out of
	Into        []string  `json:"into,omitempty"` // what it became: one when merged, several when split, none when retired
	BornAt      time.Time `json:"born_at"`
	EndedAt     time.Time `json:"ended_at,omitzero"`
	ShippedAt   time.Time `json:"shipped_at,omitzero"` // since when askers can do it alone
	Version     int64     `json:"version"`
}

// Name is what people call it: "D-12".
func (d Demand) Name() string { return fmt.Sprintf("D-%d", d.Number) }

// Live says whether requests may be coded with it.
func (d Demand) Live() bool { return d.EndedAt.IsZero() }

// Subject is the demand in the journal.
func (d Demand) Subject() journal.Subject { return journal.Of("demand", d.ID) }

// Code says that a request belongs to a demand, for so many per cent of the work that it was.
type Code struct {
	Demand string    `json:"demand"`
	Share  int       `json:"share"` // per cent; those of one request make 100
	By     string    `json:"by"`    // the person who confirmed it
	At     time.Time `json:"at"`
}

// mostCodes is how many demands one request may belong to.
const mostCodes = 5

// Coding is somebody's answer to what a request was about: demands with their shares, or none of those that there are.
type Coding struct {
	Codes []Code
	None  bool
}

func (c Coding) empty() bool { return len(c.Codes) == 0 && !c.None }

// ready checks the coding against the register. Shares that are left out are equal.
func (c Coding) ready(register []Demand) (Coding, error) {
	if c.None && len(c.Codes) > 0 {
		return c, fault.Wrong("demand", "Say which demands it was, or none of them; not both.")
	}
	if len(c.Codes) > mostCodes {
		return c, fault.Wrong("demand", "A request belongs to at most %d demands. Choose those that made the work.", mostCodes)
	}
	c.Codes = slices.Clone(c.Codes)
	for i, code := range c.Codes {
		d, ok := findDemand(register, code.Demand)
		switch {
		case !ok:
			return c, fault.Wrong("demand", "There is no demand %.60s. Choose one of the list.", code.Demand)
		case !d.Live():
			return c, fault.Wrong("demand", "%s is no longer used. Choose what it became.", d.Title)
		case slices.ContainsFunc(c.Codes[:i], func(o Code) bool { return o.Demand == d.ID }):
			return c, fault.Wrong("demand", "%s is named twice. Name it once, with its whole share.", d.Title)
		}
		c.Codes[i].Demand = d.ID
	}
	given, err := sharesGiven(c.Codes)
	if err != nil || given {
		return c, err
	}
	for i, n := 0, len(c.Codes); i < n; i++ {
		c.Codes[i].Share = 100*(i+1)/n - 100*i/n
	}
	return c, nil
}

// sharesGiven says whether each code has its share; they make 100 then. Either all have one or none.
func sharesGiven(codes []Code) (bool, error) {
	sum, given := 0, 0
	for _, c := range codes {
		if c.Share < 0 {
			return false, fault.Wrong("share", "A share is between 1 and 100 per cent.")
		}
		if sum += c.Share; c.Share > 0 {
			given++
		}
	}
	if given > 0 && (given < len(codes) || sum != 100) {
		return false, fault.Wrong("share", "The shares make %d per cent. Give each demand one so that they make 100, or give none for equal shares.", sum)
	}
	return given > 0, nil
}

// checkShares returns what is wrong with the demands of a macro, as far as one can say without the register.
func checkShares(all []Share) error {
	if len(all) > mostCodes {
		return fault.Wrong("demands", "A request belongs to at most %d demands. Choose those that make the work.", mostCodes)
	}
	for i, x := range all {
		if !demandName.MatchString(x.Demand) {
			return fault.Wrong("demands", "%.60q is no demand. Write its number, such as D-12.", x.Demand)
		}
		if slices.ContainsFunc(all[:i], func(o Share) bool { return o.Demand == x.Demand }) {
			return fault.Wrong("demands", "%s is named twice. Name it once, with its whole share.", x.Demand)
		}
	}
	_, err := sharesGiven(codesOf(all))
	return err
}

var demandName = regexp.MustCompile(`^D-[1-9][0-9]{0,8}$`)

func codesOf(all []Share) (out []Code) {
	for _, x := range all {
		out = append(out, Code{Demand: x.Demand, Share: x.Share})
	}
	return out
}

// findDemand finds one by its id or its name ("D-12").
func findDemand(register []Demand, ref string) (Demand, bool) {
	i := slices.IndexFunc(register, func(d Demand) bool { return d.ID == ref || d.Name() == ref })
	if i < 0 {
		return Demand{}, false
	}
	return register[i], true
}

// CountedAs returns what codes with the demand count for today: itself while it lives, what it was merged into, and itself again when it was split or
// retired, for then nobody has said which.
func CountedAs(register []Demand, id string) string {
	for range register {
		d, ok := findDemand(register, id)
		if !ok || len(d.Into) != 1 {
			return id
		}
		id = d.Into[0]
	}
	return id
}

// code writes down what the request was about.
func (t *turn) code(c Coding) {
	for i := range c.Codes {
		c.Codes[i].By, c.Codes[i].At = t.actor.ID, t.cur.Now
	}
	t.req.Codes, t.req.NoDemand = c.Codes, c.None
	t.req.Version++
	if c.None {
		t.note("request.coded", map[string]any{"none": true})
	}
	for _, x := range c.Codes {
		t.noteOn("request.coded", "demand", x.Demand, map[string]any{"share": x.Share})
	}
}

// uncoded says whether nobody has said yet what the request was about.
func (t *turn) uncoded() bool { return len(t.req.Codes) == 0 && !t.req.NoDemand }

// mustCode refuses an end without an answer to what it was about, where the type asks for one.
func (t *turn) mustCode() error {
	kind, _ := t.book.RequestType(t.req.Type)
	if kind.MustCode && t.uncoded() {
		return fault.Wrong("demand", "Say first what %s was about: choose a demand, or none of these.", t.req.Name())
	}
	return nil
}

// Register keeps demands.
type Register interface {
	// Demands returns all of them, the ended ones too, by title.
	Demands(ctx context.Context) ([]Demand, error)
	// ChangeDemands decides about some demands in one transaction, under the register's lock. decide gets those that are named, in their order, and
	// numbers for as many new ones as it asks for.
	ChangeDemands(ctx context.Context, ids []string, fresh int, decide func(DemandsNow) ([]Demand, journal.Consequences, error)) ([]Demand, error)
}

// DemandsNow is what a decision about demands sees.
type DemandsNow struct {
	Named []Demand
	New   []Demand // with ID and Number only
	Now   time.Time
}

// Demands returns the register: every demand, the ended ones too, by title.
func (s *Service) Demands(ctx context.Context, a people.Actor) ([]Demand, error) {
	if err := people.May(a, people.SeeRequests, topic()); err != nil {
		return nil, err
	}
	return s.DB.Demands(ctx)
}

// DemandDraft is what people write about a demand.
type DemandDraft struct {
	Title       string
	Description string
	Owner       string
	Handling    Handling // ByHand when empty
	Examples    []string // requests, by id or name
}

func (s *Service) ready(ctx context.Context, a people.Actor, d DemandDraft) (DemandDraft, error) {
	d.Title, d.Description = plain.Line(d.Title), plain.Prose(d.Description)
	book, err := s.Book(ctx)
	if err != nil {
		return d, err
	}
	if d.Handling == "" {
		d.Handling = ByHand
	}
	switch _, known := book.Person(d.Owner); {
	case plain.Blank(d.Title) || utf8.RuneCountInString(d.Title) > 120:
		return d, fault.Wrong("title", "Name the demand in at most 120 characters, as askers would: Webhooks stopped or late.")
	case utf8.RuneCountInString(d.Description) > 4000:
		return d, fault.Wrong("description", "A description has at most 4000 characters.")
	case d.Owner != "" && !known:
		return d, fault.Wrong("owner", "There is nobody called %.60s. Choose somebody of the list.", d.Owner)
	case !slices.Contains(Handlings(), d.Handling):
		return d, fault.Wrong("handling", "A demand is dealt with by_hand, by runbook, building or self_service.")
	}
	for i, ref := range d.Examples {
		if d.Examples[i], err = s.other(ctx, a, "examples", ref); err != nil {
			return d, err
		}
	}
	return d, nil
}

// NewDemand adds a demand to the register.
func (s *Service) NewDemand(ctx context.Context, a people.Actor, draft DemandDraft) (Demand, error) {
	made, err := s.demands(ctx, a, nil, 1, draft, func(n DemandsNow, d DemandDraft) ([]Demand, journal.Consequences, error) {
		born := d.put(n.New[0])
		born.BornAt = n.Now
		return []Demand{born}, journal.Consequences{Entries: []journal.Entry{journal.Note(a, "demand.born", born.Subject(), map[string]any{"number": born.Number})}}, nil
	})
	return firstOf(made), err
}

func firstOf(all []Demand) Demand {
	if len(all) == 0 {
		return Demand{}
	}
	return all[0]
}

func (d DemandDraft) put(x Demand) Demand {
	x.Title, x.Description, x.Owner, x.Handling, x.Examples = d.Title, d.Description, d.Owner, d.Handling, d.Examples
	x.Version++
	return x
}

// demands runs one decision about demands, after the draft was checked.
func (s *Service) demands(ctx context.Context, a people.Actor, refs []string, fresh int, draft DemandDraft, decide func(DemandsNow, DemandDraft) ([]Demand, journal.Consequences, error)) ([]Demand, error) {
	if err := people.May(a, people.ManageDemands, topic()); err != nil {
		return nil, err
	}
	draft, err := s.ready(ctx, a, draft)
	if err != nil {
		return nil, err
	}
	register, err := s.DB.Demands(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(refs))
	for i, ref := range refs {
		d, ok := findDemand(register, ref)
		if !ok {
			return nil, fault.New(fault.NotFound, "There is no demand %.60s. Look in the register.", ref)
		}
		ids[i] = d.ID
	}
	return s.DB.ChangeDemands(ctx, ids, fresh, func(n DemandsNow) ([]Demand, journal.Consequences, error) {
		for _, d := range n.Named {
			if !d.Live() {
				return nil, journal.Consequences{}, fault.New(fault.Conflict, "%s has ended. Look at what it became.", d.Title)
			}
		}
		return decide(n, draft)
	})
}

// ChangeDemand changes what is written about a demand, and how it is dealt with. seen is the Demand.Version that was looked at, or 0.
func (s *Service) ChangeDemand(ctx context.Context, a people.Actor, ref string, draft DemandDraft, seen int64) (Demand, error) {
	changed, err := s.demands(ctx, a, []string{ref}, 0, draft, func(n DemandsNow, d DemandDraft) ([]Demand, journal.Consequences, error) {
		was := n.Named[0]
		if seen != 0 && seen != was.Version {
			return nil, journal.Consequences{}, fault.New(fault.Conflict, "Somebody changed %s while you were looking. See what is new, then do it again.", was.Title)
		}
		now := d.put(was)
		if now.Handling == Themselves && was.Handling != Themselves {
			now.ShippedAt = n.Now
		}
		facts := map[string]any{"handling": string(now.Handling), "was": string(was.Handling), "owner": now.Owner}
		return []Demand{now}, journal.Consequences{Entries: []journal.Entry{journal.Note(a, "demand.changed", now.Subject(), facts)}}, nil
	})
	return firstOf(changed), err
}

// MergeDemand says that two demands are one. What was coded with the first counts for the second from now on; both histories stay.
func (s *Service) MergeDemand(ctx context.Context, a people.Actor, ref, into string) (Demand, error) {
	if ref == into {
		return Demand{}, fault.Wrong("into", "A demand cannot be merged into itself. Choose the other one.")
	}
	merged, err := s.demands(ctx, a, []string{ref, into}, 0, DemandDraft{Title: "merge"}, func(n DemandsNow, _ DemandDraft) ([]Demand, journal.Consequences, error) {
		gone, to := n.Named[0], n.Named[1]
		gone.Into, gone.EndedAt, gone.Version = []string{to.ID}, n.Now, gone.Version+1
		to.From, to.Version = append(slices.Clone(to.From), gone.ID), to.Version+1
		return []Demand{to, gone}, journal.Consequences{Entries: []journal.Entry{journal.Note(a, "demand.merged", gone.Subject(), nil).With(to.Subject())}}, nil
	})
	return firstOf(merged), err
}

// SplitDemand ends a demand in favour of several new ones. What was coded with it stays there, for nobody has said which; coding again moves it.
func (s *Service) SplitDemand(ctx context.Context, a people.Actor, ref string, titles []string) ([]Demand, error) {
	if len(titles) < 2 || len(titles) > 10 {
		return nil, fault.Wrong("titles", "A demand is split into 2 to 10 new ones. Name them.")
	}
	for _, title := range titles {
		if title = plain.Line(title); plain.Blank(title) || utf8.RuneCountInString(title) > 120 {
			return nil, fault.Wrong("titles", "Name each demand in at most 120 characters.")
		}
	}
	return s.demands(ctx, a, []string{ref}, len(titles), DemandDraft{Title: "split"}, func(n DemandsNow, _ DemandDraft) ([]Demand, journal.Consequences, error) {
		var out journal.Consequences
		gone := n.Named[0]
		gone.EndedAt, gone.Version, gone.Into = n.Now, gone.Version+1, nil
		var all []Demand
		for i, d := range n.New {
			d.Title, d.Owner, d.Handling, d.From, d.BornAt, d.Version = plain.Line(titles[i]), gone.Owner, gone.Handling, []string{gone.ID}, n.Now, 1
			gone.Into = append(gone.Into, d.ID)
			all = append(all, d)
			out.Add(journal.Note(a, "demand.split", gone.Subject(), nil).With(d.Subject()))
		}
		return append(all, gone), out, nil
	})
}

// RetireDemand ends a demand that is no longer asked for.
func (s *Service) RetireDemand(ctx context.Context, a people.Actor, ref string) (Demand, error) {
	ended, err := s.demands(ctx, a, []string{ref}, 0, DemandDraft{Title: "retire"}, func(n DemandsNow, _ DemandDraft) ([]Demand, journal.Consequences, error) {
		d := n.Named[0]
		d.EndedAt, d.Version = n.Now, d.Version+1
		return []Demand{d}, journal.Consequences{Entries: []journal.Entry{journal.Note(a, "demand.retired", d.Subject(), nil)}}, nil
	})
	return firstOf(ended), err
}

// Code says what a request was about, before or after its end.
func (s *Service) Code(ctx context.Context, a people.Actor, ref string, c Coding) (Request, error) {
	register, err := s.DB.Demands(ctx)
	if err != nil {
		return Request{}, err
	}
	if c, err = c.ready(register); err != nil {
		return Request{}, err
	}
	return s.change(ctx, a, people.WorkRequests, ref, nil, func(t *turn) error { t.code(c); return nil })
}
