package wire

import "time"

// Handover is what a team is told in the morning about its night.
type Handover struct {
	ID    string    `json:"id" example:"support-2026-11-24"`
	Team  Ref       `json:"team"`
	Day   string    `json:"day" doc:"Of the morning, in the team's zone." example:"2026-11-24"`
	From  time.Time `json:"from" doc:"The end of the working day before."`
	Until time.Time `json:"until" doc:"The morning."`
	Runs  int       `json:"runs" doc:"How many it names."`
	Items int       `json:"items" doc:"How many things in quarantine expired soon then."`
}

// HandoverShown is a hand-over with what it names, as far as it is open to you.
type HandoverShown struct {
	Handover
	Told     []HandedRun `json:"told" doc:"What needs somebody first."`
	Request  *Ref        `json:"request,omitempty" doc:"The request to the team that it was made; absent when it is none."`
	Expiring []Kept      `json:"expiring" doc:"What is in quarantine and expires soon."`
}

// HandedRun is a run in a hand-over.
type HandedRun struct {
	Run   Run    `json:"run" doc:"As it is now."`
	Needs string `json:"needs,omitempty" doc:"Why somebody has to look at it."`
}
