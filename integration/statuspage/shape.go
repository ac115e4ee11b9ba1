// Package statuspage speaks the public side of Atlassian Statuspage: the JSON API v2 and the feeds that hundreds of watchers read
// (https://www.atlassianstatus.com/api). It shows published rows only, without a session or a cookie.
package statuspage

import (
	"slices"
	"time"

	"frontline/incident"
)

// The shapes, field by field in the order in which Statuspage writes them.

type page struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	URL       string `json:"url"`
	TimeZone  string `json:"time_zone"`
	UpdatedAt stamp  `json:"updated_at"`
}

type status struct {
	Indicator   string `json:"indicator"`
	Description string `json:"description"`
}

type component struct {
	ID                 string   `json:"id"`
	Name               string   `json:"name"`
	Status             string   `json:"status"`
	CreatedAt          stamp    `json:"created_at"`
	UpdatedAt          stamp    `json:"updated_at"`
	Position           int      `json:"position"`
	Description        *string  `json:"description"`
	Showcase           bool     `json:"showcase"`
	StartDate          *string  `json:"start_date"`
	GroupID            *string  `json:"group_id"`
	PageID             string   `json:"page_id"`
	Group              bool     `json:"group"`
	OnlyShowIfDegraded bool     `json:"only_show_if_degraded"`
	Components         []string `json:"components,omitempty"` // of a group
}

type update struct {
	ID                   string     `json:"id"`
	Status               string     `json:"status"`
	Body                 string     `json:"body"`
	IncidentID           string     `json:"incident_id"`
	CreatedAt            stamp      `json:"created_at"`
	UpdatedAt            stamp      `json:"updated_at"`
	DisplayAt            stamp      `json:"display_at"`
	AffectedComponents   []affected `json:"affected_components"` // null when none
	DeliverNotifications bool       `json:"deliver_notifications"`
	CustomTweet          *string    `json:"custom_tweet"`
	TweetID              *string    `json:"tweet_id"`
}

type affected struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	OldStatus string `json:"old_status"`
	NewStatus string `json:"new_status"`
}

type disturbance struct {
	ID           string      `json:"id"`
	Name         string      `json:"name"`
	Status       string      `json:"status"`
	CreatedAt    stamp       `json:"created_at"`
	UpdatedAt    stamp       `json:"updated_at"`
	MonitoringAt *stamp      `json:"monitoring_at"`
	ResolvedAt   *stamp      `json:"resolved_at"`
	Impact       string      `json:"impact"`
	Shortlink    string      `json:"shortlink"`
	StartedAt    stamp       `json:"started_at"`
	PageID       string      `json:"page_id"`
	Updates      []update    `json:"incident_updates"` // newest first
	Components   []component `json:"components"`
}

// stamp is RFC 3339 with milliseconds in the page's zone; UTC is written as Z.
type stamp string

// shaper turns published rows into the shapes.
type shaper struct {
	from incident.Published
	zone *time.Location
}

func newShaper(p incident.Published) shaper { return shaper{p, p.Page.Location()} }

func (s shaper) stamp(t time.Time) stamp {
	return stamp(t.In(s.zone).Format("2006-01-02T15:04:05.000Z07:00"))
}

func (s shaper) maybe(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	return new(s.stamp(t))
}

func (s shaper) page() page {
	p := s.from.Page
	zone := p.Zone
	if s.zone == time.UTC || zone == "UTC" {
		zone = "Etc/UTC"
	}
	return page{p.ID, p.Name, p.URL, zone, s.stamp(p.UpdatedAt)}
}

// status sums up the components: the worst one decides.
func (s shaper) status() status {
	worst := incident.Operational
	for _, c := range s.from.Shown() {
		if c.Status.Worse(worst) {
			worst = c.Status
		}
	}
	switch worst {
	case incident.MajorOutage:
		return status{"critical", "Major Service Outage"}
	case incident.PartialOutage:
		return status{"major", "Partial System Outage"}
	case incident.Degraded:
		return status{"minor", "Partially Degraded Service"}
	case incident.UnderMaintenance:
		return status{"maintenance", "Service Under Maintenance"}
	}
	return status{"none", "All Systems Operational"}
}

