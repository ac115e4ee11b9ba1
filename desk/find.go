package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"frontline/fault"
	"frontline/people"
	"frontline/search"
)

// Found is the answer to a search.
type Found struct {
	Said        string              // what was understood, written out
	Notes       []string            // what was not understood, and what was done instead
	Corrections []search.Correction // typos that were forgiven, where that found something
	Hits        []FoundHit
	More        bool // there is more than is shown
}

// FoundHit is one thing that was found, with the reason.
type FoundHit struct {
	Kind Kind
	Ref  string // "R-1042", "INC-31", or an id
	search.Hit
	Written        // of a request or an incident
	Name    string // its title
	Text    string // of what is configured: what it is for; of an answer: what it says
	Answer  Answer // of an answer
}

// mostFound is how many results are shown at most.
const mostFound = 100

// Find looks for what was typed in everything that the actor may see: requests, incidents, answers, actions, customers and services. What they may not see
// leaves no trace: no result, no count, no correction.
func (s *Service) Find(ctx context.Context, a people.Actor, typed string, limit int) (Found, error) {
	if err := people.May(a, people.SeeRequests, topic()); err != nil {
		return Found{}, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return Found{}, err
	}
	query := search.Parse(typed, search.Desk(s.Now().In(s.zoneOf(book, a))))
	register, err := s.registerFor(ctx, query)
	if err != nil {
		return Found{}, err
	}
	u := understand(book, register, a, query)
	x, err := s.sampled(ctx, book)
	if err != nil {
		return Found{}, err
	}
	var shelf []FoundHit
	if !u.Requests && len(u.Dated) == 0 {
		if shelf, err = s.shelved(ctx, a); err != nil {
			return Found{}, err
		}
	}
	f := finder{shelf: shelf, service: s, actor: a, book: book, u: u, sample: x, limit: min(max(limit, 1), mostFound)}
	return f.find(ctx)
}

// zoneOf is the zone in which days begin for somebody.
func (s *Service) zoneOf(book Directory, a people.Actor) *time.Location {
	if p, ok := book.Person(a.ID); ok && p.Zone != "" {
		if z, err := time.LoadLocation(p.Zone); err == nil {
			return z
		}
	}
	if s.Zone != nil {
		return s.Zone
	}
	return time.UTC
}

// finder is one search.
type finder struct {
	service *Service
	actor   people.Actor
	book    Directory
	u       understood
	sample  *sample
	limit   int
	shelf   []FoundHit // the answers that the actor may read
}

// shelved are the answers that the actor may read and that are in use, as they are now.
func (s *Service) shelved(ctx context.Context, a people.Actor) ([]FoundHit, error) {
	if people.May(a, people.ReadAnswers, people.Subject{Kind: "answer"}) != nil {
		return nil, nil
	}
	all, err := s.DB.Answers(ctx, AnswerFilter{States: []AnswerState{DraftAnswer, PublishedAnswer}})
	var out []FoundHit
	for _, x := range all[:min(len(all), mostOffers)] {
		if people.May(a, x.verb(), x.topic()) == nil {
			out = append(out, FoundHit{Kind: KindAnswer, Ref: x.Name(), Name: x.Title, Text: x.Body, Answer: x, Written: Written{At: x.ChangedAt}})
		}
	}
	return out, err
}

func (f *finder) works() bool { return people.May(f.actor, people.WorkRequests, topic()) == nil }

func (f *finder) find(ctx context.Context) (Found, error) {
	out := Found{Said: f.u.Query.String(), Notes: f.u.Query.Notes}
	if len(f.u.Query.Clauses) == 0 {
		return out, nil
	}
	q, made, err := f.forgive(ctx)
	if err != nil {
		return Found{}, err
	}
	all, err := f.documents(ctx, q)
	if err != nil {
		return Found{}, err
	}
	docs, hits := make([]search.Document, 0, len(all)), map[string]FoundHit{}
	words := q.Words()
	for _, h := range all {
		docs = append(docs, f.document(h, words))
		hits[string(h.Kind)+" "+h.Ref] = h
	}
	for _, r := range search.Rank(q, docs, f.sample.index, f.service.Now()) {
		h := hits[r.ID]
		h.Hit = r
		out.Hits = append(out.Hits, h)
	}
	out.Corrections = slices.DeleteFunc(made, func(c search.Correction) bool { return !told(out.Hits, c.Instead) })
	out.More = len(out.Hits) > f.limit
	out.Hits = out.Hits[:min(len(out.Hits), f.limit)]
	return out, nil
}

