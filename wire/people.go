package wire

import "time"

// Me is who asks, and with what right.
type Me struct {
	ID    string    `json:"id" example:"liis"`
	Name  string    `json:"name" example:"Liis Tamm"`
	Role  string    `json:"role" enum:"member,support,lead,admin" doc:"What this token may do; its owner may be allowed more."`
	Teams []Ref     `json:"teams"`
	Until time.Time `json:"until,omitzero" doc:"When the token ends; absent when it does not."`
}

// Person is somebody who is configured.
type Person struct {
	ID    string `json:"id" example:"liis"`
	Name  string `json:"name" example:"Liis Tamm"`
	Role  string `json:"role" enum:"member,support,lead,admin"`
	Teams []Ref  `json:"teams"`
	Zone  string `json:"zone,omitempty" example:"Europe/Tallinn"`
}

// Token is an API token as its owner sees it, without its value.
type Token struct {
	ID    string    `json:"id"`
	Name  string    `json:"name" example:"laptop"`
	Hint  string    `json:"hint" doc:"Its first characters." example:"fl_k7w2"`
	Role  string    `json:"role,omitempty" doc:"The most that it may do; absent: as much as its owner." example:"support"`
	Made  time.Time `json:"made_at"`
	Used  time.Time `json:"used_on,omitzero" doc:"The day when it was last used."`
	Until time.Time `json:"until,omitzero"`
}

// Service is something that a team runs.
type Service struct {
	ID           string   `json:"id" example:"decision-pipeline"`
	Name         string   `json:"name" example:"Decision pipeline"`
	Team         *Ref     `json:"team,omitempty"`
	Policy       string   `json:"policy,omitempty" doc:"Its escalation policy." example:"critical"`
	Components   []Ref    `json:"components"`
	Stakeholders []Ref    `json:"stakeholders" doc:"Who is told by mail about its incidents."`
	Runbook      string   `json:"runbook,omitempty"`
	Actions      []string `json:"actions" doc:"The actions that belong to it."`
}

// Component is a part of the product in customers' words.
type Component struct {
	ID          string `json:"id" example:"decisions"`
	Name        string `json:"name" example:"Verification decisions"`
	Description string `json:"description,omitempty"`
	Group       string `json:"group,omitempty" doc:"Its heading on the status page." example:"Verification"`
}

// Customer is a company that uses some components.
type Customer struct {
	ID         string `json:"id" example:"nordpank"`
	Name       string `json:"name" example:"Nordpank"`
	Tier       string `json:"tier,omitempty" example:"platinum"`
	Components []Ref  `json:"components"`
	Owner      *Ref   `json:"owner,omitempty" doc:"The person who looks after them."`
}

// Entry is one thing that happened, as the journal keeps it: no names, no free text.
type Entry struct {
	UID     string         `json:"uid"`
	Seq     int64          `json:"seq,omitempty" doc:"Its place in the sealed journal; absent for the moment until it is sealed."`
	At      time.Time      `json:"at"`
	Actor   Ref            `json:"actor"`
	By      string         `json:"by" doc:"What sort of thing did it: person, link, source, rule, system or nobody." example:"person"`
	Via     string         `json:"via" example:"screen"`
	Verb    string         `json:"verb" example:"group.acknowledged"`
	Subject *Subject       `json:"subject,omitempty"`
	About   *Subject       `json:"about,omitempty"`
	Facts   map[string]any `json:"facts,omitempty"`
	Hash    string         `json:"text_hash,omitempty" doc:"The salted hash of the words that belong to it."`
}

// System says how the installation does.
type System struct {
	Healthy bool      `json:"healthy" doc:"The database answers and every page is on its way."`
	Say     string    `json:"say,omitempty" doc:"What is wrong, for people."`
	Pager   Pager     `json:"pager"`
	Now     time.Time `json:"now" doc:"The server's clock."`
}

// Pager says how paging does, as the auditor last saw it.
type Pager struct {
	LookedAt  time.Time `json:"looked_at,omitzero"`
	Late      int       `json:"late" doc:"Pages past their time."`
	Stuck     int       `json:"stuck" doc:"Messages that wait for too long."`
	Exhausted int       `json:"exhausted" doc:"Pages that went through their whole policy in vain."`
}
