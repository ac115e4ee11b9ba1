package wire

import "time"

// Rule is what happens by itself.
type Rule struct {
	ID      string     `json:"id" example:"pipeline/look-when-it-stops"`
	Title   string     `json:"title"`
	Team    *Ref       `json:"team,omitempty" doc:"Owns it; the action runs with the rights of support in this team."`
	When    string     `json:"when" doc:"In words." example:"When an alert begins"`
	If      string     `json:"if,omitempty" doc:"The condition; always when absent." example:"service == \"decision-pipeline\""`
	Does    []string   `json:"does" doc:"What is done beside running an action, in words." example:"give it to whoever is on call in First line"`
	Action  *Ref       `json:"action,omitempty" doc:"What is run; absent when it runs none."`
	With    []string   `json:"with" doc:"The action's inputs." example:"queue = labels.queue"`
	Bounds  string     `json:"bounds,omitempty" doc:"How often it may fire."`
	Off     bool       `json:"off" doc:"Its definition turns it off."`
	Paused  *RulePause `json:"paused,omitempty" doc:"Somebody stopped it."`
	Fired   int        `json:"fired" doc:"How often, in the last 30 days."`
	FiredAt time.Time  `json:"fired_at,omitzero" doc:"The last time."`
}

// RulePause is that somebody stopped a rule.
type RulePause struct {
	By     Ref       `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// RuleShown is a rule with what it did last.
type RuleShown struct {
	Rule
	Firings []Firing `json:"firings" doc:"Newest first, with what it was held back from; 50 at most."`
}

// Firing is one time that a rule had its action run, or why it did not.
type Firing struct {
	At      time.Time `json:"at"`
	Why     string    `json:"why" doc:"What happened, and the condition that held."`
	For     *Subject  `json:"for,omitempty" doc:"The alert or incident."`
	Outcome string    `json:"outcome,omitempty" doc:"its action was started; what else it does is done; waiting for an approval; nothing was to be done; refused; held back by its bounds; it went wrong to evaluate it; or it looks later, at that time. Absent while nothing came of it yet." enum:"started,done,waiting,nothing,refused,held,wrong,later"`
	Say     string    `json:"say,omitempty" doc:"Why it was refused or held back."`
	Run     string    `json:"run,omitempty" example:"RUN-884"`
}

// TryRule asks what a rule would have done: one that is configured, or those of a text that is not applied yet.
type TryRule struct {
	Rule  string   `json:"rule,omitempty" doc:"A configured rule's id." example:"pipeline/look-when-it-stops"`
	Text  string   `json:"text,omitempty" doc:"YAML with a list under rules:."`
	Since Duration `json:"since" doc:"How far to look back; a year at most." example:"720h"`
}

// Trials are what rules would have done.
type Trials struct {
	Trials []Trial `json:"trials"`
}

// Trial is what one rule would have done. Nothing was done.
type Trial struct {
	Rule  Rule       `json:"rule"`
	Since time.Time  `json:"since"`
	Fires int        `json:"fires" doc:"How often it would have fired."`
	Cut   bool       `json:"cut,omitempty" doc:"There was more than is tried at once; these are the newest."`
	Seen  []Foreseen `json:"seen" doc:"Oldest first."`
}

// Foreseen is what a rule would have done about one thing that happened.
type Foreseen struct {
	At      time.Time      `json:"at"`
	Verb    string         `json:"verb" doc:"What happened; time for a rule that goes by the clock." example:"alert.opened"`
	Subject string         `json:"subject,omitempty" example:"G-12"`
	Title   string         `json:"title,omitempty"`
	Outcome string         `json:"outcome" doc:"It fires; its condition does not hold; its bounds hold it back; or it cannot be evaluated." enum:"fires,no,held,wrong"`
	Say     string         `json:"say,omitempty"`
	Inputs  map[string]any `json:"inputs,omitempty" doc:"What the action would be given."`
	Does    []string       `json:"does,omitempty" doc:"What else it would do, with its texts."`
}

// RuleTemplate is a rule to start from.
type RuleTemplate struct {
	ID    string `json:"id" example:"silent-asker"`
	Title string `json:"title"`
	Why   string `json:"why" doc:"What it is good for."`
	Text  string `json:"text" doc:"YAML. Put the names of your own teams, rotations and types in, then try it."`
}

// RuleTemplates are the rules to start from.
type RuleTemplates struct {
	Templates []RuleTemplate `json:"templates"`
}

// PauseRule stops a rule, or lets it go on.
type PauseRule struct {
	Rule   string `json:"rule" example:"pipeline/look-when-it-stops"`
	Reason string `json:"reason" doc:"Why, in a sentence."`
}
