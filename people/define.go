package people

import (
	"fmt"
	"slices"

	"frontline/define"
	"frontline/fault"
)

// Check returns what is wrong with the person by itself. Whether a contact's address suits its channel is for the channel.
func (p Person) Check() []fault.Field {
	var c define.Checks
	c.ID("id", p.ID)
	c.Name("name", p.Name)
	c.Email("email", p.Email)
	c.Want(slices.Contains(Roles(), p.Role), "role", "%q is no role. Write member, support, lead or admin.", p.Role)
	c.Zone("zone", p.Zone)
	for i, k := range p.Contacts {
		at := fmt.Sprintf("contacts[%d]", i)
		c.Want(k.Channel != "", at+".channel", "Name the channel, such as ntfy or email.")
		c.Want(k.Address != "", at+".address", "Give the address at which the channel reaches the person.")
		c.Want(k.After >= 0, at+".after", "The wait before this contact cannot be negative. Write 0s or more.")
	}
	return c.Fields
}

// Refs names what the person refers to.
func (p Person) Refs() []define.Ref { return define.Refs("teams", "team", p.Teams) }

// Check returns what is wrong with the team by itself.
func (t Team) Check() []fault.Field {
	var c define.Checks
	c.ID("id", t.ID)
	c.Name("name", t.Name)
	if t.Email != "" {
		c.Email("email", t.Email)
	}
	c.Zone("zone", t.Zone)
	t.Hours.check(&c)
	return c.Fields
}

// Refs names what the team refers to.
func (t Team) Refs() []define.Ref {
	if t.Lead == "" {
		return nil
	}
	return []define.Ref{{Field: "lead", Kind: "person", ID: t.Lead}}
}