// told says whether some result holds the word: only then may it be named.
func told(hits []FoundHit, word string) bool {
	return slices.ContainsFunc(hits, func(h FoundHit) bool {
		return slices.ContainsFunc(h.Matches, func(m search.Match) bool { return m.Word == word })
	})
}

// muchCommoner is how much commoner than a word that somebody has written another one must be to be taken for it, as package search has it.
const muchCommoner = 100

// forgive looks for what was probably meant beside what nobody has written that the actor may read.
func (f *finder) forgive(ctx context.Context) (search.Query, []search.Correction, error) {
	known := map[string]int{}
	for _, c := range f.u.Query.Clauses {
		for _, t := range c.Any {
			if c.Not || t.Field != "" || t.Phrase || len(t.Words) != 1 {
				continue
			}
			n := f.sample.index.Holding(t.Words[0])
			if n*muchCommoner > f.sample.index.Documents() { // no word can be so much commoner
				continue
			}
			near, ok := f.sample.words.Nearest(t.Typed)
			if !ok {
				continue
			}
			if n == 0 {
				there, err := f.written(ctx, t.Words)
				if err != nil {
					return search.Query{}, nil, err
				}
				if there {
					n = 1
				}
			}
			known[near] = f.sample.index.Holding(search.Stem(near))
			if n > 0 {
				known[t.Typed] = n
			}
		}
	}
	q, made := f.u.Query.Forgive(search.NewVocabulary(func(yield func(string, int) bool) {
		for w, n := range known {
			if !yield(w, n) {
				return
			}
		}
	}))
	return q, made, nil
}

// written says whether a word stands in anything that the actor may read.
func (f *finder) written(ctx context.Context, word []string) (bool, error) {
	one := []Match{{All: [][]Holding{{{Words: word}}}}}
	for _, h := range slices.Concat(f.configured(), f.shelf) {
		if slices.Contains(strings.Fields(search.Terms(h.Name+" "+h.Text)), word[0]) {
			return true, nil
		}
	}
	for _, kind := range f.kinds() {
		found, err := f.service.DB.Candidates(ctx, Retrieval{Kind: kind, Any: one, Notes: f.works(), Filter: Filter{Seer: seerOf(f.actor, f.book), Now: f.service.Now()}, Limit: 1})
		if err != nil || len(found) > 0 {
			return len(found) > 0, err
		}
	}
	return false, nil
}

// kinds are those of the store's kinds that can be meant and that the actor may see.
func (f *finder) kinds() []Kind {
	if f.u.Requests || people.May(f.actor, people.SeeIncidents, people.Subject{Kind: "incident"}) != nil {
		return []Kind{KindRequest}
	}
	return []Kind{KindRequest, KindIncident}
}

// documents are all candidates.
func (f *finder) documents(ctx context.Context, q search.Query) ([]FoundHit, error) {
	var out []FoundHit
	for _, kind := range f.kinds() {
		numbers, err := f.candidates(ctx, kind, q)
		if err != nil {
			return nil, err
		}
		all, err := f.service.DB.Written(ctx, kind, numbers)
		if err != nil {
			return nil, err
		}
		for _, w := range all {
			if kind == KindRequest && f.hidden(w.Request) { // it has changed hands meanwhile
				continue
			}
			out = append(out, FoundHit{Kind: kind, Ref: w.Ref(), Written: w, Name: w.Title})
		}
	}
	if !f.u.Requests && len(f.u.Dated) == 0 {
		out = append(append(out, f.configured()...), f.holding(q)...)
	}
	return out, nil
}

