package oncall

import (
	"time"

	"frontline/job"
	"frontline/journal"
)

// StepArgs names a page that may have to go on.
type StepArgs struct {
	Page string `json:"page"`
}

// JobStep wakes a page. Page.DueAt says whether there is anything to do, so that one wake too many does nothing.
func JobStep() job.Kind[StepArgs] {
	return job.Kind[StepArgs]{Name: "oncall.step", Limit: 10 * time.Second, Back: backoff}
}

// DeliverArgs names an attempt that is to be sent.
type DeliverArgs struct {
	Page    string `json:"page"`
	Attempt string `json:"attempt"`
}

// JobDeliver sends one attempt. The attempt's state says whether it is still to be sent.
func JobDeliver() job.Kind[DeliverArgs] {
	return job.Kind[DeliverArgs]{Name: "oncall.deliver", Limit: 2 * sendLimit, Back: backoff}
}

// AnsweredArgs says that somebody took a page, and about which subject it is.
type AnsweredArgs struct {
	Page    string          `json:"page"`
	Subject journal.Subject `json:"subject"`
	Person  string          `json:"person"`
	Via     string          `json:"via"`
	At      time.Time       `json:"at"`
}

// JobAnswered tells the wing that owns the subject that somebody acknowledged the page itself. A page that the wing
// acknowledges by an Order tells nothing back.
func JobAnswered() job.Kind[AnsweredArgs] {
	return job.Kind[AnsweredArgs]{Name: "oncall.answered"}
}

// backoff is the pause after try n, of a job as well as of an attempt: 2 s, 4 s, 8 s and so on, at most 30 s.
func backoff(n int) time.Duration {
	return min(time.Second<<min(max(n, 1), 5), 30*time.Second)
}

// wake returns the job that lets the page go on when it is due. There is at most one waiting for each page.
func wake(p Page) job.New {
	return JobStep().At(p.DueAt, p.ID, StepArgs{Page: p.ID}).Ranked(job.Paging)
}

// deliver returns the job that sends the attempt when it is due.
func deliver(a Attempt) job.New {
	return JobDeliver().At(a.DueAt, a.ID, DeliverArgs{Page: a.Page, Attempt: a.ID}).Ranked(job.Paging)
}
