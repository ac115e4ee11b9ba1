package watch

import (
	"fmt"
	"time"

	"frontline/insight/stat"
	"frontline/journal"
	"frontline/people"
	"frontline/watch/detect"
	"frontline/watch/locate"
)

// Standing is how a finding stands.
type Standing string

// The standings.
const (
	Open      Standing = "open"
	Recovered Standing = "recovered" // the old rate is back
	Accepted  Standing = "accepted"  // somebody has said that the new level is the usual one
	Dropped   Standing = "dropped"   // the watch was changed or retired while it was open
)

// Feedback is what people say of a finding. It feeds the honesty report, and no threshold.
type Feedback string

// What people may say.
const (
	Real       Feedback = "real"
	Known      Feedback = "known" // real, and expected: a release, a migration
	NotProblem Feedback = "not_a_problem"
)

// Finding is what a watch found: since when, from what rate to what rate, how sure, where, and whom it hurts.
type Finding struct {
	ID        string           `json:"id"`
	Number    int64            `json:"number"`
	Watch     string           `json:"watch"`
	Series    []string         `json:"series,omitempty"` // values of the watch's By; none for the whole
	Direction detect.Direction `json:"direction"`
	State     Standing         `json:"state"`
	Past      bool             `json:"past,omitempty"` // found in history
	Told      bool             `json:"told,omitempty"` // an alert says it
	RaisedAt  time.Time        `json:"raised_at"`      // end of the bucket that decided
	FoundAt   time.Time        `json:"found_at"`       // when that bucket was looked at
	EndedAt   time.Time        `json:"ended_at,omitzero"`
	Window    uint32           `json:"window"` // bucket since which there was evidence
	Evidence  `json:"evidence"`
	Feedback  Feedback  `json:"feedback,omitempty"`
	JudgedBy  string    `json:"judged_by,omitempty"`
	JudgedAt  time.Time `json:"judged_at,omitzero"`
}

// Evidence is what is known of the change; it grows while the change lasts. Intervals hold the truth with a chance of 0.95.
type Evidence struct {
	AssessedAt time.Time      `json:"assessed_at,omitzero"` // zero: not yet
	Until      uint32         `json:"until,omitempty"`      // the last bucket that is counted in it
	Start      time.Time      `json:"start,omitzero"`
	From       time.Time      `json:"from,omitzero"` // the start lies between From and To
	To         time.Time      `json:"to,omitzero"`
	Errors     float64        `json:"errors"`
	Requests   float64        `json:"requests"`
	Expected   float64        `json:"expected"`
	Ratio      stat.Estimate  `json:"ratio"`
	Excess     stat.Estimate  `json:"excess"`
	Labels     []string       `json:"labels,omitempty"` // of the watch when it was assessed
	Whole      locate.Cause   `json:"whole"`
	Causes     []locate.Cause `json:"causes,omitempty"`
	Everyone   bool           `json:"everyone,omitempty"`
}

// Name is how people call it: F-12.
func (f Finding) Name() string { return fmt.Sprintf("F-%d", f.Number) }

// Self is the finding as a subject.
func (f Finding) Self() journal.Subject { return journal.Of("finding", f.ID) }

// Subject is the finding, for people.May.
func (f Finding) Subject() people.Subject { return people.Subject{Kind: "finding", ID: f.ID} }

// Before and After are the rates: errors a request as expected and as seen since the start.
func (f Finding) Before() float64 { return share(f.Expected, f.Requests) }

// After is the rate since the start.
func (f Finding) After() float64 { return share(f.Errors, f.Requests) }

func share(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

// Over says whether nothing more will happen to it.
func (f Finding) Over() bool { return f.State != Open }

// key is the finding's key as an alert: one alert a series and direction, whose episodes are the findings.
func (f Finding) key() string {
	return fmt.Sprintf("%s/%s/%d", f.Watch, key(f.Series), f.Direction)
}
