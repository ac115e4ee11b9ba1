// Package thanks lets people say thank you, with the reason: to colleagues, to teams and to the actions that helped, about a request or an
// incident where there is one. Reasons stand on a wall and, once a month, in a digest by demand.
//
// There are no points and no order of people. Nothing here tells who was thanked most, and nobody can list what one other person was thanked for.
package thanks

import (
	"fmt"
	"slices"
	"time"

	"frontline/journal"
	"frontline/people"
)

// Kind is what sort of thing is thanked.
type Kind string

// What may be thanked.
const (
	Person Kind = "person"
	Team   Kind = "team"
	Action Kind = "action" // a tool that helped
)

// To is one that is thanked, by its id.
type To struct {
	Kind Kind
	ID   string
}

// Thanks is one person's thank you. It holds ids and times; its words live in a row of their own, so that they can be erased while the fact stays.
type Thanks struct {
	ID        string
	Number    int64
	By        string // a person
	To        []To
	About     journal.Subject // a request or an incident; empty when it is about neither
	Text      journal.Text    // the reason; empty once it was taken off the wall or erased
	Ref       string          // the channel's own id of what gave it; empty when there is none
	At        time.Time
	ChangedAt time.Time // when its words were last changed; At when they never were
	TakenAt   time.Time // off the wall; zero while it hangs there
	Void      bool      // it was taken back while that was still possible: it never was, and no figure counts it
}

// Name is what people call it: "T-12".
func (t Thanks) Name() string { return fmt.Sprintf("T-%d", t.Number) }

// Subject is the thanks in the journal.
func (t Thanks) Subject() journal.Subject { return journal.Of("thanks", t.ID) }

// Live says whether it hangs on the wall.
func (t Thanks) Live() bool { return t.TakenAt.IsZero() }

// is says whether a person is thanked in it, by name or in one of their teams.
func (t Thanks) is(person string, teams []string) bool {
	return slices.ContainsFunc(t.To, func(to To) bool {
		return to.Kind == Person && to.ID == person || to.Kind == Team && slices.Contains(teams, to.ID)
	})
}

func topic() people.Subject { return people.Subject{Kind: "thanks"} }

// The limits.
const (
	fewestWords   = 3 // of a reason that is about no request and no incident
	longestReason = 1000
	mostThanked   = 20
	mostADay      = 5 // that one person gives
	backFor       = 10 * time.Minute
)

// BackFor is how long whoever gave a thanks may change its words or take it back as if it had never been.
func BackFor() time.Duration { return backFor }

// MostADay is how many thanks one person gives on one day.
func MostADay() int { return mostADay }

// Changeable says whether the words may still be changed.
func (t Thanks) Changeable(now time.Time) bool { return t.Live() && now.Sub(t.At) < backFor }

// Matter is the request or the incident that a thanks is about, as somebody may see it.
type Matter struct {
	Subject journal.Subject
	Name    string // "R-1042", "INC-31"
	Title   string
	Demand  string // that it was most about, by id, as somebody confirmed; empty when nobody did
}

// Shown is a thanks as one reader sees it.
type Shown struct {
	Thanks
	Matter *Matter // nil when it is about nothing, or the reader may not know of it
	Mine   bool    // the reader gave it
	Got    bool    // the reader is thanked in it
	Back   bool    // the reader may take it off the wall
}

// Helpers is who and what helped with a matter, as far as is known: whom one may want to thank.
type Helpers struct {
	People  []string
	Actions []string
}

// Group is what people were thankful for in one demand.
type Group struct {
	Demand string // by id; empty for what belongs to none
	Name   string // "D-12"
	Title  string
	Thanks []Shown // the newest first
}

// Digest is what people were thankful for in one month, by demand. N counts the same two people once a day.
type Digest struct {
	Month       Month
	From, Until time.Time
	Groups      []Group // those with the most reasons first; what belongs to no demand is last
	N           int     // times that somebody thanked somebody
	Givers      int     // people who gave thanks
	Matters     int     // requests and incidents that they are about
}

// Month is one month of a year: "2026-11".
type Month string

const monthly = "2006-01"

// MonthOf is the month in which the time lies, in its zone.
func MonthOf(t time.Time) Month { return Month(t.Format(monthly)) }

// span is when the month begins and ends in a zone; false when it is no month.
func (m Month) span(zone *time.Location) (from, until time.Time, ok bool) {
	from, err := time.ParseInLocation(monthly, string(m), zone)
	return from, from.AddDate(0, 1, 0), err == nil
}

// Title is the month for people: "November 2026".
func (m Month) Title() string {
	from, _, ok := m.span(time.UTC)
	if !ok {
		return string(m)
	}
	return from.Format("January 2006")
}
