package company

import (
	"slices"
	"sync"
	"time"
)

// record is what the company knows of itself. Screens and metrics read it; whoever wants to know of changes listens.
type record struct {
	mu        sync.Mutex
	now       Observed
	listeners map[chan struct{}]bool
}

// Observed is the company at one moment.
type Observed struct {
	At       time.Time
	Came     int // sessions
	Decided  int
	Approved int
	Failed   int       // tries that failed
	LastDone time.Time // the last decision; zero before the first
	Depth    []int     // how many waited, second by second, newest last
	Recent   []Failure // the last failures, newest first
	Trouble  *Trouble  // the message that fails, or the last that did; nil while there was none
	Night    []Event   // what happened, oldest first
	Phones   []Phone
	Mails    []Mail // newest first
	Firing   bool   // the monitoring has an alert
}

// Failure is one try that failed.
type Failure struct {
	At      time.Time
	Session string
	Why     string
}

// Trouble is a message that the worker cannot get past.
type Trouble struct {
	Session string
	Body    []byte
	Since   time.Time
	Tries   int
	Why     string
	Gone    time.Time // when the worker first got past it; zero while it blocks
}

// Event is something that happened, in one sentence.
type Event struct {
	At   time.Time
	Look string // "critical", "ok", "" for the rest
	Say  string
}

// How much is remembered.
const (
	mostDepths   = 180 // seconds
	mostFailures = 6
	mostEvents   = 60
)

func newRecord() *record { return &record{listeners: map[chan struct{}]bool{}} }

// change alters what is known and tells the listeners.
func (r *record) change(f func(now time.Time, o *Observed)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(time.Now(), &r.now)
	for l := range r.listeners {
		select {
		case l <- struct{}{}:
		default: // it knows already
		}
	}
}

// listen returns a channel that has something in it after each change, until stop.
func (r *record) listen() (changed <-chan struct{}, stop func()) {
	l := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners[l] = true
	return l, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.listeners, l)
	}
}

// observed returns a copy that stays as it is.
func (r *record) observed() Observed {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.now
	o.At = time.Now()
	o.Depth, o.Recent, o.Night, o.Mails = slices.Clone(o.Depth), slices.Clone(o.Recent), slices.Clone(o.Night), slices.Clone(o.Mails)
	o.Phones = slices.Clone(o.Phones)
	for i, p := range o.Phones {
		o.Phones[i].Notes = slices.Clone(p.Notes)
	}
	if o.Trouble != nil {
		t := *o.Trouble
		o.Trouble = &t
	}
	return o
}

// Waiting is how many sessions waited when it was last looked.
func (o Observed) Waiting() int {
	if len(o.Depth) == 0 {
		return 0
	}
	return o.Depth[len(o.Depth)-1]
}

// Stuck says whether the worker is not getting past a message.
func (o Observed) Stuck() bool { return o.Trouble != nil && o.Trouble.Gone.IsZero() }

func (r *record) came() { r.change(func(_ time.Time, o *Observed) { o.Came++ }) }

func (r *record) sample(depth int) {
	r.change(func(_ time.Time, o *Observed) {
		o.Depth = append(o.Depth, depth)
		o.Depth = o.Depth[max(0, len(o.Depth)-mostDepths):]
	})
}

func (r *record) decided(d Decision) {
	r.change(func(now time.Time, o *Observed) {
		o.Decided++
		o.LastDone = now
		if d.Verdict == "approved" {
			o.Approved++
		}
		if o.Stuck() && o.Trouble.Session != d.Session {
			o.Trouble.Gone = now
			o.note(now, "ok", "The worker is past "+o.Trouble.Session+": decisions are made again.")
		}
	})
}

func (r *record) failed(id string, body []byte, why error) {
	r.change(func(now time.Time, o *Observed) {
		o.Failed++
		o.Recent = append([]Failure{{now, id, why.Error()}}, o.Recent...)
		o.Recent = o.Recent[:min(len(o.Recent), mostFailures)]
		switch {
		case o.Trouble == nil || o.Trouble.Session != id:
			o.Trouble = &Trouble{Session: id, Body: slices.Clone(body), Since: now}
			o.note(now, "critical", "The worker cannot read "+id+" and gives it back to the front of the queue. Everything behind it waits.")
		case !o.Trouble.Gone.IsZero():
			o.Trouble.Gone = time.Time{}
			o.note(now, "critical", id+" is back in the queue, and the worker cannot read it.")
		}
		o.Trouble.Tries++
		o.Trouble.Why = why.Error()
	})
}

// happened adds an event.
func (r *record) happened(look, say string) {
	r.change(func(now time.Time, o *Observed) { o.note(now, look, say) })
}

func (o *Observed) note(now time.Time, look, say string) {
	o.Night = append(o.Night, Event{now, look, say})
	o.Night = o.Night[max(0, len(o.Night)-mostEvents):]
}
