package wire

import "time"

// DeskAnswer is what the desk knows, written down once.
type DeskAnswer struct {
	ID          string     `json:"id" example:"K-7"`
	UID         string     `json:"uid"`
	Title       string     `json:"title" doc:"The question, as askers ask it."`
	Text        string     `json:"text" doc:"Markdown."`
	State       string     `json:"state" enum:"draft,published,retired"`
	Audience    string     `json:"audience" enum:"desk,everyone"`
	Owner       *Ref       `json:"owner,omitempty"`
	Team        *Ref       `json:"team,omitempty"`
	Service     *Ref       `json:"service,omitempty"`
	Type        *Ref       `json:"type,omitempty"`
	Demand      string     `json:"demand,omitempty" example:"D-12"`
	ReviewOn    string     `json:"review_on" doc:"The day on which its owner looks whether it is still right." example:"2027-05-24"`
	Stale       []string   `json:"stale" doc:"Why somebody should look at it: review_due, owner_gone, doubted."`
	Version     int64      `json:"version"`
	ChangedAt   time.Time  `json:"changed_at"`
	ChangedBy   *Ref       `json:"changed_by,omitempty"`
	PublishedAt *time.Time `json:"published_at,omitempty"`
	Helped      int        `json:"helped" doc:"People who say that it helped."`
	NotHelped   int        `json:"not_helped"`
	Replies     int        `json:"replies" doc:"Requests that were answered with it."`
	Instead     int        `json:"instead" doc:"Questions that were not sent because of it."`
}

// AnswerFound is an answer that is like what was asked.
type AnswerFound struct {
	DeskAnswer
	Because []string `json:"because" doc:"The words that both hold."`
}

// WriteAnswer is what people write about an answer. What is left out becomes what it is for a new one.
type WriteAnswer struct {
	Title    string `json:"title" maxLength:"2000"`
	Text     string `json:"text,omitempty" maxLength:"200000"`
	Audience string `json:"audience,omitempty" enum:"desk,everyone" doc:"desk when left out."`
	Owner    string `json:"owner,omitempty" maxLength:"100" doc:"You when left out."`
	Team     string `json:"team,omitempty" maxLength:"100"`
	Service  string `json:"service,omitempty" maxLength:"100"`
	Type     string `json:"type,omitempty" maxLength:"100"`
	Demand   string `json:"demand,omitempty" maxLength:"100" example:"D-12"`
	ReviewOn string `json:"review_on,omitempty" maxLength:"10" doc:"In half a year when left out." example:"2027-05-24"`
}

// EditAnswer is a new version.
type EditAnswer struct {
	WriteAnswer
	Version int64 `json:"version" minimum:"1" doc:"The version that you changed. What others saved meanwhile is merged where it touches other lines, and refused where it does not."`
}

// VoteAnswer says whether an answer helped.
type VoteAnswer struct {
	Helped  bool `json:"helped"`
	Instead bool `json:"instead,omitempty" doc:"With helped: a question was not sent because of it."`
}
