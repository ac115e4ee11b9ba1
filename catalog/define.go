package catalog

import (
	"frontline/define"
	"frontline/fault"
)

// Check returns what is wrong with the service by itself.
func (s Service) Check() []fault.Field {
	var c define.Checks
	c.ID("id", s.ID)
	c.Name("name", s.Name)
	c.Want(s.Team != "", "team", "Name the team that owns the service.")
	c.Want(s.Policy != "", "policy", "Name the escalation policy that says who is paged about the service.")
	if s.Runbook != "" {
		c.Link("runbook", s.Runbook)
	}
	for k := range s.Match {
		c.Want(k != "", "match", "A label to match needs a name.")
	}
	return c.Fields
}

// Refs names what the service refers to.
func (s Service) Refs() []define.Ref {
	refs := []define.Ref{{Field: "team", Kind: "team", ID: s.Team}, {Field: "policy", Kind: "policy", ID: s.Policy}}
	refs = append(refs, define.Refs("components", "component", s.Components)...)
	refs = append(refs, define.Refs("stakeholders", "person", s.Stakeholders)...)
	return append(refs, define.Refs("actions", "action", s.Actions)...)
}

// Check returns what is wrong with the component by itself.
func (k Component) Check() []fault.Field {
	var c define.Checks
	c.ID("id", k.ID)
	c.Name("name", k.Name)
	return c.Fields
}

// Refs names what the component refers to: nothing.
func (k Component) Refs() []define.Ref { return nil }

// Check returns what is wrong with the customer by itself.
func (k Customer) Check() []fault.Field {
	var c define.Checks
	c.ID("id", k.ID)
	c.Name("name", k.Name)
	if k.Email != "" {
		c.Email("email", k.Email)
	}
	return c.Fields
}

// Refs names what the customer refers to.
func (k Customer) Refs() []define.Ref {
	refs := define.Refs("components", "component", k.Components)
	if k.Owner != "" {
		refs = append(refs, define.Ref{Field: "owner", Kind: "person", ID: k.Owner})
	}
	return refs
}
