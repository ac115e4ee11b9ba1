package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"frontline/alert"
	"frontline/define"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
	"frontline/watch/detect"
	"frontline/watch/selector"
)

// Definition is a watch: one mistake rate to keep an eye on.
type Definition struct {
	ID          string         `json:"id" yaml:"id"`
	Name        string         `json:"name" yaml:"name"`                                     // what goes wrong, as people say it: "Decisions that fail"
	Team        string         `json:"team,omitempty" yaml:"team,omitempty"`                 // whose budget it spends; that of the service when empty
	Service     string         `json:"service" yaml:"service"`                               // whose on-call is paged
	Source      Feed           `json:"source" yaml:"source"`                                 // where the counts come from
	Bucket      time.Duration  `json:"bucket,omitempty" yaml:"bucket,omitempty"`             // 1m when zero
	Hold        time.Duration  `json:"hold,omitempty" yaml:"hold,omitempty"`                 // how long a bucket waits for what is late; 1m when zero
	Look        string         `json:"look,omitempty" yaml:"look,omitempty"`                 // "rise" (when empty), "fall" or "both"
	Smallest    float64        `json:"smallest,omitempty" yaml:"smallest,omitempty"`         // smallest change worth a page, as a share: 0.05 ignores less than 5 %
	FalseAlarms string         `json:"false_alarms,omitempty" yaml:"false_alarms,omitempty"` // "1 a month" when empty
	Labels      []string       `json:"labels,omitempty" yaml:"labels,omitempty"`             // what a change is located by; at most 8
	By          []string       `json:"by,omitempty" yaml:"by,omitempty"`                     // of them, those whose values each have a series worth a page
	Customer    string         `json:"customer,omitempty" yaml:"customer,omitempty"`         // of them, the one that names the customer
	Learn       time.Duration  `json:"learn,omitempty" yaml:"learn,omitempty"`               // how much is observed before anything is raised; a week when zero
	History     time.Duration  `json:"history,omitempty" yaml:"history,omitempty"`           // how much of the past is asked for at the beginning; 28 days when zero
	Severity    alert.Severity `json:"severity,omitempty" yaml:"severity,omitempty"`         // of the alert; "error" when empty
	Zone        string         `json:"zone,omitempty" yaml:"zone,omitempty"`                 // whose days the season follows; UTC when empty
}

// Feed says where counts come from: exactly one of them.
type Feed struct {
	Prometheus  *Prometheus `json:"prometheus,omitempty" yaml:"prometheus,omitempty"`
	RemoteWrite *Written    `json:"remote_write,omitempty" yaml:"remote_write,omitempty"`
	SQL         *SQL        `json:"sql,omitempty" yaml:"sql,omitempty"`
	Push        *Push       `json:"push,omitempty" yaml:"push,omitempty"`
	Own         *Own        `json:"own,omitempty" yaml:"own,omitempty"`
}

// Prometheus is asked for counters, or whatever speaks its query API.
type Prometheus struct {
	URL    string     `json:"url" yaml:"url"`
	Token  secret.Ref `json:"token,omitempty" yaml:"token,omitempty"`   // sent as a bearer token
	Errors string     `json:"errors" yaml:"errors"`                     // selector of a counter: decisions_total{outcome="error"}
	Total  string     `json:"total,omitempty" yaml:"total,omitempty"`   // selector of a counter; errors are a count alone when empty
	Gauge  bool       `json:"gauge,omitempty" yaml:"gauge,omitempty"`   // errors is an expression whose value is taken as it is, each bucket
	Rename []Renaming `json:"rename,omitempty" yaml:"rename,omitempty"` // labels that are called otherwise there
}

// Renaming says what a label is called at the source.
type Renaming struct {
	Label string `json:"label" yaml:"label"`
	From  string `json:"from" yaml:"from"`
}

// Written is what is picked of what Prometheus writes to us.
type Written struct {
	Errors string     `json:"errors" yaml:"errors"` // selectors, as of Prometheus
	Total  string     `json:"total,omitempty" yaml:"total,omitempty"`
	Rename []Renaming `json:"rename,omitempty" yaml:"rename,omitempty"`
}

// SQL asks a database on a schedule. The query has the columns at, errors, total (but for a count alone) and one for each label, and the
// parameters from and until (times).
type SQL struct {
	Driver string     `json:"driver" yaml:"driver"` // "postgres", "mysql" or "sqlite"
	DSN    secret.Ref `json:"dsn" yaml:"dsn"`
	Query  string     `json:"query" yaml:"query"`
	Counts bool       `json:"counts,omitempty" yaml:"counts,omitempty"` // errors are a count alone: the query has no total
}

