package wire

import "time"

// Watch is a mistake rate that is kept an eye on, and how it stands.
type Watch struct {
	ID          string         `json:"id" example:"decisions"`
	Name        string         `json:"name" example:"Decisions that fail"`
	State       string         `json:"state" enum:"finding,blind,waiting,learning,calm" doc:"finding: something is open; blind: it sees nothing; waiting: for its first counts; learning: what is usual."`
	Trouble     string         `json:"trouble,omitempty" doc:"Why it sees nothing, where its source said so."`
	Service     *Ref           `json:"service" doc:"Whose people are paged."`
	Team        *Ref           `json:"team,omitempty" doc:"Whose budget of false alarms it spends."`
	Bucket      Duration       `json:"bucket" example:"1m"`
	FalseAlarms string         `json:"false_alarms" example:"1 a month" doc:"What was promised."`
	Labels      []string       `json:"labels" doc:"What a change is located by."`
	By          []string       `json:"by" doc:"Of the labels, those whose values each have a series."`
	Learnt      float64        `json:"learnt" doc:"Share of the time to learn, 0 to 1. Nothing is raised before 1."`
	Evidence    float64        `json:"evidence" doc:"Of the series that is nearest to an alarm: 0 is none, 1 is the alarm."`
	CountedTo   *time.Time     `json:"counted_to,omitempty" doc:"The end of the last bucket that is decided."`
	Open        []WatchFinding `json:"open" doc:"Findings that are not over, the newest first, without customers."`
}

// WatchShown is one watch with its series.
type WatchShown struct {
	Watch
	Series []WatchSeries `json:"series" doc:"Those worth a page, the nearest to an alarm first. The whole has no values."`
}

// WatchSeries is how one series of a watch stands.
type WatchSeries struct {
	Values   []string `json:"values" doc:"In the order of the watch's by; none for everything together."`
	Evidence float64  `json:"evidence" doc:"0 is none, 1 is the alarm."`
	Learnt   float64  `json:"learnt" doc:"Share of the time to learn, 0 to 1."`
	Usual    float64  `json:"usual" doc:"Errors a request, or a bucket where there are no totals, as is usual at this hour."`
	Open     string   `json:"open,omitempty" enum:"rise,fall,both" doc:"Which change is open."`
}

// WatchChart is what one series counted, and what is usual.
type WatchChart struct {
	From   time.Time    `json:"from"`
	Until  time.Time    `json:"until"`
	Points []WatchPoint `json:"points" doc:"At most 720 or a few more: longer times have wider points. Where nothing was observed there is none."`
}

// WatchPoint is one bucket of a chart, or several together.
type WatchPoint struct {
	At       time.Time `json:"at" doc:"When it begins."`
	Errors   float64   `json:"errors"`
	Requests float64   `json:"requests" doc:"Buckets, where there are no totals."`
	Rate     float64   `json:"rate"`
	Usual    float64   `json:"usual"`
	Low      float64   `json:"low" doc:"Between low and high lie 19 of 20 rates while nothing has changed."`
	High     float64   `json:"high"`
}

// WatchFinding is what a watch found. What is not known yet is left out.
type WatchFinding struct {
	ID        string          `json:"id" example:"F-12"`
	UID       string          `json:"uid"`
	Watch     Ref             `json:"watch"`
	Title     string          `json:"title" example:"Decisions that fail: 2.9 times as often as usual, for country Kenya"`
	Text      string          `json:"text" doc:"The evidence in sentences, with times in the watch's zone."`
	State     string          `json:"state" enum:"open,recovered,accepted,dropped"`
	Direction string          `json:"direction" enum:"rise,fall"`
	Series    []string        `json:"series" doc:"Values of the watch's by; none for everything together."`
	Past      bool            `json:"past" doc:"Found in history; nobody was paged."`
	RaisedAt  time.Time       `json:"raised_at"`
	EndedAt   *time.Time      `json:"ended_at,omitempty"`
	Since     *time.Time      `json:"since,omitempty" doc:"When the change began; between since_from and since_to with a chance of 0.95."`
	SinceFrom *time.Time      `json:"since_from,omitempty"`
	SinceTo   *time.Time      `json:"since_to,omitempty"`
	Whole     *WatchCause     `json:"whole,omitempty" doc:"The series as a whole, since the change began."`
	Everyone  bool            `json:"everyone" doc:"No label stands out: it is the same for everyone."`
	Causes    []WatchCause    `json:"causes" doc:"Combinations of labels that carry the change, the strongest first."`
	Hit       *WatchHit       `json:"hit,omitempty"`
	Judged    *WatchJudgement `json:"judged,omitempty"`
}

// WatchCause is one combination of labels that carries a change.
type WatchCause struct {
	Labels   map[string]string `json:"labels" doc:"None for the whole."`
	Errors   float64           `json:"errors"`
	Requests float64           `json:"requests"`
	Expected float64           `json:"expected" doc:"Errors, had nothing changed."`
	Ratio    Estimated         `json:"ratio" doc:"Errors over those expected."`
	Excess   Estimated         `json:"excess" doc:"Errors beyond those expected."`
	Share    float64           `json:"share" doc:"Of the excess of the whole."`
}

// WatchHit is whom a change hit.
type WatchHit struct {
	Customers Estimated       `json:"customers" doc:"Had at least one error that the change brought."`
	Exposed   int             `json:"exposed" doc:"Customers with a request that the change covers."`
	List      []WatchCustomer `json:"list,omitempty" doc:"Those with errors, the surest first; only where one finding is shown."`
}

// WatchCustomer is one customer with errors since a change began.
type WatchCustomer struct {
	Customer string  `json:"customer" doc:"As the counts name it."`
	Errors   float64 `json:"errors"`
	Requests float64 `json:"requests"`
	Expected float64 `json:"expected"`
	Chance   float64 `json:"chance" doc:"That the change brought at least one of the errors."`
}

// WatchJudgement is what somebody said that a finding was.
type WatchJudgement struct {
	Feedback string    `json:"feedback" enum:"real,known,not_a_problem"`
	By       *Ref      `json:"by,omitempty"`
	At       time.Time `json:"at"`
}

// JudgeFinding says what a finding was.
type JudgeFinding struct {
	Feedback string `json:"feedback" maxLength:"40" example:"known" doc:"real, known (real and expected) or not_a_problem. Empty takes back what was said."`
}
