package insight

import (
	"context"
	"slices"
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
	q, err := b.ready(a, q)
	if err != nil {
		return nil, err
	}
	set, err := b.chosen(ctx, a, q)
	if err != nil {
		return nil, err
	}
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
	return out, nil
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
