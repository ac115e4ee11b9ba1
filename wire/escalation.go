package wire

import "time"

// Escalation is what developers were asked: one issue in their tracker, for one request or for many.
type Escalation struct {
	ID        string     `json:"id" example:"E-7"`
	UID       string     `json:"uid"`
	Title     string     `json:"title"`
	Tracker   *Ref       `json:"tracker"`
	State     string     `json:"state" enum:"waiting,open,closed,refused" doc:"waiting: its issue is not in the tracker yet; refused: the tracker refuses it as it is."`
	Issue     string     `json:"issue,omitempty" doc:"What developers call it." example:"verity/decision-pipeline#12"`
	Address   string     `json:"address,omitempty" doc:"Where the issue is read."`
	Status    string     `json:"status,omitempty" doc:"The tracker's own word."`
	Verdict   string     `json:"verdict,omitempty" enum:"confirmed,fixed,not_a_bug,duplicate" doc:"What developers found; absent while nobody has said."`
	ByHand    bool       `json:"by_hand,omitempty" doc:"A person gave the verdict: what the tracker says does not change it."`
	Version   string     `json:"version,omitempty" doc:"In which it is fixed." example:"4.12.1"`
	Released  bool       `json:"released,omitempty" doc:"That version is out."`
	By        *Ref       `json:"by"`
	MadeAt    time.Time  `json:"made_at"`
	OpenedAt  *time.Time `json:"opened_at,omitempty"`
	ClosedAt  *time.Time `json:"closed_at,omitempty"`
	Requests  int        `json:"requests" doc:"How many hang on it."`
	Untold    int        `json:"untold" doc:"How many of their askers nobody has told the outcome."`
	Ours      bool       `json:"ours" doc:"The next move is the desk's."`
	Trouble   string     `json:"trouble,omitempty" doc:"Why it is not in the tracker."`
	TroubleAt *time.Time `json:"trouble_at,omitempty"`
}

// EscalationShown is an escalation with all that belongs to it, as its reader may see it.
type EscalationShown struct {
	Escalation
	Hanging []EscalatedRequest `json:"hanging"`
	Hidden  int                `json:"hidden" doc:"Requests that you may not see."`
	Said    []DeveloperSaid    `json:"said" doc:"What developers wrote below the issue, the oldest first."`
	Unsent  []ToDevelopers     `json:"unsent" doc:"What of ours is not below the issue."`
}

// EscalatedRequest is a request that hangs on an escalation.
type EscalatedRequest struct {
	ID     string     `json:"id" example:"R-1042"`
	UID    string     `json:"uid"`
	Title  string     `json:"title"`
	State  string     `json:"state" enum:"new,open,waiting,closed"`
	Asker  Party      `json:"asker"`
	By     *Ref       `json:"by" doc:"Who escalated it, or let it join."`
	At     time.Time  `json:"at"`
	Told   string     `json:"told,omitempty" enum:"told,skipped" doc:"What became of telling its asker; absent when nothing yet."`
	ToldBy *Ref       `json:"told_by,omitempty"`
	ToldAt *time.Time `json:"told_at,omitempty"`
	Reason string     `json:"reason,omitempty" doc:"Why the asker is not told."`
}

// DeveloperSaid is one comment of a developer.
type DeveloperSaid struct {
	Author string    `json:"author"`
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
}

// ToDevelopers is something of ours that is to be written below an issue.
type ToDevelopers struct {
	Kind  string    `json:"kind" enum:"joined,note"`
	By    *Ref      `json:"by"`
	At    time.Time `json:"at"`
	State string    `json:"state" enum:"waiting,sent,failed"`
	Error string    `json:"error,omitempty"`
}

// Evidence is what developers would get, before they get it. It holds no address and no name of an asker.
type Evidence struct {
	Title    string `json:"title"`
	Text     string `json:"text" doc:"Markdown."`
	Trackers []Ref  `json:"trackers" doc:"Where the request may go; those of its service first."`
}

// Escalate asks developers.
type Escalate struct {
	Tracker string `json:"tracker,omitempty" maxLength:"100" doc:"Left out: the first that takes the request." example:"pipeline"`
	Title   string `json:"title,omitempty" maxLength:"1000" doc:"Left out: as it was prepared."`
	Text    string `json:"text,omitempty" maxLength:"130000" doc:"Markdown; left out: as it was prepared."`
	Issue   string `json:"issue,omitempty" maxLength:"100" doc:"One that developers have already: this becomes a comment there." example:"128"`
}

// JoinEscalation names an escalation.
type JoinEscalation struct {
	Escalation string `json:"escalation" maxLength:"100" example:"E-7"`
}

// TellDevelopers is something for developers to read; it stands in the request as a note.
type TellDevelopers struct {
	Request string `json:"request" maxLength:"100" doc:"In which it stands." example:"R-1042"`
	Text    string `json:"text" maxLength:"130000" doc:"Markdown."`
}

// JudgeEscalation gives a verdict by hand.
type JudgeEscalation struct {
	Verdict string `json:"verdict" maxLength:"20" doc:"confirmed, fixed, not_a_bug or duplicate; empty leaves it to the tracker again."`
}

// TellAskers tells who asked what became of it.
type TellAskers struct {
	Request string `json:"request,omitempty" maxLength:"100" doc:"Only its asker; left out: everybody who has not been told." example:"R-1042"`
	Text    string `json:"text,omitempty" maxLength:"20000" doc:"With {asker}, {customer}, {request} and {me}, which are filled in. Left out: as it was prepared."`
}

// ToldAskers says who was told.
type ToldAskers struct {
	Escalation Escalation `json:"escalation"`
	Told       int        `json:"told"`
	Not        []NotTold  `json:"not" doc:"Who could not be told, and why."`
}

// NotTold is a request whose asker could not be told.
type NotTold struct {
	Request string `json:"request" example:"R-1042"`
	Why     string `json:"why"`
}

// SkipAsker says that an asker need not be told.
type SkipAsker struct {
	Request string `json:"request" maxLength:"100" example:"R-1042"`
	Reason  string `json:"reason" maxLength:"2000"`
}

// EscalateAgain tries once more what a tracker refused.
type EscalateAgain struct {
	Title string `json:"title,omitempty" maxLength:"1000" doc:"For an issue that is not there yet; left out: as it was."`
	Text  string `json:"text,omitempty" maxLength:"130000" doc:"The same."`
}
