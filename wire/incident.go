package wire

import "time"

// Incident is a disturbance that people coordinate on.
type Incident struct {
	ID             string        `json:"id" example:"INC-3"`
	UID            string        `json:"uid"`
	Title          string        `json:"title"`
	Severity       string        `json:"severity" enum:"critical,major,minor"`
	State          string        `json:"state" enum:"investigating,identified,fixing,monitoring,resolved"`
	Lead           *Ref          `json:"lead,omitempty"`
	Participants   []Participant `json:"participants"`
	Services       []Ref         `json:"services"`
	Components     []Ref         `json:"components" doc:"What is affected, in customers' words."`
	Customers      []Affected    `json:"customers" doc:"Who uses an affected component; as it was at the end for a resolved incident, and left out in lists."`
	OpenedAt       time.Time     `json:"opened_at"`
	OpenedBy       *Ref          `json:"opened_by,omitempty"`
	BeganAt        time.Time     `json:"began_at" doc:"When the trouble began, as the monitoring system says."`
	DetectedAt     time.Time     `json:"detected_at"`
	AcknowledgedAt time.Time     `json:"acknowledged_at,omitzero"`
	MitigatedAt    time.Time     `json:"mitigated_at,omitzero" doc:"When the harm stopped, as far as is known now."`
	ResolvedAt     time.Time     `json:"resolved_at,omitzero"`
	Promises       []Promise     `json:"promises" doc:"The next updates that are promised, at most one to each audience."`
	Updates        int           `json:"updates" doc:"How many internal updates there are."`
	Public         *Public       `json:"public,omitempty" doc:"What customers have been told; absent while nothing was published."`
	Version        int64         `json:"version" doc:"Counts the edits of title, severity, state, lead and impact. Send it with an edit to be told when somebody was faster."`
}

// Participant is a person in the incident's room.
type Participant struct {
	Person Ref       `json:"person"`
	Part   string    `json:"part" enum:"fixer,writer,observer"`
	Since  time.Time `json:"since"`
}

// Affected is a customer who uses an affected component.
type Affected struct {
	ID         string `json:"id" example:"nordpank"`
	Name       string `json:"name" example:"Nordpank"`
	Tier       string `json:"tier,omitempty" example:"platinum"`
	Owner      *Ref   `json:"owner,omitempty"`
	Components []Ref  `json:"components" doc:"The affected ones that they use."`
}

// Promise is the next update that somebody said would come.
type Promise struct {
	To    string    `json:"to" enum:"internal,public"`
	DueAt time.Time `json:"due_at"`
	By    Ref       `json:"by"`
}

// Public is what customers have been told, as the people inside see it.
type Public struct {
	Title    string   `json:"title" doc:"In customers' words."`
	State    string   `json:"state" enum:"investigating,identified,monitoring,resolved"`
	Updates  int      `json:"updates" doc:"How many public updates there are."`
	Statuses []Status `json:"statuses" doc:"How the components do because of it."`
}

// Status is a component and how it does, in Statuspage's words.
type Status struct {
	Component string `json:"component" example:"decisions"`
	Status    string `json:"status" enum:"operational,under_maintenance,degraded_performance,partial_outage,major_outage"`
}

// Room is an incident with all that was said and done about it.
type Room struct {
	Incident
	Said       []Update        `json:"said" doc:"Every update, internal and public, oldest first."`
	Told       []Told          `json:"told" doc:"What became of the stakeholders' mails."`
	Timeline   []Line          `json:"timeline" doc:"Oldest first."`
	Alerts     []Group         `json:"alerts" doc:"The alert groups that are worked on here."`
	Runs       []Run           `json:"runs" doc:"In the order in which they were planned."`
	FollowUps  []FollowUp      `json:"follow_ups"`
	Postmortem *PostmortemHead `json:"postmortem,omitempty"`
}

// Update is something that was said about an incident. It is never changed.
type Update struct {
	N        int       `json:"n" doc:"1 is the first to its audience."`
	To       string    `json:"to" enum:"internal,public"`
	State    string    `json:"state,omitempty" doc:"What customers were told." enum:"investigating,identified,monitoring,resolved"`
	Body     string    `json:"body"`
	By       Ref       `json:"by"`
	At       time.Time `json:"at"`
	Statuses []Status  `json:"statuses,omitempty"`
	NextBy   time.Time `json:"next_by,omitzero" doc:"Until when the next one was promised."`
	Late     Duration  `json:"late,omitempty" doc:"By how much it missed its promise; negative when it came before." example:"5m"`
}

// Told counts the mails about one thing that stakeholders were told.
type Told struct {
	About   string    `json:"about" enum:"opening,update,resolution,reopening"`
	N       int       `json:"n,omitempty"`
	At      time.Time `json:"at"`
	Sent    int       `json:"sent"`
	Failed  int       `json:"failed"`
	Waiting int       `json:"waiting"`
}

// Declare asks to open an incident without alerts.
type Declare struct {
	Title    string   `json:"title" doc:"One line that says what is broken." example:"Decisions have stopped"`
	Severity string   `json:"severity" enum:"critical,major,minor" example:"critical"`
	Services []string `json:"services,omitempty" example:"[\"decision-pipeline\"]"`
}

// Note asks to put a remark on the timeline.
type Note struct {
	Body string `json:"body"`
}

