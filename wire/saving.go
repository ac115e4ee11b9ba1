package wire

import "time"

// Savings are what actions saved since a time.
type Savings struct {
	Since   time.Time `json:"since"`
	Runs    int       `json:"runs" doc:"Of all of them."`
	Saved   Duration  `json:"saved" doc:"Of all of them." example:"9h12m"`
	Actions []Saved   `json:"actions" doc:"The one that saved most first."`
}

// Saved is what one action saved.
type Saved struct {
	Action    Ref            `json:"action"`
	Runs      int            `json:"runs" doc:"That did their work and helped, and were not taken back."`
	ByHand    Duration       `json:"by_hand" doc:"What the same work would have taken by hand, as each run's version says." example:"11h45m"`
	Own       Duration       `json:"own" doc:"The time of those who asked: from the plan they read to their start. Nothing for rules and programs." example:"2h33m"`
	Saved     Duration       `json:"saved" doc:"by_hand less own, never below zero for any run." example:"9h12m"`
	Customers int            `json:"customers" doc:"Different ones, where an input names the customer."`
	Origins   map[string]int `json:"origins" doc:"Runs by what asked for them: person, token, rule, flow, alert, incident, request, asking (in place of a request)."`
	Months    []MonthSaved   `json:"months" doc:"Oldest first, without gaps; months begin at 00:00 UTC."`
}

// MonthSaved is one month of what an action saved.
type MonthSaved struct {
	Month string   `json:"month" example:"2026-11"`
	Runs  int      `json:"runs"`
	Saved Duration `json:"saved" example:"1h30m"`
}
