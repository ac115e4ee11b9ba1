package desk

import (
	"context"
	"slices"
	"sync"

	"frontline/fault"
	"frontline/journal"
	"frontline/people"
	"frontline/search"
)

// Offer is an answer that may be what somebody asks for.
type Offer struct {
	Answer
	Because []string // the words that both hold
}

// offers holds the published answers for comparing. It follows what is in the database whenever it is asked.
type offers struct {
	mu    sync.Mutex
	index *search.Index
	held  map[string]int64 // versions by id
}

const (
	mostOffers = 5000 // answers that are compared
	likeEnough = 0.12 // what is less alike than this is not offered
)

func (o *offers) nearest(all []Answer, text string, n int) []search.Neighbour {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.index == nil {
		o.index, o.held = search.NewIndex(mostOffers), map[string]int64{}
	}
	there := make(map[string]bool, len(all))
	for _, x := range all {
		there[x.ID] = true
		if o.held[x.ID] != x.Version {
			o.index.Add(search.Entry{ID: x.ID, Text: search.Normal(x.Title + "\n" + x.Body), At: x.MadeAt})
			o.held[x.ID] = x.Version
		}
	}
	for id := range o.held {
		if !there[id] {
			o.index.Remove(id)
			delete(o.held, id)
		}
	}
	return o.index.Nearest(search.Normal(text), n)
}

// Offer returns at most n published answers that are like the text and that the actor may read, the likest first.
func (s *Service) Offer(ctx context.Context, a people.Actor, text string, n int) ([]Offer, error) {
	if err := people.May(a, people.ReadAnswers, people.Subject{Kind: "answer"}); err != nil {
		return nil, err
	}
	all, err := s.DB.Answers(ctx, AnswerFilter{States: []AnswerState{PublishedAnswer}})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var out []Offer
	for _, near := range s.offers.nearest(all, text, len(all)) {
		at := slices.IndexFunc(all, func(x Answer) bool { return x.ID == near.ID })
		if near.Likeness < likeEnough || len(near.Because) == 0 || at < 0 || people.May(a, all[at].verb(), all[at].topic()) != nil {
			continue
		}
		if out = append(out, Offer{all[at], near.Because}); len(out) == n {
			break
		}
	}
	return out, nil
}

// VoteAnswer says whether an answer helped: one voice a person, the last one counts. With instead, a question was not sent because of it.
func (s *Service) VoteAnswer(ctx context.Context, a people.Actor, ref string, helped, instead bool) (Answer, error) {
	x, err := s.Answer(ctx, a, ref)
	if err != nil {
		return x, err
	}
	if a.Kind != people.ByPerson {
		return x, fault.New(fault.Forbidden, "Only a person says whether an answer helped.")
	}
	if x.State != PublishedAnswer {
		return x, fault.New(fault.Conflict, "%s is not published. Publish it before people say whether it helps.", x.Name())
	}
	verb := "answer.did_not_help"
	if helped {
		verb = "answer.helped"
	}
	e := journal.Note(a, verb, x.Subject(), map[string]any{"version": x.Version, "instead": instead && helped})
	count := AnswerCount{Answer: x.ID, Person: a.ID, Vote: true, Helped: helped, Instead: instead && helped}
	if err := s.DB.CountAnswer(ctx, count, journal.Consequences{Entries: []journal.Entry{e}}); err != nil {
		return x, err
	}
	return s.Answer(ctx, a, ref)
}

// UsedAnswer counts that a request was answered with the answer: once, however often it was said.
func (s *Service) UsedAnswer(ctx context.Context, a people.Actor, ref, request string) error {
	r, err := s.open(ctx, a, people.WorkRequests, request)
	if err != nil {
		return err
	}
	x, err := s.writable(ctx, a, ref)
	if err != nil {
		return err
	}
	e := journal.Note(a, "answer.used", x.Subject(), map[string]any{"version": x.Version}).With(r.Subject())
	return s.DB.CountAnswer(ctx, AnswerCount{Answer: x.ID, Person: a.ID, Request: r.ID}, journal.Consequences{Entries: []journal.Entry{e}})
}