func (f *finder) hidden(r Request) bool {
	kind, _ := f.book.RequestType(r.Type)
	return people.May(f.actor, people.SeeRequests, r.Topic(kind)) != nil
}

// candidates retrieves from the text index; where there are no words, from the lists.
func (f *finder) candidates(ctx context.Context, kind Kind, q search.Query) ([]int64, error) {
	must, none, wished := wishes(q, f.sample.index)
	s := shares{1, f.sample.index.Documents()}
	if kind == KindRequest {
		must = append(must, f.u.All...)
		for _, any := range f.u.All {
			s.held *= f.sample.held(any)
		}
	}
	wished = narrowing(wished, s)
	r := Retrieval{Kind: kind, Notes: f.works(), Limit: mostCandidates}
	if kind == KindIncident {
		r.Limit = mostIncidents
	}
	r.Filter = Filter{Where: f.u.Where, Seer: seerOf(f.actor, f.book), Now: f.service.Now()}
	if len(q.Words()) > 0 {
		found, err := f.service.retrieve(ctx, r, steps(must, none, wished, s))
		if kind == KindIncident {
			return f.dated(ctx, found, err)
		}
		return found, err
	}
	if kind == KindIncident {
		found, err := f.service.DB.Newest(ctx, kind, mostIncidents)
		return f.dated(ctx, found, err)
	}
	r.Filter.Limit = mostCandidates
	all, err := f.service.DB.Requests(ctx, r.Filter)
	found := make([]int64, len(all))
	for i, x := range all {
		found[i] = x.Number
	}
	return found, err
}

// dated leaves out the incidents that came at another time than was asked for.
func (f *finder) dated(ctx context.Context, found []int64, err error) ([]int64, error) {
	if err != nil || len(f.u.Dated) == 0 {
		return found, err
	}
	all, err := f.service.DB.Written(ctx, KindIncident, found)
	var out []int64
	for _, w := range all {
		if !slices.ContainsFunc(f.u.Dated, func(t search.Term) bool { return w.At.Before(t.At) == (t.Field == search.Since) }) {
			out = append(out, w.Number)
		}
	}
	return out, err
}

// configured are the actions, customers and services that the actor may see. They are few, and always as they are now.
func (f *finder) configured() []FoundHit {
	var out []FoundHit
	for _, d := range f.book.Actions() {
		if !d.Undoes && people.May(f.actor, people.SeeActions, d.Subject()) == nil {
			out = append(out, FoundHit{Kind: KindAction, Ref: d.ID, Name: d.Title, Text: d.Purpose})
		}
	}
	if people.May(f.actor, people.SeeCatalog, people.Subject{Kind: "catalog"}) != nil {
		return out
	}
	for _, c := range f.book.Customers() {
		out = append(out, FoundHit{Kind: KindCustomer, Ref: c.ID, Name: c.Name, Text: c.ID})
	}
	for _, x := range f.book.Services() {
		out = append(out, FoundHit{Kind: KindService, Ref: x.ID, Name: x.Name, Text: x.ID})
	}
	return out
}

// document is what is ranked. Notes count as what was asked, for those who may read them.
func (f *finder) document(h FoundHit, words []string) search.Document {
	d := search.Document{ID: string(h.Kind) + " " + h.Ref, Title: h.Name, Body: h.Text, At: h.At}
	if h.Kind == KindAnswer {
		d.Body = focused(h.Text, words)
	}
	if h.Kind == KindRequest || h.Kind == KindIncident {
		d.Body, d.Answers = focused(h.Asked, words), focused(h.Answered, words)
		if f.works() && h.Notes != "" {
			d.Body = focused(joinedLines(h.Asked, h.Notes), words)
		}
	}
	return d
}

