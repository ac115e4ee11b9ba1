package wire

import "time"

// Thanks is somebody's thank you.
type Thanks struct {
	ID       string        `json:"id" example:"T-12"`
	UID      string        `json:"uid"`
	By       *Ref          `json:"by"`
	To       []Thanked     `json:"to"`
	Reason   string        `json:"reason"`
	About    *ThanksMatter `json:"about,omitempty" doc:"The request or the incident, when there is one that you may know of."`
	At       time.Time     `json:"at"`
	Reworded *time.Time    `json:"reworded,omitempty" doc:"When its words were last changed."`
}

// Thanked is one that is thanked.
type Thanked struct {
	Kind string `json:"kind" enum:"person,team,action"`
	ID   string `json:"id" example:"liis"`
	Name string `json:"name" example:"Liis Tamm"`
}

// ThanksMatter is what a thanks is about.
type ThanksMatter struct {
	ID    string `json:"id" example:"R-1042"`
	Title string `json:"title"`
}

// SayThanks is a thanks to be said.
type SayThanks struct {
	Reason  string   `json:"reason" maxLength:"1000" doc:"What for: three words at least, or one when about names a request or an incident."`
	People  []string `json:"people,omitempty" doc:"Ids of people."`
	Teams   []string `json:"teams,omitempty" doc:"Ids of teams."`
	Actions []string `json:"actions,omitempty" doc:"Ids of actions that helped."`
	About   string   `json:"about,omitempty" maxLength:"100" example:"R-1042" doc:"A request or an incident."`
	Key     string   `json:"key,omitempty" maxLength:"200" doc:"Your own id of it: what you send twice under one key is one thanks."`
}

// RewordThanks changes the words of a thanks.
type RewordThanks struct {
	Reason string `json:"reason" maxLength:"1000"`
}

// ThanksMonth is what people were thankful for in one month.
type ThanksMonth struct {
	Month   string        `json:"month" example:"2026-11"`
	Thanked int           `json:"thanked" doc:"Times that somebody thanked somebody, the same two once a day."`
	Givers  int           `json:"givers" doc:"People who said thanks."`
	Matters int           `json:"matters" doc:"Requests and incidents that it was about."`
	Groups  []ThanksGroup `json:"groups" doc:"By demand, those with the most reasons first; what belongs to none is last."`
}

// ThanksGroup is what people were thankful for in one demand.
type ThanksGroup struct {
	Demand *Ref     `json:"demand,omitempty" doc:"Left out for what belongs to no demand."`
	Thanks []Thanks `json:"thanks" doc:"The newest first."`
}
