package desk

import (
	"context"
	"slices"
	"sync"
	"time"

	"frontline/search"
)

// sampling is what this process knows by heart of what people write: how common words are, and how they are spelled. It decides in which order
// words are looked for and which typos are forgiven, never what somebody may find.
type sampling struct {
	reading sync.Mutex // one reads it anew, the others go on with what there is
	mu      sync.Mutex
	now     *sample
	made    time.Time
}

type sample struct {
	index    *search.Index
	words    *search.Vocabulary
	requests int
	marks    map[string]int // how many of the requests have each
}

// held is the share of requests that have one of the marks; what is no mark is taken to be held by all.
func (x *sample) held(any []Holding) float64 {
	n := 0
	for _, h := range any {
		if h.Mark == "" {
			return 1
		}
		n += x.marks[h.Mark]
	}
	return min(1, (float64(n)+0.5)/(float64(x.requests)+1))
}

// What is sampled: the newest requests and incidents. While they are few they are read again at once, for then each of them matters.
const (
	sampledRequests  = 10_000
	sampledIncidents = 1_000
	sampledAgain     = 10 * time.Minute
	fewSampled       = 500
	fewAgain         = 5 * time.Second
)

// sampled returns the sample. Follow reads it anew in the background; where nobody follows, it is read when it is too old.
func (s *Service) sampled(ctx context.Context, book Directory) (*sample, error) {
	if x := s.stillGood(3); x != nil {
		return x, nil
	}
	return s.resample(ctx, book)
}

// stillGood returns the sample unless it is so many times as old as it should be.
func (s *Service) stillGood(times time.Duration) *sample {
	s.sample.mu.Lock()
	defer s.sample.mu.Unlock()
	lasts := sampledAgain
	if s.sample.now != nil && s.sample.now.index.Documents() < fewSampled {
		lasts = fewAgain
	}
	if s.sample.now == nil || s.Now().Sub(s.sample.made) >= times*lasts {
		return nil
	}
	return s.sample.now
}

func (s *Service) resample(ctx context.Context, book Directory) (*sample, error) {
	s.sample.reading.Lock()
	defer s.sample.reading.Unlock()
	if x := s.stillGood(1); x != nil {
		return x, nil
	}
	made := s.Now()
	x, err := s.readSample(ctx, book)
	if err != nil {
		return nil, err
	}
	s.sample.mu.Lock()
	defer s.sample.mu.Unlock()
	s.sample.now, s.sample.made = x, made
	return x, nil
}

// readSample leaves out what not everybody may read: a word of it must not be offered as a correction.
func (s *Service) readSample(ctx context.Context, book Directory) (*sample, error) {
	x := &sample{index: search.NewIndex(sampledRequests + sampledIncidents), marks: map[string]int{}}
	shut := book.ShutTypes()
	for kind, limit := range map[Kind]int{KindRequest: sampledRequests, KindIncident: sampledIncidents} {
		numbers, err := s.DB.Newest(ctx, kind, limit)
		if err != nil {
			return nil, err
		}
		for some := range slices.Chunk(numbers, 500) {
			all, err := s.DB.Written(ctx, kind, some)
			if err != nil {
				return nil, err
			}
			for _, w := range all {
				x.count(w)
				if !slices.Contains(shut, w.Request.Type) {
					x.index.Add(search.Entry{ID: w.Ref(), Text: alike(w), At: w.At})
				}
			}
		}
	}
	x.words = search.NewVocabulary(x.index.Words())
	return x, nil
}

// count counts what a request is about.
func (x *sample) count(w Written) {
	if w.Kind != KindRequest {
		return
	}
	x.requests++
	for _, m := range Marks(w.Request) {
		x.marks[m]++
	}
}

// alike is what is compared of something with others like it.
func alike(w Written) string { return search.Normal(w.Title + "\n" + w.Asked) }

// Forget lets go of what is known by heart and what was learnt: the next search reads it anew. Whoever erases words calls it.
func (s *Service) Forget() {
	s.sample.mu.Lock()
	defer s.sample.mu.Unlock()
	s.sample.now = nil
	s.learning.mu.Lock()
	defer s.learning.mu.Unlock()
	s.learning.now = nil
}
