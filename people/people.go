// Package people answers who somebody is and what they may do: people, teams, roles, sign-in and tokens.
package people

import "time"

// Role is what a person may do at all. Each role may do all that the one before it may.
type Role string

// The roles, least first.
const (
	Member  Role = "member"  // every employee: reads, declares incidents, runs what is opened to everyone
	Support Role = "support" // technical support: acknowledges, runs actions, writes updates
	Lead    Role = "lead"    // leads a team: overrides the rota, publishes, sees the whole journal
	Admin   Role = "admin"   // configures Frontline and manages people
)

// Roles lists the roles, least first.
func Roles() []Role { return []Role{Member, Support, Lead, Admin} }

func (r Role) rank() int {
	for i, x := range Roles() {
		if x == r {
			return i
		}
	}
	return -1
}

// Person is somebody with a name. ID is a short lower-case word ("liis") chosen once.
type Person struct {
	ID       string    `json:"id" yaml:"id"`
	Name     string    `json:"name" yaml:"name"`
	Email    string    `json:"email" yaml:"email"`
	Role     Role      `json:"role" yaml:"role"`
	Teams    []string  `json:"teams,omitempty" yaml:"teams,omitempty"`
	Zone     string    `json:"zone,omitempty" yaml:"zone,omitempty"` // IANA time zone; the installation's when empty
	Contacts []Contact `json:"contacts,omitempty" yaml:"contacts,omitempty"`
}

// Contact is one way to reach a person, in the order in which they want to be reached. When it fails for good the next one is
// tried at once, whatever its After says.
type Contact struct {
	Channel string        `json:"channel" yaml:"channel"` // "ntfy", "email": the name of a channel that app knows
	Address string        `json:"address" yaml:"address"` // a topic URL, a mail address
	After   time.Duration `json:"after,omitempty" yaml:"after,omitempty"`
}

// Team is a group of people that owns services.
type Team struct {
	ID    string `json:"id" yaml:"id"`
	Name  string `json:"name" yaml:"name"`
	Email string `json:"email,omitempty" yaml:"email,omitempty"`
	Lead  string `json:"lead,omitempty" yaml:"lead,omitempty"` // a person
	Zone  string `json:"zone,omitempty" yaml:"zone,omitempty"` // IANA time zone; the installation's when empty
	Hours *Hours `json:"hours,omitempty" yaml:"hours,omitempty"`
}

// ActorKind says what sort of thing asks.
type ActorKind string

// The kinds of actors.
const (
	ByPerson ActorKind = "person" // somebody signed in, by session or token
	ByToken  ActorKind = "token"  // an API token that belongs to no person
	ByLink   ActorKind = "link"   // a signed link: one person, one purpose
	BySource ActorKind = "source" // a monitoring system
	ByRule   ActorKind = "rule"   // a when-then rule or a schedule
	BySystem ActorKind = "system" // Frontline itself: jobs, auditor, sealer
	Nobody   ActorKind = "nobody" // not signed in
)

// Actor is who asks. Every command takes one.
type Actor struct {
	Kind  ActorKind
	ID    string // the person, token, source or rule
	Name  string // for people to read; never stored in the journal
	Role  Role
	Teams []string
	Via   string    // "screen", "api", "cli", "link", "slack", "job"
	Grant *Subject  // what a signed link is about; nil for everyone else
	Can   Verb      // what a signed link is for
	Until time.Time // when the link or session ends
	// ConfirmedAt is when the person last typed their password in this session; zero for everything that is no session.
	ConfirmedAt time.Time
	Capped      bool // an API token whose owner said what it may do at most: no list lifts it above that
}

// System is Frontline itself.
func System(via string) Actor {
	return Actor{Kind: BySystem, ID: "frontline", Name: "Frontline", Via: via}
}

// Anonymous is nobody.
func Anonymous(via string) Actor { return Actor{Kind: Nobody, Via: via} }

// AtMost returns the actor with no more than the role: no list lifts them above it either.
func (a Actor) AtMost(most Role) Actor {
	if most.rank() < a.Role.rank() {
		a.Role, a.Capped = most, true
	}
	return a
}

// As returns the actor that the person is, through via.
func As(p Person, via string) Actor {
	return Actor{Kind: ByPerson, ID: p.ID, Name: p.Name, Role: p.Role, Teams: p.Teams, Via: via}
}
