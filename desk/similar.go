package desk

import (
	"context"
	"slices"
	"strings"

	"frontline/people"
	"frontline/plain"
	"frontline/search"
)

// Near is a request that is like another one, with the reason.
type Near struct {
	Request      Request
	Likeness     float64  // from 0 to 1
	Because      []string // the words that both hold and that tell most
	SameCustomer bool
	SameService  bool
}

// Asking is what somebody is just writing.
type Asking struct {
	Title    string
	Body     string
	Customer string
	Service  string
}

// Of how many words of a request its like are looked for, and how many candidates are compared closely.
const (
	mostTelling  = 8
	mostCompared = 80
)

// Similar returns requests that are like the one, the likest first. Only what askers wrote is compared.
func (s *Service) Similar(ctx context.Context, a people.Actor, ref string, limit int) ([]Near, error) {
	r, err := s.open(ctx, a, people.SeeRequests, ref)
	if err != nil {
		return nil, err
	}
	all, err := s.DB.Written(ctx, KindRequest, []int64{r.Number})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return s.nearest(ctx, a, alike(all[0]), r, limit)
}

// SimilarTo is Similar for what is not asked yet.
func (s *Service) SimilarTo(ctx context.Context, a people.Actor, q Asking, limit int) ([]Near, error) {
	if err := people.May(a, people.SeeRequests, topic()); err != nil {
		return nil, err
	}
	text := plain.Prose(q.Title + "\n" + q.Body)
	if plain.Blank(text) {
		return nil, nil
	}
	return s.nearest(ctx, a, search.Normal(text), Request{Customer: q.Customer, Service: q.Service}, limit)
}

// nearest retrieves what shares telling words and ranks it closely.
func (s *Service) nearest(ctx context.Context, a people.Actor, text string, self Request, limit int) ([]Near, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	x, err := s.sampled(ctx, book)
	if err != nil {
		return nil, err
	}
	var wished []wish
	for _, w := range x.index.Telling(text, mostTelling) {
		wished = append(wished, wish{any: []Holding{{Words: []string{w}}}})
	}
	if len(wished) == 0 {
		return nil, nil
	}
	r := Retrieval{Kind: KindRequest, Limit: mostCompared, Filter: Filter{Seer: seerOf(a, book), Now: s.Now()}}
	numbers, err := s.retrieve(ctx, r, alikeSteps(wished))
	if err != nil {
		return nil, err
	}
	all, err := s.DB.Written(ctx, KindRequest, slices.DeleteFunc(numbers, func(n int64) bool { return n == self.Number }))
	if err != nil {
		return nil, err
	}
	var entries []search.Entry
	by := map[string]Request{}
	for _, w := range all {
		kind, _ := book.RequestType(w.Request.Type)
		if people.May(a, people.SeeRequests, w.Request.Topic(kind)) == nil {
			entries, by[w.Ref()] = append(entries, search.Entry{ID: w.Ref(), Text: alike(w), At: w.At}), w.Request
		}
	}
	var out []Near
	for _, n := range x.index.Among(text, entries, limit) {
		o := by[n.ID]
		out = append(out, Near{Request: o, Likeness: n.Likeness, Because: n.Because,
			SameCustomer: self.Customer != "" && o.Customer == self.Customer, SameService: self.Service != "" && o.Service == self.Service})
	}
	return out, nil
}

// alikeSteps looks first for what shares many of the most telling words.
func alikeSteps(wished []wish) [][]Match {
	match := func(some ...wish) Match {
		var m Match
		for _, w := range some {
			m.All = append(m.All, w.any)
		}
		return m
	}
	n := len(wished)
	var all [][]Match
	if n >= 5 { // any three of the five that tell most
		var some []Match
		for i := range 5 {
			for j := range i {
				for k := range j {
					some = append(some, match(wished[k], wished[j], wished[i]))
				}
			}
		}
		all = append(all, some)
	}
	if n >= 2 {
		all = append(all, pairs(wished, match))
	}
	var any []Holding
	for _, w := range wished {
		any = append(any, w.any...)
	}
	return append(all, []Match{match(wish{any: any})})
}

// Says is the reason in words: "because of: refund, pending; Nordpank too". customer is the name of its customer.
func (n Near) Says(customer string) string {
	var said []string
	if len(n.Because) > 0 {
		said = append(said, "because of: "+strings.Join(n.Because, ", "))
	}
	if n.SameCustomer {
		said = append(said, customer+" too")
	}
	if n.SameService {
		said = append(said, "the same service")
	}
	return strings.Join(said, "; ")
}