// Say asks for an internal update. Stakeholders get it by mail.
type Say struct {
	Body   string    `json:"body" doc:"A sentence or two."`
	NextBy time.Time `json:"next_by,omitzero" doc:"Promises the next update until then."`
	NextIn Duration  `json:"next_in,omitempty" doc:"The same, from now on. Give one of the two." example:"30m"`
	Seen   *int      `json:"seen,omitempty" doc:"How many internal updates there were when it was written. When there are more by now, it is refused."`
}

// Publish asks to say something to customers on the status page.
type Publish struct {
	Title    string    `json:"title,omitempty" doc:"In customers' words. Needed the first time; afterwards absent keeps it."`
	State    string    `json:"state" enum:"investigating,identified,monitoring,resolved"`
	Body     string    `json:"body"`
	Statuses []Status  `json:"statuses,omitempty" doc:"What is not named keeps its status; with resolved all become operational."`
	NextBy   time.Time `json:"next_by,omitzero" doc:"Promises the next public update until then."`
	NextIn   Duration  `json:"next_in,omitempty" doc:"The same, from now on. Give one of the two." example:"30m"`
	Seen     *int      `json:"seen,omitempty" doc:"How many public updates there were when it was written. When there are more by now, it is refused."`
}

// Resolve asks to end an incident.
type Resolve struct {
	Publish *Publish `json:"publish,omitempty" doc:"Tells customers in the same step; its state is resolved."`
}

// NextUpdate asks to promise the next internal update without saying anything now.
type NextUpdate struct {
	NextBy time.Time `json:"next_by,omitzero"`
	NextIn Duration  `json:"next_in,omitempty" example:"30m"`
}

// Edit is what every edit of an incident takes beside its value.
type Edit struct {
	Version int64 `json:"version,omitempty" doc:"The version that was looked at; when there is a newer one by now, the edit is refused. Absent skips this check."`
}

// SetTitle asks for another internal title.
type SetTitle struct {
	Title string `json:"title"`
	Edit
}

// SetSeverity asks for another severity.
type SetSeverity struct {
	Severity string `json:"severity" enum:"critical,major,minor"`
	Edit
}

// SetState asks for another state.
type SetState struct {
	State string `json:"state" enum:"investigating,identified,fixing,monitoring" doc:"Resolving is an operation of its own."`
	Edit
}

// SetLead asks for another lead.
type SetLead struct {
	Person string `json:"person" doc:"me for yourself; empty for nobody." example:"liis"`
	Edit
}

// SetImpact asks for another impact.
type SetImpact struct {
	Services   []string `json:"services"`
	Components []string `json:"components"`
	Edit
}

// Join asks to give a person a part.
type Join struct {
	Person string `json:"person,omitempty" doc:"Yourself when absent."`
	Part   string `json:"part" enum:"fixer,writer,observer"`
}

// LinkAlert asks to work on an alert group in this incident.
type LinkAlert struct {
	Alert string `json:"alert" example:"G-12"`
}

// LinkRun asks to make a run that was started for something else a part of this incident.
type LinkRun struct {
	Run string `json:"run" example:"RUN-884"`
}

// PostmortemHead is a post-mortem without its text.
type PostmortemHead struct {
	Incident    string    `json:"incident" example:"INC-3"`
	Title       string    `json:"title"`
	Severity    string    `json:"severity" enum:"critical,major,minor"`
	State       string    `json:"state" enum:"draft,published"`
	Version     int64     `json:"version"`
	ChangedBy   *Ref      `json:"changed_by,omitempty"`
	ChangedAt   time.Time `json:"changed_at"`
	PublishedBy *Ref      `json:"published_by,omitempty"`
	PublishedAt time.Time `json:"published_at,omitzero"`
}

// Postmortem is what people learn from an incident.
type Postmortem struct {
	PostmortemHead
	Text string `json:"text" doc:"Markdown."`
}

// EditPostmortem asks to save another text.
type EditPostmortem struct {
	Text    string `json:"text" doc:"Markdown."`
	Version int64  `json:"version" doc:"The version that was edited. When there is a newer one by now, the edit is refused: read it and put both together."`
}

// PublishPostmortem asks to say that the text is done.
type PublishPostmortem struct {
	Version int64 `json:"version" doc:"The version that was read."`
}

// FollowUp is something that somebody will do after an incident, so that it does not come again.
type FollowUp struct {
	ID       string    `json:"id"`
	Incident string    `json:"incident" doc:"The incident's uid."`
	Text     string    `json:"text"`
	Owner    Ref       `json:"owner"`
	Due      string    `json:"due" example:"2026-12-04"`
	Done     bool      `json:"done"`
	DoneBy   *Ref      `json:"done_by,omitempty"`
	DoneAt   time.Time `json:"done_at,omitzero"`
	Version  int64     `json:"version"`
}

// WriteFollowUp asks to write down what is to be done, or to write it otherwise.
type WriteFollowUp struct {
	Text    string `json:"text"`
	Owner   string `json:"owner" doc:"A person." example:"rasmus"`
	Due     string `json:"due" doc:"A day." example:"2026-12-04"`
	Version int64  `json:"version,omitempty" doc:"The version that was edited; not for a new one."`
}

// Finish asks to say that a follow-up is done, or that it is not after all.
type Finish struct {
	Done bool `json:"done"`
}
