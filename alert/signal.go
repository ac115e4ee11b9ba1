// Package alert answers what the machines are telling us: signals in, folded into alerts, grouped, routed to a service, and
// handed to oncall when somebody must be reached.
package alert

import "time"

// Status is what a signal says of its alert.
type Status string

// The statuses a signal can carry.
const (
	Firing       Status = "firing"
	Acknowledged Status = "acknowledged"
	Resolved     Status = "resolved"
)

// Severity is how bad it is, in the words most monitoring systems share.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	Error    Severity = "error"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Worse says whether s is worse than other.
func (s Severity) Worse(other Severity) bool { return s.rank() < other.rank() }

func (s Severity) rank() int {
	for i, x := range []Severity{Critical, Error, Warning, Info} {
		if x == s {
			return i
		}
	}
	return 2 // unknown words count as a warning
}

// Signal is one message about one alert from a monitoring system, as received.
type Signal struct {
	Key       string // identity within its source: Alertmanager's fingerprint, PagerDuty's dedup_key
	Group     string // signals with the same group are worked on as one; the key when empty
	Status    Status
	Severity  Severity
	Title     string            // one line a person understands
	Text      string            // more, when there is more
	Labels    map[string]string // for routing and for people
	Links     []Link
	StartedAt time.Time // when the episode began, as the source says; zero when it does not
	EndedAt   time.Time // when it ended, for Resolved; zero when unknown
	Host      string    // what it is about: instance, host, source
}

// Link is a place where a person finds more.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Batch is what one delivery from a source held. It is folded in one transaction and makes at most one page a group.
type Batch struct {
	Source  string // the configured source's id
	Signals []Signal
	Raw     []byte // the body as received, without its token; kept for 7 days
	Partial bool   // the sender says it left some out: absence means nothing (it never does anyway)
	Left    int    // how many were left out, for people to see
}
