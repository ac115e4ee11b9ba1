package desk

import (
	"context"
	"slices"
	"sync"
	"time"

	"frontline/search"
)

// learning is what this process has learnt from confirmed codes: which words go with which demand. It is learnt anew from all of them, and what it
// says is only ever a suggestion.
type learning struct {
	reading sync.Mutex // one learns, the others go on with what there is
	mu      sync.Mutex
	now     *search.Model
	made    time.Time
	lasts   time.Duration // how long it should be used; three times as long while a new one is being learnt
	few     bool          // it is learnt in a moment, so nobody need do it beforehand
}

// What is learnt from: the latest requests of each demand. Learning again costs a fiftieth of the time at most.
const (
	taughtEach  = 250    // requests of a demand
	taughtAll   = 20_000 // requests of all demands: those of many demands are fewer each
	learntAgain = time.Hour
	learntLong  = 24 * time.Hour
	keptAsLong  = 50
)

// Examples is where confirmed codes are looked up.
type Examples interface {
	// Coded returns the numbers of the latest requests that were confirmed to be of the demand.
	Coded(ctx context.Context, demand string, limit int) ([]int64, error)
}

// learnt returns the model. Follow learns anew in the background; where nobody follows, or the examples are few, it is learnt when it is too old.
func (s *Service) learnt(ctx context.Context, register []Demand) (*search.Model, error) {
	if m := s.stillLearnt(true); m != nil {
		return m, nil
	}
	return s.relearn(ctx, register)
}

// stillLearnt returns the model unless it is too old.
func (s *Service) stillLearnt(patient bool) *search.Model {
	s.learning.mu.Lock()
	defer s.learning.mu.Unlock()
	lasts := s.learning.lasts
	if patient && !s.learning.few {
		lasts *= 3
	}
	if s.learning.now == nil || s.Now().Sub(s.learning.made) >= lasts {
		return nil
	}
	return s.learning.now
}

func (s *Service) relearn(ctx context.Context, register []Demand) (*search.Model, error) {
	s.learning.reading.Lock()
	defer s.learning.reading.Unlock()
	if m := s.stillLearnt(false); m != nil {
		return m, nil
	}
	began := s.Now()
	m, n, err := s.learn(ctx, register)
	if err != nil {
		return nil, err
	}
	few, lasts := n < fewSampled, min(max(learntAgain, keptAsLong*s.Now().Sub(began)), learntLong)
	if few {
		lasts = fewAgain
	}
	s.learning.mu.Lock()
	defer s.learning.mu.Unlock()
	s.learning.now, s.learning.made, s.learning.lasts, s.learning.few = m, began, lasts, few
	return m, nil
}

// relearnWhenOld is for the background: a model of few examples is left to whoever asks.
func (s *Service) relearnWhenOld(ctx context.Context) error {
	s.learning.mu.Lock()
	few := s.learning.now != nil && s.learning.few
	s.learning.mu.Unlock()
	if few || s.stillLearnt(false) != nil {
		return nil
	}
	register, err := s.DB.Demands(ctx)
	if err == nil && len(register) > 0 {
		_, err = s.relearn(ctx, register)
	}
	return err
}

// learn reads the examples and learns from them. A demand that became another teaches what it became.
func (s *Service) learn(ctx context.Context, register []Demand) (*search.Model, int, error) {
	var numbers []int64
	each := min(taughtEach, taughtAll/max(1, len(register)))
	for _, d := range register {
		some, err := s.DB.Coded(ctx, d.ID, each)
		if err != nil {
			return nil, 0, err
		}
		numbers = append(numbers, some...)
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var examples []search.Example
	for some := range slices.Chunk(numbers, 500) {
		all, err := s.DB.Written(ctx, KindRequest, some)
		if err != nil {
			return nil, 0, err
		}
		for _, w := range all {
			shares, text := sharesOf(register, w.Request), alike(w)
			if len(shares) > 0 && text != "" { // what was erased teaches nothing
				examples = append(examples, search.Example{ID: w.Ref(), Text: text, Shares: shares})
			}
		}
	}
	return search.Learn(examples), len(examples), nil
}

// sharesOf are a request's codes by what they count for today, those of live demands.
func sharesOf(register []Demand, r Request) (out []search.Share) {
	for _, c := range r.Codes {
		if d, ok := findDemand(register, CountedAs(register, c.Demand)); ok && d.Live() {
			out = append(out, search.Share{Demand: d.ID, Part: float64(c.Share) / 100})
		}
	}
	return out
}

// Guesser says of texts to which demand they are likeliest to belong. It is what was learnt at one moment.
type Guesser struct {
	model    *search.Model
	register []Demand
}

// surely is from which share on a guess is one: below it is open which demand it is.
const surely = 0.5

// Guesser learns anew from what is confirmed now. It serves work that runs by itself; whoever shows its guesses asks who looks.
func (s *Service) Guesser(ctx context.Context) (*Guesser, error) {
	register, err := s.DB.Demands(ctx)
	if err != nil {
		return nil, err
	}
	m, _, err := s.learn(ctx, register)
	return &Guesser{m, register}, err
}

// Guess returns the demand that the text is likeliest about; empty where none is likely, or where it is like none of them.
func (g *Guesser) Guess(text string) string {
	advice := g.model.Advise(search.Normal(text), nil, func(string) []search.Share { return nil })
	if advice.MaybeNew || len(advice.Suggestions) == 0 || advice.Suggestions[0].Share < surely {
		return ""
	}
	d, ok := findDemand(g.register, advice.Suggestions[0].Demand)
	if !ok || !d.Live() {
		return ""
	}
	return d.ID
}
