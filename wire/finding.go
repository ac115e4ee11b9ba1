package wire

import "time"

// Found is the answer to a search.
type Found struct {
	Said        string   `json:"said" doc:"What was understood, written out." example:"refund is:open"`
	Notes       []string `json:"notes" doc:"What was not understood and what was done instead, a sentence each."`
	Corrections []string `json:"corrections" doc:"Typos that were forgiven, a sentence each."`
	Items       []Hit    `json:"items" doc:"The best first."`
	More        bool     `json:"more" doc:"There is more than was asked for."`
}

// Hit is one thing that was found.
type Hit struct {
	Kind    string    `json:"kind" enum:"request,incident,answer,action,customer,service"`
	ID      string    `json:"id" example:"R-1042"`
	Title   string    `json:"title"`
	Marks   [][2]int  `json:"marks" doc:"Which stretches of the title were looked for, in bytes: from and to."`
	Snippet Snippet   `json:"snippet"`
	Because string    `json:"because" doc:"Why it stands where it does." example:"refund in the title and 2 times in the text; without iban"`
	State   string    `json:"state,omitempty" doc:"Of a request or an incident."`
	At      time.Time `json:"at,omitzero" doc:"When the request came, or the incident was opened."`
}

// Snippet is the piece of a text that holds most of what was looked for.
type Snippet struct {
	Text  string   `json:"text"`
	Marks [][2]int `json:"marks" doc:"Stretches of the text, in bytes: from and to."`
}

// Near is a request that is like another one.
type Near struct {
	Request
	Likeness     float64  `json:"likeness" doc:"From 0 to 1, which is the same text." example:"0.64"`
	Because      []string `json:"because" doc:"The words that both hold and that tell most."`
	SameCustomer bool     `json:"same_customer"`
	SameService  bool     `json:"same_service"`
}
