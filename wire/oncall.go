package wire

import "time"

// Page is the obligation to reach a person.
type Page struct {
	ID              string    `json:"id" example:"P-12"`
	UID             string    `json:"uid"`
	Aim             string    `json:"aim" enum:"policy,person,test" doc:"Whom it must reach: somebody of an escalation policy, one person, or oneself."`
	Subject         Subject   `json:"subject"`
	Policy          string    `json:"policy,omitempty" example:"first-line"`
	Person          *Ref      `json:"person,omitempty" doc:"The named person."`
	Urgency         string    `json:"urgency" enum:"high,low"`
	Title           string    `json:"title"`
	State           string    `json:"state" enum:"open,acknowledged,ended"`
	OpenedAt        time.Time `json:"opened_at"`
	DueAt           time.Time `json:"due_at,omitzero" doc:"When it goes on: to the next person, or again to who acknowledged."`
	AcknowledgedAt  time.Time `json:"acknowledged_at,omitzero"`
	AcknowledgedBy  *Ref      `json:"acknowledged_by,omitempty"`
	AcknowledgedVia string    `json:"acknowledged_via,omitempty" example:"link"`
	EndedAt         time.Time `json:"ended_at,omitzero"`
	EndedWhy        string    `json:"ended_why,omitempty" example:"resolved"`
	Exhausted       bool      `json:"exhausted,omitempty" doc:"Even the last resort was paged in vain."`
	Attempts        []Attempt `json:"attempts" doc:"The ledger: every try to deliver it, in order."`
}

// Attempt is one try to deliver a page to one person over one channel.
type Attempt struct {
	N        int       `json:"n"`
	Person   Ref       `json:"person"`
	Reason   string    `json:"reason" enum:"rotation,override,named,last_resort,acknowledger,test" doc:"Why this person."`
	Rotation string    `json:"rotation,omitempty"`
	Channel  string    `json:"channel" example:"ntfy"`
	State    string    `json:"state" enum:"waiting,sending,sent,failed,skipped"`
	Tries    int       `json:"tries"`
	DueAt    time.Time `json:"due_at"`
	SentAt   time.Time `json:"sent_at,omitzero"`
	Receipt  string    `json:"receipt,omitempty" doc:"What the provider answered." example:"250 2.0.0 queued as 4F1C"`
	Error    string    `json:"error,omitempty"`
	Skipped  string    `json:"skipped,omitempty" doc:"Why it was not needed any more." example:"acknowledged"`
}

// PagePerson asks to page one person.
type PagePerson struct {
	Person  string `json:"person" example:"rasmus"`
	Title   string `json:"title" doc:"One line that says what it is about."`
	Body    string `json:"body,omitempty"`
	Urgency string `json:"urgency,omitempty" enum:"high,low" doc:"high wakes; low may wait for the morning. High when absent."`
	About   string `json:"about,omitempty" doc:"The alert or incident that it is about." example:"INC-3"`
}

// Post is a rotation and who is on call in it.
type Post struct {
	Rotation Rotation `json:"rotation"`
	Shift    Shift    `json:"shift"`
}

// Rotation is people who take turns.
type Rotation struct {
	ID   string `json:"id" example:"technical-support"`
	Name string `json:"name" example:"Technical support"`
	Team *Ref   `json:"team,omitempty"`
	Zone string `json:"zone" example:"Europe/Tallinn"`
}

// Shift is a stretch of time in which the same person is on call for the same reason.
type Shift struct {
	From     time.Time `json:"from,omitzero" doc:"Absent before a rotation's first turn."`
	To       time.Time `json:"to"`
	Person   *Ref      `json:"person,omitempty" doc:"Absent when nobody is on call."`
	Why      string    `json:"why" enum:"rotation,override,gap,broken"`
	Override string    `json:"override,omitempty" doc:"The override that put them on call."`
	Instead  *Ref      `json:"instead,omitempty" doc:"Whose turn it would be."`
}

// Lane is one rotation over a stretch of time.
type Lane struct {
	Rotation Rotation `json:"rotation"`
	Shifts   []Shift  `json:"shifts"`
	Gaps     []Gap    `json:"gaps" doc:"When nobody is on call, and what that costs."`
}

// Gap is a stretch in which nobody is on call.
type Gap struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Costs []string  `json:"costs" doc:"For people, one sentence for each policy that relies on the rotation."`
}

// Standing says where a person stands.
type Standing struct {
	On   []Spell `json:"on" doc:"On call now."`
	Next []Spell `json:"next" doc:"The next time in each rotation, the nearest first."`
}

// Spell is a stretch in which a person is on call in a rotation.
type Spell struct {
	Rotation Rotation  `json:"rotation"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

// Override puts a person on call in place of whoever has the turn.
type Override struct {
	ID       string    `json:"id"`
	Rotation string    `json:"rotation" example:"technical-support"`
	Person   Ref       `json:"person"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Reason   string    `json:"reason,omitempty"`
}

// TakeOver asks for an override.
type TakeOver struct {
	Rotation string    `json:"rotation" example:"technical-support"`
	Person   string    `json:"person" example:"karl"`
	From     time.Time `json:"from,omitzero" doc:"Now when absent. What has been is never rewritten."`
	To       time.Time `json:"to"`
	Reason   string    `json:"reason,omitempty" maxLength:"500"`
}

// Reach is one message that a page would send.
type Reach struct {
	After    Duration `json:"after" doc:"How long after the page opened." example:"5m"`
	Person   Ref      `json:"person"`
	Reason   string   `json:"reason" enum:"rotation,override,named,last_resort,acknowledger,test"`
	Rotation string   `json:"rotation,omitempty"`
	Channel  string   `json:"channel" example:"ntfy"`
	Round    int      `json:"round"`
	Step     int      `json:"step" doc:"From 1; 0 for the last resort."`
}
