package insight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"frontline/people"
)

// Weight is what a demand took in a stretch of time, as confirmed.
type Weight struct {
	Requests  int
	Hours     float64
	Before    int // requests in as long a time before
	Suggested int // requests that nobody has coded and that are likeliest this
	Escalated int
	Askers    int
	Customers int
	Months    []MonthWeight // oldest first, without gaps
	Numbers   []int64       // of the latest requests, the newest first
}

// MonthWeight is one month of it.
type MonthWeight struct {
	Month    time.Time // its first day
	Requests int
	Hours    float64
}

// mostNumbers is how many requests of a demand are named.
const mostNumbers = 20

// Weights returns what each demand took, by its id; those of which there was nothing are left out.
func (b *Board) Weights(ctx context.Context, a people.Actor, q Asked) (map[string]Weight, error) {
	asked := q
	q, err := b.ready(a, q)
	if err != nil {
		return nil, err
	}
	read, words, err := b.read(ctx, q)
	if err != nil {
		return nil, err
	}
	asked.From, asked.To, asked.Zone = asked.From.UTC(), asked.To.UTC(), nil
	key := weightKey{asked, q.Zone.String(), read.id, fmt.Sprint(words.counted)}
	if known, ok := b.weights.find(key); ok {
		return known, nil
	}
	set, err := b.narrowed(read, words, q)
	if err != nil {
		return nil, err
	}
	out := weigh(set, q)
	b.weights.keep(key, out)
	return out, nil
}

// weightKey is what weights depend on: the question, the reading that they were made of, and what demands count as.
type weightKey struct {
	asked   Asked
	zone    string
	read    int
	counted string
}

// weights are the latest that were made: every open request shows some.
type weights struct {
	mu   sync.Mutex
	kept map[weightKey]map[string]Weight
}

const mostWeights = 32

func (c *weights) find(k weightKey) (map[string]Weight, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.kept[k]
	return maps.Clone(known), ok
}

func (c *weights) keep(k weightKey, w map[string]Weight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= mostWeights {
		c.kept = map[weightKey]map[string]Weight{}
	}
	c.kept[k] = maps.Clone(w)
}

func weigh(set chosen, q Asked) map[string]Weight {
	by := map[string]*weighing{}
	on := func(demand string) *weighing {
		if by[demand] == nil {
			by[demand] = &weighing{askers: map[string]bool{}, customers: map[string]bool{}}
		}
		return by[demand]
	}
	for _, f := range set.facts {
		late := !f.Arrived.Before(q.From)
		if f.Guess != "" && !f.Confirmed && late {
			on(set.words.countedAs(f.Guess)).Suggested++
		}
		for _, p := range f.Demands {
			if late {
				on(p.Demand).add(f, p.Share, q.Zone)
			} else {
				on(p.Demand).Before++
			}
		}
	}
	out := map[string]Weight{}
	for demand, w := range by {
		out[demand] = w.done(q)
	}
	return out
}

// weighing is a Weight on its way.
type weighing struct {
	Weight
	askers, customers map[string]bool
	months            []MonthWeight
}

// add counts a request. Facts come in the order of their arrival.
func (w *weighing) add(f Fact, share float64, zone *time.Location) {
	w.Requests++
	w.Hours += f.Hours * share
	if f.Escalated {
		w.Escalated++
	}
	if f.Asker != "" {
		w.askers[f.Asker] = true
	}
	if f.Customer != "" {
		w.customers[f.Customer] = true
	}
	w.Numbers = append(w.Numbers, f.Number)
	month := firstOfMonth(f.Arrived, zone)
	if n := len(w.months); n == 0 || !w.months[n-1].Month.Equal(month) {
		w.months = append(w.months, MonthWeight{Month: month})
	}
	last := &w.months[len(w.months)-1]
	last.Requests++
	last.Hours += f.Hours * share
}

func (w *weighing) done(q Asked) Weight {
	out := w.Weight
	out.Askers, out.Customers = len(w.askers), len(w.customers)
	if n := len(out.Numbers); n > mostNumbers {
		out.Numbers = out.Numbers[n-mostNumbers:]
	}
	slices.Reverse(out.Numbers)
	for month := firstOfMonth(q.From, q.Zone); month.Before(q.To); month = month.AddDate(0, 1, 0) {
		line := MonthWeight{Month: month}
		if at := slices.IndexFunc(w.months, func(m MonthWeight) bool { return m.Month.Equal(month) }); at >= 0 {
			line = w.months[at]
		}
		out.Months = append(out.Months, line)
	}
	return out
}

func firstOfMonth(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, zone)
}
