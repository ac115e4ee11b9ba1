package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"frontline/incident"
)

// Finding is where a store retrieves what searches and likenesses are ranked from. What the text index does not know yet is at most a second old.
type Finding interface {
	// Candidates returns the numbers of the requests or incidents that hold what is retrieved, the newest first.
	Candidates(ctx context.Context, r Retrieval) ([]int64, error)
	// Holders returns for each way the numbers of the requests that meet it outside of notes, whoever may see them, the newest first, at most limit.
	Holders(ctx context.Context, ways []Match, limit int) ([][]int64, error)
	// Meeting returns those of the requests that meet the filter, in their order.
	Meeting(ctx context.Context, numbers []int64, f Filter) ([]int64, error)
	// Written returns what was written about requests or incidents, by their numbers; those that are gone are left out.
	Written(ctx context.Context, kind Kind, numbers []int64) ([]Written, error)
	// Newest returns the numbers of the newest, the newest first.
	Newest(ctx context.Context, kind Kind, limit int) ([]int64, error)
	// FollowFindings brings the text index further by one batch, and says whether there is more.
	FollowFindings(ctx context.Context) (more bool, err error)
	// RebuildFindings has FollowFindings write the whole text index anew, while it is searched.
	RebuildFindings(ctx context.Context) error
}

// Kind is what was found.
type Kind string

// The kinds. Requests and incidents are retrieved from the text index; the others are few, and compared as they are now.
const (
	KindRequest  Kind = "request"
	KindIncident Kind = "incident"
	KindAnswer   Kind = "answer"
	KindAction   Kind = "action"
	KindCustomer Kind = "customer"
	KindService  Kind = "service"
)

// Kinds lists the kinds in the order in which they are named.
func Kinds() []Kind {
	return []Kind{KindRequest, KindIncident, KindAnswer, KindAction, KindCustomer, KindService}
}

// Retrieval says which documents are candidates. It is about words as package search compares them.
type Retrieval struct {
	Kind   Kind
	Any    []Match // documents that are one of these
	Notes  bool    // look into notes too
	Filter Filter  // of requests
	Limit  int
}

// Match is one way of being a candidate.
type Match struct {
	All   [][]Holding // of each of these one is held
	None  []Holding   // and none of these
	Share float64     // about how large a share of all documents that is; 0 when nothing is known
}

// Holding is one thing that a document may hold: words that follow each other, or a mark.
type Holding struct {
	Words []string
	Mark  string // see Marks
}

// Written is what people wrote about a request or an incident.
type Written struct {
	Kind     Kind
	Number   int64
	Request  Request           // of a request
	Incident incident.Incident // of an incident
	Title    string
	Asked    string // questions, and what the form asked for; of an incident what was said to customers
	Answered string // replies; of an incident what was said inside and its published post-mortem
	Notes    string // what the desk keeps to itself
	At       time.Time
}

// Ref is what people call it: "R-1042", "INC-31".
func (w Written) Ref() string {
	if w.Kind == KindIncident {
		return w.Incident.Name()
	}
	return w.Request.Name()
}

// Marks are what a request is about in the text index, beside its words: they narrow before anything is ranked. What they say is asked again
// of the request itself.
func Marks(r Request) []string {
	marks := []string{"state:" + string(r.State)}
	for _, m := range []struct{ name, value string }{{"type", r.Type}, {"team", r.Team}, {"service", r.Service}, {"customer", r.Customer}, {"assignee", r.Assignee}} {
		if m.value != "" {
			marks = append(marks, m.name+":"+m.value)
		}
	}
	return marks
}

// Filled is what the request's form asked for, as text: it is searched like what the asker wrote.
func Filled(r Request) string {
	names := make([]string, 0, len(r.Fields))
	for name := range r.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var said []string
	for _, name := range names {
		if text := fmt.Sprint(r.Fields[name]); r.Fields[name] != nil && text != "" {
			said = append(said, text)
		}
	}
	return strings.Join(said, "\n")
}
