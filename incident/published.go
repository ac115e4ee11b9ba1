package incident

import (
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"
	"time"

	"frontline/catalog"
	"frontline/define"
	"frontline/fault"
	"frontline/journal"
)

// This file is the only one that makes published rows. They hold what somebody gave to be published and what follows from it, and
// nothing of the incident inside: not its title, times, severity, services or people.

// Page is the status page as it is configured.
type Page struct {
	ID         string   `json:"id" yaml:"id"`
	Name       string   `json:"name" yaml:"name"`                                 // "Verity status"
	URL        string   `json:"url" yaml:"url"`                                   // where customers open it: "https://status.verity.example"; empty while it has no address of its own
	Zone       string   `json:"zone,omitempty" yaml:"zone,omitempty"`             // IANA zone of the times shown; UTC when empty
	Components []string `json:"components,omitempty" yaml:"components,omitempty"` // what is shown, in this order; the whole catalog when empty
}

// Check says what is wrong with the page by itself.
func (p Page) Check() []fault.Field {
	var c define.Checks
	c.ID("id", p.ID)
	c.Name("name", p.Name)
	if p.URL != "" {
		c.Link("url", p.URL)
	}
	c.Zone("zone", p.Zone)
	return c.Fields
}

// Refs names what the page refers to.
func (p Page) Refs() []define.Ref { return define.Refs("components", "component", p.Components) }

// PublishedPage is the head of the status page.
type PublishedPage struct {
	ID        string
	Name      string
	URL       string
	Zone      string
	Version   int64 // grows with everything that is published
	CreatedAt time.Time
	UpdatedAt time.Time
}

// PublishedComponent is a part of the product in customers' words.
type PublishedComponent struct {
	ID          string
	Name        string
	Description string
	Group       string // heading; empty for none
	Position    int    // 1 is the first
	Status      Status // the worst that an unresolved published incident says
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Retired     bool // not shown any more; old incidents still name it
}

// PublishedIncident is an incident as customers are told.
type PublishedIncident struct {
	ID           string
	Name         string
	State        Word
	Impact       Impairment
	Components   []PublishedStatus
	NextAt       time.Time // by when the next update was promised
	CreatedAt    time.Time
	UpdatedAt    time.Time
	MonitoringAt time.Time
	ResolvedAt   time.Time
	Updates      []PublishedUpdate // newest first
}

// PublishedStatus is how a component does because of one incident.
type PublishedStatus struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
}

// PublishedUpdate is one thing that customers were told.
type PublishedUpdate struct {
	ID       string
	Incident string
	N        int
	State    Word
	Body     string
	At       time.Time
	Affected []PublishedChange
}

// PublishedChange is how one update changed a component.
type PublishedChange struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Old  Status `json:"old"`
	New  Status `json:"new"`
}

// Impairment is how bad a published incident was at its worst, in Statuspage's words.
type Impairment string

// The impairments, least first.
const (
	ImpactNone     Impairment = "none"
	ImpactMinor    Impairment = "minor"
	ImpactMajor    Impairment = "major"
	ImpactCritical Impairment = "critical"
)

func (s Status) impact() Impairment {
	switch s {
	case MajorOutage:
		return ImpactCritical
	case PartialOutage:
		return ImpactMajor
	case Degraded:
		return ImpactMinor
	}
	return ImpactNone
}

func (i Impairment) rank() int {
	return slices.Index([]Impairment{ImpactNone, ImpactMinor, ImpactMajor, ImpactCritical}, i)
}

// Published is all that the status page can show.
type Published struct {
	Page       PublishedPage
	Components []PublishedComponent // in order; retired ones as well
	Incidents  []PublishedIncident  // newest first
}

// Exists says whether a page was ever published.
func (p Published) Exists() bool { return p.Page.ID != "" }

// Shown returns the components that are not retired.
func (p Published) Shown() []PublishedComponent {
	return slices.DeleteFunc(slices.Clone(p.Components), func(c PublishedComponent) bool { return c.Retired })
}

func (p Published) component(id string) (PublishedComponent, bool) {
	for _, c := range p.Components {
		if c.ID == id {
			return c, true
		}
	}
	return PublishedComponent{}, false
}

// Publication is rows to be written: those that are nil or empty stay as they are.
type Publication struct {
	Page       *PublishedPage
	Components []PublishedComponent
	Incident   *PublishedIncident // without its updates
	Update     *PublishedUpdate
}