// Push takes what is sent to POST /api/v1/watches/ID/counts.
type Push struct {
	Counts bool `json:"counts,omitempty" yaml:"counts,omitempty"` // errors are a count alone: no totals are sent
}

// Own counts what happens in Frontline itself.
type Own struct {
	Of string `json:"of" yaml:"of"` // "requests": those that came, by service and type; "runs": those that failed, by action
}

// The streams of Frontline itself.
const (
	OwnRequests = "requests"
	OwnRuns     = "runs"
)

// Labels that the streams of Frontline itself have.
func (o Own) labels() []string {
	if o.Of == OwnRuns {
		return []string{"action", "customer"}
	}
	return []string{"service", "type", "customer"}
}

const (
	shortestLearn = 6 * time.Hour
	mostLabels    = 8
	mostSeries    = 20_000 // of one watch
)

// Check returns what is wrong with the watch by itself.
func (d Definition) Check() []fault.Field {
	var c define.Checks
	c.ID("id", d.ID)
	c.Want(!strings.Contains(d.ID, "/") && !strings.HasPrefix(d.ID, "honesty"), "id", "The id of a watch has no slash and does not begin with honesty, which is the address of a report. Write another one.")
	c.Name("name", d.Name)
	c.Want(d.Service != "", "service", "Name the service whose people are paged.")
	c.Zone("zone", d.Zone)
	_, err := detect.New(d.settings())
	c.Want(err == nil, "bucket", "%s", sentence(err))
	c.Want(d.Hold >= 0 && d.Hold <= time.Hour, "hold", "A bucket waits at most an hour for what is late; 1m is usual.")
	c.Want(d.Learn == 0 || d.Learn >= shortestLearn, "learn", "A watch learns for at least six hours: of an hour, it knows what is usual three hours later. A week is usual.")
	c.Want(d.History >= 0 && d.History <= keepHours, "history", "At most 35 days of the past are asked for; 672h is usual.")
	c.Want(slices.Contains([]string{"", "rise", "fall", "both"}, d.Look), "look", "%q is no direction. Write rise, fall or both.", d.Look)
	_, err = Budget(d.FalseAlarms)
	c.Want(err == nil, "false_alarms", "%s", sentence(err))
	c.Want(d.Severity == "" || slices.Contains([]alert.Severity{alert.Critical, alert.Error, alert.Warning, alert.Info}, d.Severity), "severity",
		"%q is no severity. Write critical, error, warning or info.", d.Severity)
	d.checkLabels(&c)
	d.Source.check(&c, d.Labels)
	return c.Fields
}

func (d Definition) checkLabels(c *define.Checks) {
	c.Want(len(d.Labels) <= mostLabels, "labels", "A change is located by at most %d labels. Leave out those that nobody would act on.", mostLabels)
	seen := map[string]bool{}
	for i, l := range d.Labels {
		c.Want(l != "" && len(l) <= 64 && !seen[l], fmt.Sprintf("labels[%d]", i), "%q is no label, or is there twice.", l)
		seen[l] = true
	}
	for i, l := range d.By {
		c.Want(seen[l], fmt.Sprintf("by[%d]", i), "%q is not among the labels. Add it there.", l)
	}
	c.Want(d.Customer == "" || seen[d.Customer], "customer", "%q is not among the labels. Add it there.", d.Customer)
}

func (f Feed) check(c *define.Checks, labels []string) {
	given := 0
	for _, there := range []bool{f.Prometheus != nil, f.RemoteWrite != nil, f.SQL != nil, f.Push != nil, f.Own != nil} {
		if there {
			given++
		}
	}
	c.Want(given == 1, "source", "Counts come from exactly one source. Write one of prometheus, remote_write, sql, push and own.")
	switch {
	case f.Prometheus != nil:
		p := f.Prometheus
		c.Link("source.prometheus.url", p.URL)
		c.Want(p.Errors != "", "source.prometheus.errors", "Say which counter has the errors, such as decisions_total{outcome=\"error\"}.")
		if !p.Gauge {
			selects(c, "source.prometheus", p.Errors, p.Total)
		}
		c.Want(!p.Gauge || p.Total == "", "source.prometheus.total", "A gauge has no total. Leave it out.")
		c.Want(p.Token == "" || p.Token.Check() == nil, "source.prometheus.token", "Give the token as env:NAME, file:/path or stored:NAME.")
	case f.RemoteWrite != nil:
		c.Want(f.RemoteWrite.Errors != "", "source.remote_write.errors", "Say which counter has the errors, such as decisions_total{outcome=\"error\"}.")
		selects(c, "source.remote_write", f.RemoteWrite.Errors, f.RemoteWrite.Total)
	case f.SQL != nil:
		c.Want(slices.Contains([]string{"postgres", "mysql", "sqlite"}, f.SQL.Driver), "source.sql.driver", "%q is no driver. Write postgres, mysql or sqlite.", f.SQL.Driver)
		c.Want(f.SQL.DSN.Check() == nil, "source.sql.dsn", "Give the connection as env:NAME, file:/path or stored:NAME.")
		c.Want(strings.TrimSpace(f.SQL.Query) != "", "source.sql.query", "Write a query with the columns at, errors, total and one for each label.")
	case f.Own != nil:
		c.Want(f.Own.Of == OwnRequests || f.Own.Of == OwnRuns, "source.own.of", "%q is not counted here. Write requests or runs.", f.Own.Of)
		for i, l := range labels {
			c.Want(slices.Contains(f.Own.labels(), l), fmt.Sprintf("labels[%d]", i), "These counts have the labels %s only.", strings.Join(f.Own.labels(), ", "))
		}
	}
}