// holding are the answers that hold a word that is looked for: only they are worth ranking.
func (f *finder) holding(q search.Query) []FoundHit {
	words := q.Words()
	return slices.DeleteFunc(slices.Clone(f.shelf), func(h FoundHit) bool {
		return !slices.ContainsFunc(strings.Fields(search.Terms(h.Name+"\n"+h.Text)), func(w string) bool { return slices.Contains(words, w) })
	})
}

func joinedLines(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// How a long text is cut for ranking, in bytes: its beginning, and what stands around the words.
const (
	focusHead  = 1500
	focusPiece = 600
)

// focused is the part of a text that is ranked: all of it, or of a long one its beginning and the places with the words.
func focused(text string, words []string) string {
	if len(text) <= search.LongestText {
		return text
	}
	at := strings.LastIndexAny(text[:focusHead], " \n") + 1
	if at == 0 {
		at = len(strings.ToValidUTF8(text[:focusHead], ""))
	}
	out := text[:at]
	for _, t := range search.Tokens(text) {
		if t.From < at || !slices.Contains(words, t.Term) {
			continue
		}
		end := min(t.From+focusPiece, len(text))
		piece := strings.ToValidUTF8(text[t.From:end], "")
		if len(out)+len(piece)+4 > search.LongestText {
			break
		}
		out += " … " + piece
		at = end
	}
	return out
}

// Queue returns what a queue holds, what is due first.
func (s *Service) Queue(ctx context.Context, a people.Actor, id string, after Place, limit int) ([]Request, error) {
	book, err := s.Book(ctx)
	if err != nil {
		return nil, err
	}
	queue, ok := book.Queue(id)
	if !ok || queue.Team != "" && a.Role != people.Admin && !slices.Contains(a.Teams, queue.Team) {
		return nil, fault.New(fault.NotFound, "There is no queue %.60s, or it is not open to you.", id)
	}
	all, _, err := s.Search(ctx, a, queue.Search, Filter{Order: ByDue, After: after, Limit: limit})
	return all, err
}

// Search lists the requests that meet what was typed and the filter, in the filter's order. Words must all be held; what was not understood is said.
func (s *Service) Search(ctx context.Context, a people.Actor, typed string, f Filter) ([]Request, []string, error) {
	f, notes, err := s.Narrow(ctx, a, typed, f)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.Requests(ctx, a, f)
	return all, notes, err
}

// Narrow adds to a filter what was typed.
func (s *Service) Narrow(ctx context.Context, a people.Actor, typed string, f Filter) (Filter, []string, error) {
	if err := people.May(a, people.SeeRequests, topic()); err != nil {
		return f, nil, err
	}
	book, err := s.Book(ctx)
	if err != nil {
		return f, nil, err
	}
	query := search.Parse(typed, search.Desk(s.Now().In(s.zoneOf(book, a))))
	register, err := s.registerFor(ctx, query)
	if err != nil {
		return f, nil, err
	}
	u := understand(book, register, a, query)
	f.Where = append(slices.Clone(f.Where), u.Where...)
	must, none, wished := wishes(u.Query, unmeasured{})
	must = append(must, u.All...)
	for _, w := range wished {
		must = append(must, w.any)
	}
	works := people.May(a, people.WorkRequests, topic()) == nil
	if len(u.Query.Words()) > 0 {
		f.Text = &Retrieval{Kind: KindRequest, Notes: works, Any: []Match{{All: must}}}
	}
	if len(none) > 0 {
		f.Without = &Retrieval{Kind: KindRequest, Notes: works, Any: []Match{{All: [][]Holding{none}}}}
	}
	return f, u.Query.Notes, nil
}

// unmeasured is for where all words are wanted, so that it does not matter how common they are.
type unmeasured struct{}

func (unmeasured) Documents() int     { return 0 }
func (unmeasured) Holding(string) int { return 0 }

// Rebuild has the text index written anew, while it is searched.
func (s *Service) Rebuild(ctx context.Context, a people.Actor) error {
	if err := people.May(a, people.Configure, people.Subject{Kind: "search"}); err != nil {
		return err
	}
	return s.DB.RebuildFindings(ctx)
}