// PublicID is the name under which outsiders know something: twelve lower-case letters and digits that always come out the same
// and tell nothing of the inside.
func PublicID(kind, id string) string {
	sum := sha256.Sum256([]byte("frontline status page\n" + kind + "\n" + id))
	const length = 12
	text := new(big.Int).SetBytes(sum[:]).Text(36)
	return strings.Repeat("0", max(0, length-len(text))) + text[:length]
}

// statement is what one publication says. It has no field for anything internal.
type statement struct {
	incident   string // public id
	update     string // public id
	n          int
	title      string
	state      Word
	body       string
	components []PublishedStatus
	at         time.Time
	nextBy     time.Time
}

// publish decides the rows that a statement makes.
func (p Published) publish(s statement) Publication {
	inc := PublishedIncident{ID: s.incident, Impact: ImpactNone, CreatedAt: s.at}
	before := map[string]Status{}
	rest := make([]PublishedIncident, 0, len(p.Incidents))
	for _, old := range p.Incidents {
		if old.ID != s.incident {
			rest = append(rest, old)
			continue
		}
		inc = old
		inc.Updates = nil
		for _, c := range old.Components {
			before[c.ID] = c.Status
		}
	}
	inc.Name, inc.State, inc.Components, inc.NextAt, inc.UpdatedAt = s.title, s.state, s.components, s.nextBy, s.at
	inc.mark(s)
	update := PublishedUpdate{ID: s.update, Incident: s.incident, N: s.n, State: s.state, Body: s.body, At: s.at}
	for _, c := range s.components {
		known, _ := p.component(c.ID)
		old, had := before[c.ID]
		if !had {
			old = Operational
		}
		update.Affected = append(update.Affected, PublishedChange{ID: c.ID, Name: known.Name, Old: old, New: c.Status})
	}
	page := p.Page
	page.Version++
	page.UpdatedAt = s.at
	return Publication{Page: &page, Components: p.recoloured(append(rest, inc), s.at), Incident: &inc, Update: &update}
}

// mark sets the milestones and the worst impact so far.
func (i *PublishedIncident) mark(s statement) {
	for _, c := range s.components {
		if x := c.Status.impact(); x.rank() > i.Impact.rank() {
			i.Impact = x
		}
	}
	switch s.state {
	case WordMonitoring:
		i.MonitoringAt, i.ResolvedAt = s.at, time.Time{}
	case WordResolved:
		i.ResolvedAt = s.at
	default:
		i.MonitoringAt, i.ResolvedAt = time.Time{}, time.Time{}
	}
}

// recoloured returns the components whose status changes: each is as bad as the worst unresolved incident says.
func (p Published) recoloured(incidents []PublishedIncident, at time.Time) []PublishedComponent {
	worst := map[string]Status{}
	for _, i := range incidents {
		if i.State == WordResolved {
			continue
		}
		for _, c := range i.Components {
			if c.Status.Worse(worst[c.ID]) {
				worst[c.ID] = c.Status
			}
		}
	}
	var changed []PublishedComponent
	for _, c := range p.Components {
		now := worst[c.ID]
		if now == "" {
			now = Operational
		}
		if now != c.Status {
			c.Status, c.UpdatedAt = now, at
			changed = append(changed, c)
		}
	}
	return changed
}

// publish decides a public update: the status page shows it, and the promise to customers is kept. It works on a resolved incident too, because
// customers may hear of the end later than we do.
func (t *turn) publish(d Draft, text journal.Text) error {
	if !t.cur.Page.Exists() {
		return fault.New(fault.Conflict, "There is no status page yet. Ask an admin to configure one.")
	}
	if err := t.checkPublic(d); err != nil {
		return err
	}
	public := t.inc.Public
	if d.Title != "" {
		public.Title = d.Title
	}
	public.State, public.Components = d.State, overlay(public.Components, d.Components)
	if d.State == WordResolved {
		for i := range public.Components {
			public.Components[i].Status = Operational
		}
	}
	public.Said++
	t.inc.Public = public
	u := t.update(ForCustomers, d, text)
	u.N, u.State, u.Components = public.Said, d.State, public.Components
	t.say("incident.update_published", u)
	t.keep(ForCustomers)
	t.keep(Internal) // everybody inside can read it as well
	t.promise(ForCustomers, d.NextBy)
	t.takenUp()
	t.out.Publication = t.cur.Page.publish(statement{
		incident: PublicID("incident", t.inc.ID), update: PublicID("update", u.ID), n: u.N,
		title: public.Title, state: public.State, body: u.Text.Body, components: publicStatuses(public.Components), at: u.At, nextBy: d.NextBy,
	})
	return nil
}

