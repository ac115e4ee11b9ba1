package wire

import "time"

// Group is alerts that are worked on as one. It is what the list of alerts shows.
type Group struct {
	ID             string    `json:"id" example:"G-12"`
	UID            string    `json:"uid"`
	Title          string    `json:"title" doc:"Of the worst alert." example:"Queue decision-events has no consumer"`
	Severity       string    `json:"severity" enum:"critical,error,warning,info" doc:"The worst of its open alerts."`
	State          string    `json:"state" enum:"open,acknowledged,resolved"`
	Source         Ref       `json:"source" doc:"The monitoring system that sent it."`
	Service        *Ref      `json:"service,omitempty" doc:"Absent when no service was found for it: then nobody is paged."`
	Team           *Ref      `json:"team,omitempty"`
	Open           int       `json:"open" doc:"How many of its alerts are open."`
	Total          int       `json:"total" doc:"How many alerts there ever were in it."`
	LeftOut        int       `json:"left_out,omitempty" doc:"How many alerts the sender left out of its last message."`
	Paged          bool      `json:"paged" doc:"Somebody was to be reached about it."`
	OpenedAt       time.Time `json:"opened_at"`
	BeganAt        time.Time `json:"began_at" doc:"When the trouble began, as the source says."`
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	AcknowledgedBy *Ref      `json:"acknowledged_by,omitempty"`
	ResolvedAt     time.Time `json:"resolved_at,omitzero"`
}

// GroupShown is a group with everything that is known about it.
type GroupShown struct {
	Group
	Alerts   []Alert `json:"alerts" doc:"Open ones first, then the newest; at most 200."`
	Pages    []Page  `json:"pages" doc:"Who was to be reached about it, and whether they were; the newest first."`
	Incident *Ref    `json:"incident,omitempty" doc:"The incident that it is worked on in."`
	History  []Line  `json:"history" doc:"What happened to it, oldest first."`
}

// Alert is signals with the same key, folded.
type Alert struct {
	ID         string            `json:"id" example:"A-31"`
	UID        string            `json:"uid"`
	Key        string            `json:"key" doc:"Its identity at the source." example:"8f1c2a7e9b3d4f60"`
	State      string            `json:"state" enum:"open,resolved"`
	Severity   string            `json:"severity" enum:"critical,error,warning,info"`
	Title      string            `json:"title"`
	Text       string            `json:"text,omitempty"`
	Host       string            `json:"host,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Links      []Link            `json:"links,omitempty"`
	Signals    int64             `json:"signals" doc:"How many messages were folded into it."`
	BeganAt    time.Time         `json:"began_at"`
	OpenedAt   time.Time         `json:"opened_at"`
	LastAt     time.Time         `json:"last_at" doc:"When the last message about it came."`
	ResolvedAt time.Time         `json:"resolved_at,omitzero"`
}

// Link is a place where a person finds more.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Received is a message of a monitoring system, as it was received. It is kept for 7 days.
type Received struct {
	Alert string `json:"alert" example:"A-31"`
	Body  string `json:"body" doc:"The raw body of the last message that changed the alert."`
}

// Line is one line of a history, in plain English.
type Line struct {
	At       time.Time `json:"at"`
	Icon     string    `json:"icon" doc:"The sort of the line: alert, page, people, state, impact, note, internal, public, promise, run, paper or something."`
	Actor    string    `json:"actor,omitempty" doc:"Who, by name; absent when Frontline itself did it."`
	Sentence string    `json:"sentence" doc:"What. It goes on after the actor." example:"acknowledged G-12"`
	Small    string    `json:"small,omitempty"`
	Text     string    `json:"text,omitempty" doc:"The words of a note, an update or a title."`
	About    *Subject  `json:"about,omitempty"`
	Minor    bool      `json:"minor,omitempty" doc:"A detail that a post-mortem leaves out."`
}