// components lists what is shown in its order; a heading is an item of its own before the components under it.
func (s shaper) components() []component {
	out := []component{}
	shown := s.from.Shown()
	top := 0
	done := map[string]bool{"": true} // headings that have been listed
	for _, c := range shown {
		switch {
		case c.Group == "":
			top++
			one := s.component(c)
			one.Position = top
			out = append(out, one)
		case !done[c.Group]:
			top++
			done[c.Group] = true
			under := slices.DeleteFunc(slices.Clone(shown), func(x incident.PublishedComponent) bool { return x.Group != c.Group })
			out = append(out, s.group(under, top)...)
		}
	}
	return out
}

// group is the item of a heading and then the components under it. The heading is as bad as the worst of them.
func (s shaper) group(under []incident.PublishedComponent, position int) []component {
	first := under[0]
	worst, created, updated := first.Status, first.CreatedAt, first.UpdatedAt
	head := component{ID: groupID(first.Group), Name: first.Group, Position: position, PageID: s.from.Page.ID, Group: true}
	out := []component{head}
	for i, c := range under {
		one := s.component(c)
		one.Position = i + 1
		out = append(out, one)
		out[0].Components = append(out[0].Components, c.ID)
		if c.Status.Worse(worst) {
			worst = c.Status
		}
		if c.CreatedAt.Before(created) {
			created = c.CreatedAt
		}
		if c.UpdatedAt.After(updated) {
			updated = c.UpdatedAt
		}
	}
	out[0].Status, out[0].CreatedAt, out[0].UpdatedAt = string(worst), s.stamp(created), s.stamp(updated)
	return out
}

func groupID(heading string) string { return incident.PublicID("group", heading) }

func (s shaper) component(c incident.PublishedComponent) component {
	one := component{ID: c.ID, Name: c.Name, Status: string(c.Status), CreatedAt: s.stamp(c.CreatedAt), UpdatedAt: s.stamp(c.UpdatedAt),
		Position: c.Position, Showcase: true, PageID: s.from.Page.ID, StartDate: new(c.CreatedAt.In(s.zone).Format(time.DateOnly))}
	if c.Description != "" {
		one.Description = new(c.Description)
	}
	if c.Group != "" {
		one.GroupID = new(groupID(c.Group))
	}
	return one
}

// most is how many incidents a list holds.
const most = 50

// incidents lists the newest ones, newest first; only those that are not resolved when open is true.
func (s shaper) incidents(open bool) []disturbance {
	out := []disturbance{}
	for _, i := range s.from.Incidents {
		if len(out) == most {
			break
		}
		if !open || i.State != incident.WordResolved {
			out = append(out, s.incident(i))
		}
	}
	return out
}

func (s shaper) incident(i incident.PublishedIncident) disturbance {
	d := disturbance{ID: i.ID, Name: i.Name, Status: string(i.State), CreatedAt: s.stamp(i.CreatedAt), UpdatedAt: s.stamp(i.UpdatedAt),
		MonitoringAt: s.maybe(i.MonitoringAt), ResolvedAt: s.maybe(i.ResolvedAt), Impact: string(i.Impact), Shortlink: s.link(i),
		StartedAt: s.stamp(i.CreatedAt), PageID: s.from.Page.ID, Updates: []update{}, Components: []component{}}
	for _, u := range i.Updates {
		d.Updates = append(d.Updates, s.update(u))
	}
	for _, c := range s.from.Components {
		if slices.ContainsFunc(i.Components, func(x incident.PublishedStatus) bool { return x.ID == c.ID }) {
			d.Components = append(d.Components, s.component(c))
		}
	}
	return d
}

// link is where people read about the incident.
func (s shaper) link(i incident.PublishedIncident) string {
	return s.from.Page.URL + "/incidents/" + i.ID
}

func (s shaper) update(u incident.PublishedUpdate) update {
	at := s.stamp(u.At)
	out := update{ID: u.ID, Status: string(u.State), Body: u.Body, IncidentID: u.Incident, CreatedAt: at, UpdatedAt: at, DisplayAt: at, DeliverNotifications: true}
	for _, c := range u.Affected {
		out.AffectedComponents = append(out.AffectedComponents, affected{c.ID, c.Name, string(c.Old), string(c.New)})
	}
	return out
}