func (t *turn) checkPublic(d Draft) error {
	if err := t.checkDraft(d, t.inc.Public.Said); err != nil {
		return err
	}
	if d.Title != "" || t.inc.Public.Title == "" {
		if err := checkTitle(d.Title); err != nil {
			return err
		}
	}
	if !slices.Contains(Words(), d.State) {
		return fault.Wrong("state", "Customers are told investigating, identified, monitoring or resolved; %q is none of them. Choose one.", string(d.State))
	}
	if d.State == WordResolved && !d.NextBy.IsZero() {
		return fault.Wrong("next_by", "A resolved incident promises no next update. Leave the time out.")
	}
	for _, a := range d.Components {
		if c, ok := t.cur.Page.component(PublicID("component", a.Component)); !ok || c.Retired {
			return fault.Wrong("components", "The status page has no component %q. Choose one that it shows.", a.Component)
		}
		if !slices.Contains(Statuses(), a.Status) {
			return fault.Wrong("components", "A component's status is operational, degraded_performance, partial_outage, major_outage or under_maintenance; %q is none of them. Choose one.", string(a.Status))
		}
	}
	return nil
}

// overlay returns old with the statuses of fresh, and what fresh adds.
func overlay(old, fresh []Affected) []Affected {
	out := slices.Clone(old)
	for _, f := range fresh {
		i := slices.IndexFunc(out, func(a Affected) bool { return a.Component == f.Component })
		if i < 0 {
			out = append(out, f)
			continue
		}
		out[i] = f
	}
	return out
}

func publicStatuses(components []Affected) []PublishedStatus {
	var out []PublishedStatus
	for _, a := range components {
		out = append(out, PublishedStatus{PublicID("component", a.Component), a.Status})
	}
	return out
}

// arrange decides the rows that make the published page look as it is configured now. It returns nothing to write when it
// does already.
func (p Published) arrange(page Page, components []catalog.Component, now time.Time) Publication {
	head := p.Page
	head.ID, head.Name, head.URL, head.Zone = PublicID("page", page.ID), page.Name, strings.TrimRight(page.URL, "/"), page.Zone
	if head.Zone == "" {
		head.Zone = "UTC"
	}
	changed := p.rearranged(chosen(page, components), now)
	if head == p.Page && len(changed) == 0 {
		return Publication{}
	}
	if head.CreatedAt.IsZero() {
		head.CreatedAt = now
	}
	head.UpdatedAt = now
	head.Version++
	return Publication{Page: &head, Components: changed}
}

// rearranged returns the components that are new, differ from the catalog, or left it.
func (p Published) rearranged(components []catalog.Component, now time.Time) []PublishedComponent {
	var changed []PublishedComponent
	shown := map[string]bool{}
	for i, c := range components {
		id := PublicID("component", c.ID)
		shown[id] = true
		old, ok := p.component(id)
		if !ok {
			old = PublishedComponent{ID: id, Status: Operational, CreatedAt: now}
		}
		fresh := old
		fresh.Name, fresh.Description, fresh.Group, fresh.Position, fresh.Retired = c.Name, c.Description, c.Group, i+1, false
		if fresh != old {
			fresh.UpdatedAt = now
			changed = append(changed, fresh)
		}
	}
	for _, old := range p.Components {
		if !shown[old.ID] && !old.Retired {
			old.Retired, old.UpdatedAt = true, now
			changed = append(changed, old)
		}
	}
	return changed
}

// chosen returns the components that the page shows, in its order.
func chosen(page Page, all []catalog.Component) []catalog.Component {
	if len(page.Components) == 0 {
		return all
	}
	var out []catalog.Component
	for _, id := range page.Components {
		i := slices.IndexFunc(all, func(c catalog.Component) bool { return c.ID == id })
		if i >= 0 {
			out = append(out, all[i])
		}
	}
	return out
}
