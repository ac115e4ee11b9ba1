package slack

import (
	"context"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"frontline/fault"
	"frontline/people"
)

// Directory is who is configured, for matching.
type Directory interface {
	Person(id string) (people.Person, bool)
	PersonByEmail(email string) (people.Person, bool)
}

// knownUser is what Slack said about a user lately.
type knownUser struct {
	id, email, name string
	refused         string // why they are not let in; empty when they are
	until           time.Time
}

// knownFor is how long what Slack said about a user is believed.
const knownFor = 10 * time.Minute

// user asks Slack about one of its users.
func (c *Client) user(ctx context.Context, id string) (knownUser, error) {
	c.mu.Lock()
	known, ok := c.users[id]
	c.mu.Unlock()
	if ok && c.clock.Now().Before(known.until) {
		return known, nil
	}
	limited, cancel := c.limited(ctx)
	defer cancel()
	u, err := c.api.GetUserInfoContext(limited, id)
	if err != nil {
		return knownUser{}, failure(err)
	}
	self, err := c.myself(ctx)
	if err != nil {
		return knownUser{}, err
	}
	return c.keep(c.judge(u, self)), nil
}

// userOf finds the user with a mail address.
func (c *Client) userOf(ctx context.Context, email string) (knownUser, error) {
	email = strings.ToLower(email)
	c.mu.Lock()
	for _, u := range c.users {
		if u.email == email && c.clock.Now().Before(u.until) {
			c.mu.Unlock()
			return u, nil
		}
	}
	c.mu.Unlock()
	limited, cancel := c.limited(ctx)
	defer cancel()
	u, err := c.api.GetUserByEmailContext(limited, email)
	if err != nil {
		return knownUser{}, failure(err)
	}
	return c.keep(c.judge(u, api.AuthTestResponse{})), nil
}

func (c *Client) keep(u knownUser) knownUser {
	u.until = c.clock.Now().Add(knownFor)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.users) > 10_000 { // nobody has so many colleagues who write at once
		clear(c.users)
	}
	if u.id != "" {
		c.users[u.id] = u
	}
	return u
}

// judge says whether Slack vouches for the user's address. Of somebody in another company's workspace (Slack Connect) that company says what the
// address is, so it proves nothing here.
func (c *Client) judge(u *api.User, self api.AuthTestResponse) knownUser {
	out := knownUser{id: u.ID, email: strings.ToLower(strings.TrimSpace(u.Profile.Email)), name: u.RealName}
	if out.name == "" {
		out.name = u.Name
	}
	foreign := self.TeamID != "" && self.EnterpriseID == "" && u.TeamID != "" && u.TeamID != self.TeamID
	switch {
	case u.IsBot || u.ID == "USLACKBOT":
		out.refused = "Programs are not let in."
	case u.Deleted:
		out.refused = "Your account in Slack is switched off."
	case u.IsStranger || foreign:
		out.refused = "You are of another company's Slack, so nobody here vouches for your address. Write us a mail instead."
	case (u.IsRestricted || u.IsUltraRestricted) && !c.settings.Guests:
		out.refused = "Guests are not let in here. Write us a mail instead, or ask whoever invited you."
	case out.email == "":
		out.refused = "Slack does not tell us your mail address. Ask an admin whether the app has the permission users:read.email."
	case !u.IsEmailConfirmed:
		out.refused = "Your mail address in Slack is not confirmed. Confirm it in your Slack profile, then do this again."
	}
	return out
}

// Person is the person behind a Slack user: the one with the address that Slack has confirmed. The fault tells whoever is unknown how to get in.
func (c *Client) Person(ctx context.Context, book Directory, user string) (people.Person, error) {
	u, err := c.user(ctx, user)
	if err != nil {
		return people.Person{}, err
	}
	if u.refused != "" {
		return people.Person{}, fault.New(fault.Forbidden, "%s", u.refused)
	}
	p, ok := book.PersonByEmail(u.email)
	if !ok {
		return people.Person{}, fault.New(fault.Forbidden, "Frontline does not know you: nobody there has the address %s. Ask an admin to add you with it, then do this again.", u.email)
	}
	return p, nil
}
