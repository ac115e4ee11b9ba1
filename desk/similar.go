package desk

import (
	"cmp"
	"context"
	"maps"
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

// Of how many words of a request its like are looked for, how many requests with each, and how many of those that share most are compared closely.
const (
	mostTelling  = 8
	mostHolders  = 1000
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
	numbers, err := s.sharing(ctx, x.index, text, Filter{Seer: seerOf(a, book), Now: s.Now()})
	if err != nil || len(numbers) == 0 {
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

// sharing are the requests that share most of what tells about the text and that meet the filter, those that share the rarest words first. Of a word
// that very many hold only the newest are looked at.
func (s *Service) sharing(ctx context.Context, x *search.Index, text string, f Filter) ([]int64, error) {
	telling := x.Telling(text, mostTelling)
	ways := make([]Match, len(telling))
	for i, word := range telling {
		ways[i] = Match{All: [][]Holding{{{Words: []string{word}}}}, Share: shares{1, x.Documents()}.of(wish{common: x.Holding(word)})}
	}
	holders, err := s.DB.Holders(ctx, ways, mostHolders)
	if err != nil {
		return nil, err
	}
	worth := map[int64]float64{}
	for i, word := range telling {
		rare := x.Rarity(word)
		for _, n := range holders[i] {
			worth[n] += rare
		}
	}
	order := slices.SortedFunc(maps.Keys(worth), func(a, b int64) int {
		return cmp.Or(cmp.Compare(worth[b], worth[a]), cmp.Compare(b, a))
	})
	var found []int64
	for some := range slices.Chunk(order, mostCompared) {
		met, err := s.DB.Meeting(ctx, some, f)
		if err != nil {
			return nil, err
		}
		if found = append(found, met...); len(found) >= mostCompared {
			break
		}
	}
	return found[:min(len(found), mostCompared)], nil
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