// selects checks selectors, where they are given.
func selects(c *define.Checks, field, errors, total string) {
	for _, one := range [][2]string{{"errors", errors}, {"total", total}} {
		if _, err := selector.Parse(one[1]); err != nil && one[1] != "" {
			c.Want(false, field+"."+one[0], "%s", sentence(err))
		}
	}
}

func sentence(err error) string {
	if err == nil {
		return ""
	}
	return fault.Sentence(err)
}

// Refs names what the watch refers to.
func (d Definition) Refs() []define.Ref {
	refs := []define.Ref{{Field: "service", Kind: "service", ID: d.Service}}
	if d.Team != "" {
		refs = append(refs, define.Ref{Field: "team", Kind: "team", ID: d.Team})
	}
	return refs
}

// Subject is the watch, for people.May and the journal.
func (d Definition) Subject() people.Subject {
	return people.Subject{Kind: "watch", ID: d.ID, Team: d.Team}
}

// Counted says whether errors are a count alone, without a total.
func (d Definition) Counted() bool {
	s := d.Source
	switch {
	case s.Prometheus != nil:
		return s.Prometheus.Total == ""
	case s.RemoteWrite != nil:
		return s.RemoteWrite.Total == ""
	case s.SQL != nil:
		return s.SQL.Counts
	case s.Push != nil:
		return s.Push.Counts
	}
	return s.Own != nil && s.Own.Of == OwnRequests
}

// Asked says whether the source is asked by us; the others come by themselves.
func (d Definition) Asked() bool { return d.Source.RemoteWrite == nil && d.Source.Push == nil }

// Every is the width of a bucket.
func (d Definition) Every() time.Duration {
	if d.Bucket == 0 {
		return time.Minute
	}
	return d.Bucket
}

// Waits is how long a bucket waits, after its end, for what is late.
func (d Definition) Waits() time.Duration {
	if d.Hold == 0 {
		return time.Minute
	}
	return d.Hold
}

// Learns is how much is observed before anything is raised.
func (d Definition) Learns() time.Duration {
	if d.Learn == 0 {
		return 7 * 24 * time.Hour
	}
	return d.Learn
}

// Past is how much of the past is asked for at the beginning.
func (d Definition) Past() time.Duration {
	if d.History == 0 {
		return history
	}
	return d.History
}

// settings are the detector's.
func (d Definition) settings() detect.Settings {
	look := map[string]detect.Direction{"fall": detect.Down, "both": detect.Both}[d.Look]
	zone, err := time.LoadLocation(d.Zone)
	if err != nil {
		zone = time.UTC
	}
	return detect.Settings{Bucket: d.Every(), Look: look, Smallest: d.Smallest, Counts: d.Counted(), Learn: d.Learns(), Zone: zone}
}

// Version changes with what the state of the series depends on. A state of another version is of no use: the watch learns anew.
func (d Definition) Version() string {
	d.ID, d.Name, d.Team, d.Service, d.FalseAlarms, d.Severity, d.Customer, d.Hold, d.History = "", "", "", "", "", "", "", 0, 0
	raw, err := json.Marshal(d)
	if err != nil { // the definition is our own plain struct
		panic("watch " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// Budget reads a budget of false alarms in words, "2 a month" or "1 a year", and returns the mean time between two of them. Empty is one a month.
func Budget(words string) (time.Duration, error) {
	if words == "" {
		words = "1 a month"
	}
	number, per, ok := strings.Cut(words, " a ")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	long := map[string]time.Duration{"day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 30 * 24 * time.Hour, "quarter": 91 * 24 * time.Hour, "year": 365 * 24 * time.Hour}[strings.TrimSpace(per)]
	if !ok || err != nil || n < 1 || n > 1000 || long == 0 {
		return 0, fault.Wrong("false_alarms", "%.60q is no budget. Write how many false alarms you accept, such as 1 a month, 2 a week or 1 a year.", words)
	}
	return long / time.Duration(n), nil
}
